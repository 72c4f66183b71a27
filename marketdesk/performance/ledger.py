"""The ledger: every wait and rating of a merchant, whether it counts, and why, in words. Each figure opens here."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Model, Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from marketdesk.lib import paging
from marketdesk.people.actor import Actor
from marketdesk.performance import counting, reading, reasons
from marketdesk.performance.counting import Rate, Verdict, Window
from marketdesk.performance.models import Contest, Incident, Rating
from marketdesk.performance.reading import JudgedRating, JudgedWait
from marketdesk.performance.reasons import Judged
from marketdesk.policy.defaults import Policy
from marketdesk.tickets.models import Ticket, Wait


class Kind(TextChoices):
    """What stands in the ledger: what the late response rate counts, and what CSAT counts."""

    ANSWERS = "answers", _("Answers")
    RATINGS = "ratings", _("Ratings")

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What can be said of one, in the order in which it is offered."""
        if self is Kind.ANSWERS:
            return (
                *(Verdict.LATE, Verdict.IN_TIME, Verdict.RUNNING, Verdict.PLATFORM),
                *(Verdict.INCIDENT, Verdict.CONTEST, Verdict.OUTSIDE),
            )
        return (Verdict.UNHELPFUL, Verdict.HELPFUL, Verdict.SAME_CUSTOMER, Verdict.CONTEST, Verdict.OUTSIDE)

    @property
    def moment(self) -> str:
        """The moment to which one belongs."""
        return "counts_at" if self is Kind.ANSWERS else "at"


@dataclass(frozen=True)
class Asked:
    """What is looked for: one kind, in a window; with some verdicts only, about some tickets only. Without verdicts it
    is all that is over. What is older than the window stands below it where `older` is set."""

    kind: Kind
    window: Window
    older: bool = True
    verdicts: frozenset[Verdict] = frozenset()
    category: tuple[str, ...] = ()
    issue: tuple[str, ...] = ()

    @property
    def about(self) -> Q:
        """The condition of the tickets, for a wait or a rating."""
        wanted = Q(ticket__category__in=self.category) if self.category else Q()
        return wanted & Q(ticket__issue__in=self.issue) if self.issue else wanted

    @property
    def is_ahead(self) -> bool:
        """Whether nothing but what still runs is asked for."""
        return self.verdicts == {Verdict.RUNNING}

    def wants(self, verdict: Verdict) -> bool:
        return verdict in self.verdicts if self.verdicts else verdict is not Verdict.RUNNING


@dataclass(frozen=True)
class Line:
    """A wait or a rating with all that is known of it. Whose ticket the reader may not see has none."""

    judged: Judged
    at: datetime
    why: str
    ticket: Ticket | None = None
    comment: str = ""
    contest: Contest | None = None
    can_contest: bool = False

    @property
    def verdict(self) -> Verdict:
        return self.judged.verdict

    @property
    def kind(self) -> str:
        """What it is called where it is contested."""
        return "wait" if isinstance(self.judged, JudgedWait) else "rating"


@dataclass(frozen=True)
class Page:
    """Some lines; `after` is the key to ask for the next, empty on the last page."""

    lines: list[Line]
    after: str


