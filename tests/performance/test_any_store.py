"""Whatever happens at a store, its figures are what a person with a stopwatch counts: each late answer exactly once,
in one window, and never otherwise than it was counted then."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from marketdesk.performance import reading
from marketdesk.performance.counting import Rate, Verdict, Window
from marketdesk.performance.figures import figures
from marketdesk.performance.periods import CHOICES, By, Period
from marketdesk.policy import promises
from tests.performance.playing import A_MOMENT, ISSUES, Seen, Stage, Stretch, taken_back
from tests.performance.test_periods import EU
from tests.results import cases

pytestmark = [pytest.mark.heavy, pytest.mark.many, pytest.mark.django_db]

CASES = cases(150, release=1_500)

# The nights in which clocks change, the leap day, the turn of a year, and an ordinary Wednesday.
BEGINNINGS = [
    datetime(2026, 3, 27, 23, 30, tzinfo=UTC), datetime(2026, 10, 23, 22, 59, 59, 999_999, tzinfo=UTC),
    datetime(2028, 2, 27, 12, tzinfo=UTC), datetime(2027, 12, 30, tzinfo=UTC), datetime(2026, 11, 18, 10, tzinfo=UTC),
]  # fmt: skip
GAPS = [
    timedelta(), A_MOMENT, timedelta(minutes=7), timedelta(hours=5), timedelta(hours=23, minutes=30),
    timedelta(hours=48) - A_MOMENT, timedelta(hours=48), timedelta(hours=48) + A_MOMENT, timedelta(days=6),
    timedelta(days=16),
]  # fmt: skip


@dataclass(frozen=True)
class Step:
    """What happens next: after how long (or `beside` the due moment of that ticket), to which ticket, and which of all
    that is possible then."""

    gap: timedelta
    beside: timedelta | None
    ticket: int
    choice: int
    what: str


steps = st.builds(
    Step,
    gap=st.sampled_from(GAPS),
    beside=st.sampled_from([None, None, None, -A_MOMENT, timedelta(), A_MOMENT]),
    ticket=st.integers(0, 4),
    choice=st.integers(0, 40),
    what=st.sampled_from(["deed"] * 9 + ["ask"] * 3 + ["rate"] * 2 + ["contest", "contest", "declare", "promise"]),
)
histories = st.tuples(st.sampled_from(BEGINNINGS), st.lists(steps, min_size=5, max_size=30), st.sampled_from(EU))


EVERY_HISTORY = settings(
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)


def test_any_history_on_sqlite(now: Any) -> None:
    check_histories(now, CASES)


@pytest.mark.postgres
def test_any_history_on_postgresql(now: Any) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("for postgresql")
    check_histories(now, CASES // 5)


def check_histories(clock: Any, cases: int) -> None:
    met: Counter[str] = Counter()

    @settings(EVERY_HISTORY, max_examples=cases)
    @given(histories)
    def every(history: tuple[datetime, list[Step], str]) -> None:
        met.update(check(clock, *history))

    every()
    # Every way to count and not to count came up, and often.
    assert set(met) == {"late", "in_time", "running", "platform", "contest", "incident"}
    assert min(met.values()) >= cases // 10, met


def check(clock: Any, begins: datetime, steps: list[Step], zone: str) -> list[str]:
    """Play a history and count it; what the stopwatch's owner says of each stretch."""
    with taken_back():
        clock.move_to(begins, tick=False)
        stage = Stage(clock, begins)
        told = [play(stage, step) for step in steps]
        stage.move(A_MOMENT)
        assert_each_wait_is_judged_as_the_stopwatch_says(stage)
        assert_late_is_counted_once_whatever_the_windows(stage, begins)
        assert_figures_are_what_a_person_counts(stage, ZoneInfo(zone))
        assert_nothing_is_counted_otherwise_than_then(stage, told)
        return [one.word(stage.at, stage.incidents) for seen in stage.seen for one in seen.stretches]


def play(stage: Stage, step: Step) -> tuple[datetime, Rate]:
    """One step; when it was, and what the late rate is after it."""
    one = stage.seen[step.ticket % len(stage.seen)] if stage.seen else None
    due = one.ticket.due_at if one else None
    stage.move_to(due + step.beside) if due and step.beside is not None else stage.move(step.gap)
    if one is None or step.what == "ask":
        stage.ask(ISSUES[step.choice % 3], step.ticket % 3)
    elif step.what == "deed":
        possible = stage.possible(one)
        if possible:
            stage.do(one, *possible[step.choice % len(possible)])
    elif step.what == "rate":
        stage.rate(one, helpful=step.choice % 3 > 0)
    elif step.what == "contest":
        stage.contest(one, granted=step.choice % 4 > 0)
    elif step.what == "declare":
        start = stage.at - timedelta(hours=step.choice)
        stage.declare(start, start + timedelta(hours=12 * step.ticket) if step.ticket else None)
    else:
        stage.promise((24, 48, 72)[step.choice % 3])
    return stage.at, reading.rates(stage.store.pk, stage.at, promises.current()).late


