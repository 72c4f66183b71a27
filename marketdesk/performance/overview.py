"""The platform's overview: how merchants stand, who changes for the worse, what is due soon, and how customers are
served, by country, category and language. Days are UTC, from roll-ups, and end with yesterday's."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from typing import Any

from django.db.models import Count, Exists, F, Min, OuterRef, Q, QuerySet, Sum

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance import contesting, levels, rollups, sanction_lists
from marketdesk.performance.counting import Rate
from marketdesk.performance.levels import Level
from marketdesk.performance.models import GroupDay, MerchantDay, Rating, Sanction, SanctionState
from marketdesk.performance.reading import Rates
from marketdesk.policy.defaults import Policy
from marketdesk.tickets.models import Ticket, Wait
from marketdesk.tickets.rules import Desk, State

# What the overview can look back over.
CHOICES = (7, 30, 90)
RISK = timedelta(hours=12)


@dataclass(frozen=True)
class Sums:
    """What was counted of some days."""

    opened: int = 0
    answers: int = 0
    late: int = 0
    ratings: int = 0
    helpful: int = 0

    def __add__(self, other: "Sums") -> "Sums":
        return Sums(*(getattr(self, name) + getattr(other, name) for name in COUNTS))

    def rates(self, sample: int) -> Rates:
        """The two rates of them."""
        return Rates(Rate(self.late, self.answers, sample), Rate(self.helpful, self.ratings, sample))


COUNTS = tuple(one.name for one in fields(Sums))


@dataclass(frozen=True)
class Days:
    """So many UTC days, and as many before them."""

    number: int
    last: date

    @classmethod
    def before(cls, now: datetime, number: int) -> "Days":
        """The last days that are over."""
        return cls(number, rollups.yesterday(now))

    @property
    def first(self) -> date:
        return self.last - timedelta(days=self.number - 1)

    @property
    def all(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range(self.number)]

    @property
    def earlier(self) -> "Days":
        return Days(self.number, self.first - timedelta(days=1))


@dataclass(frozen=True)
class MerchantRow:
    """A merchant: the standing and the rates by which it was last judged, and what the days were like."""

    pk: int
    public_id: str
    name: str
    country: str
    is_blocked: bool
    is_suspended: bool
    level: Level
    judged: Rates
    judged_at: datetime | None
    sums: Sums

    @property
    def severity(self) -> tuple[int, Fraction, Fraction]:
        """What puts it before others: the standing, then late answers, then unhelpful ones."""
        return (
            list(Level).index(self.level),
            self.judged.late.percent or Fraction(0),
            100 - (self.judged.csat.percent or Fraction(100)),
        )


@dataclass(frozen=True)
class Move:
    """How a merchant's rates changed from the days before to these: `worse` by so many points in the worst of them."""

    merchant: MerchantRow
    before: Rates
    now: Rates
    worse: Fraction


@dataclass(frozen=True)
class AtRisk:
    """A merchant's answers that are due soon, and what it comes to when none of them is given in time."""

    merchant: MerchantRow
    waits: int
    first_due_at: datetime
    if_late: Rate
    level_if_late: Level


@dataclass(frozen=True)
class GroupRow:
    """A country, category or language."""

    code: str
    sums: Sums


@dataclass(frozen=True)
class Agent:
    """What an agent of the platform looks after; nobody's tickets have no user."""

    user: User | None
    waiting: int
    longest_since: datetime | None
    with_customer: int


