"""The last wall: what no code may do, the database refuses (D17)."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F

from marketdesk.orders.models import Order, OrderItem
from marketdesk.people.actor import Actor
from marketdesk.refunds.models import Refund
from marketdesk.refunds.refunding import refund_items
from marketdesk.tickets.models import Ticket
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("refunded", ["paid + 1", "-1"])
def test_no_item_is_refunded_beyond_what_was_paid(order: Order, refunded: str) -> None:
    with nothing_changed(), pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE orders_orderitem SET refunded = {refunded}")


def test_nor_through_the_models(order: Order) -> None:
    with nothing_changed(), pytest.raises(IntegrityError), transaction.atomic():
        OrderItem.objects.update(refunded=F("paid") + 1)


def test_no_item_has_two_refunds_that_did_not_fail(purchase: Ticket, mehmet: Actor) -> None:
    (refund,) = refund_items(purchase, list(purchase.items.all()), by=mehmet)

    for status in ("pending", "succeeded"):
        refund.pk, refund.public_id, refund.key, refund.status = None, "0" * 24, "other", status
        with nothing_changed(), pytest.raises(IntegrityError), transaction.atomic():
            refund.save(force_insert=True)

    refund.status = "failed"
    refund.save(force_insert=True)
    assert Refund.objects.count() == 2


@pytest.mark.parametrize("amount", [0, -1])
def test_a_refund_is_of_something(purchase: Ticket, mehmet: Actor, amount: int) -> None:
    refund_items(purchase, list(purchase.items.all()), by=mehmet)

    with nothing_changed(), pytest.raises(IntegrityError), transaction.atomic():
        Refund.objects.update(amount=amount)


def test_no_price_is_negative(order: Order) -> None:
    with nothing_changed(), pytest.raises(IntegrityError), transaction.atomic():
        OrderItem.objects.update(price=-1)


def test_no_ticket_has_two_open_waits(ticket: Ticket) -> None:
    wait = ticket.waits.get()
    wait.pk = None

    with nothing_changed(), pytest.raises(IntegrityError), transaction.atomic():
        wait.save(force_insert=True)
