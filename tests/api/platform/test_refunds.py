"""The marketplace says what became of the money: twice is once, a contradiction is refused (D17)."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from marketdesk.journal.models import Audience, Event
from marketdesk.lib import money
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, OrderItem
from marketdesk.outbox.webhooks import payloads
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.refunds.refunding import refund_items, settle
from marketdesk.tickets.errors import NotAllowed
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


def test_the_same_answer_twice_changes_nothing(shop: Program, refund: Refund) -> None:
    path = f"refunds/{refund.public_id}/result"
    first = shop.post(path, {"status": "succeeded"})
    events = Event.objects.count()

    again = shop.post(path, {"status": "succeeded", "note": "late"})

    assert again.body == first.body
    assert Event.objects.count() == events


@pytest.mark.parametrize(("first", "then"), [("succeeded", "failed"), ("failed", "succeeded")])
def test_a_contradiction_is_refused_and_support_sees_it_once(
    first: str, then: str, shop: Program, refund: Refund, sofia: Actor, mehmet: Actor, ada: Actor
) -> None:
    path = f"refunds/{refund.public_id}/result"
    shop.post(path, {"status": first})
    before = Refund.objects.values("status", "settled_at", "item__refunded").get()

    answers = [shop.post(path, {"status": then, "note": "Bank says so"}, once="c-1") for _ in range(2)]
    later = shop.post(path, {"status": then})

    assert [(one.status, one.code) for one in (*answers, later)] == [(409, "settled")] * 3
    assert answers[0].body == answers[1].body
    assert Refund.objects.values("status", "settled_at", "item__refunded").get() == before
    refund.refresh_from_db()
    assert (refund.is_contradicted, refund.contradicted_note) == (True, "Bank says so")
    (event,) = Event.objects.filter(verb="refund_contradicted")
    assert (event.audience, event.data["said"]) == (Audience.PLATFORM, then)
    ticket = Ticket.objects.get()
    assert event in ticket.events_for(sofia)
    assert event not in ticket.events_for(mehmet)
    assert event not in ticket.events_for(ada)


def test_an_answer_after_a_person_noted_it_by_hand(shop: Program, refund: Refund, sofia: Actor) -> None:
    settle(refund, succeeded=True, by=sofia, note="Seen in the bank's list.")

    same = shop.post(f"refunds/{refund.key}/result", {"status": "succeeded"})
    other = shop.post(f"refunds/{refund.key}/result", {"status": "failed"})

    assert (same.status, other.status) == (200, 409)
    refund.refresh_from_db()
    assert (refund.status, refund.settled_note) == (RefundStatus.SUCCEEDED, "Seen in the bank's list.")
    assert refund.is_contradicted


def test_the_marketplace_reconciles_what_waits(
    now: Any, shop: Program, ask: Callable[..., Ticket], order: Order, mehmet: Actor
) -> None:
    for item in order.items.all():
        now.shift(timedelta(hours=1))
        refund_items(ask("item_problem", items=[item]), [item], by=replace(mehmet, at=timezone.now()))
    old, young = Refund.objects.order_by("pk")

    everything = shop.get("refunds", status="pending")
    first = shop.get("refunds", limit=1)
    second = shop.get("refunds", limit=1, after=first.data["after"])
    older = shop.get("refunds", requested_before=young.requested_at.isoformat())
    paid = shop.get("refunds", status="succeeded")

    assert [one["key"] for one in everything.data["refunds"]] == [old.key, young.key]
    assert [one["key"] for one in first.data["refunds"] + second.data["refunds"]] == [old.key, young.key]
    assert second.data["after"] == ""
    assert [one["key"] for one in older.data["refunds"]] == [old.key]
    assert paid.data["refunds"] == []
    line = everything.data["refunds"][0]
    assert (line["order"], line["merchant"], line["amount"]) == ("O-1001", "m-1", "89.90")
    assert shop.get(f"refunds/{old.public_id}").data == shop.get(f"refunds/{old.key}").data == line


@pytest.mark.parametrize(
    ("field", "value"),
    [("status", "maybe"), ("requested_before", "yesterday"), ("requested_before", "2026-11-18T10:00:00"), ("limit", 0)],
)
def test_a_question_that_makes_no_sense(field: str, value: Any, shop: Program, refund: Refund) -> None:
    answer = shop.get("refunds", **{field: value})

    assert (answer.status, answer.code, list(answer.fields)) == (422, "bad_fields", [field])


@pytest.mark.parametrize("after", ["x", "1_x", "1e400_1", "nan_1", f"1_{10**30}", "-1e300_5", "%00"])
def test_a_page_key_that_makes_no_sense_begins_at_the_start(after: str, shop: Program, refund: Refund) -> None:
    assert len(shop.get("refunds", after=after).data["refunds"]) == 1


def test_the_list_of_refunds_costs_the_same_however_long(
    shop: Program, refund: Refund, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(6):
        shop.get("refunds")


@pytest.mark.parametrize(("currency", "price"), [("JPY", "1200"), ("KWD", "12.345"), ("EUR", "89.90")])
def test_sums_keep_the_digits_of_their_currency(
    currency: str, price: str, shop: Program, ada_user: User, store: Merchant, sofia: Actor
) -> None:
    order = {"id": "o-7", "merchant": "m-1", "customer": "c-1", "currency": currency, "country": "JP"}
    row = order | {"placed_at": "2026-11-01T10:00:00Z", "items": [{"name": "Cup", "price": price}]}
    assert shop.post("orders", {"rows": [row]}).data["results"][0]["result"] == "created"
    asked = shop.post("tickets", {"customer": "c-1", "text": "Broken", "issue": "item_problem", "order": "o-7"})
    ticket = Ticket.objects.get(public_id=asked.data["id"])

    (refund,) = refund_items(ticket, list(ticket.items.all()), by=sofia)

    (line,) = shop.get("refunds").data["refunds"]
    assert (line["amount"], line["currency"]) == (price, currency)
    paid = shop.post(f"refunds/{refund.key}/result", {"status": "succeeded"})
    assert paid.data["amount"] == price
    assert (
        json.loads(payloads.compose(Event.objects.get(verb="refund_requested")).body)["data"]["refund"]["amount"]
        == price
    )
    assert refund.amount_text == money.show(money.to_minor(Decimal(price), currency), currency)


def test_a_sum_with_more_digits_than_its_currency_is_refused(shop: Program, ada_user: User, store: Merchant) -> None:
    order = {"id": "o-7", "merchant": "m-1", "customer": "c-1", "currency": "JPY", "country": "JP"}
    row = order | {"placed_at": "2026-11-01T10:00:00Z", "items": [{"name": "Cup", "price": "1200.5"}]}

    (result,) = shop.post("orders", {"rows": [row]}).data["results"]

    assert (result["result"], result["field"]) == ("refused", "item price")


# Refunds made elsewhere


def test_what_is_refunded_elsewhere_while_ours_is_on_its_way_is_refused_in_words(shop: Program, refund: Refund) -> None:
    row = _pushed(refund, refunded="89.90")

    (while_pending,) = shop.post("orders", {"rows": [row]}).data["results"]
    shop.post(f"refunds/{refund.key}/result", {"status": "failed", "note": "Refunded elsewhere"})
    (afterwards,) = shop.post("orders", {"rows": [row]}).data["results"]

    assert (while_pending["result"], while_pending["field"]) == ("refused", "item refunded")
    assert "on its way" in while_pending["reason"]
    assert afterwards["result"] == "updated"
    refund.item.refresh_from_db()
    assert (refund.item.refunded, refund.item.refundable) == (8990, 0)


def test_an_order_that_is_pushed_as_it_was_is_taken_while_a_refund_is_on_its_way(shop: Program, refund: Refund) -> None:
    (result,) = shop.post("orders", {"rows": [_pushed(refund)]}).data["results"]

    assert result["result"] in {"updated", "unchanged"}
    refund.item.refresh_from_db()
    assert refund.item.refunded == 8990


def test_what_was_refunded_elsewhere_is_not_refunded_again(shop: Program, purchase: Ticket, sofia: Actor) -> None:
    item = purchase.items.get()
    shop.post("orders", {"rows": [_pushed_item(item, refunded="89.90")]})

    with pytest.raises(NotAllowed) as refusal:
        refund_items(purchase, list(purchase.items.all()), by=sofia)

    assert refusal.value.reason == "refunded"
    assert not Refund.objects.exists()


def _pushed(refund: Refund, **fields: Any) -> dict[str, Any]:
    return _pushed_item(refund.item, **fields)


def _pushed_item(changed: OrderItem, **fields: Any) -> dict[str, Any]:
    """The order's row as the marketplace would push it, with one item changed."""
    order = changed.order
    items = [
        {"name": item.name, "sku": item.sku, "color": item.color, "price": str(money.to_decimal(item.price, "EUR"))}
        | (fields if item == changed else {})
        for item in order.items.order_by("pk")
    ]
    return {"id": order.external_id, "items": items}


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