# What must be true


def assert_each_wait_is_judged_as_the_stopwatch_says(stage: Stage) -> None:
    for days in (1, 30, 400):
        window = Window.before(stage.at, days)
        judged = Counter(
            (one.ticket_id, one.started_at, str(one.verdict)) for one in reading.waits(stage.store.pk, window)
        )
        assert judged == Counter(
            (seen.ticket.pk, one.began, one.word(stage.at, stage.incidents)) for seen, one in within(stage, window)
        )


def assert_late_is_counted_once_whatever_the_windows(stage: Stage, begins: datetime) -> None:
    """Time is cut at the moments themselves, where a window that held both its ends would count twice."""
    cuts = sorted({one.moment for seen in stage.seen for one in seen.stretches if one.moment < stage.at})
    edges = [begins, *cuts, stage.at]
    found = [one for start, end in pairwise(edges) for one in reading.waits(stage.store.pk, Window(start, end))]
    assert len({one.id for one in found}) == len(found)
    late = [
        one for _seen, one in within(stage, Window(begins, stage.at)) if one.word(stage.at, stage.incidents) == "late"
    ]
    assert sum(one.verdict == Verdict.LATE for one in found) == len(late)


def assert_figures_are_what_a_person_counts(stage: Stage, zone: ZoneInfo) -> None:
    policy = promises.current()
    for period in (Period(days, by) for days in CHOICES for by in By):
        window = period.window(stage.at, zone)
        found = figures(stage.store.pk, period, stage.at, zone)
        words = Counter(one.word(stage.at, stage.incidents) for _seen, one in within(stage, window))
        assert found.whole.late == Rate(words["late"], words["late"] + words["in_time"], policy.figures_sample)
        lengths = sorted(answered(stage, window))
        assert found.whole.answers.count == len(lengths)
        assert found.whole.answers.average == (sum(lengths, timedelta()) / len(lengths) if lengths else None)
        opened = [one for one in stage.seen if one.ticket.shared and window.start <= one.asked < window.end]
        closed = [one for one in opened if one.was_closed]
        purchases = [one for one in opened if one.ticket.category == "post_purchase"]
        assert found.whole.tickets == len(opened) == sum(one.tickets for one in found.volume)
        assert (found.whole.reopened.part, found.whole.reopened.whole) == (
            sum(one.reopened for one in closed),
            len(closed),
        )
        assert (found.whole.refunded.part, found.whole.refunded.whole) == (
            sum(one.refunded for one in purchases),
            len(purchases),
        )
        assert (found.whole.csat.part, found.whole.csat.whole) == ratings(stage, window, policy.customer_ratings)
        for name in ("late", "csat", "reopened", "refunded", "per_orders"):
            parts, whole = [getattr(one, name) for one in found.slices], getattr(found.whole, name)
            assert (sum(one.part for one in parts), sum(one.whole for one in parts)) == (whole.part, whole.whole), name
        assert found.judged[-1] == reading.rates(stage.store.pk, stage.at, policy)


def assert_nothing_is_counted_otherwise_than_then(stage: Stage, told: list[tuple[datetime, Rate]]) -> None:
    """What was said at a moment is what is said of that moment later, unless a person excused something since."""
    if stage.incidents or any(one.excused for seen in stage.seen for one in seen.stretches):
        return
    for moment, late in told:
        assert reading.rates(stage.store.pk, moment, promises.current()).late == late, moment


# What a person counts


def within(stage: Stage, window: Window) -> list[tuple[Seen, Stretch]]:
    every = ((seen, one) for seen in stage.seen for one in seen.stretches)
    return [(seen, one) for seen, one in every if window.start <= one.moment < window.end]


def answered(stage: Stage, window: Window) -> list[timedelta]:
    counted = (
        one for _seen, one in within(stage, window) if one.word(stage.at, stage.incidents) in {"late", "in_time"}
    )
    return [one.ended - one.began for one in counted if one.ended and one.ended_by == "merchant"]


def ratings(stage: Stage, window: Window, most: int) -> tuple[int, int]:
    """Helpful ones, and all, of which each customer's first few count."""
    given = sorted(
        (one.rated[0], place, one.ticket.customer_id, one.rated[1])
        for place, one in enumerate(stage.seen)
        if one.rated and window.start <= one.rated[0] < window.end
    )
    counted: Counter[int] = Counter()
    helpful = []
    for _at, _place, customer, word in given:
        counted[customer] += 1
        if counted[customer] <= most:
            helpful.append(word)
    return sum(helpful), len(helpful)
