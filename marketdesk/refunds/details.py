"""Refund Details: what was paid back on a ticket, and what came back without it (M84, D28)."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from marketdesk.lib.prepared import Prepared, Question
from marketdesk.orders.models import OrderItem
from marketdesk.refunds.models import Refund
from marketdesk.tickets.models import Ticket


@dataclass(frozen=True)
class Details:
    """Refunds with their items, the latest last, those outside a ticket too; and items that came back without."""

    refunds: list[Refund]
    returned: list[OrderItem]


def of(ticket: Ticket) -> Details:
    """The details of a ticket; a question before the purchase has none."""
    if ticket.order_id is None:
        return Details([], [])
    refunds = _REFUNDS(ticket.pk)
    refunded = {refund.item_id for refund in refunds}
    return Details(refunds, [item for item in ticket.items.all() if item.returned_at and item.pk not in refunded])


def questions(ticket: Ticket) -> list[Question]:
    """What `of` asks."""
    return [_REFUNDS.question(ticket.pk)] if ticket.order_id else []


def _refunds(ticket: int) -> QuerySet[Refund]:
    outside = Q(ticket__isnull=True, item__in=OrderItem.objects.filter(tickets=ticket).order_by())
    return Refund.objects.filter(outside | Q(ticket=ticket)).select_related("item").order_by("pk")


_REFUNDS = Prepared(_refunds)
