"""What the clock starts: late marks, takeovers, reminders, silent customers. Running twice changes things once."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from marketdesk.journal.models import Audience, Deed, Event
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import clock
from marketdesk.policy import promises
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Attachment, Beginning, Ticket, Wait
from marketdesk.tickets.rules import Category, State

log = logging.getLogger(__name__)

BATCH = 500


def sweep_overdue(_payload: dict[str, Any]) -> None:
    """Waits that passed their due time: marked late, and Post Purchase tickets taken over (M48, D14)."""
    now = timezone.now()
    overdue = Wait.objects.filter(ended_at__isnull=True, due_at__lt=now)
    untold = overdue.filter(late_told_at__isnull=True)
    _each(Ticket.objects.filter(pk__in=untold.values("ticket_id")), Ticket.mark_late, now)
    if promises.current().takeover == "automatic":
        takable = Ticket.objects.filter(pk__in=overdue.values("ticket_id"), category=Category.POST_PURCHASE)
        _each(takable, Ticket.take_over, now)


def sweep_silent(_payload: dict[str, Any]) -> None:
    """Customers who do not answer: reminded, then closed (D20). Nobody is closed unreminded, even when the clock
    slept for so long that both are due: the time between the two then runs from the reminder."""
    now = timezone.now()
    promised = promises.current()
    remind, close = timedelta(days=promised.silence_reminder_days), timedelta(days=promised.silence_close_days)
    silent = Ticket.objects.filter(state=State.WITH_CUSTOMER).order_by("turned_at")
    unreminded = silent.filter(Q(reminded_at__isnull=True) | Q(reminded_at__lte=F("turned_at")))
    _each(unreminded.filter(turned_at__lte=now - remind), Ticket.remind_customer, now)
    reminded = silent.filter(reminded_at__gt=F("turned_at"), reminded_at__lte=now - (close - remind))
    _each(reminded.filter(turned_at__lte=now - close), Ticket.close, now)


def _each(tickets: QuerySet[Ticket], verb: Callable[..., None], now: datetime) -> None:
    """The verb, for each of these tickets that still is one of them under its lock. What is wrong with one must not
    keep the others waiting: it is logged, and tried again by the next sweep."""
    for pk in list(tickets.values_list("pk", flat=True)[:BATCH]):
        try:
            with transaction.atomic():
                for ticket in tickets.select_for_update().filter(pk=pk):
                    verb(ticket, by=clock(now))
        except NotAllowed:
            pass  # somebody was quicker
        except Exception:
            log.exception("%s failed for ticket %s", verb.__name__, pk)


def sweep_due_soon(_payload: dict[str, Any]) -> None:
    """Merchants whose time runs out soon: one event for each merchant and stage, which becomes one mail (D29). Nobody
    looks after a sandbox."""
    now = timezone.now()
    sandboxes = Merchant.objects.sandboxes().values("pk")
    for hours in sorted(promises.current().reminder_hours):
        near: dict[int, list[Wait]] = {}
        waits = Wait.objects.filter(ended_at__isnull=True, due_at__gt=now, due_at__lte=now + timedelta(hours=hours))
        for wait in waits.exclude(merchant_id__in=sandboxes):
            if not any(stage <= hours for stage in wait.reminded):
                near.setdefault(wait.merchant_id, []).append(wait)
        for merchant_id, found in near.items():
            _remind_merchant(merchant_id, hours, found, now)


@transaction.atomic
def _remind_merchant(merchant_id: int, hours: int, waits: list[Wait], now: datetime) -> None:
    # Re-read under the lock, so that two sweeps at once remind once.
    locked = Wait.objects.select_for_update().filter(pk__in=[wait.pk for wait in waits], ended_at__isnull=True)
    fresh = [wait for wait in locked if not any(stage <= hours for stage in wait.reminded)]
    if not fresh:
        return
    for wait in fresh:
        wait.reminded = [*wait.reminded, hours]
        wait.save(update_fields=["reminded"])
    Event.tell(
        verb="due_soon",
        subject_kind="merchant",
        subject_id=merchant_id,
        merchant_id=merchant_id,
        audience=Audience.STAFF,
        actor=clock(now).as_json(),
        at=now,
        data={"hours": hours, "tickets": [wait.ticket_id for wait in fresh]},
    )


def sweep_leftovers(_payload: dict[str, Any]) -> None:
    """Pictures and beginnings that were never sent, and keys that nobody will repeat any more."""
    now = timezone.now()
    Attachment.sweep(now - timedelta(days=2))
    Beginning.sweep(now - timedelta(days=30))
    Deed.objects.filter(at__lt=now - timedelta(days=30)).delete()
