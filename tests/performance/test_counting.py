"""What counts, and why the rest does not (D4, D5)."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from marketdesk.performance import counting
from marketdesk.performance.counting import Rate, Verdict, Window
from marketdesk.performance.levels import Level, of_csat, of_late
from marketdesk.policy.defaults import Policy
from tests.conftest import NOW

A_MOMENT = timedelta(microseconds=1)
MONTH = Window.before(NOW, 30)


@dataclass(frozen=True)
class A:
    """A wait, so many hours ago; or an incident."""

    started: float
    due: float
    ended: float | None = None
    counted: bool = True
    excused: str = ""

    started_at = property(lambda self: NOW - timedelta(hours=self.started))
    due_at = property(lambda self: NOW - timedelta(hours=self.due))
    ended_at = property(lambda self: None if self.ended is None else NOW - timedelta(hours=self.ended))
    starts_at, ends_at = started_at, ended_at


@pytest.mark.parametrize(
    ("wait", "verdict"),
    [
        (A(50, 2, 10), Verdict.IN_TIME),
        (A(50, 2, 2), Verdict.IN_TIME),  # exactly on it
        (A(50, 2, 1), Verdict.LATE),
        (A(50, 2), Verdict.LATE),
        (A(48, 0), Verdict.RUNNING),
        (A(50, 2, 10, counted=False), Verdict.PLATFORM),
        (A(50, 2, 1, excused="contest"), Verdict.CONTEST),
        (A(770, 722, 1), Verdict.OUTSIDE),  # due 30 days ago, answered today: it was late then
        (A(770, 720, 1), Verdict.LATE),  # the first moment belongs to the window
        (A(10, -38, 0), Verdict.OUTSIDE),  # the last does not
    ],
)
def test_each_wait_has_one_verdict(wait: A, verdict: Verdict) -> None:
    assert counting.of_wait(wait, MONTH) == verdict


@pytest.mark.parametrize(
    ("incident", "verdict"),
    [
        (A(60, 0, 51), Verdict.LATE),  # over before it began
        (A(60, 0, 50), Verdict.LATE),
        (A(60, 0, 49), Verdict.INCIDENT),
        (A(3, 0, 1), Verdict.INCIDENT),
        (A(2, 0, 1), Verdict.LATE),  # begun when the time was over
        (A(3, 0), Verdict.INCIDENT),  # it still lasts
    ],
)
def test_an_incident_excuses_late_answers_whose_time_ran_in_it(incident: A, verdict: Verdict) -> None:
    assert counting.of_wait(A(50, 2, 1), MONTH, [incident]) == verdict
    assert counting.of_wait(A(50, 2, 10), MONTH, [incident]) == Verdict.IN_TIME


@pytest.mark.parametrize(
    ("part", "whole", "late", "satisfied"),
    [
        (0, 4, Level.NORMAL, Level.NORMAL),  # too little to speak of a rate
        (4, 4, Level.NORMAL, Level.NORMAL),
        (5, 100, Level.WATCH, Level.SEVERE),
        (4, 100, Level.NORMAL, Level.SEVERE),
        (45, 100, Level.WATCH, Level.SEVERE),
        (46, 100, Level.SEVERE, Level.SEVERE),
        (60, 100, Level.SEVERE, Level.WATCH),
        (85, 100, Level.SEVERE, Level.WATCH),
        (86, 100, Level.SEVERE, Level.NORMAL),
    ],
)
def test_exactly_on_a_line_is_watch(part: int, whole: int, late: Level, satisfied: Level) -> None:
    rate = Rate(part, whole, sample=5)

    assert (of_late(rate, Policy()), of_csat(rate, Policy())) == (late, satisfied)
