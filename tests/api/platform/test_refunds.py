"""The marketplace says what became of the money: twice is once, a contradiction is refused (D17)."""

import pytest

from marketdesk.people.actor import Actor
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.refunds.refunding import refund_items
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State
from tests.api.platform.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def refund(purchase: Ticket, mehmet: Actor) -> Refund:
    return refund_items(purchase, list(purchase.items.all()), by=mehmet)[0]


def test_a_refund_is_paid(shop: Program, refund: Refund) -> None:
    answer = shop.post(f"refunds/{refund.public_id}/result", {"status": "succeeded", "note": "SEPA 17"})

    refund.refresh_from_db()
    assert (answer.data["status"], answer.data["amount"], answer.data["key"]) == ("succeeded", "89.90", refund.key)
    assert (refund.status, refund.settled_note) == (RefundStatus.SUCCEEDED, "SEPA 17")
    assert refund.settled_by["app"] == "platform:shop"
    assert shop.get(f"tickets/{refund.ticket.public_id}", customer="c-1").data["refunds"][0]["status"] == "succeeded"  # type: ignore[union-attr]


def test_a_refund_fails_and_the_ticket_returns_to_the_platform(shop: Program, refund: Refund) -> None:
    answer = shop.post(f"refunds/{refund.key}/result", {"status": "failed", "note": "Card closed"})

    refund.item.refresh_from_db()
    assert answer.data["status"] == "failed"
    assert (refund.item.refunded, Ticket.objects.get().state) == (0, State.WITH_SUPPORT)


def test_the_same_answer_twice_changes_nothing_and_a_contradiction_is_refused(shop: Program, refund: Refund) -> None:
    path = f"refunds/{refund.public_id}/result"
    first = shop.post(path, {"status": "succeeded"})
    events = Ticket.objects.get().events_for(Actor("support")).count()  # type: ignore[arg-type]

    again, other = shop.post(path, {"status": "succeeded", "note": "late"}), shop.post(path, {"status": "failed"})

    assert again.body == first.body
    assert (other.status, other.code) == (409, "settled")
    assert Refund.objects.get().status == RefundStatus.SUCCEEDED
    assert Ticket.objects.get().events_for(Actor("support")).count() == events  # type: ignore[arg-type]


def test_two_refunds_of_one_ticket_answered_at_once(shop: Program, ask: object, order: object, mehmet: Actor) -> None:
    ticket = ask("item_problem", items=list(order.items.all()))  # type: ignore[operator, attr-defined]
    both = refund_items(ticket, list(ticket.items.all()), by=mehmet)

    for one in both:
        assert shop.post(f"refunds/{one.public_id}/result", {"status": "succeeded"}).status == 200

    assert set(Refund.objects.values_list("status", flat=True)) == {"succeeded"}


@pytest.mark.parametrize("name", ["0" * 24, "refund-x-1", "%00", "%ff", "x" * 500])
def test_an_unknown_refund(name: str, shop: Program, refund: Refund) -> None:
    answer = shop.post(f"refunds/{name}/result", {"status": "failed"})

    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize("body", [{}, {"status": "maybe"}, {"status": "failed", "note": "x" * 501}])
def test_an_answer_that_says_nothing(body: dict[str, str], shop: Program, refund: Refund) -> None:
    assert shop.post(f"refunds/{refund.public_id}/result", body).status == 422
    assert Refund.objects.get().status == RefundStatus.PENDING