class Ledger:
    """A merchant's ledger as somebody asked for it: what lies in the window is judged as a whole, because one verdict
    may depend on the others, and older rows are read page by page."""

    def __init__(self, merchant_id: int, asked: Asked, by: Actor, policy: Policy) -> None:
        self.merchant_id = merchant_id
        self.asked = asked
        self.by = by
        self.policy = policy

    @cached_property
    def incidents(self) -> list[Incident]:
        return reading.incidents(self.merchant_id)

    @cached_property
    def waits(self) -> list[JudgedWait]:
        """The waits of the window, the oldest first."""
        return reading.waits(self.merchant_id, self.asked.window, excusing=self.incidents, about=self.asked.about)

    @cached_property
    def ratings(self) -> list[JudgedRating]:
        """The ratings of the window, the oldest first. Narrowed after they were judged: what a customer said of another
        ticket bears on this one's."""
        found = reading.ratings(self.merchant_id, self.asked.window, self.policy.customer_ratings)
        if not self.asked.about:
            return found
        there = self._rows().filter(self.asked.about, at__gte=self.asked.window.start).values_list("pk", flat=True)
        wanted = set(there)
        return [one for one in found if one.id in wanted]

    @property
    def judged(self) -> Sequence[Judged]:
        """What lies in the window, whatever its verdict."""
        return self.waits if self.asked.kind is Kind.ANSWERS else self.ratings

    @cached_property
    def running(self) -> list[JudgedWait]:
        """The waits whose time still runs, the soonest due first; none where the window ended before now."""
        if self.asked.kind is not Kind.ANSWERS or self.asked.window.end < self.by.at:
            return []
        return reading.running(self.merchant_id, self.by.at, about=self.asked.about)

    @cached_property
    def rate(self) -> Rate:
        """The rate that all of the window come to: the figure that was opened."""
        counted = counting.late_rate if self.asked.kind is Kind.ANSWERS else counting.csat
        return counted((one.verdict for one in self.judged), self.policy.figures_sample)

    @cached_property
    def numbers(self) -> Counter[Verdict]:
        """How many there are of each verdict, but for what lies outside the window."""
        return Counter(one.verdict for one in [*self.judged, *self.running])

    def page(self, after: str = "", size: int = paging.SIZE) -> Page:
        """The latest first; where nothing but what still runs is asked for, the soonest due."""
        key = paging.read_key(after)
        found = [one for one in self._in_order() if key is None or self._follows(self._key(one), key)][: size + 1]
        if len(found) <= size and self.asked.older and self.asked.wants(Verdict.OUTSIDE):
            # Beyond the window's end there are no keys of older rows.
            rest = after if key and key[0] < self.asked.window.start else ""
            found += self._older(rest, size + 1 - len(found))
        more = len(found) > size
        return Page(self._lines(found[:size]), paging.write_key(*self._key(found[size - 1])) if more else "")

    def lines(self) -> list[Line]:
        """All of the window, for a file."""
        return self._lines(list(self._in_order()))

    def _in_order(self) -> Iterable[Judged]:
        if self.asked.is_ahead:
            return self.running
        return (one for one in reversed([*self.judged, *self.running]) if self.asked.wants(one.verdict))

    def _follows(self, one: tuple[datetime, int], other: tuple[datetime, int]) -> bool:
        return one > other if self.asked.is_ahead else one < other

    def _older(self, after: str, size: int) -> list[Judged]:
        """What lies before the window."""
        rows = self._rows().filter(self.asked.about, **{f"{self.asked.kind.moment}__lt": self.asked.window.start})
        if self.asked.kind is Kind.RATINGS:
            rows = rows.select_related("ticket")
        found = paging.page(rows, self.asked.kind.moment, after, newest_first=True, size=size).rows
        return [_outside(one) for one in found]

    def _rows(self) -> QuerySet[Any]:
        model: type[Model] = Wait if self.asked.kind is Kind.ANSWERS else Rating
        return model._default_manager.filter(merchant_id=self.merchant_id)

    def _key(self, one: Judged) -> tuple[datetime, int]:
        return _moment(one), one.id

    def _lines(self, found: Sequence[Judged]) -> list[Line]:
        """With tickets, contests and words, in as many queries as there are tables."""
        tickets = self._tickets([one.ticket_id for one in found])
        contests = self._contests([one.id for one in found])
        comments = self._comments([one.id for one in found])
        return [
            Line(
                judged=one,
                at=_moment(one),
                why=reasons.why(one, self.by.at, self.incidents, self.policy),
                ticket=tickets.get(one.ticket_id),
                comment=comments.get(one.id, ""),
                contest=contests.get(one.id),
                can_contest=one.id not in contests and self._can_contest(one),
            )
            for one in found
        ]

    def _tickets(self, ids: Sequence[int]) -> dict[int, Ticket]:
        seen = Ticket.objects.visible_to(self.by).select_related("customer", "issue")
        return {pk: one for part in _parts(ids) for pk, one in seen.in_bulk(part).items()}

    def _contests(self, ids: Sequence[int]) -> dict[int, Contest]:
        name = "wait" if self.asked.kind is Kind.ANSWERS else "rating"
        seen = Contest.objects.visible_to(self.by)
        found = (one for part in _parts(ids) for one in seen.filter(**{f"{name}__in": part}))
        return {getattr(one, f"{name}_id"): one for one in found}

    def _comments(self, ids: Sequence[int]) -> dict[int, str]:
        if self.asked.kind is Kind.ANSWERS:
            return {}
        said = self._rows().exclude(comment="")
        return {
            pk: words for part in _parts(ids) for pk, words in said.filter(pk__in=part).values_list("pk", "comment")
        }

    def _can_contest(self, one: Judged) -> bool:
        """Whether it counts against the merchant and is young enough."""
        since = one.due_at if isinstance(one, JudgedWait) else one.at
        verdict = one.verdict
        if verdict is Verdict.OUTSIDE:
            verdict = reasons.inside(one, self.by.at, self.incidents)
        against = verdict in {Verdict.LATE, Verdict.UNHELPFUL}
        return against and self.by.at < since + timedelta(days=self.policy.contest_days)


def _moment(one: Judged) -> datetime:
    return counting.counts_at(one) if isinstance(one, JudgedWait) else one.at


def _outside(row: Wait | Rating) -> Judged:
    if isinstance(row, Wait):
        return reading.JudgedWait(
            row.pk, row.ticket_id, row.started_at, row.due_at, row.ended_at, row.ended_by, row.ended_how, row.counted,
            row.excused,
        )  # fmt: skip
    return reading.JudgedRating(row.pk, row.ticket_id, row.ticket.customer_id, row.at, row.helpful, row.excused)


def _parts(ids: Sequence[int], size: int = 500) -> Iterable[Sequence[int]]:
    """As many ids at once as every database takes."""
    return (ids[start : start + size] for start in range(0, len(ids), size))