class Overview:
    """The overview as somebody of the platform asked for it: each part is read when it is looked at."""

    def __init__(self, by: Actor, days: int, policy: Policy) -> None:
        self.by = by
        self.days = Days.before(by.at, days)
        self.policy = policy

    @cached_property
    def merchants(self) -> list[MerchantRow]:
        """Every merchant, the worst standing first."""
        counted = _days(self.days)
        rows = (_merchant(row, self.policy, counted.get(row["pk"], Sums())) for row in _standings())
        return sorted(rows, key=lambda row: row.severity, reverse=True)

    @cached_property
    def standings(self) -> dict[Level, int]:
        """How many merchants stand where, the worst first."""
        return {level: sum(row.level == level for row in self.merchants) for level in reversed(Level)}

    @cached_property
    def moves(self) -> list[Move]:
        """The merchants whose rates got worse, the worst first. Without rates on both sides there is no change."""
        sample, earlier = self.policy.figures_sample, _days(self.days.earlier)
        both = ((row, earlier.get(row.pk, Sums()).rates(sample), row.sums.rates(sample)) for row in self.merchants)
        worse = (Move(row, before, now, _worse(before, now)) for row, before, now in both)
        return sorted((one for one in worse if one.worse > 0), key=lambda one: one.worse, reverse=True)

    @property
    def due_soon(self) -> QuerySet[Wait]:
        """The answers that are due in the next hours and not given. Asked of each wait, not of all tickets: there are
        few such waits."""
        soon = Wait.objects.filter(ended_at__isnull=True, due_at__gte=self.by.at, due_at__lt=self.by.at + RISK)
        return soon.filter(Exists(Ticket.objects.visible_to(self.by).filter(pk=OuterRef("ticket_id"))))

    @cached_property
    def at_risk(self) -> list[AtRisk]:
        """What is due in the next hours, by merchant: first those whose standing is at stake."""
        found = self.due_soon.values("merchant_id").annotate(number=Count("pk"), first=Min("due_at"))
        rows = {row.pk: row for row in self.merchants}
        risks = [
            _risk(rows[one["merchant_id"]], one["number"], one["first"], self.policy)
            for one in found
            if one["merchant_id"] in rows
        ]
        return sorted(risks, key=_urgency)

    @cached_property
    def course(self) -> list[tuple[date, Sums]]:
        """Day by day, of all merchants."""
        found = {row.pop("day"): Sums(**row) for row in _summed(self._groups().values("day"))}
        return [(day, found.get(day, Sums())) for day in self.days.all]

    @cached_property
    def whole(self) -> Sums:
        """All days of all merchants."""
        return sum((sums for _day, sums in self.course), Sums())

    @cached_property
    def groups(self) -> dict[str, list[GroupRow]]:
        """By `country`, `category` and `language`, the most tickets first."""
        names = ("country", "category", "language")
        rows = list(_summed(self._groups().values(*names)))
        return {name: _divided(rows, name) for name in names}

    @cached_property
    def load(self) -> list[Agent]:
        """What each agent looks after, and what nobody does; who has waited longest first."""
        seen = Ticket.objects.visible_to(self.by)
        ours = seen.filter(state=State.WITH_SUPPORT).values("assignee")
        theirs = seen.filter(state=State.WITH_CUSTOMER, desk=Desk.PLATFORM).values("assignee")
        waiting: dict[int | None, Any] = {
            row["assignee"]: row for row in ours.annotate(n=Count("pk"), since=Min("turned_at"))
        }
        answered: dict[int | None, int] = {row["assignee"]: row["n"] for row in theirs.annotate(n=Count("pk"))}
        team: list[User | None] = [
            *User.objects.filter(party=Party.SUPPORT, is_active=True).order_by("name", "pk"),
            None,
        ]
        agents = [_agent(user, user.pk if user else None, waiting, answered) for user in team]
        return sorted(agents, key=lambda one: (one.user is not None, -one.waiting, -one.with_customer))

    @cached_property
    def own_csat(self) -> Rate:
        """What customers say of the platform's own desk."""
        start, end = rollups.window(self.days.first).start, rollups.window(self.days.last).end
        seen = Exists(Ticket.objects.visible_to(self.by).filter(pk=OuterRef("ticket_id")))
        ratings = Rating.objects.filter(seen, merchant_id__isnull=True, at__gte=start, at__lt=end)
        found = ratings.aggregate(helpful=Count("pk", filter=Q(helpful=True)), whole=Count("pk"))
        return Rate(found["helpful"], found["whole"], self.policy.figures_sample)

    @cached_property
    def contests(self) -> int:
        """How many contests wait for a decision."""
        return contesting.waiting(self.by)

    @cached_property
    def sanctions(self) -> int:
        """How many sanctions are proposed, those that are still being heard too."""
        return Sanction.objects.visible_to(self.by).filter(state=SanctionState.PROPOSED).count()

    @cached_property
    def to_decide(self) -> int:
        """How many contests and sanctions a person can decide now."""
        return self.contests + sanction_lists.to_decide(self.by)

    def _groups(self) -> Any:
        return GroupDay.objects.filter(day__gte=self.days.first, day__lte=self.days.last)


