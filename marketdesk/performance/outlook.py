"""What lies ahead: what answers in time would bring, and when a rate passes a line by itself (D4-D6).

Nothing is foretold: only what is known now goes on. What counts leaves the window after its days; what is not answered
counts as late when its time is over.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from marketdesk.performance import counting, levels, reading
from marketdesk.performance.counting import IncidentLike, Rate, Verdict, Window
from marketdesk.performance.levels import Level
from marketdesk.performance.reading import JudgedRating, JudgedWait
from marketdesk.policy.defaults import Policy

# What counts at a moment is in the windows that end after it: the shortest time later, as databases keep time.
JUST = timedelta(microseconds=1)
# What is due within these hours is what a merchant answers next.
NEXT_HOURS = 12
# More ratings than this are no advice.
MOST_RATINGS = 20

# From this moment on so many more (or fewer) count, and so many of them are the part that the rate is about.
Change = tuple[datetime, int, int]
Course = Sequence[tuple[datetime, Rate]]


@dataclass(frozen=True)
class Turn:
    """From this moment on a rate is at another level. `due` are the waits whose time is over before that, and which
    it takes for granted to be answered in time, or not to be answered."""

    at: datetime
    rate: Rate
    level: Level
    due: tuple[JudgedWait, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether it is one because of the last of these waits, and not because something leaves the window."""
        return bool(self.due) and self.at == self.due[-1].due_at + JUST


@dataclass(frozen=True)
class Next:
    """What must be answered next, and the late response rate when the last of it is due: answered, and not."""

    due: tuple[JudgedWait, ...]
    answered: Rate
    missed: Rate

    @property
    def until(self) -> datetime:
        return self.due[-1].due_at


@dataclass(frozen=True)
class More:
    """With so many more helpful ratings CSAT would be at a better level."""

    number: int
    rate: Rate
    level: Level


@dataclass(frozen=True)
class LateAhead:
    """The late response rate now, and what is known of it until all that counts today has left the window: better
    with everything answered in time, worse without any answer."""

    rate: Rate
    level: Level
    better: Turn | None
    worse: Turn | None
    next: Next | None


@dataclass(frozen=True)
class CsatAhead:
    """CSAT now, and what is known of it; `helpful` are the fewest ratings that would mend it."""

    rate: Rate
    level: Level
    better: Turn | None
    worse: Turn | None
    helpful: More | None


def ahead(merchant_id: int, now: datetime, policy: Policy) -> tuple[LateAhead, CsatAhead]:
    """Both rates of a merchant."""
    window = Window.before(now, policy.figures_days)
    excusing = reading.incidents(merchant_id)
    waits = reading.waits(merchant_id, window, excusing=excusing)
    ratings = reading.ratings(merchant_id, window, policy.customer_ratings)
    return of_late(waits, reading.running(merchant_id, now), excusing, now, policy), of_csat(ratings, now, policy)


def of_late(
    waits: Sequence[JudgedWait],
    running: Sequence[JudgedWait],
    incidents: Sequence[IncidentLike],
    now: datetime,
    policy: Policy,
) -> LateAhead:
    """The late response rate, of waits as they are judged now, and those whose time still runs, the soonest due
    first. `incidents` are those of the merchant."""
    rate = counting.late_rate((one.verdict for one in waits), policy.figures_sample)
    level = levels.of_late(rate, policy)
    counted = list(_leaving(waits, policy))
    in_time = [replace(one, ended_at=one.due_at, counted=True) for one in running]
    answered = list(_course([*counted, *_entering(in_time, incidents, policy)], now, policy))
    missed = list(_course([*counted, *_entering(running, incidents, policy)], now, policy))
    better = _first(answered, level, levels.of_late, policy, is_better=True)
    worse = _first(missed, level, levels.of_late, policy, is_better=False)
    return LateAhead(
        rate,
        level,
        better=better and replace(better, due=_due(running, better.at)),
        worse=worse and replace(worse, due=_due(running, worse.at)),
        next=_next(running, answered, missed),
    )


def of_csat(ratings: Sequence[JudgedRating], now: datetime, policy: Policy) -> CsatAhead:
    """CSAT, of ratings as they are judged now."""
    rate = counting.csat((one.verdict for one in ratings), policy.figures_sample)
    level = levels.of_csat(rate, policy)
    course = list(_course(_changes_of_ratings(ratings, policy), now, policy))
    return CsatAhead(
        rate,
        level,
        better=_first(course, level, levels.of_csat, policy, is_better=True),
        worse=_first(course, level, levels.of_csat, policy, is_better=False),
        helpful=_helpful(rate, level, policy),
    )


