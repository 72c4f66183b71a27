"""What the performance page of a merchant shows: few queries, then arithmetic alone (M85-M96; `docs/figures.md`)."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Generic, TypeVar

from django.db.models import Exists, OuterRef, Q

from marketdesk.journal.models import Event
from marketdesk.orders.models import Order
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.performance import counting, reading
from marketdesk.performance.counting import Rate, Window
from marketdesk.performance.models import Incident
from marketdesk.performance.periods import Period
from marketdesk.performance.reading import JudgedRating, JudgedWait, Rates
from marketdesk.policy import promises
from marketdesk.policy.defaults import Policy
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.tickets.models import Ticket, Wait
from marketdesk.tickets.rules import Category, Verb

Row = TypeVar("Row")


@dataclass(frozen=True)
class Times:
    """How long answers took; without a value where there was none."""

    count: int
    average: timedelta | None
    median: timedelta | None

    @classmethod
    def of(cls, lengths: Sequence[timedelta]) -> "Times":
        """Of some answers, to the microsecond."""
        if not lengths:
            return cls(0, None, None)
        count, ranked = len(lengths), sorted(lengths)
        # The one in the middle, or halfway between the two there.
        middle = (ranked[(count - 1) // 2] + ranked[count // 2]) / 2
        return cls(count, sum(lengths, timedelta()) / count, middle)


@dataclass(frozen=True)
class Volume:
    """How many tickets were about one issue."""

    category: Category
    issue: str
    tickets: int


@dataclass(frozen=True)
class Numbers:
    """Everything about one stretch of time. `per_orders` is tickets in percent of orders: tickets for 100 of them."""

    window: Window
    late: Rate
    csat: Rate
    answers: Times
    first_answers: Times
    tickets: int
    reopened: Rate
    refunded: Rate
    per_orders: Rate


@dataclass(frozen=True)
class Known:
    """The waits and ratings by which the merchant is judged now, so that what lies ahead need not read them again."""

    waits: list[JudgedWait]
    ratings: list[JudgedRating]
    incidents: list[Incident]


@dataclass(frozen=True)
class Figures:
    """A period as a whole, and cut into days or weeks. `judged` are the two rates by which the merchant was judged at
    the end of each slice: they look back over the policy's days, however short the slice is."""

    whole: Numbers
    slices: tuple[Numbers, ...]
    judged: tuple[Rates, ...]
    volume: tuple[Volume, ...]
    known: Known


@dataclass(frozen=True)
class OpenedTicket:
    """A ticket, as far as figures look at it."""

    opened_at: datetime
    category: str
    issue: str
    was_closed: bool  # at least once
    reopened: bool  # by the customer
    refunded: bool


class Strand(Generic[Row]):
    """Rows in the order of their moments, so that a window of them is found at once."""

    def __init__(self, rows: Iterable[Row], moment: Callable[[Row], datetime]) -> None:
        self.rows = sorted(rows, key=moment)
        self.moments = [moment(row) for row in self.rows]

    def within(self, window: Window) -> list[Row]:
        return self.rows[bisect_left(self.moments, window.start) : bisect_left(self.moments, window.end)]


@dataclass(frozen=True)
class Strands:
    """All that the numbers of a period are worked out from. `ratings` have the verdicts of the period; `rated` reaches
    further back, as `waits` do, for the judged rates, and has verdicts of no use here."""

    waits: Strand[JudgedWait]
    ratings: Strand[JudgedRating]
    rated: Strand[JudgedRating]
    firsts: frozenset[int]
    tickets: Strand[OpenedTicket]
    orders: Strand[datetime]
    incidents: list[Incident]


def figures(merchant_id: int, period: Period, now: datetime, zone: tzinfo) -> Figures:
    """All figures of one merchant up to now, cut where days begin in a time zone."""
    policy = promises.current()
    window = period.window(now, zone)
    strands = _read(merchant_id, window, policy)
    slices = period.slices(now, zone)
    return Figures(
        whole=_numbers(strands, window, policy),
        slices=tuple(_numbers(strands, one, policy) for one in slices),
        judged=tuple(_judged(strands, one.end, policy) for one in slices),
        volume=_volume(strands.tickets.within(window)),
        known=_known(strands, Window.before(window.end, policy.figures_days), policy),
    )


# Arithmetic


