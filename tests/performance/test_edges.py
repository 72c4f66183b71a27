"""A hundred thousand moments at which a mistake of a microsecond would show: around the 48 hours, around the ends of a
window, and around the lines between normal, watch and severe. Beside it everything is counted in whole microseconds."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

import pytest
from django.db import connection

from marketdesk.people.party import Party
from marketdesk.performance import counting, levels, reading
from marketdesk.performance.counting import Rate, Verdict, Window
from marketdesk.policy.defaults import Policy
from marketdesk.tickets import clock
from marketdesk.tickets.models import Ticket, Wait
from tests.results import cases

pytestmark = [pytest.mark.heavy, pytest.mark.many]

MOMENTS = cases(100_000, release=1_000_000)
ON_POSTGRESQL = 5
NEEDS_POSTGRESQL = pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
A_MOMENT = timedelta(microseconds=1)
HOUR = 3_600_000_000
DAY = 24 * HOUR
# The 48 hours begin on whole seconds and just beside them, before changes of the clock, and before the leap day.
STARTS = [
    moment + timedelta(microseconds=more)
    for moment in (
        datetime(2026, 3, 28, 1, tzinfo=UTC), datetime(2026, 10, 24, 1, tzinfo=UTC), datetime(2028, 2, 28, tzinfo=UTC),
        datetime(2026, 12, 30, 23, 59, 59, tzinfo=UTC), datetime(2026, 11, 18, 10, tzinfo=UTC),
    )
    for more in (-1, 0, 1, 999_999)
]  # fmt: skip


def whole(moment: datetime) -> int:
    """A moment in whole microseconds."""
    return (moment - BEGINNING) // A_MOMENT


@pytest.mark.django_db
def test_a_hundred_thousand_answers_around_the_48_hours_on_sqlite(ticket: Ticket) -> None:
    check_answers(ticket, MOMENTS)


@NEEDS_POSTGRESQL
@pytest.mark.postgres
@pytest.mark.django_db
def test_twenty_thousand_answers_around_the_48_hours_on_postgresql(ticket: Ticket) -> None:
    check_answers(ticket, MOMENTS // ON_POSTGRESQL)


def check_answers(ticket: Ticket, answers: int) -> None:
    """One answer in every microsecond on both sides of each due moment, written to the database and read again."""
    half = answers // len(STARTS) // 2
    Wait.objects.bulk_create(
        (
            Wait(
                ticket=ticket,
                merchant_id=number,
                started_at=start,
                due_at=clock.due_at(start, 48),
                hours=48,
                ended_at=clock.due_at(start, 48) + timedelta(microseconds=beside),
                ended_by=Party.MERCHANT,
            )
            for number, start in enumerate(STARTS)
            for beside in range(-half, half)
        ),
        batch_size=2_000,
    )

    for number, start in enumerate(STARTS):
        due = start + timedelta(hours=48)
        found = reading.waits(number, Window(start, due + timedelta(days=1)))
        assert len(found) == 2 * half
        for one in found:
            assert one.ended_at
            late = whole(one.ended_at) > whole(one.started_at) + 48 * HOUR
            assert one.verdict == (Verdict.LATE if late else Verdict.IN_TIME), one
        # Those that were late belong to the due moment, however late they were; a window that ends there is without.
        before, after = reading.waits(number, Window(start, due)), reading.waits(number, Window(due, due + A_MOMENT))
        assert Counter(one.verdict for one in before) == {Verdict.IN_TIME: half}
        assert Counter(one.verdict for one in after) == {Verdict.IN_TIME: 1, Verdict.LATE: half - 1}


# Lines


@dataclass(frozen=True)
class A:
    """A wait, or a rating, in whole microseconds since the beginning."""

    start: int
    end: int | None
    helpful: bool = False
    counted: bool = True
    excused: str = ""

    @cached_property
    def started_at(self) -> datetime:
        return BEGINNING + self.start * A_MOMENT

    @cached_property
    def due_at(self) -> datetime:
        return BEGINNING + self.due * A_MOMENT

    @cached_property
    def ended_at(self) -> datetime | None:
        return None if self.end is None else BEGINNING + self.end * A_MOMENT

    @property
    def at(self) -> datetime:
        return self.started_at

    @property
    def due(self) -> int:
        return self.start + 48 * HOUR

    @cached_property
    def moment(self) -> int:
        return self.due if self.end is None else min(self.due, self.end)


def test_a_hundred_thousand_moments_at_which_a_rate_may_cross_a_line() -> None:
    """Stores of forty waits and ratings, of which about as many are late, or helpful, as lie on a line; looked at on
    both sides of every moment at which one comes into the window or leaves it."""
    chance, policy, looked, met = random.Random(48), Policy(), 0, Counter[tuple[str, str, bool]]()
    while looked < MOMENTS:
        store = [a_wait(chance, share) for share in [chance.choice((0.03, 0.05, 0.4, 0.45, 0.5))] for _ in range(40)]
        rated = [a_rating(chance, share) for share in [chance.choice((0.55, 0.6, 0.65, 0.85))] for _ in range(40)]
        edges = {one.moment for one in store} | {one.start for one in rated}
        for edge in sorted(edges | {edge + 30 * DAY for edge in edges}):
            for now in (edge - 1, edge, edge + 1):
                window = Window.before(BEGINNING + now * A_MOMENT, policy.figures_days)
                late = counting.late_rate((counting.of_wait(one, window) for one in store), policy.figures_sample)
                verdicts = counting.of_ratings(enumerate(rated), window, policy.customer_ratings)
                helpful = counting.csat(verdicts, policy.figures_sample)
                there, thanks = late_of(store, now), helpful_of(rated, now)
                assert (late.part, late.whole) == there
                assert (helpful.part, helpful.whole) == thanks
                assert levels.of_late(late, policy) == band(*there, good=5, bad=45)
                assert levels.of_csat(helpful, policy) == band(thanks[1] - thanks[0], thanks[1], good=15, bad=40)
                met[("late", band(*there, good=5, bad=45), late.percent in {5, 45})] += 1
                met[("csat", band(thanks[1] - thanks[0], thanks[1], good=15, bad=40), helpful.percent in {85, 60})] += 1
                looked += 1
    # It was looked at all bands, and often exactly on a line.
    assert len(met) == 2 * 4
    assert min(met.values()) > 100, met


def test_a_hundred_thousand_rates_beside_the_lines() -> None:
    """The nearest rates on both sides of each line, of ever more answers: no rounding lets one across."""
    policy, looked = Policy(), 0
    for answers in range(5, 5 + MOMENTS // 12):
        for line in (5, 45, 60, 85):
            for part in (answers * line // 100 + more for more in (-1, 0, 1)):
                rate = Rate(part, answers, policy.figures_sample)
                assert levels.of_late(rate, policy) == band(part, answers, good=5, bad=45)
                assert levels.of_csat(rate, policy) == band(answers - part, answers, good=15, bad=40)
                looked += 1
    assert looked >= MOMENTS - 12


def a_wait(chance: random.Random, share: float) -> A:
    start = chance.randrange(60 * DAY)
    due = start + 48 * HOUR
    late = chance.random() < share
    end = due + chance.choice((1, 2, HOUR, 5 * DAY)) if late else due - chance.choice((0, 1, HOUR, 40 * HOUR))
    return A(start, None if late and chance.random() < 0.3 else end)


def a_rating(chance: random.Random, share: float) -> A:
    return A(chance.randrange(60 * DAY), None, helpful=chance.random() < share)


def late_of(store: list[A], now: int) -> tuple[int, int]:
    """Late answers, and all, of the thirty days before a moment."""
    there = [one for one in store if now - 30 * DAY <= one.moment < now]
    return sum(one.end is None or one.end > one.due for one in there), len(there)


def helpful_of(rated: list[A], now: int) -> tuple[int, int]:
    there = [one for one in rated if now - 30 * DAY <= one.start < now]
    return sum(one.helpful for one in there), len(there)


def band(bad_ones: int, every: int, *, good: int, bad: int) -> str:
    """Normal below the one line, severe above the other, watch between them and on them; without a rate normal."""
    if every < 5 or 100 * bad_ones < good * every:
        return "normal"
    return "severe" if 100 * bad_ones > bad * every else "watch"
