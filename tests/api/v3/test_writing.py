"""What a program does with a ticket: the same rules as on the pages (M105)."""

from collections.abc import Callable
from typing import Any

import pytest

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.programs.models import AccessToken, Scope
from marketdesk.tickets.models import Message, Ticket
from marketdesk.tickets.rules import Desk, State
from tests.api.v3.conftest import Program
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


def test_a_reply_moves_the_ticket_by_itself(now: Any, ticket: Ticket, program: Program) -> None:
    answer = program.post(f"tickets/{ticket.public_id}/replies", {"message": "  On its way.\r\n*Today.* \u0000"})

    assert answer.status == 200
    assert answer.data == {
        "message": "On its way.\n*Today.*",
        "replied_at": "2026-11-18T10:00:00.000Z",
        "sender": "MERCHANT",
        "supporting_files": [],
    }
    assert program.get(f"tickets/{ticket.public_id}").data["state"] == "AWAITING_USER"
    assert ticket.messages.count() == 2


def test_a_reply_that_resolves(ticket: Ticket, purchase: Ticket, program: Program) -> None:
    resolved = program.post(f"tickets/{ticket.public_id}/replies", {"message": "It is there.", "resolve": True})
    with nothing_changed():
        refused = program.post(f"tickets/{purchase.public_id}/replies", {"message": "Done.", "resolve": True})

    assert resolved.data["message"] == "It is there."
    ticket.refresh_from_db()
    assert (ticket.state, ticket.closed_how) == (State.CLOSED, "resolved")
    assert (refused.refusal, refused.message) == (
        (409, 1000),
        "This cannot be done with a ticket of this category.",
    )


def test_a_suspended_merchants_program_answers_but_does_not_re_open(
    ticket: Ticket, purchase: Ticket, store: Merchant, program: Program
) -> None:
    program.put(f"tickets/{ticket.public_id}", {"state": "CLOSED"})
    Merchant.objects.filter(pk=store.pk).update(suspended_at=ticket.opened_at)

    with nothing_changed():
        refused = program.put(f"tickets/{ticket.public_id}", {"state": "AWAITING_MERCHANT"})
    answered = program.post(f"tickets/{purchase.public_id}/replies", {"message": "We send another."})

    assert refused.refusal == (409, 1000)
    assert refused.message.startswith("Your account is suspended.")
    assert answered.status == 200


def test_closing_re_opening_and_appealing(ticket: Ticket, purchase: Ticket, program: Program) -> None:
    closed = program.put(f"tickets/{ticket.public_id}", {"state": "CLOSED"})
    reopened = program.put(f"tickets/{ticket.public_id}", {"state": "AWAITING_MERCHANT"})
    appealed = program.put(f"tickets/{purchase.public_id}", {"state": "AWAITING_WISH", "reason": "It was used."})

    assert (closed.data["state"], closed.data["resolution_info"]["closed_by"]) == ("CLOSED", "MERCHANT")
    assert (reopened.data["state"], "resolution_info" in reopened.data) == ("AWAITING_MERCHANT", False)
    assert reopened.data["wait"]["seconds_left"] > 47 * 3600
    assert appealed.data["state"] == "AWAITING_WISH"
    purchase.refresh_from_db()
    assert purchase.desk == Desk.PLATFORM
    assert purchase.messages.get(body="It was used.").audience == "staff"


def test_closing_and_re_opening_with_a_message(ticket: Ticket, program: Program) -> None:
    closed = program.put(f"tickets/{ticket.public_id}", {"state": "CLOSED", "message": "It is there."})
    reopened = program.put(f"tickets/{ticket.public_id}", {"state": "AWAITING_MERCHANT", "message": "Is it?"})

    assert [one["message"] for one in reopened.data["replies"]][1:] == ["It is there.", "Is it?"]
    assert (closed.data["state"], reopened.data["state"]) == ("CLOSED", "AWAITING_USER")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("CLOSED", "Answer the customer's last message before you close this ticket without a refund."),
        ("AWAITING_MERCHANT", "The ticket is open already."),
    ],
)
def test_what_the_rules_do_not_allow_is_said_in_words(
    state: str, words: str, purchase: Ticket, program: Program
) -> None:
    with nothing_changed():
        refused = program.put(f"tickets/{purchase.public_id}", {"state": state})

    assert (refused.refusal, refused.message) == ((409, 1000), words)