def _numbers(strands: Strands, window: Window, policy: Policy) -> Numbers:
    sample = policy.figures_sample
    waits, tickets = strands.waits.within(window), strands.tickets.within(window)
    rates = reading.rates_of(waits, strands.ratings.within(window), sample)
    answered = [wait for wait in waits if wait.verdict.counts and wait.ended_by == Party.MERCHANT]
    closed = [ticket for ticket in tickets if ticket.was_closed]
    purchases = [ticket for ticket in tickets if ticket.category == Category.POST_PURCHASE]
    return Numbers(
        window,
        rates.late,
        rates.csat,
        answers=Times.of([_length(wait) for wait in answered]),
        first_answers=Times.of([_length(wait) for wait in answered if wait.id in strands.firsts]),
        tickets=len(tickets),
        reopened=Rate(sum(ticket.reopened for ticket in closed), len(closed), sample),
        refunded=Rate(sum(ticket.refunded for ticket in purchases), len(purchases), sample),
        per_orders=Rate(len(tickets), len(strands.orders.within(window)), sample),
    )


def _judged(strands: Strands, end: datetime, policy: Policy) -> Rates:
    """The rates of the days before a moment, from what is known now."""
    window, sample = Window.before(end, policy.figures_days), policy.figures_sample
    rated = [(one.customer_id, one) for one in strands.rated.within(window)]
    late = counting.late_rate((one.verdict for one in strands.waits.within(window)), sample)
    return Rates(late, counting.csat(counting.of_ratings(rated, window, policy.customer_ratings), sample))


def _known(strands: Strands, window: Window, policy: Policy) -> Known:
    ratings = reading.judged_again(strands.rated.within(window), window, policy.customer_ratings)
    return Known(strands.waits.within(window), ratings, strands.incidents)


def _volume(tickets: Iterable[OpenedTicket]) -> tuple[Volume, ...]:
    """The issues of some tickets, in the order of the menu, the most frequent first."""
    order = list(Category)
    counts = Counter((Category(ticket.category), ticket.issue) for ticket in tickets)
    ranked = sorted(counts.items(), key=lambda one: (order.index(one[0][0]), -one[1], one[0][1]))
    return tuple(Volume(category, issue, count) for (category, issue), count in ranked)


def _length(wait: JudgedWait) -> timedelta:
    return (wait.ended_at or wait.due_at) - wait.started_at


# Queries: all enter by the merchant and the moment, so that nobody else's tickets make them slower


def _read(merchant_id: int, window: Window, policy: Policy) -> Strands:
    back = Window(window.start - timedelta(days=policy.figures_days), window.end)
    excusing = reading.incidents(merchant_id)
    rated = reading.ratings(merchant_id, back, policy.customer_ratings)
    ratings = reading.judged_again([one for one in rated if window.holds(one.at)], window, policy.customer_ratings)
    return Strands(
        waits=Strand(reading.waits(merchant_id, back, excusing=excusing), counting.counts_at),
        ratings=Strand(ratings, lambda one: one.at),
        rated=Strand(rated, lambda one: one.at),
        firsts=_firsts(merchant_id, window),
        tickets=Strand(_tickets(merchant_id, window), lambda one: one.opened_at),
        orders=Strand(_orders(merchant_id, window), lambda placed_at: placed_at),
        incidents=excusing,
    )


def _firsts(merchant_id: int, window: Window) -> frozenset[int]:
    """The waits with which tickets came to the merchant."""
    earlier = Wait.objects.filter(ticket=OuterRef("ticket"), pk__lt=OuterRef("pk"))
    found = Wait.objects.filter(merchant_id=merchant_id, counts_at__gte=window.start, counts_at__lt=window.end)
    return frozenset(found.exclude(Exists(earlier)).values_list("pk", flat=True))


def _tickets(merchant_id: int, window: Window) -> list[OpenedTicket]:
    """The tickets that were opened within a window and that the merchant may see (D22)."""
    seen = Ticket.objects.visible_to(Actor(Party.MERCHANT, merchant_id=merchant_id))
    reopenings = Event.objects.filter(ticket_id=OuterRef("pk"), verb=Verb.REOPEN.value)
    refunds = Refund.objects.filter(ticket=OuterRef("pk")).exclude(status=RefundStatus.FAILED)
    rows = (
        seen.filter(opened_at__gte=window.start, opened_at__lt=window.end)
        .annotate(
            was_closed=Q(closed_at__isnull=False) | Exists(reopenings),
            reopened=Exists(reopenings.filter(actor__party=Party.CUSTOMER.value)),
            refunded=Exists(refunds),
        )
        .values_list("opened_at", "category", "issue_id", "was_closed", "reopened", "refunded")
    )
    return [OpenedTicket(*row) for row in rows]


def _orders(merchant_id: int, window: Window) -> list[datetime]:
    found = Order.objects.filter(merchant_id=merchant_id, placed_at__gte=window.start, placed_at__lt=window.end)
    return list(found.values_list("placed_at", flat=True))
