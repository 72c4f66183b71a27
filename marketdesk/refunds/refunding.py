"""Refund Checked Orders: one refund for each item, exactly once, and the ticket closes (M57-M59, D17, D27)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from marketdesk.journal.models import AlreadyDone, Deed, Event
from marketdesk.lib.languages import isolated
from marketdesk.orders.models import ItemState, OrderItem
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.refunds.reasons import Reason, clean_note
from marketdesk.tickets import rules
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.models.ticket import REPEATED_WITHIN
from marketdesk.tickets.rules import Verb


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
            raise NotAllowed("refunded", _("“%(item)s” is refunded already.") % {"item": isolated(item.name)})
    left = [item for item in ticket.items.all() if item not in items and item.refundable]
    return Proposal(list(items), left)


def refund_items(
    ticket: Ticket, items: Sequence[OrderItem], *, by: Actor, reason: Reason | None = None
) -> list[Refund]:
    """Ask the marketplace to pay these items back, and close the ticket. All of them or none: an item that is
    refunded already refuses the whole act (NotAllowed)."""
    if not items:
        raise NotAllowed("nothing_checked", _("Check at least one item first."))
    try:
        return _refund_items(ticket, items, by, reason.code if reason else "")
    except NotAllowed:
        ticket.refresh_from_db()  # the page that says why shows the ticket as it still is
        raise


@transaction.atomic
def _refund_items(ticket: Ticket, items: Sequence[OrderItem], by: Actor, reason: str) -> list[Refund]:
    wanted = sorted({item.pk for item in items})
    ids = ",".join(item.public_id for item in sorted(items, key=lambda item: item.pk))
    ticket.close_as_refunded(by=by, body=ids, data={"items": ids.split(",")})
    found = OrderItem.objects.select_for_update(of=("self",)).select_related("order")
    locked = list(found.filter(pk__in=wanted, order=ticket.order).order_by("pk"))
    if len(locked) != len(wanted):
        raise NotAllowed("foreign_item", _("An item is not of this order. Nothing was refunded."))
    return [_refund(item, ticket, by, reason=reason, before=list(item.refunds.all())) for item in locked]


@transaction.atomic
def refund_item(item: OrderItem, *, by: Actor, reason: Reason, note: str = "") -> Refund:
    """Ask the marketplace to pay one item back, whether or not a ticket is about it. Where an open one is that the
    actor may see, its rules decide; it closes once all its affected items are refunded. Outside a ticket the refund
    stands alone. Raises NotAllowed and BadText."""
    note = clean_note(reason, note)
    deed = Deed.begin(by.who, by.key, f"refund:{item.pk}:{reason.code}:{note}") if by.key else None
    # The tickets' locks first and in one order, then the item's, as everywhere.
    seen = Ticket.objects.visible_to(by).filter(items=item, state__in=rules.OPEN, category__in=rules.PURCHASES)
    tickets = list(seen.select_for_update(of=("self",)).order_by("pk"))
    sold = OrderItem.objects.visible_to(by).select_for_update(of=("self",)).select_related("order")
    found = sold.filter(pk=item.pk).first() if by.party in (Party.MERCHANT, Party.SUPPORT) else None
    if found is None:
        raise NotAllowed("absent", _("There is no such item."))
    before = list(found.refunds.order_by("pk"))
    _refuse_repetition(before, by, reason, note)
    for ticket in tickets:
        rules.check(Verb.REFUND, by.party, ticket.facts(by.at))
    done = [ticket for ticket in tickets if not _others_left(ticket, found)]
    for ticket in done:
        ticket.close_locked_as_refunded(by=by, data={"items": [found.public_id]})
    refund = _refund(found, next(iter(done + tickets), None), by, reason=reason.code, note=note, before=before)
    if deed:
        deed.finish({"refund": refund.public_id})
    return refund


def _others_left(ticket: Ticket, item: OrderItem) -> bool:
    """Whether another affected item can still be refunded."""
    return ticket.items.exclude(pk=item.pk).filter(refunded__lt=F("paid")).exists()


def _refuse_repetition(before: Sequence[Refund], by: Actor, reason: Reason, note: str) -> None:
    """API v2 knows no keys: the same program asking for the same within a minute is a retry, and done already."""
    last = before[-1] if before else None
    if last is None or last.status == RefundStatus.FAILED or not by.is_program or by.key or by.is_first:
        return
    if last.actor.get("app") != by.app or by.at - last.requested_at > REPEATED_WITHIN:
        return
    if (last.reason, last.reason_note) == (reason.code, note):
        raise AlreadyDone({"refund": last.public_id})


def _refund(
    item: OrderItem, ticket: Ticket | None, by: Actor, *, reason: str, before: Sequence[Refund], note: str = ""
) -> Refund:
    _refuse_second(item, before)
    amount = item.refundable
    item.refunded += amount
    item.state = ItemState.REFUNDED
    item.save(update_fields=["refunded", "state"])
    refund = Refund.objects.create(
        item=item,
        ticket=ticket,
        merchant_id=item.merchant_id,
        amount=amount,
        currency=item.order.currency,
        reason=reason,
        reason_note=note,
        key=f"refund-{item.public_id}-{len(before) + 1}",
        actor=by.as_json(),
        requested_at=by.at,
    )
    # Beside the ticket's own event, which people are told of: this one asks the marketplace's programs to pay.
    _tell("refund_requested", refund, by, {"refund": refund.public_id})
    return refund


def _refuse_second(item: OrderItem, before: Sequence[Refund]) -> None:
    """`before` are its refunds until now."""
    if item.refundable <= 0 or any(refund.status != RefundStatus.FAILED for refund in before):
        raise NotAllowed(
            "refunded", _("“%(item)s” is refunded already. Nothing was refunded now.") % {"item": isolated(item.name)}
        )
    if any(refund.is_contradicted for refund in before):
        words = _("The marketplace gave two answers about an earlier refund of “%(item)s”. Look into them first.")
        raise NotAllowed("contradicted", words % {"item": isolated(item.name)})


def _tell(verb: str, refund: Refund, by: Actor, data: dict[str, Any]) -> None:
    Event.tell(
        verb=verb,
        subject_kind="refund",
        subject_id=refund.pk,
        ticket_id=refund.ticket_id,
        merchant_id=refund.merchant_id,
        actor=by.as_json(),
        data=data,
        at=by.at,
    )


@transaction.atomic
def settle(refund: Refund, *, succeeded: bool, by: Actor, note: str = "") -> None:
    """The marketplace's answer. Failed: the item can be refunded again, and the ticket returns to the platform's
    desk. A second, different answer is refused; the same one changes nothing."""
    status = RefundStatus.SUCCEEDED if succeeded else RefundStatus.FAILED
    ticket, item = lock(refund)
    if refund.status == status:
        return
    if refund.status != RefundStatus.PENDING:
        raise NotAllowed("settled", _("This refund is settled already."))
    refund.status, refund.settled_at, refund.settled_by, refund.settled_note = status, by.at, by.as_json(), note[:500]
    refund.save(update_fields=["status", "settled_at", "settled_by", "settled_note"])
    if not succeeded:
        item.refunded -= refund.amount
        item.state = ItemState.SHIPPED if item.order.shipped_at else ItemState.APPROVED
        item.save(update_fields=["refunded", "state"])
    told = {"refund": refund.public_id, "item": item.name, "note": note}
    if ticket is None:
        _tell(Verb.REFUND_SUCCEEDED if succeeded else Verb.REFUND_FAILED, refund, by, told)
    elif succeeded:
        ticket.refund_succeeded(by=by, data=told)
    else:
        ticket.refund_failed(by=by, data=told)


def lock(refund: Refund) -> tuple[Ticket | None, OrderItem]:
    """The ticket's lock first, then the item's, then the refund as it is now: in the order of whoever refunds, so that
    nobody waits for each other."""
    ticket = Ticket.objects.select_for_update().get(pk=refund.ticket_id) if refund.ticket_id else None
    item = OrderItem.objects.select_for_update(of=("self",)).select_related("order").get(pk=refund.item_id)
    refund.refresh_from_db(from_queryset=Refund.objects.select_for_update())
    return ticket, item