def test_a_closed_ticket_takes_no_reply(ticket: Ticket, ada: Actor, program: Program) -> None:
    ticket.close(by=ada)

    with nothing_changed():
        refused = program.post(f"tickets/{ticket.public_id}/replies", {"message": "Wait!"})

    assert (refused.refusal, refused.message) == ((409, 1000), "The ticket is closed")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("replies", {}, "message"),
        ("replies", {"message": " \n"}, "message"),
        ("replies", {"message": "x" * 10_001}, "message"),
        ("replies", {"message": 7}, "message"),
        ("replies", {"message": "Hello", "resolve": "perhaps"}, "resolve"),
        ("replies", ["Hello"], "message"),
        ("", {}, "state"),
        ("", {"state": "AWAITING_USER"}, "state"),
        ("", {"state": ["CLOSED"]}, "state"),
        ("", {"state": "AWAITING_WISH", "message": "Help!"}, "message"),
        ("", {"state": "CLOSED", "reason": "Solved."}, "reason"),
    ],
)
def test_bodies_that_cannot_be_taken(path: str, body: Any, field: str, ticket: Ticket, program: Program) -> None:
    address = f"tickets/{ticket.public_id}/{path}".rstrip("/")
    with nothing_changed():
        refused = program.send("POST" if path else "PUT", address, body)

    assert refused.refusal == (400, 1000)
    assert list(refused.data) == [field], refused.data


@pytest.mark.parametrize("body", [b"", b"{", b'{"message": "\xff"}', b"[1, 2"])
def test_bodies_that_cannot_be_read(body: bytes, ticket: Ticket, program: Program) -> None:
    with nothing_changed():
        assert program.post(f"tickets/{ticket.public_id}/replies", body).refusal == (400, 1000)


def test_saying_the_same_again_at_once_is_a_retry(ticket: Ticket, program: Program) -> None:
    """The original knew no keys, nor do the clients that were written for it."""
    path = f"tickets/{ticket.public_id}"
    answers = [program.post(f"{path}/replies", {"message": "Soon."}) for _ in range(2)]
    states = [program.put(path, {"state": "CLOSED"}) for _ in range(2)]

    assert answers[0].data == answers[1].data
    assert ticket.messages.count() == 2
    assert [one.data["state"] for one in states] == ["CLOSED", "CLOSED"]
    assert states[0].headers["ETag"] == states[1].headers["ETag"]


def test_a_body_that_is_not_there_is_named_so(ticket: Ticket, program: Program) -> None:
    assert program.post(f"tickets/{ticket.public_id}/replies", b"").data == {"body": "is missing"}


def test_reading_is_not_writing(ticket: Ticket, store: Merchant) -> None:
    token = AccessToken.issue(store, "reader")
    AccessToken.objects.filter(name="reader").update(scope=Scope.READ_TICKETS)

    with nothing_changed():
        refused = Program(token).put(f"tickets/{ticket.public_id}", {"state": "CLOSED"})

    assert (refused.refusal, refused.message) == ((403, 1006), "This access token lacks the scope tickets:write.")


def test_writing_is_not_reading(ticket: Ticket, store: Merchant) -> None:
    token = AccessToken.issue(store, "writer")
    AccessToken.objects.filter(name="writer").update(scope=Scope.WRITE_TICKETS)

    told = Program(token).put(f"tickets/{ticket.public_id}", {"state": "CLOSED"})

    assert (told.status, told.data["id"], told.data["state"]) == (200, ticket.public_id, "CLOSED")
    assert {"replies", "subject", "buyer_info", "orders"}.isdisjoint(told.data)


def test_a_strangers_ticket_is_as_if_absent(ticket: Ticket, rival_program: Program) -> None:
    with nothing_changed():
        for method, path, body in (
            ("GET", "", {}),
            ("GET", "/events", {}),
            ("PUT", "", {"state": "CLOSED"}),
            ("POST", "/replies", {"message": "Hello"}),
        ):
            theirs = rival_program.send(method, f"tickets/{ticket.public_id}{path}", body, if_match="*")
            nobodys = rival_program.send(method, f"tickets/{'0' * 24}{path}", body, if_match="*")
            assert (theirs.status, theirs.body) == (404, nobodys.body)


def test_half_of_a_character_is_no_failure(ask: Callable[..., Ticket], program: Program) -> None:
    ticket = ask("order_status")

    assert program.post(f"tickets/{ticket.public_id}/replies", b'{"message": "a\\ud83d"}').data["message"] == "a?"
    assert Message.objects.filter(body="a?").count() == 1
