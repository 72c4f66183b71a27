"""Messages sent again: with the id and the body that they had, so that receivers recognise them, and in the order of
their tickets like any other message that was not tried yet."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from marketdesk.outbox.models import Delivery, DeliveryStatus, Endpoint
from marketdesk.outbox.webhooks import endpoints, planning
from marketdesk.outbox.webhooks.endpoints import BadEndpoint
from marketdesk.people.actor import Actor


def named(endpoint: Endpoint, messages: Sequence[str]) -> QuerySet[Delivery]:
    """These messages, as far as the endpoint was told of them."""
    return Delivery.objects.filter(endpoint=endpoint, message_id__in=messages)


def failed(endpoint: Endpoint, since: datetime) -> QuerySet[Delivery]:
    """What could not be delivered since a moment, whether it is tried again by itself or was given up."""
    return Delivery.objects.filter(endpoint=endpoint, failed_at__gte=since)


@transaction.atomic
def replay(endpoint: Endpoint, deliveries: QuerySet[Delivery], *, by: Actor) -> int:
    """Send some of an endpoint's messages again; how many. Raises BadEndpoint while it is switched off."""
    endpoints.begin(endpoint, by, {"replay": endpoint.pk})
    if endpoint.disabled_at:
        raise BadEndpoint(_("It is switched off, and nothing is sent to it. Switch it on first."))
    again = {"status": DeliveryStatus.WAITING, "attempts": 0, "next_at": by.at}
    forgotten = {"failed_at": None, "answer_status": None, "error": ""}
    number = Delivery.objects.filter(pk__in=deliveries.order_by().values("pk"), endpoint=endpoint).update(
        **again, **forgotten
    )
    if number:
        endpoints.record("webhook_replayed", endpoint, by, messages=number)
    return number


def replay_message(message_id: str, *, by: Actor) -> int:
    """Send one message again to everybody who was told of it and is not switched off; to how many."""
    return sum(replay(one, named(one, [message_id]), by=by) for one in _working())


@transaction.atomic
def replay_since(since: datetime, *, by: Actor) -> int:
    """Send everything since a moment, also what an endpoint was never told because it was disabled or new. How many
    messages will go out."""
    number = 0
    for endpoint in _working():
        planning.make_up(endpoint, since, by.at)
        number += replay(endpoint, Delivery.objects.filter(endpoint=endpoint, event__at__gte=since), by=by)
    return number


def _working() -> QuerySet[Endpoint]:
    return Endpoint.of_operator().filter(disabled_at__isnull=True).order_by("pk")
