"""The waits and ratings behind a merchant's figures, each with its verdict: counted afresh whenever somebody asks."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from django.db.models import F, Q, QuerySet

from marketdesk.performance import counting, levels
from marketdesk.performance.counting import Rate, Verdict, Window
from marketdesk.performance.levels import Level
from marketdesk.performance.models import Incident, Rating
from marketdesk.policy.defaults import Policy
from marketdesk.tickets.models import Wait


@dataclass(frozen=True)
class JudgedWait:
    """A wait, as far as the rule looks at it, and what it says."""

    id: int
    ticket_id: int
    started_at: datetime
    due_at: datetime
    ended_at: datetime | None
    ended_by: str
    ended_how: str
    counted: bool
    excused: str
    verdict: Verdict = Verdict.OUTSIDE


@dataclass(frozen=True)
class JudgedRating:
    """A rating, as far as the rule looks at it, and what it says."""

    id: int
    ticket_id: int
    customer_id: int
    at: datetime
    helpful: bool
    excused: str
    verdict: Verdict = Verdict.OUTSIDE


@dataclass(frozen=True)
class Rates:
    """The two rates by which a merchant is judged."""

    late: Rate
    csat: Rate

    def level(self, policy: Policy) -> Level:
        return levels.worst(levels.of_late(self.late, policy), levels.of_csat(self.csat, policy))


def incidents(merchant_id: int) -> list[Incident]:
    """The incidents that concern a merchant."""
    concern = Q(merchant_id=merchant_id) | Q(merchant__isnull=True)
    return list(Incident.objects.filter(concern, withdrawn_at__isnull=True))


def waits(
    merchant_id: int, window: Window, *, excusing: Sequence[Incident] | None = None, about: Q | None = None
) -> list[JudgedWait]:
    """Every wait of a merchant whose moment lies within the window, the oldest first; `excusing` are its incidents
    where they were read already, `about` narrows the waits."""
    excusing = incidents(merchant_id) if excusing is None else excusing
    found = Wait.objects.filter(merchant_id=merchant_id, counts_at__gte=window.start, counts_at__lt=window.end)
    judged = _judged(found.filter(about or Q()))
    return [replace(one, verdict=counting.of_wait(one, window, excusing)) for one in judged]


def running(merchant_id: int, now: datetime, *, about: Q | None = None) -> list[JudgedWait]:
    """The waits of a merchant that are neither answered nor late, the soonest due first."""
    found = Wait.objects.filter(merchant_id=merchant_id, counts_at__gte=now, ended_at__isnull=True)
    return [replace(one, verdict=Verdict.RUNNING) for one in _judged(found.filter(about or Q()))]


def _judged(found: QuerySet[Wait]) -> list[JudgedWait]:
    names = [one.name for one in fields(JudgedWait) if one.name != "verdict"]
    return [JudgedWait(*row) for row in found.order_by("counts_at", "pk").values_list(*names)]


def ratings(merchant_id: int, window: Window, most_per_customer: int) -> list[JudgedRating]:
    """Every rating of a merchant within the window, the oldest first."""
    found = Rating.objects.filter(merchant_id=merchant_id, at__gte=window.start, at__lt=window.end)
    rows = found.order_by("at", "pk").annotate(customer=F("ticket__customer_id"))
    judged = [JudgedRating(*row) for row in rows.values_list("id", "ticket_id", "customer", "at", "helpful", "excused")]
    return judged_again(judged, window, most_per_customer)


def judged_again(ratings: Sequence[JudgedRating], window: Window, most_per_customer: int) -> list[JudgedRating]:
    """Ratings that were read already, with their verdicts in a window."""
    verdicts = counting.of_ratings([(one.customer_id, one) for one in ratings], window, most_per_customer)
    return [replace(one, verdict=verdict) for one, verdict in zip(ratings, verdicts, strict=True)]


def rates(merchant_id: int, now: datetime, policy: Policy) -> Rates:
    """What a merchant is judged by now: the days before it that the policy names (D4, D5)."""
    window = Window.before(now, policy.figures_days)
    return rates_of(
        waits(merchant_id, window), ratings(merchant_id, window, policy.customer_ratings), policy.figures_sample
    )


def rates_of(waits: Sequence[JudgedWait], ratings: Sequence[JudgedRating], sample: int) -> Rates:
    """The two rates of what was read already."""
    late = counting.late_rate((one.verdict for one in waits), sample)
    return Rates(late, counting.csat((one.verdict for one in ratings), sample))
