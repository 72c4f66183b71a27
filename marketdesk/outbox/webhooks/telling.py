"""From an event to what merchants' apps are told: one message for each subscription, in the order of each resource."""

from datetime import datetime, timedelta

from django.db import transaction

from marketdesk.journal.models import Event
from marketdesk.lib import prepared
from marketdesk.outbox.models import Delivery, DeliveryStatus, Endpoint, Subscription
from marketdesk.outbox.webhooks import payloads, subscribing, topics
from marketdesk.tickets.models import Ticket

# Events that are closer to each other are one message, which waits for the last of them, but not for ever.
FOLDED_WITHIN = timedelta(seconds=10)
HELD_AT_MOST = timedelta(seconds=45)

_LISTENING = prepared.Prepared(
    lambda topic, merchant, event: Subscription.objects.filter(
        topic=topic, merchant=merchant, disabled_at__isnull=True, after_event__lt=event
    ).select_related("app", "merchant")
)


def tell(event: Event, now: datetime) -> None:
    """Write the messages of an event; twice writes them once."""
    topic = topics.of(event)
    if topic is None:
        return
    allowed = {one: one.is_allowed for one in _LISTENING(topic, event.merchant_id or 0, event.pk)}
    for subscription in (one for one in allowed if not allowed[one]):
        subscribing.take_away(subscription, now)
    told = [one for one in allowed if allowed[one]]
    if not told:
        return
    with transaction.atomic():
        if event.ticket_id:
            # Locked, so that no word of a customer who is erased meanwhile is written down.
            Ticket.objects.select_for_update(no_key=True).filter(pk=event.ticket_id).first()
        resource = topics.resource(event)
        for subscription in told:
            _write(subscription, event, resource, now)


def _write(subscription: Subscription, event: Event, resource: str, now: datetime) -> None:
    """The message of an event; or the one before it tells of both. It says how things are now, so what comes to be told
    after a later event is told already."""
    Endpoint.objects.select_for_update().filter(pk=subscription.pk).first()  # one at a time
    about = Delivery.objects.filter(resource=resource, endpoint=subscription.pk)
    last = about.select_related("event").order_by("-event_id").first()
    if last and last.event_id >= event.pk:
        return
    body = topics.say(event, subscription)
    if body is None:
        return
    said = {"event": event, "message_id": payloads.message_id(event), "body": body}
    next_at = now + FOLDED_WITHIN
    waits = last is not None and last.status == DeliveryStatus.WAITING
    if last and waits and not last.attempts and event.at - last.event.at < FOLDED_WITHIN:
        last.note(**said, next_at=min(next_at, last.made_at + HELD_AT_MOST))
        return
    Delivery.objects.create(
        **said,
        endpoint=subscription,
        kind=subscription.topic,
        merchant_id=subscription.merchant_id,
        ticket_id=event.ticket_id,
        resource=resource,
        made_at=now,
        next_at=max(next_at, last.next_at) if last and waits else next_at,
    )
