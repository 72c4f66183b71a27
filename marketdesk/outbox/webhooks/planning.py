"""From an event to its deliveries: one row for each endpoint that chose it, in the order of each ticket."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from marketdesk.journal.models import Event
from marketdesk.lib import prepared
from marketdesk.merchants.models import Merchant
from marketdesk.outbox.models import Delivery, DeliveryStatus, Endpoint
from marketdesk.outbox.webhooks import payloads
from marketdesk.outbox.webhooks.kinds import KINDS
from marketdesk.outbox.webhooks.payloads import Said
from marketdesk.tickets.models import Ticket

# A job that plans an event is tried for less than this. What is older was planned, though it may be swept since.
PLANNED_WITHIN = timedelta(days=7)

_LISTENING = prepared.Prepared(
    lambda event: Endpoint.of_operator().filter(disabled_at__isnull=True, after_event__lt=event)
)


def plan(event: Event, now: datetime) -> None:
    """Write the deliveries of an event; twice writes them once. Earlier events of its ticket that no worker has come
    to yet are planned with it, so that the later one never overtakes them."""
    if event.verb not in KINDS:
        return
    if Merchant.objects.is_sandbox(event.merchant_id):  # the marketplace would pay a refund that was only tried
        return
    wanting = [endpoint for endpoint in _LISTENING(event.pk) if _is_told(endpoint, event)]
    if not wanting:
        return
    said: dict[int, Said] = {}
    with transaction.atomic():
        if event.ticket_id:
            # Locked, so that no word of a customer who is erased meanwhile is written down.
            Ticket.objects.select_for_update(no_key=True).filter(pk=event.ticket_id).first()
        for endpoint in wanting:
            _write(endpoint, _missing(endpoint, event), said, now)


def _is_told(endpoint: Endpoint, event: Event) -> bool:
    return event.verb in KINDS and endpoint.is_told(event, KINDS[event.verb])


def _missing(endpoint: Endpoint, event: Event) -> Iterable[Event]:
    """The event and those before it on its ticket, as far as the endpoint is told of them and has no delivery of
    them."""
    events = Event.objects.filter(pk__gt=endpoint.after_event, pk__lte=event.pk, at__gte=event.at - PLANNED_WITHIN)
    events = events.filter(ticket_id=event.ticket_id) if event.ticket_id else events.filter(pk=event.pk)
    told = Delivery.objects.filter(endpoint=endpoint)
    told = told.filter(ticket_id=event.ticket_id) if event.ticket_id else told.filter(event=event)
    last = told.order_by("-event_id").values_list("event_id", flat=True).first()
    if last and event.ticket_id:  # planned in order, so what comes before the last one is there
        events = events.filter(pk__gt=last)
    untold = events.exclude(pk__in=told.values("event_id")).order_by("pk")
    return [one for one in untold if _is_told(endpoint, one)]


def _write(endpoint: Endpoint, events: Iterable[Event], said: dict[int, Said], now: datetime) -> None:
    """A delivery of each of these events; `said` keeps what was composed for another one."""
    deliveries = []
    for event in events:
        one = said[event.pk] = said.get(event.pk) or payloads.compose(event)
        deliveries.append(
            Delivery(
                endpoint=endpoint,
                event=event,
                message_id=one.id,
                kind=one.kind,
                merchant_id=event.merchant_id,
                ticket_id=event.ticket_id,
                sequence=one.sequence,
                body=one.body,
                made_at=now,
                next_at=now,
            )
        )
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)


def write_test(endpoint: Endpoint, event: Event, now: datetime) -> Delivery:
    """The delivery of a test, to the one endpoint that it is for."""
    _write(endpoint, [event], {}, now)
    return Delivery.objects.get(endpoint=endpoint, event=event)


def missed(endpoint: Endpoint, since: datetime) -> QuerySet[Event]:
    """What happened since a moment that an endpoint wants and was never told, because it was disabled or new."""
    wanted = [verb for verb, kind in KINDS.items() if endpoint.wants(kind)]
    told = Delivery.objects.filter(endpoint=endpoint).values("event_id")
    happened = Event.objects.filter(at__gte=since, verb__in=wanted).exclude(pk__in=told)
    return happened.exclude(merchant_id__in=Merchant.objects.sandboxes().values("pk")).order_by("pk")


def make_up(endpoint: Endpoint, since: datetime, now: datetime) -> None:
    """Write the deliveries of what it missed."""
    _write(endpoint, missed(endpoint, since), {}, now)


def sweep(before: datetime) -> int:
    """Forget old deliveries, but those that are still on their way."""
    on_its_way = Q(status=DeliveryStatus.WAITING, endpoint__disabled_at__isnull=True)
    return Delivery.objects.filter(made_at__lt=before).exclude(on_its_way).delete()[0]