def _days(days: Days) -> dict[int, Sums]:
    """What each merchant's days come to. Asked for these and for those before one after the other: to tell them apart
    row by row takes a database several times as long."""
    there = MerchantDay.objects.filter(day__gte=days.first, day__lte=days.last)
    rows = there.values("merchant_id").annotate(**{name: Sum(name) for name in COUNTS})
    return {pk: Sums(*counts) for pk, *counts in rows.values_list("merchant_id", *COUNTS)}


def _standings() -> Iterable[dict[str, Any]]:
    """Every real merchant with what it was last judged by."""
    judged = {f"judged_{name}": F(f"standing__{name}") for name in COUNTS[1:]}
    facts = ("pk", "public_id", "name", "country", "impressions_blocked_at", "suspended_at", "standing__level")
    rows: Any = Merchant.objects.real().order_by("name", "pk")
    found: Iterable[dict[str, Any]] = rows.values(*facts, judged_at=F("standing__judged_at"), **judged)
    return found


def _merchant(row: dict[str, Any], policy: Policy, sums: Sums) -> MerchantRow:
    judged = Sums(0, *(row[f"judged_{name}"] or 0 for name in COUNTS[1:]))
    return MerchantRow(
        pk=row["pk"],
        public_id=row["public_id"],
        name=row["name"],
        country=row["country"],
        is_blocked=row["impressions_blocked_at"] is not None,
        is_suspended=row["suspended_at"] is not None,
        level=Level(row["standing__level"] or Level.NORMAL),
        judged=judged.rates(policy.figures_sample),
        judged_at=row["judged_at"],
        sums=sums,
    )


def _worse(before: Rates, now: Rates) -> Fraction:
    """By how many points the worse of two rates got worse; none where one is not known on both sides."""
    changes = [Fraction(0)]
    if before.late.percent is not None and now.late.percent is not None:
        changes.append(now.late.percent - before.late.percent)
    if before.csat.percent is not None and now.csat.percent is not None:
        changes.append(before.csat.percent - now.csat.percent)
    return max(changes)


def _risk(row: MerchantRow, waits: int, first: datetime, policy: Policy) -> AtRisk:
    late = row.judged.late
    if_late = Rate(late.part + waits, late.whole + waits, late.sample)
    level = levels.worst(levels.of_late(if_late, policy), levels.of_csat(row.judged.csat, policy))
    return AtRisk(row, waits, first, if_late, level)


def _urgency(one: AtRisk) -> tuple[bool, int, datetime]:
    return one.level_if_late == one.merchant.level, -one.waits, one.first_due_at


def _summed(rows: Any) -> Iterable[dict[str, Any]]:
    found: Iterable[dict[str, Any]] = rows.annotate(**{name: Sum(name) for name in COUNTS}).order_by()
    return found


def _divided(rows: Sequence[dict[str, Any]], name: str) -> list[GroupRow]:
    sums: defaultdict[str, Sums] = defaultdict(Sums)
    for row in rows:
        sums[row[name]] += Sums(*(row[one] for one in COUNTS))
    return sorted((GroupRow(*one) for one in sums.items()), key=lambda one: (-one.sums.opened, one.code))


def _agent(user: User | None, pk: int | None, waiting: dict[int | None, Any], answered: dict[int | None, int]) -> Agent:
    here = waiting.get(pk, {"n": 0, "since": None})
    return Agent(user, here["n"], here["since"], answered.get(pk, 0))
