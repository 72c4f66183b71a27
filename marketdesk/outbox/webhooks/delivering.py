"""Takes due messages to their endpoints: at most one at a time to each, many endpoints at once.

An endpoint that does not answer holds one lane for the time that a call may take. Half of the lanes serve only
endpoints that answered last time, so that the dead ones, however many, never delay the others.
"""

import logging
import threading
import time
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from django.conf import settings
from django.db import close_old_connections, connection, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from marketdesk.journal.models import Audience, Event
from marketdesk.lib import calling, sealing
from marketdesk.outbox.models import Attempt, Delivery, DeliveryStatus, Endpoint, Subscription
from marketdesk.outbox.webhooks import manners, subscribing
from marketdesk.outbox.webhooks.manners import Manner
from marketdesk.people.actor import clock
from marketdesk.version import VERSION

log = logging.getLogger(__name__)

LANES = 8
LEASE = timedelta(seconds=60)  # four times as long as a call can take
BATCH = 20  # messages to one endpoint before the others have their turn
PAUSE = 0.5  # seconds between two looks when nothing is due
GRACE = 3.0  # seconds that a call under way has to finish when the worker stops

LONGEST_REST = timedelta(hours=24)  # however long a Retry-After asks for
GONE = 410


def start(stop: threading.Event, lanes: int = LANES) -> list[threading.Thread]:
    """Start the lanes; they end when told to stop, and a call that still waits then is made again by another worker."""
    threads = [
        threading.Thread(target=_lane, args=(stop, number % 2 == 1), name=f"webhooks-{number}", daemon=True)
        for number in range(lanes)
    ]
    for thread in threads:
        thread.start()
    return threads


def wait_for(lanes: list[threading.Thread]) -> None:
    """Let calls under way finish, but not for long."""
    last = time.monotonic() + GRACE
    for lane in lanes:
        lane.join(max(0.0, last - time.monotonic()))


def _lane(stop: threading.Event, only_healthy: bool) -> None:
    while not stop.is_set():
        try:
            close_old_connections()
            while not stop.is_set() and serve_one(timezone.now(), only_healthy=only_healthy, stop=stop):
                pass
        except Exception:
            log.exception("a lane of the webhooks broke off; trying again")
            connection.close()
            stop.wait(5)
        stop.wait(PAUSE)
    connection.close()


def serve_one(now: datetime, *, only_healthy: bool = False, stop: threading.Event | None = None) -> int:
    """Take some of what is due to one endpoint; how many messages were tried. A failure ends its turn."""
    endpoint = claim(now, only_healthy=only_healthy)
    if endpoint is None:
        return 0
    begun, tried = timezone.now(), 0
    while tried < BATCH and not (stop and stop.is_set()):
        at = now + (timezone.now() - begun)
        if isinstance(endpoint, Subscription) and not endpoint.is_allowed:
            subscribing.take_away(endpoint, at)
            break
        delivery = Delivery.first_due(endpoint, at)
        if delivery is None:
            break
        attempt, answer = _send(delivery, endpoint, at)
        tried += 1
        if not _note(attempt, endpoint, answer, now + (timezone.now() - begun)):
            break
    Endpoint.objects.filter(pk=endpoint.pk, lease_no=endpoint.lease_no).update(lease_until=None)
    return tried


def claim(now: datetime, *, only_healthy: bool = False) -> Endpoint | None:
    """Lease the endpoint, or subscription, that has something due and was served longest ago, or answer None."""
    due = (
        Endpoint.objects.filter(Exists(Delivery.due(now).filter(endpoint=OuterRef("pk")).order_by()))
        .filter(Q(lease_until__isnull=True) | Q(lease_until__lt=now))
        .filter(Q(resting_until__isnull=True) | Q(resting_until__lte=now))
        .filter(disabled_at__isnull=True, **({"failing_since__isnull": True} if only_healthy else {}))
        .order_by(F("served_at").asc(nulls_first=True), "id")
    )
    if not due.exists():  # an idle lane never takes SQLite's one write lock
        return None
    with transaction.atomic():
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        endpoint = due.first()
        if endpoint is None:
            return None
        endpoint.lease_until, endpoint.served_at = now + LEASE, now
        endpoint.lease_no += 1
        endpoint.save(update_fields=["lease_until", "served_at", "lease_no"])
    return Subscription.objects.select_related("app", "merchant").filter(pk=endpoint.pk).first() or endpoint


