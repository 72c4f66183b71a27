"""What subscriptions are told, in the words of this door: the ticket or order as a call would answer it."""

from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone, translation

from marketdesk.api import files, reading
from marketdesk.api.v3 import order_schemas, penalty_schemas, schemas
from marketdesk.api.v3.schemas import Wire
from marketdesk.journal.models import Event
from marketdesk.orders.models import OrderItem
from marketdesk.outbox.models import Subscription, Topic
from marketdesk.outbox.webhooks.topics import Says
from marketdesk.performance.models import Notice, Sanction
from marketdesk.refunds.models import Refund


def ticket(event: Event, subscription: Subscription) -> Wire | None:
    """The ticket, while it waits for the merchant."""
    by = subscription.actor()
    waiting = reading.seen(by).waiting_for_merchant()
    found = reading.whole(waiting.filter(pk=event.ticket_id or 0), by)
    if not found:
        return None
    with translation.override("en"):
        return schemas.ticket_out(found[0], partial(files.link_of, subscription=subscription), timezone.now())


def order(event: Event, subscription: Subscription) -> Wire | None:
    """The order, with its refund."""
    items = OrderItem.objects.visible_to(subscription.actor()).filter(refunds__public_id=event.data["refund"])
    found = items.select_related("order", "product").first()
    return order_schemas.order_out(found, Refund.objects.filter(item=found)) if found else None


def penalty(event: Event, subscription: Subscription) -> Wire | None:
    """The notice or the sanction."""
    by = subscription.actor()
    rows: QuerySet[Any] = Notice.objects.visible_to(by)
    if event.subject_kind == "sanction":
        rows = Sanction.objects.visible_to(by)
    found = rows.filter(pk=event.subject_id).first()
    return penalty_schemas.penalty_out(found) if found else None


SAYS: dict[str, Says] = {
    Topic.TICKET_AWAITING_MERCHANT: ticket,
    Topic.ORDER_REFUND: order,
    Topic.PENALTY_ISSUE: penalty,
    Topic.PENALTY_REVERSE: penalty,
    Topic.PENALTY_CANCEL: penalty,
}