def _due(running: Sequence[JudgedWait], before: datetime) -> tuple[JudgedWait, ...]:
    return tuple(one for one in running if one.due_at < before)


def _next(running: Sequence[JudgedWait], answered: Course, missed: Course) -> Next | None:
    """What is due within the next hours of the first that is due."""
    if not running:
        return None
    due = _due(running, running[0].due_at + timedelta(hours=NEXT_HOURS))
    then = due[-1].due_at + JUST
    return Next(due, _at(then, answered), _at(then, missed))


def _helpful(rate: Rate, level: Level, policy: Policy) -> More | None:
    if rate.percent is None:
        return None
    for number in range(1, MOST_RATINGS + 1):
        then = replace(rate, part=rate.part + number, whole=rate.whole + number)
        if _is_better(levels.of_csat(then, policy), level):
            return More(number, then, levels.of_csat(then, policy))
    return None


# How a rate goes on


def _leaving(judged: Sequence[JudgedWait], policy: Policy) -> Iterator[Change]:
    """What counts now, and when it leaves."""
    for one in judged:
        if one.verdict.counts:
            yield from _stay(counting.counts_at(one), one.verdict, policy)


def _entering(running: Sequence[JudgedWait], incidents: Sequence[IncidentLike], policy: Policy) -> Iterator[Change]:
    """What will count, as the rule will say when its time is over."""
    for one in running:
        verdict = counting.of_wait(one, Window(one.started_at, one.due_at + JUST), incidents)
        if verdict.counts:
            yield from _stay(one.due_at, verdict, policy)


def _stay(at: datetime, verdict: Verdict, policy: Policy) -> Iterator[Change]:
    part = int(verdict == Verdict.LATE)
    yield at + JUST, part, 1
    yield at + timedelta(days=policy.figures_days) + JUST, -part, -1


def _changes_of_ratings(ratings: Sequence[JudgedRating], policy: Policy) -> Iterator[Change]:
    """Customer by customer, because when one rating leaves, a later one of the same customer may come to count."""
    by_customer: dict[int, list[JudgedRating]] = defaultdict(list)
    for one in ratings:
        by_customer[one.customer_id].append(one)
    for theirs in by_customer.values():
        said = [(one.customer_id, one) for one in theirs]
        moments = [theirs[-1].at + JUST, *(one.at + timedelta(days=policy.figures_days) + JUST for one in theirs)]
        rates = [Rate(0, 0, 0)]
        for moment in moments:
            window = Window.before(moment, policy.figures_days)
            rates.append(counting.csat(counting.of_ratings(said, window, policy.customer_ratings), 0))
        for moment, (before, after) in zip(moments, pairwise(rates), strict=True):
            yield moment, after.part - before.part, after.whole - before.whole


def _course(changes: Iterable[Change], now: datetime, policy: Policy) -> Iterator[tuple[datetime, Rate]]:
    """A rate now, and each moment from which on it is another. It ends with the window that begins now: until then
    nothing that is answered from now on has left, whenever it was answered."""
    until = now + timedelta(days=policy.figures_days)
    steps: dict[datetime, tuple[int, int]] = {now: (0, 0)}
    for moment, part, whole in changes:
        before = steps.get(max(moment, now), (0, 0))
        steps[max(moment, now)] = (before[0] + part, before[1] + whole)
    part = whole = 0
    for moment in sorted(steps):
        if moment > until:
            return
        part, whole = part + steps[moment][0], whole + steps[moment][1]
        yield moment, Rate(part, whole, policy.figures_sample)


def _at(moment: datetime, course: Course) -> Rate:
    return [rate for at, rate in course if at <= moment][-1]


def _first(
    course: Course, level: Level, of_rate: Callable[[Rate, Policy], Level], policy: Policy, *, is_better: bool
) -> Turn | None:
    """The first moment at which the level is better, or worse, than now."""
    for at, rate in course:
        then = of_rate(rate, policy)
        if then != level and _is_better(then, level) == is_better:
            return Turn(at, rate, then)
    return None


def _is_better(one: Level, other: Level) -> bool:
    return one != other and levels.worst(one, other) == other
