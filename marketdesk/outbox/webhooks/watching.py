"""How the endpoints do: what waits for each, what failed, and why."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from marketdesk.outbox.models import Delivery, DeliveryStatus, Endpoint

LOOKED_BACK = timedelta(days=7)


@dataclass(frozen=True)
class Watched:
    """An endpoint with its figures, and how the last message failed that it has not accepted since."""

    endpoint: Endpoint
    waiting: int
    failed: int  # within the last days
    last_status: int | None
    last_error: str


def watched(endpoints: QuerySet[Endpoint], now: datetime) -> list[Watched]:
    """The endpoints in the order in which they were added, in one query."""
    theirs = Delivery.objects.filter(endpoint=OuterRef("pk")).order_by()
    failed = theirs.filter(failed_at__isnull=False)
    last = failed.order_by("-failed_at", "-pk")
    found = endpoints.annotate(
        waiting=_number(theirs.filter(status=DeliveryStatus.WAITING)),
        failed=_number(failed.filter(failed_at__gte=now - LOOKED_BACK)),
        last_status=Subquery(last.values("answer_status")[:1]),
        last_error=Subquery(last.values("error")[:1]),
    ).order_by("pk")
    return [Watched(one, one.waiting, one.failed, one.last_status, one.last_error or "") for one in found]


def _number(deliveries: QuerySet[Delivery]) -> Coalesce:
    return Coalesce(Subquery(deliveries.values("endpoint").annotate(number=Count("pk")).values("number")), 0)
