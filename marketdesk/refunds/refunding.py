"""Refund Checked Orders: one refund for each item, exactly once, and the ticket closes (M57-M59, D17, D27)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from marketdesk.journal.models import Event
from marketdesk.orders.models import ItemState, OrderItem
from marketdesk.people.actor import Actor
from marketdesk.refunds.models import CONTRADICTED, Refund, RefundStatus
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket


@dataclass(frozen=True)
class Proposal:
    """A refund that is asked for and not done yet (M58): the items, those left out, and the sum in minor units."""

    items: list[OrderItem]
    left: list[OrderItem]

    @property
    def count(self) -> int:
        return len(self.items)

    @property
    def total(self) -> int:
        return sum(item.refundable for item in self.items)


def propose(ticket: Ticket, items: Sequence[OrderItem]) -> Proposal:
    """What would be refunded, to be confirmed. Raises NotAllowed for an item that is refunded already."""
    for item in items:
        if not item.refundable:
            raise NotAllowed("refunded", _("“%(item)s” is refunded already.") % {"item": item.name})
    left = [item for item in ticket.items.all() if item not in items and item.refundable]
    return Proposal(list(items), left)


def refund_items(ticket: Ticket, items: Sequence[OrderItem], *, by: Actor, reason: str = "") -> list[Refund]:
    """Ask the marketplace to pay these items back, and close the ticket. All of them or none: an item that is
    refunded already refuses the whole act (NotAllowed)."""
    if not items:
        raise NotAllowed("nothing_checked", _("Check at least one item first."))
    try:
        return _refund_items(ticket, items, by, reason)
    except NotAllowed:
        ticket.refresh_from_db()  # the page that says why shows the ticket as it still is
        raise


@transaction.atomic
def _refund_items(ticket: Ticket, items: Sequence[OrderItem], by: Actor, reason: str) -> list[Refund]:
    wanted = sorted({item.pk for item in items})
    ids = ",".join(item.public_id for item in sorted(items, key=lambda item: item.pk))
    ticket.close_as_refunded(by=by, body=ids, data={"items": ids.split(",")})
    locked = list(OrderItem.objects.select_for_update().filter(pk__in=wanted, order=ticket.order).order_by("pk"))
    if len(locked) != len(wanted):
        raise NotAllowed("foreign_item", _("An item is not of this order. Nothing was refunded."))
    return [_refund(item, ticket, by, reason) for item in locked]


def _refund(item: OrderItem, ticket: Ticket, by: Actor, reason: str) -> Refund:
    if item.refundable <= 0 or item.refunds.exclude(status=RefundStatus.FAILED).exists():
        raise NotAllowed(
            "refunded", _("“%(item)s” is refunded already. Nothing was refunded now.") % {"item": item.name}
        )
    if item.refunds.filter(CONTRADICTED).exists():
        words = _("The marketplace gave two answers about an earlier refund of “%(item)s”. Look into them first.")
        raise NotAllowed("contradicted", words % {"item": item.name})
    amount = item.refundable
    item.refunded += amount
    item.state = ItemState.REFUNDED
    item.save(update_fields=["refunded", "state"])
    attempt = item.refunds.count() + 1
    refund = Refund.objects.create(
        item=item,
        ticket=ticket,
        merchant_id=item.merchant_id,
        amount=amount,
        currency=_currency(ticket),
        reason=reason,
        key=f"refund-{item.public_id}-{attempt}",
        actor=by.as_json(),
        requested_at=by.at,
    )
    # Beside the ticket's own event, which people are told of: this one asks the marketplace's programs to pay.
    Event.tell(
        verb="refund_requested",
        subject_kind="refund",
        subject_id=refund.pk,
        ticket_id=ticket.pk,
        merchant_id=refund.merchant_id,
        actor=by.as_json(),
        data={"refund": refund.public_id},
        at=by.at,
    )
    return refund


def _currency(ticket: Ticket) -> str:
    return ticket.order.currency if ticket.order else ""


@transaction.atomic
def settle(refund: Refund, *, succeeded: bool, by: Actor, note: str = "") -> None:
    """The marketplace's answer. Failed: the item can be refunded again, and the ticket returns to the platform's
    desk. A second, different answer is refused; the same one changes nothing."""
    status = RefundStatus.SUCCEEDED if succeeded else RefundStatus.FAILED
    ticket = refund.ticket
    if ticket is None:
        raise ValueError("A refund outside a ticket is settled elsewhere.")
    # The ticket's lock first, as in refund_items, so that the two never wait for each other.
    ticket = Ticket.objects.select_for_update().get(pk=ticket.pk)
    refund.refresh_from_db(from_queryset=Refund.objects.select_for_update())
    if refund.status == status:
        return
    if refund.status != RefundStatus.PENDING:
        raise NotAllowed("settled", _("This refund is settled already."))
    refund.status, refund.settled_at, refund.settled_by, refund.settled_note = status, by.at, by.as_json(), note[:500]
    refund.save(update_fields=["status", "settled_at", "settled_by", "settled_note"])
    told = {"refund": refund.public_id, "item": refund.item.name, "note": note}
    if succeeded:
        ticket.refund_succeeded(by=by, data=told)
        return
    item = OrderItem.objects.select_for_update().get(pk=refund.item_id)
    item.refunded -= refund.amount
    item.state = ItemState.SHIPPED if ticket.order and ticket.order.shipped_at else ItemState.APPROVED
    item.save(update_fields=["refunded", "state"])
    ticket.refund_failed(by=by, data=told)
