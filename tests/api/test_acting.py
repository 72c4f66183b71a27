"""Programs answer, close, appeal and re-open: the same rules as on the pages (M105), the wire's own codes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from marketdesk.journal.models import Event, Job
from marketdesk.people.actor import Actor
from marketdesk.tickets.models import Message, Ticket, Wait
from marketdesk.tickets.rules import Desk, State, Verb
from tests.api.conftest import Answer, Program, opened

pytestmark = pytest.mark.django_db

WRITING = [
    "ticket/reply",
    "ticket/close",
    "ticket/appeal-to-wish-support",
    "ticket/appeal-to-support",
    "ticket/re-open",
]
DONE = {"success": True}


def everything() -> list[Any]:
    """Every row that an act could change."""
    return [list(model.objects.order_by("pk").values()) for model in (Ticket, Message, Wait, Event, Job)]


def refused(answer: Answer, status: int, code: int) -> str:
    assert (answer.status, answer.code) == (status, code)
    return answer.message


def test_a_reply_reaches_the_customer_and_awaits_the_user(ticket: Ticket, program: Program) -> None:
    answer = program.post("ticket/reply", id=ticket.public_id, reply="On its way.")

    assert answer.data == DONE
    assert b'"success":true' in answer.body
    ticket.refresh_from_db()
    assert ticket.state == State.WITH_CUSTOMER
    said = ticket.messages.order_by("id").reverse()[0]
    assert (said.body, said.author, said.author_name) == ("On its way.", "merchant", "Anadolu Home")
    assert Event.objects.filter(ticket_id=ticket.pk, verb=Verb.REPLY).count() == 1


def test_a_reply_keeps_every_letter(ticket: Ticket, program: Program) -> None:
    words = "Ürün yolda 👍\nТочно\t“عربي” <b>&amp;</b> %20 + = &"

    assert program.post("ticket/reply", id=ticket.public_id, reply=words).code == 0

    assert ticket.messages.order_by("id").reverse()[0].body == words
    told = program.get("ticket", id=ticket.public_id).data["Ticket"]["replies"][1]["Reply"]
    assert told["message"] == words


def test_a_program_that_repeats_itself_says_it_once(ticket: Ticket, program: Program) -> None:
    for _attempt in range(3):
        assert program.post("ticket/reply", id=ticket.public_id, reply="On its way.").data == DONE

    assert ticket.messages.count() == 2


@pytest.mark.parametrize("call", ["close", "appeal-to-wish-support", "appeal-to-support"])
def test_a_repeated_close_or_appeal_is_success_again(call: str, purchase: Ticket, program: Program) -> None:
    program.post("ticket/reply", id=purchase.public_id, reply="Sorry.")

    for _attempt in range(2):
        assert program.post(f"ticket/{call}", id=purchase.public_id).data == DONE

    assert Event.objects.filter(ticket_id=purchase.pk).exclude(verb__in=["open", "reply"]).count() == 1


def test_a_question_is_closed(ticket: Ticket, program: Program) -> None:
    assert program.post("ticket/close", id=ticket.public_id).data == DONE

    ticket.refresh_from_db()
    assert (ticket.state, ticket.closed_by, ticket.due_at) == (State.CLOSED, "merchant", None)


@pytest.mark.parametrize("call", ["appeal-to-wish-support", "appeal-to-support"])
def test_an_appeal_goes_to_the_platforms_desk(call: str, purchase: Ticket, program: Program) -> None:
    assert program.post(f"ticket/{call}", id=purchase.public_id).data == DONE

    purchase.refresh_from_db()
    assert (purchase.state, purchase.desk) == (State.WITH_SUPPORT, Desk.PLATFORM)
    assert purchase.messages.count() == 1


def test_a_closed_ticket_is_reopened_with_a_message(ticket: Ticket, program: Program, mehmet: Actor) -> None:
    ticket.close(by=mehmet)

    assert program.post("ticket/re-open", id=ticket.public_id, reply="One more thing.").data == DONE

    ticket.refresh_from_db()
    assert ticket.state == State.WITH_CUSTOMER
    assert ticket.messages.count() == 2


# Refusals: each says why, and changes nothing


def test_a_reply_to_a_closed_ticket(ticket: Ticket, program: Program, mehmet: Actor) -> None:
    ticket.close(by=mehmet)
    before = everything()

    message = refused(program.post("ticket/reply", id=ticket.public_id, reply="Hello?"), 400, 1010)

    assert message == "The ticket is closed"
    assert everything() == before


def test_a_reply_to_a_ticket_closed_for_good(ticket: Ticket, program: Program, sofia: Actor) -> None:
    ticket.close_for_good(by=sofia)

    refused(program.post("ticket/reply", id=ticket.public_id, reply="Hello?"), 400, 1010)


@pytest.mark.parametrize(
    ("call", "issue", "words"),
    [
        ("close", "item_problem", "Answer the customer's last message before you close this ticket without a refund."),
        ("appeal-to-wish-support", "order_status", "This cannot be done with a ticket of this category."),
        ("re-open", "order_status", "The ticket is open already."),
    ],
)
def test_an_act_that_the_rules_refuse_says_why_in_english(
    call: str, issue: str, words: str, ask: Callable[..., Ticket], program: Program
) -> None:
    ticket = ask(issue)
    before = everything()

    with translation.override("de"):
        answer = program.post(f"ticket/{call}", id=ticket.public_id, reply="Hello?")

    assert refused(answer, 400, 1000) == words
    assert everything() == before


def test_a_ticket_at_the_platforms_desk_is_not_the_merchants_to_close(
    purchase: Ticket, program: Program, mehmet: Actor
) -> None:
    purchase.appeal("Lost.", by=mehmet)
    before = everything()

    words = refused(program.post("ticket/close", id=purchase.public_id), 400, 1000)

    assert words == "Platform support is handling this ticket now."
    assert everything() == before


def test_a_closed_ticket_is_closed_already(now: Any, ticket: Ticket, program: Program, ada: Actor) -> None:
    ticket.close(by=ada)
    before = everything()

    for call in ("close", "appeal-to-support"):
        refused(program.post(f"ticket/{call}", id=ticket.public_id), 400, 1000)

    assert everything() == before


def test_after_thirty_days_a_ticket_stays_closed(now: Any, ticket: Ticket, program: Program, mehmet: Actor) -> None:
    ticket.close(by=mehmet)
    now.shift(timedelta(days=30))
    before = everything()

    words = refused(program.post("ticket/re-open", id=ticket.public_id, reply="Again"), 400, 1000)

    assert words.startswith("The time to re-open this ticket has passed.")
    assert everything() == before


@pytest.mark.parametrize("call", WRITING)
def test_a_missing_parameter_is_named(call: str, ticket: Ticket, program: Program) -> None:
    before = everything()

    for fields in ({}, {"id": ""}, {"id[]": ticket.public_id}, {"ID": ticket.public_id}):
        answer = program.post(call, **fields)
        assert (answer.status, answer.code, answer.data) == (400, 1001, "id")
    if call in {"ticket/reply", "ticket/re-open"}:
        for fields in ({}, {"reply": ""}):
            answer = program.post(call, id=ticket.public_id, **fields)
            assert (answer.status, answer.code, answer.data) == (400, 1001, "reply")

    assert everything() == before


@pytest.mark.parametrize(
    "bad", ["0", "x", "-1", "60C0A1B2C3D4E5F601020304", "60c0a1b2c3d4e5f60102030", "'", "٠" * 24, "\x00", "a" * 9999]
)
def test_a_bad_id(bad: str, program: Program) -> None:
    for answer in (program.get("ticket", id=bad), program.post("ticket/reply", id=bad, reply="x")):
        assert (answer.status, answer.code, answer.data) == (400, 1000, 2014)
        assert answer.message == f"{bad[:50]} is an invalid id"


@pytest.mark.parametrize(("text", "words"), [("  \n ", "Write a message first."), ("x" * 10_001, "10001 characters")])
def test_a_text_that_cannot_be_sent(text: str, words: str, ticket: Ticket, program: Program) -> None:
    before = everything()

    assert words in refused(program.post("ticket/reply", id=ticket.public_id, reply=text), 400, 1000)

    assert everything() == before


def test_the_longest_text_that_can_be_sent(ticket: Ticket, program: Program) -> None:
    assert program.post("ticket/reply", id=ticket.public_id, reply="é" * 10_000).code == 0


def test_a_reply_in_broken_utf8_is_refused_rather_than_sent_as_garbage(
    ticket: Ticket, client: Client, token: str
) -> None:
    before = everything()
    body = f"access_token={token}&id={ticket.public_id}&reply=%C4%E3%BA".encode()

    found = opened(client.post("/api/v2/ticket/reply", body, content_type="application/x-www-form-urlencoded"))

    assert refused(found, 400, 1000) == "The parameter 'reply' is not UTF-8 text"
    assert everything() == before


# Methods


@pytest.mark.parametrize("call", WRITING)
def test_a_get_of_a_writing_call_names_the_setting(call: str, ticket: Ticket, program: Program) -> None:
    before = everything()

    answer = program.get(call, id=ticket.public_id, reply="x")

    assert "API_V2_LEGACY_METHODS" in refused(answer, 405, 405)
    assert answer.headers["Allow"] == "POST"
    assert everything() == before


@pytest.mark.parametrize("call", ["ticket", "ticket/get-action-required", "auth_test"])
def test_a_post_of_a_reading_call_names_the_setting(call: str, ticket: Ticket, program: Program) -> None:
    answer = program.post(call, id=ticket.public_id)

    assert "API_V2_LEGACY_METHODS" in refused(answer, 405, 405)
    assert answer.headers["Allow"] == "GET"


def test_with_the_setting_on_the_methods_are_the_same(settings: Any, purchase: Ticket, program: Program) -> None:
    settings.API_V2_LEGACY_METHODS = True

    assert program.get("ticket/reply", id=purchase.public_id, reply="Sorry.").data == DONE
    assert program.post("ticket", id=purchase.public_id).data == program.get("ticket", id=purchase.public_id).data
    assert program.get("ticket/close", id=purchase.public_id).data == DONE
    assert program.get("ticket/re-open", id=purchase.public_id, reply="Wait.").data == DONE
    assert program.get("ticket/appeal-to-wish-support", id=purchase.public_id).data == DONE
    assert program.post("ticket/get-action-required", limit=5).data == []
