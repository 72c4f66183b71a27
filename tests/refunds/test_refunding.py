"""Refund Checked Orders: one refund for each item, exactly once, and the ticket closes (M57-M59, D17, D27)."""

from collections.abc import Callable
from typing import Any

import pytest

from marketdesk.journal.models import AlreadyDone, Event
from marketdesk.orders.models import ItemState, Order, OrderItem
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.refunds.reasons import DAMAGED
from marketdesk.refunds.refunding import refund_items
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State, Verb
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


@pytest.fixture
def items(order: Order) -> list[OrderItem]:
    return list(order.items.all())


@pytest.fixture
def both(ask: Callable[..., Ticket], items: list[OrderItem]) -> Ticket:
    """A Post Purchase ticket about both items of the order."""
    return ask("item_problem", "Beides kam kaputt an.", items=items)


def test_refunding_records_the_money_and_closes_the_ticket(both: Ticket, items: list[OrderItem], mehmet: Actor) -> None:
    refunds = refund_items(both, items, by=mehmet, reason=DAMAGED)

    assert [(refund.amount, refund.currency, refund.status) for refund in refunds] == [
        (8990, "EUR", RefundStatus.PENDING),
        (3490, "EUR", RefundStatus.PENDING),
    ]
    assert len({refund.key for refund in refunds}) == 2
    assert (both.state, both.closed_by, both.closed_how) == (State.CLOSED, Party.MERCHANT, "refunded")
    for item in items:
        item.refresh_from_db()
        assert (item.refunded, item.refundable, item.state) == (item.paid, 0, ItemState.REFUNDED)
    event = Event.objects.get(ticket_id=both.pk, verb=Verb.REFUND)
    assert event.data["items"] == [item.public_id for item in items]


def test_only_what_is_checked_is_refunded_and_the_ticket_closes_too(
    both: Ticket, items: list[OrderItem], mehmet: Actor
) -> None:
    refund_items(both, items[:1], by=mehmet)

    items[1].refresh_from_db()
    assert both.state == State.CLOSED
    assert (items[1].refunded, items[1].state) == (0, ItemState.SHIPPED)
    assert Refund.objects.count() == 1


def test_naming_an_item_twice_refunds_it_once(both: Ticket, items: list[OrderItem], mehmet: Actor) -> None:
    assert len(refund_items(both, [items[0], items[0]], by=mehmet)) == 1


def test_nothing_checked_is_refused(both: Ticket, mehmet: Actor) -> None:
    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        refund_items(both, [], by=mehmet)

    assert refusal.value.reason == "nothing_checked"


def test_an_item_refunded_before_refuses_the_whole_act(
    both: Ticket, items: list[OrderItem], purchase: Ticket, mehmet: Actor
) -> None:
    refund_items(purchase, items[:1], by=mehmet)

    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        refund_items(both, items, by=mehmet)

    assert refusal.value.reason == "refunded"
    assert "Table lamp Nara" in str(refusal.value)
    assert both.state == State.WITH_MERCHANT, "the page that says why shows the ticket as it still is"
    assert both.closed_at is None


def test_an_item_of_another_order_refuses_the_whole_act(
    both: Ticket, items: list[OrderItem], ada_user: Any, product: Any, mehmet: Actor
) -> None:
    from tests.conftest import make_order

    foreign = make_order(ada_user, product, "O-2").items.all()[0]

    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        refund_items(both, [items[0], foreign], by=mehmet)

    assert refusal.value.reason == "foreign_item"


@pytest.mark.parametrize("who", ["ada", "rival"])
def test_neither_customer_nor_rival_refunds(
    who: str, request: pytest.FixtureRequest, both: Ticket, items: list[OrderItem]
) -> None:
    actor: Actor = request.getfixturevalue(who)
    with nothing_changed(), pytest.raises(NotAllowed):
        refund_items(both, items, by=actor)


def test_a_question_has_no_refund(ticket: Ticket, items: list[OrderItem], mehmet: Actor) -> None:
    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        refund_items(ticket, items, by=mehmet)

    assert refusal.value.reason == "category"


def test_a_double_click_refunds_once(both: Ticket, items: list[OrderItem], mehmet: Actor) -> None:
    sender = mehmet.with_form("key-1", None)
    refund_items(both, items, by=sender)

    with nothing_changed(), pytest.raises(AlreadyDone):
        refund_items(both, list(reversed(items)), by=sender)


def test_another_click_with_another_key_is_refused(both: Ticket, items: list[OrderItem], mehmet: Actor) -> None:
    refund_items(both, items, by=mehmet.with_form("key-1", None))

    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        refund_items(both, items, by=mehmet.with_form("key-2", None))

    assert refusal.value.reason == "closed"


def test_a_reopened_ticket_refunds_no_item_twice(
    both: Ticket, items: list[OrderItem], mehmet: Actor, ada: Actor
) -> None:
    refund_items(both, items[:1], by=mehmet)
    both.reopen("And the shade?", by=ada)

    with nothing_changed(), pytest.raises(NotAllowed):
        refund_items(both, items, by=mehmet)

    refund_items(both, items[1:], by=mehmet)
    assert sum(refund.amount for refund in Refund.objects.all()) == 12480


def test_support_refunds_what_it_serves_and_the_merchant_cannot(
    both: Ticket, items: list[OrderItem], mehmet: Actor, sofia: Actor
) -> None:
    both.appeal("I cannot solve this.", by=mehmet)
    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        refund_items(both, items, by=mehmet)
    assert refusal.value.reason == "with_support"

    refund_items(both, items, by=sofia)
    assert (both.state, both.closed_by) == (State.CLOSED, Party.SUPPORT)


def test_an_item_that_cost_nothing_is_refused_in_words(both: Ticket, items: list[OrderItem], mehmet: Actor) -> None:
    OrderItem.objects.filter(pk=items[0].pk).update(paid=0, price=0)

    with nothing_changed(), pytest.raises(NotAllowed):
        refund_items(both, items, by=mehmet)
