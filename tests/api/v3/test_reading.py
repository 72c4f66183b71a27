"""What a program reads of a ticket: the wire of v3, and what the original has no place for."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from marketdesk.journal.models import Event
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Product
from marketdesk.people.actor import Actor
from marketdesk.tickets.models import Ticket
from marketdesk.translations.models import Translation
from tests.api.test_wire_format import a_picture
from tests.api.v3.conftest import Program
from tests.moments import later

pytestmark = pytest.mark.django_db


def test_a_ticket_in_the_wires_words(
    now: Any, ticket: Ticket, store: Merchant, product: Product, program: Program
) -> None:
    now.shift(timedelta(hours=1, seconds=0.5))

    told = program.get(f"tickets/{ticket.public_id}").data

    item = ticket.items.get()
    assert told == {
        "id": ticket.public_id,
        "type": "POST_CUSTOMER_SUPPORT",
        "category": "Post Customer Support Questions",
        "state": "AWAITING_MERCHANT",
        "merchant_id": store.public_id,
        "subject": "Wo ist meine Bestellung?",
        "sub_label": ticket.issue.v2_label,
        "issue": {"code": "order_status", "label": "Order status"},
        "opened_at": "2026-11-18T10:00:00.000Z",
        "updated_at": "2026-11-18T10:00:00.000Z",
        "wait": {"due_at": "2026-11-20T10:00:00.000Z", "seconds_left": 47 * 3600 - 1, "is_overdue": False},
        "routed": {
            "desk": "MERCHANT",
            "reason": "Questions of customers in Germany go straight to the merchant.",
        },
        "buyer_info": {"name": "Ada L.", "locale": "de-DE"},
        "orders": [{"id": item.public_id}],
        "products": [{"id": product.public_id}],
        "replies": [
            {
                "message": "Wo ist meine Bestellung? Danke.",
                "replied_at": "2026-11-18T10:00:00.000Z",
                "sender": "USER",
                "supporting_files": [],
            }
        ],
    }


def test_what_only_some_tickets_say(
    now: Any, ask: Callable[..., Ticket], ada: Actor, mehmet: Actor, sofia: Actor, program: Program
) -> None:
    question = ask("product_question")
    damaged = ask("item_problem", pictures=[a_picture(ada)])
    damaged.appeal("They broke it themselves.", by=mehmet)
    damaged.close(by=sofia)
    Translation.objects.create(message=damaged.messages.all()[0], language="en", engine="human", body="It is broken.")

    asked = program.get(f"tickets/{question.public_id}").data
    closed = program.get(f"tickets/{damaged.public_id}").data

    assert (asked["type"], asked["orders"]) == ("PRE_PURCHASE", [])
    assert asked["products"] == [{"id": question.product and question.product.public_id}]
    assert not {"refund_reason", "resolution_info"} & asked.keys()
    assert (closed["type"], closed["state"], closed["refund_reason"]) == ("ORDER", "CLOSED", "ITEM_IS_DAMAGED")
    assert closed["resolution_info"] == {"closed_at": "2026-11-18T10:00:00.000Z", "closed_by": "WISH_SUPPORT"}
    assert "wait" not in closed
    said, appealed = closed["replies"]
    (file,) = said["supporting_files"]
    assert said["translations"] == {"en": "It is broken."}
    assert file["url"].startswith("http://testserver/api/files/")
    assert (appealed["sender"], appealed["message"]) == ("MERCHANT", "They broke it themselves.")


def test_an_overdue_wait(now: Any, ticket: Ticket, program: Program) -> None:
    now.shift(timedelta(hours=48, seconds=1))

    wait = program.get(f"tickets/{ticket.public_id}").data["wait"]

    assert (wait["seconds_left"], wait["is_overdue"]) == (-1, True)


def test_words_come_in_the_language_that_the_program_asks_for(ticket: Ticket, program: Program) -> None:
    german = program.get(f"tickets/{ticket.public_id}", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"})
    unknown = program.get(f"tickets/{ticket.public_id}", headers={"Accept-Language": "xx, *;q=0.1"})
    missing = program.get(f"tickets/{'0' * 24}", headers={"Accept-Language": "de"})

    assert german.headers["Content-Language"] == "de"
    assert german.data["category"] == "Fragen nach dem Kundendienst"
    assert "Deutschland" in german.data["routed"]["reason"]
    assert german.data["sub_label"] == ticket.issue.v2_label
    assert unknown.headers["Content-Language"] == "en"
    assert (missing.refusal, missing.headers["Content-Language"]) == ((404, 1004), "de")


def test_only_the_fields_that_were_asked_for(ticket: Ticket, program: Program) -> None:
    chosen = "state, replies(sender,message), buyer_info( locale )"

    told = program.get(f"tickets/{ticket.public_id}", fields=chosen).data
    (listed,) = program.get("tickets", fields=chosen).data

    assert told == listed
    assert list(told) == ["state", "buyer_info", "replies"]
    assert told["buyer_info"] == {"locale": "de-DE"}
    assert told["replies"] == [{"message": "Wo ist meine Bestellung? Danke.", "sender": "USER"}]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("state,", "ends too early"),
        ("replies(message", "ends too early"),
        (",state", "cannot be read at “,”"),
        ("state)", "cannot be read at “)”"),
        ("replies()", "cannot be read at “)”"),
        ("state id", "cannot be read at “id”"),
        ("replies(message)(sender)", "cannot be read at “(”"),
        ("(" * 1000, "cannot be read at “(”"),
        ("state,state", "“state” stands there twice"),
        ("colour", "there is no “colour”; there are: id, type"),
        ("replies(colour)", "there is no “replies.colour”"),
        ("state(colour)", "“state” has no fields"),
        ("translations", "there is no “translations”"),
        ("x" * 1001, "must have 1000 characters or fewer"),
    ],
)
def test_fields_that_cannot_be_answered(fields: str, words: str, ticket: Ticket, program: Program) -> None:
    for path in (f"tickets/{ticket.public_id}", "tickets"):
        answer = program.get(path, fields=fields)

        assert answer.refusal == (400, 1000)
        assert answer.data["fields"].startswith(words), answer.data


def test_what_happened_as_far_as_the_merchant_may_read_it(
    now: Any, purchase: Ticket, mehmet: Actor, sofia: Actor, program: Program
) -> None:
    purchase.reply("What is broken?", by=later(mehmet, minutes=1))
    purchase.appeal("No answer.", by=later(mehmet, minutes=2))
    purchase.note("They appeal every time.", by=later(sofia, minutes=3))
    purchase.assign(None, by=later(sofia, minutes=4))
    purchase.close(by=later(sofia, minutes=5))

    answer = program.get(f"tickets/{purchase.public_id}/events")

    assert [(one["kind"], one["by"], one["words"]) for one in answer.data] == [
        ("ticket.opened", "USER", "Ada L. opened this ticket"),
        ("ticket.replied", "MERCHANT", ""),
        ("ticket.appealed", "MERCHANT", "Anadolu Home appealed to the platform Support"),
        ("ticket.closed", "WISH_SUPPORT", "the platform Support closed this ticket"),
    ]
    assert answer.data[2] | {"words": ""} == {
        "kind": "ticket.appealed",
        "at": "2026-11-18T10:02:00.000Z",
        "by": "MERCHANT",
        "words": "",
        "from_state": "AWAITING_USER",
        "to_state": "AWAITING_WISH",
    }
    assert program.get(f"tickets/{purchase.public_id}/events", fields="kind").data[0] == {"kind": "ticket.opened"}


def test_what_is_not_known_changes_nothing(ticket: Ticket, program: Program) -> None:
    for path in (f"tickets/{'0' * 24}", "tickets/nonsense", "tickets/%00", "tickets/%F0%9F%98%80/events"):
        assert program.get(path).refusal == (404, 1004), path
    assert Event.objects.filter(ticket_id=ticket.pk).count() == 1
