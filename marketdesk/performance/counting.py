"""What counts, and why the rest does not: one rule for figures, ledger, judgements and roll-ups. Pure (D4, D5)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Protocol

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Verdict(TextChoices):
    """Whether a wait or a rating counts in a window, and as what; else why it does not."""

    LATE = "late", _("Late")
    IN_TIME = "in_time", _("In time")
    HELPFUL = "helpful", _("Helpful")
    UNHELPFUL = "unhelpful", _("Not helpful")
    RUNNING = "running", _("The time left to reply still runs")
    PLATFORM = "platform", _("Somebody else ended it in time")
    INCIDENT = "incident", _("Incident")
    CONTEST = "contest", _("Contested and granted")
    SAME_CUSTOMER = "same_customer", _("The same customer rated often enough")
    OUTSIDE = "outside", _("Outside the window")

    @property
    def counts(self) -> bool:
        return self in COUNTING


COUNTING = frozenset({Verdict.LATE, Verdict.IN_TIME, Verdict.HELPFUL, Verdict.UNHELPFUL})


@dataclass(frozen=True)
class Window:
    """A stretch of time, half-open: `[start, end)`. Windows that touch count nothing twice and leave nothing out."""

    start: datetime
    end: datetime

    @classmethod
    def before(cls, end: datetime, days: int) -> "Window":
        """So many times 24 hours up to a moment."""
        return cls(end - timedelta(days=days), end)

    def holds(self, moment: datetime) -> bool:
        return self.start <= moment < self.end


class WaitLike(Protocol):
    """What the rule looks at of a wait."""

    @property
    def started_at(self) -> datetime: ...
    @property
    def due_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def counted(self) -> bool: ...
    @property
    def excused(self) -> str: ...


class RatingLike(Protocol):
    """What the rule looks at of a rating."""

    @property
    def at(self) -> datetime: ...
    @property
    def helpful(self) -> bool: ...
    @property
    def excused(self) -> str: ...


class IncidentLike(Protocol):
    """What the rule looks at of an incident."""

    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime | None: ...


def counts_at(wait: WaitLike) -> datetime:
    """The moment to which a wait belongs; of an open one the moment when it would be late."""
    return min(wait.due_at, wait.ended_at or wait.due_at)


def of_wait(wait: WaitLike, window: Window, incidents: Iterable[IncidentLike] = ()) -> Verdict:
    """Each wait counts once, at the end or at the due moment, whichever came first (D4). `incidents` are those of the
    wait's merchant."""
    if wait.ended_at is None and wait.due_at >= window.end:
        return Verdict.RUNNING
    if not window.holds(counts_at(wait)):
        return Verdict.OUTSIDE
    if not wait.counted:
        return Verdict.PLATFORM
    if wait.excused:
        return Verdict(wait.excused)
    if wait.ended_at is not None and wait.ended_at <= wait.due_at:
        return Verdict.IN_TIME
    return Verdict.INCIDENT if any(touches(one, wait) for one in incidents) else Verdict.LATE


def touches(incident: IncidentLike, wait: WaitLike) -> bool:
    """Whether an incident lasted at some moment of a merchant's time to reply; the due moment itself is not one."""
    begins_before_due = incident.starts_at < wait.due_at
    return begins_before_due and (incident.ends_at is None or incident.ends_at > wait.started_at)


def of_ratings(ratings: Iterable[tuple[int, RatingLike]], window: Window, most_per_customer: int) -> list[Verdict]:
    """Verdicts of ratings with the customers who gave them, the oldest first: of one customer only the first few of a
    window count."""
    given: Counter[int] = Counter()
    verdicts = []
    for customer, rating in ratings:
        verdict = _of_rating(rating, window)
        if verdict.counts:
            given[customer] += 1
            if given[customer] > most_per_customer:
                verdict = Verdict.SAME_CUSTOMER
        verdicts.append(verdict)
    return verdicts


def _of_rating(rating: RatingLike, window: Window) -> Verdict:
    if not window.holds(rating.at):
        return Verdict.OUTSIDE
    if rating.excused:
        return Verdict(rating.excused)
    return Verdict.HELPFUL if rating.helpful else Verdict.UNHELPFUL


@dataclass(frozen=True)
class Rate:
    """So many of so many: exact, and without a value below the minimum sample."""

    part: int
    whole: int
    sample: int

    @property
    def percent(self) -> Fraction | None:
        """The rate in percent; None, shown as "-", where too little counts to speak of one (never 0)."""
        return Fraction(100 * self.part, self.whole) if self.whole >= max(1, self.sample) else None


def late_rate(verdicts: Iterable[Verdict], sample: int) -> Rate:
    """Late answers of all that count (M87)."""
    counts = Counter(verdicts)
    return Rate(counts[Verdict.LATE], counts[Verdict.LATE] + counts[Verdict.IN_TIME], sample)


def csat(verdicts: Iterable[Verdict], sample: int) -> Rate:
    """Helpful ratings of all that count (M90)."""
    counts = Counter(verdicts)
    return Rate(counts[Verdict.HELPFUL], counts[Verdict.HELPFUL] + counts[Verdict.UNHELPFUL], sample)
