"""Roll-ups: each UTC day that is over, counted once, and again when something of it changes. They feed the platform's
overview and nothing else: a merchant is judged by waits and ratings themselves."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, Model, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, NullIf

from marketdesk.journal.models import Job
from marketdesk.merchants.models import Merchant
from marketdesk.performance import counting
from marketdesk.performance.counting import Verdict, Window
from marketdesk.performance.models import CountedDay, GroupDay, Incident, MerchantDay, Rating
from marketdesk.policy import promises
from marketdesk.tickets.models import Message, Ticket, Wait

JOB = "roll_up"
# What happened just before midnight is written by then, and no machine's clock is that wrong.
SETTLED = timedelta(hours=1)
# Of a long past so much at a time, so that one job does not keep the worker from all others.
DAYS_AT_ONCE = 30


class Group(NamedTuple):
    """What the overview divides by: the delivery address decides the country where there is an order (D9), the first
    message the language; neither changes with what is written later."""

    country: str
    category: str
    language: str


@dataclass
class Tally:
    """What is counted of a day; the names are those of the columns."""

    opened: int = 0
    answers: int = 0
    late: int = 0
    ratings: int = 0
    helpful: int = 0

    def add(self, verdict: Verdict | None) -> None:
        """One opened ticket (no verdict), or one wait or rating; what does not count adds nothing."""
        self.opened += verdict is None
        self.answers += verdict in {Verdict.LATE, Verdict.IN_TIME}
        self.late += verdict == Verdict.LATE
        self.ratings += verdict in {Verdict.HELPFUL, Verdict.UNHELPFUL}
        self.helpful += verdict == Verdict.HELPFUL

    def __bool__(self) -> bool:
        return self != Tally()


class Found(NamedTuple):
    """Something that happened on a day, of which merchant and group."""

    merchant_id: int
    group: Group
    verdict: Verdict | None


def window(day: date) -> Window:
    """A UTC day, from midnight up to the next."""
    start = datetime.combine(day, time(), UTC)
    return Window(start, start + timedelta(days=1))


def yesterday(now: datetime) -> date:
    """The last day that is over and settled."""
    return (now - SETTLED).astimezone(UTC).date() - timedelta(days=1)


def again(merchant_id: int | None, days: Iterable[date]) -> None:
    """Count days of a merchant again (None: of all), because something of them changed later. In the transaction that
    changed it; the worker counts when that is done. Days that were never counted will be anyway."""
    if Merchant.objects.is_sandbox(merchant_id):
        return
    # Locked in one order, so that two who change the same days do not wait for each other.
    touched = CountedDay.objects.select_for_update().filter(day__in=set(days)).order_by("day")
    changed = [one.day for one in touched]
    if changed:
        CountedDay.objects.filter(day__in=changed).update(counted_at=None)
        Job.put(JOB, {})


def span(start: datetime, end: datetime) -> list[date]:
    """The UTC days that a stretch of time touches."""
    first, last = start.astimezone(UTC).date(), end.astimezone(UTC).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def catch_up(now: datetime, most: int = DAYS_AT_ONCE) -> int:
    """Count every day that is over and not counted, the oldest first, at most so many; how many were counted."""
    _begin(now)
    waiting = list(CountedDay.objects.filter(counted_at__isnull=True).order_by("day").values_list("day", flat=True))
    for day in waiting[:most]:
        count(day, now)
    if len(waiting) > most:
        Job.put(JOB, {})
    return len(waiting[:most])


def rebuild(now: datetime) -> Iterator[date]:
    """Count every day of the past again, one after the other. The overview shows a day's old figures until it is
    counted."""
    _begin(now)
    for day in CountedDay.objects.order_by("day").values_list("day", flat=True):
        count(day, now)
        yield day


def _begin(now: datetime) -> None:
    """Enter the days that have ended since the last one; the first is that of the first ticket."""
    last = CountedDay.objects.order_by("-day").values_list("day", flat=True).first()
    if last is None:
        opened = Ticket.objects.order_by("opened_at").values_list("opened_at", flat=True).first()
        if opened is None:
            return
        last = opened.astimezone(UTC).date() - timedelta(days=1)
    new = [last + timedelta(days=number) for number in range(1, (yesterday(now) - last).days + 1)]
    CountedDay.objects.bulk_create([CountedDay(day=day) for day in new], ignore_conflicts=True)


@transaction.atomic
def count(day: date, now: datetime) -> None:
    """Count a day. Twice is once: what was counted before is replaced."""
    counted = CountedDay.objects.select_for_update().get(pk=day)
    merchants: defaultdict[int, Tally] = defaultdict(Tally)
    groups: defaultdict[Group, Tally] = defaultdict(Tally)
    for found in happened(window(day)):
        merchants[found.merchant_id].add(found.verdict)
        groups[found.group].add(found.verdict)
    _replace(MerchantDay, day, [({"merchant_id": one}, tally) for one, tally in merchants.items()])
    _replace(GroupDay, day, [(one._asdict(), tally) for one, tally in groups.items()])
    counted.counted_at = now
    counted.save(update_fields=["counted_at"])


def _replace(model: type[Model], day: date, rows: Iterable[tuple[dict[str, Any], Tally]]) -> None:
    manager = model._default_manager
    manager.filter(day=day).delete()
    manager.bulk_create([model(day=day, **key, **asdict(tally)) for key, tally in rows if tally], batch_size=2000)


def happened(window: Window) -> Iterator[Found]:
    """Everything of real merchants that lies within a window."""
    yield from _opened(window)
    yield from _waits(window)
    yield from _ratings(window)


def _opened(window: Window) -> Iterator[Found]:
    tickets = Ticket.objects.filter(is_sandbox=False, opened_at__gte=window.start, opened_at__lt=window.end)
    for merchant_id, *group in _grouped(tickets, "").values_list("merchant_id", *GROUP).iterator():
        yield Found(merchant_id, Group(*group), None)


class _Wait(NamedTuple):
    """A wait, as far as the rule looks at it."""

    started_at: datetime
    due_at: datetime
    ended_at: datetime | None
    counted: bool
    excused: str


def _waits(window: Window) -> Iterator[Found]:
    excusing: defaultdict[int | None, list[Incident]] = defaultdict(list)
    for one in Incident.objects.filter(withdrawn_at__isnull=True):
        excusing[one.merchant_id].append(one)
    for merchant_id, *row in (
        _grouped(waits(window), "ticket__").values_list("merchant_id", *GROUP, *_Wait._fields).iterator()
    ):
        concern = [*excusing[None], *excusing.get(merchant_id, ())]
        verdict = counting.of_wait(_Wait(*row[len(GROUP) :]), window, concern)
        yield Found(merchant_id, Group(*row[: len(GROUP)]), verdict)


class _Rating(NamedTuple):
    """A rating, as far as the rule looks at it."""

    at: datetime
    helpful: bool
    excused: str


def _ratings(window: Window) -> Iterator[Found]:
    """By the promise of that day: of one customer so many count for a merchant."""
    most = promises.at(window.end).customer_ratings
    rows = _grouped(ratings(window), "ticket__").order_by("merchant_id", "at", "pk")
    named = rows.values_list("merchant_id", "ticket__customer_id", *GROUP, *_Rating._fields)
    for merchant_id, theirs in groupby(named.iterator(), key=lambda row: int(row[0])):
        judged = [(row[1], Group(*row[2:-3]), _Rating(*row[-3:])) for row in theirs]
        verdicts = counting.of_ratings([(customer, rating) for customer, _, rating in judged], window, most)
        for (_, group, _rating), verdict in zip(judged, verdicts, strict=True):
            yield Found(merchant_id, group, verdict)


def waits(window: Window) -> QuerySet[Wait]:
    """The waits that belong to a window: of each merchant through its own index, since there is none of all moments."""
    return Wait.objects.filter(
        merchant_id__in=Merchant.objects.real().values("pk"), counts_at__gte=window.start, counts_at__lt=window.end
    )


def ratings(window: Window) -> QuerySet[Rating]:
    """The ratings of a window, likewise."""
    return Rating.objects.filter(
        merchant_id__in=Merchant.objects.real().values("pk"), at__gte=window.start, at__lt=window.end
    )


GROUP = ("group_country", "group_category", "group_language")


def _grouped(rows: QuerySet[Any], ticket: str) -> QuerySet[Any]:
    """Rows with the group of their ticket, to which `ticket` leads."""
    first = Message.objects.filter(ticket=OuterRef(f"{ticket}pk")).order_by("id").values("language")[:1]
    grouped: QuerySet[Any] = rows.annotate(
        group_country=Coalesce(NullIf(f"{ticket}order__country", Value("")), f"{ticket}customer__country"),
        group_category=F(f"{ticket}category"),
        group_language=Coalesce(Subquery(first), Value("")),
    )
    return grouped