def _send(delivery: Delivery, endpoint: Endpoint, now: datetime) -> tuple[Attempt, calling.Answer | None]:
    """One try, and the answer where there is one."""
    manner = manners.of(endpoint)
    attempt, answer = Attempt(delivery=delivery, at=now), None
    begun = time.monotonic()
    try:
        attempt.headers = {
            "Content-Type": "application/json",
            "User-Agent": f"Marketdesk/{VERSION}",
            **manner.headers(delivery, endpoint, now),
        }
        answer = calling.post(
            endpoint.url,
            delivery.body.encode(),
            attempt.headers,
            allowed=getattr(settings, manner.allowed),
            deadline=manner.deadline,
        )
        attempt.answer_status, attempt.answer = answer.status, _excerpt(answer.body)
    except (calling.BadUrl, calling.Forbidden, calling.NoAnswer, sealing.Unreadable) as failure:
        attempt.error = str(failure)[:200]
    except Exception as failure:  # what is wrong with one message must not keep the others waiting
        log.exception("message %s could not be sent", delivery)
        attempt.error = repr(failure)[:200]
    attempt.took = int((time.monotonic() - begun) * 1000)
    return attempt, answer


@transaction.atomic
def _note(attempt: Attempt, endpoint: Endpoint, answer: calling.Answer | None, now: datetime) -> bool:
    """Write down what came of a try, unless the lease was lost meanwhile; whether the endpoint may be sent the next."""
    locked = Endpoint.objects.select_for_update().filter(pk=endpoint.pk, lease_no=endpoint.lease_no).first()
    if locked is None:
        return False
    manner = manners.of(endpoint)
    rest = _asked_rest(answer, now) if answer and manner.heeds_answers and not attempt.succeeded else timedelta()
    if attempt.succeeded:
        locked.failing_since, locked.given_up, locked.resting_until, locked.succeeded_at = None, 0, None, now
    else:
        locked.failing_since = locked.failing_since or now
        locked.resting_until = now + rest if rest else None
    if _note_delivery(attempt, manner, rest, now) == DeliveryStatus.GIVEN_UP:
        locked.given_up += 1
    locked.lease_until = now + LEASE
    locked.save(update_fields=["failing_since", "given_up", "resting_until", "succeeded_at", "lease_until"])
    if attempt.answer_status == GONE and manner.heeds_answers:
        disable(endpoint, "gone", now)
    elif locked.given_up >= manner.given_up_limit:
        disable(endpoint, "dead", now)
    return attempt.succeeded


def _note_delivery(attempt: Attempt, manner: Manner, rest: timedelta, now: datetime) -> str:
    """Where the delivery stands after a try. It is read again: somebody may have asked for a replay during the call,
    or it was swept, or the customer was erased, and then what came back of their words is not kept."""
    delivery = Delivery.objects.select_for_update().filter(pk=attempt.delivery_id).first()
    if delivery is None:
        return ""
    if delivery.body != attempt.delivery.body:
        attempt.answer = attempt.error = ""
    attempt.save()
    if delivery.event_id != attempt.delivery.event_id:  # a later event was folded in, which was not told yet
        return delivery.status
    said = {"tried_at": now, "answer_status": attempt.answer_status, "error": attempt.error}
    tries = {"attempts": delivery.attempts + 1, **said}
    if attempt.succeeded:
        delivery.note(status=DeliveryStatus.DELIVERED, failed_at=None, **tries)
    elif delivery.attempts < len(manner.waits):
        next_at = now + max(manner.wait_after(delivery.attempts + 1), rest)
        delivery.note(status=DeliveryStatus.WAITING, failed_at=now, next_at=next_at, **tries)
        delivery.hold_back_later_ones()
    else:
        delivery.note(status=DeliveryStatus.GIVEN_UP, failed_at=now, **tries)
    return delivery.status


def _asked_rest(answer: calling.Answer, now: datetime) -> timedelta:
    """What Retry-After asks for, in seconds or as a date; nothing where it says nothing sensible."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdecimal():
        return min(timedelta(seconds=int(said[:9])), LONGEST_REST)
    try:
        until = parsedate_to_datetime(said)
        return max(timedelta(), min(until - now, LONGEST_REST))
    except (TypeError, ValueError, OverflowError):
        return timedelta()


def _excerpt(body: bytes) -> str:
    """The beginning of an answer, at most 1 KB however it was encoded."""
    text = body.decode("utf-8", "replace").replace("\x00", "")
    return text.encode()[: calling.KEPT].decode("utf-8", "ignore")


@transaction.atomic
def disable(endpoint: Endpoint, because: str, now: datetime) -> None:
    """Tell it nothing more, and tell whoever looks after it. What waits for it waits on."""
    if isinstance(endpoint, Subscription):
        subscribing.stop(endpoint, because, now)
        return
    if Endpoint.objects.filter(pk=endpoint.pk, disabled_at__isnull=True).update(
        disabled_at=now, disabled_because=because, edition=F("edition") + 1
    ):
        Event.tell(
            verb="webhook_disabled",
            subject_kind="endpoint",
            subject_id=endpoint.pk,
            audience=Audience.PLATFORM,
            actor=clock(now).as_json(),
            data={"url": endpoint.url, "because": because},
            at=now,
        )
