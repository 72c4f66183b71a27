"""What lies ahead, after any history: it comes true, to the microsecond, and no moment is passed over."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketdesk.performance import counting, levels, outlook
from marketdesk.performance.counting import Rate, Verdict, Window
from marketdesk.performance.levels import Level
from marketdesk.performance.outlook import JUST
from marketdesk.performance.reading import JudgedRating, JudgedWait
from marketdesk.policy.defaults import Policy
from tests.conftest import NOW
from tests.results import cases

# Few days and small samples, so that much happens at once.
SHORT = Policy(figures_days=3, figures_sample=3, customer_ratings=2, late_normal=20, csat_normal=80)
HOUR = timedelta(hours=1)
CASES = cases(1_500, release=15_000)


@dataclass(frozen=True)
class During:
    """An incident."""

    starts_at: datetime
    ends_at: datetime | None


def hours(least: int, most: int) -> st.SearchStrategy[datetime]:
    return st.integers(least, most).map(lambda number: NOW + number * HOUR)


@st.composite
def waits_of(draw: Callable[..., Any]) -> JudgedWait:
    due = draw(hours(-90, 47))
    started = due - 48 * HOUR
    latest = min(NOW - JUST, due + 5 * HOUR)
    ended = draw(st.one_of(st.none(), st.datetimes(started.replace(tzinfo=None), latest.replace(tzinfo=None))))
    ended = ended and ended.replace(tzinfo=NOW.tzinfo)
    late = ended is None or ended > due
    counted = late or draw(st.booleans())
    excused = "contest" if late and due < NOW and draw(st.integers(0, 5)) == 0 else ""
    return JudgedWait(0, 0, started, due, ended, "merchant", "reply", counted, excused)


@st.composite
def ratings_of(draw: Callable[..., Any]) -> JudgedRating:
    excused = "contest" if draw(st.integers(0, 5)) == 0 else ""
    return JudgedRating(0, 0, draw(st.integers(1, 4)), draw(hours(-72, -1)), draw(st.booleans()), excused)


incidents_of = st.builds(During, hours(-90, 0), st.one_of(st.none(), hours(1, 40)))


def judged(waits: Iterable[JudgedWait], at: datetime, incidents: Sequence[During]) -> list[JudgedWait]:
    window = Window.before(at, SHORT.figures_days)
    return [replace(one, verdict=counting.of_wait(one, window, incidents)) for one in waits]


def late_at(waits: Iterable[JudgedWait], at: datetime, incidents: Sequence[During]) -> Rate:
    return counting.late_rate((one.verdict for one in judged(waits, at, incidents)), SHORT.figures_sample)


def csat_at(ratings: Sequence[JudgedRating], at: datetime) -> Rate:
    said = [(one.customer_id, one) for one in ratings]
    window = Window.before(at, SHORT.figures_days)
    return counting.csat(counting.of_ratings(said, window, SHORT.customer_ratings), SHORT.figures_sample)


def first(
    rate_at: Callable[[datetime], Rate], of_rate: Callable[[Rate, Policy], Level], moments: Iterable[datetime]
) -> dict[bool, tuple[datetime, Rate]]:
    """The first moments at which a rate is better (True) or worse than now, by looking at every one."""
    now = of_rate(rate_at(NOW), SHORT)
    found: dict[bool, tuple[datetime, Rate]] = {}
    for at in sorted(moments):
        then = of_rate(rate_at(at), SHORT)
        if then != now:
            found.setdefault(levels.worst(then, now) == now, (at, rate_at(at)))
    return found


def moments_of(moments: Iterable[datetime]) -> list[datetime]:
    """Every instant at which something can change, with the instants around it, until the window is another one."""
    days = timedelta(days=SHORT.figures_days)
    near = {at + more + step for at in moments for more in (0 * HOUR, days) for step in (-JUST, 0 * HOUR, JUST)}
    return [at for at in near if NOW <= at <= NOW + days]


def check_answers(waits: list[JudgedWait], incidents: list[During], share: float) -> None:
    now = [one for one in judged(waits, NOW, incidents) if one.verdict not in {Verdict.RUNNING, Verdict.OUTSIDE}]
    running = sorted((one for one in waits if one.ended_at is None and one.due_at >= NOW), key=lambda one: one.due_at)
    others = [one for one in waits if one not in running]
    ahead = outlook.of_late(now, running, incidents, NOW, SHORT)
    moments = moments_of([*(counting.counts_at(one) for one in waits)])

    missed = first(lambda at: late_at(waits, at, incidents), levels.of_late, moments).get(False)
    assert (ahead.worse and (ahead.worse.at, ahead.worse.rate)) == missed

    at_last = [replace(one, ended_at=one.due_at) for one in running]
    best = first(lambda at: late_at([*others, *at_last], at, incidents), levels.of_late, moments).get(True)
    assert (ahead.better and (ahead.better.at, ahead.better.rate)) == best

    def answered(due: Sequence[JudgedWait]) -> list[JudgedWait]:
        """All waits, when these were answered some time before they were due."""
        return [replace(one, ended_at=NOW + (one.due_at - NOW) * share) if one in due else one for one in waits]

    if ahead.better:
        assert late_at(answered(ahead.better.due), ahead.better.at, incidents) == ahead.better.rate
        assert levels.of_late(ahead.better.rate, SHORT) == ahead.better.level != ahead.level
    if ahead.next:
        then = ahead.next.until + JUST
        assert late_at(answered(ahead.next.due), then, incidents) == ahead.next.answered
        assert late_at(waits, then, incidents) == ahead.next.missed


def check_ratings(ratings: list[JudgedRating]) -> None:
    ratings = sorted(ratings, key=lambda one: one.at)
    ahead = outlook.of_csat(outlook_input(ratings), NOW, SHORT)
    found = first(lambda at: csat_at(ratings, at), levels.of_csat, moments_of(one.at for one in ratings))

    assert ahead.rate == csat_at(ratings, NOW)
    assert (ahead.better and (ahead.better.at, ahead.better.rate)) == found.get(True)
    assert (ahead.worse and (ahead.worse.at, ahead.worse.rate)) == found.get(False)


def outlook_input(ratings: Sequence[JudgedRating]) -> list[JudgedRating]:
    window = Window.before(NOW, SHORT.figures_days)
    verdicts = counting.of_ratings([(one.customer_id, one) for one in ratings], window, SHORT.customer_ratings)
    return [replace(one, verdict=verdict) for one, verdict in zip(ratings, verdicts, strict=True)]


WAITS = st.lists(waits_of(), max_size=12)
INCIDENTS = st.lists(incidents_of, max_size=2)
RATINGS = st.lists(ratings_of(), max_size=12)


@settings(max_examples=40, deadline=None)
@given(WAITS, INCIDENTS, st.floats(0, 1), RATINGS)
def test_it_comes_true(
    waits: list[JudgedWait], incidents: list[During], share: float, ratings: list[JudgedRating]
) -> None:
    check_answers(waits, incidents, share)
    check_ratings(ratings)


@pytest.mark.heavy
@pytest.mark.many
@settings(max_examples=CASES, deadline=None)
@given(WAITS, INCIDENTS, st.floats(0, 1), RATINGS)
def test_it_comes_true_after_any_history(
    waits: list[JudgedWait], incidents: list[During], share: float, ratings: list[JudgedRating]
) -> None:
    check_answers(waits, incidents, share)
    check_ratings(ratings)
