"""The statement of reasons: what a sanction was proposed and decided for, filled from the ledger, and kept (D8)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from marketdesk.lib import percent
from marketdesk.people.actor import Actor
from marketdesk.performance import levels, reading
from marketdesk.performance.counting import Rate, Verdict, Window
from marketdesk.performance.levels import Level
from marketdesk.performance.models import Sanction, SanctionKind
from marketdesk.policy import promises
from marketdesk.policy.defaults import Policy
from marketdesk.tickets.models import Ticket

# The policy's values by which it is counted. They are kept: a later policy rewrites nothing.
RULE = ("figures_days", "figures_sample", "late_severe", "csat_severe", "customer_ratings")
LATE, CSAT = "late", "csat"
SHOWN_AT_MOST = 100


@dataclass(frozen=True)
class Piece:
    """A late answer, or a rating that was not helpful: by its ticket, and the wait's or rating's own number. `due_at`
    is of answers; `at` is when the answer came, or the rating, and None while the ticket still waits."""

    ticket: str
    id: int
    at: datetime | None
    due_at: datetime | None = None


@dataclass(frozen=True)
class Shown:
    """One of them on a page, with what its ticket is called, and whether there is still time to contest it. The
    statement itself keeps no words of customers."""

    piece: Piece
    subject: str
    can_contest: bool


@dataclass(frozen=True)
class Grounds:
    """What was counted, by which rule, and the tickets behind it. `left_out` says how many waits and ratings did not
    count, by why."""

    window: Window
    rule: Mapping[str, int]
    late: int
    answers: int
    helpful: int
    ratings: int
    late_answers: tuple[Piece, ...] = ()
    unhelpful: tuple[Piece, ...] = ()
    left_out: Mapping[str, int] | None = None

    @property
    def late_rate(self) -> Rate:
        return Rate(self.late, self.answers, self.rule["figures_sample"])

    @property
    def csat(self) -> Rate:
        return Rate(self.helpful, self.ratings, self.rule["figures_sample"])

    @property
    def crossed(self) -> frozenset[str]:
        """Which severe lines were crossed, by the rule that is kept here."""
        return crossed(reading.Rates(self.late_rate, self.csat), policy_of(self.rule))

    @property
    def shown(self) -> frozenset[str]:
        """The figures that people are shown: those that are severe; without such all that there are."""
        return self.crossed or frozenset({LATE, CSAT})

    def sentences(self) -> list[str]:
        """These figures in words."""
        said = {LATE: _late_words(self), CSAT: _csat_words(self)}
        return [words for name, words in said.items() if words and name in self.shown]

    def tickets(self, actor: Actor) -> list[tuple[str, list[Shown]]]:
        """The tickets behind these figures, `late` and `csat`, as far as the actor may see them: the first of many."""
        pieces = {LATE: self.late_answers, CSAT: self.unhelpful}
        first = {name: found[:SHOWN_AT_MOST] for name, found in pieces.items() if name in self.shown and found}
        named = [piece.ticket for found in first.values() for piece in found]
        seen = Ticket.objects.visible_to(actor).filter(public_id__in=named)
        subjects = dict(seen.values_list("public_id", "subject"))
        oldest = actor.at - timedelta(days=promises.current().contest_days)

        def show(piece: Piece) -> Shown:
            since = piece.due_at or piece.at
            return Shown(piece, subjects[piece.ticket], since is not None and since > oldest)

        return [(name, [show(one) for one in found if one.ticket in subjects]) for name, found in first.items()]

    def reasons_left_out(self) -> list[tuple[str, int]]:
        """Why some waits and ratings did not count, in words, and how many."""
        return [(str(Verdict(verdict).label), number) for verdict, number in (self.left_out or {}).items()]

    def as_json(self) -> dict[str, Any]:
        return {
            "start": self.window.start.isoformat(),
            "end": self.window.end.isoformat(),
            "rule": dict(self.rule),
            "late": self.late,
            "answers": self.answers,
            "helpful": self.helpful,
            "ratings": self.ratings,
            "late_answers": [_kept(piece) for piece in self.late_answers],
            "unhelpful": [_kept(piece) for piece in self.unhelpful],
            "left_out": dict(self.left_out or {}),
        }

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "Grounds":
        return cls(
            window=Window(datetime.fromisoformat(kept["start"]), datetime.fromisoformat(kept["end"])),
            rule=kept["rule"],
            late=kept["late"],
            answers=kept["answers"],
            helpful=kept["helpful"],
            ratings=kept["ratings"],
            late_answers=tuple(_read(piece) for piece in kept["late_answers"]),
            unhelpful=tuple(_read(piece) for piece in kept["unhelpful"]),
            left_out=kept["left_out"],
        )


def rule_of(policy: Policy) -> dict[str, int]:
    """The values of a policy that are kept with what was counted by it."""
    return {name: getattr(policy, name) for name in RULE}


def policy_of(rule: Mapping[str, int]) -> Policy:
    """A policy with the values that were kept."""
    values: dict[str, Any] = dict(rule)
    return replace(promises.current(), **values)


def crossed(rates: reading.Rates, policy: Policy) -> frozenset[str]:
    """The severe lines that these rates have crossed."""
    found = {LATE: levels.of_late(rates.late, policy), CSAT: levels.of_csat(rates.csat, policy)}
    return frozenset(name for name, level in found.items() if level == Level.SEVERE)


def count(merchant_id: int, window: Window, rule: Mapping[str, int]) -> Grounds:
    """What the ledger says of a window, now: what was contested with success since does not count any more."""
    waits = reading.waits(merchant_id, window)
    ratings = reading.ratings(merchant_id, window, rule["customer_ratings"])
    late = [one for one in waits if one.verdict == Verdict.LATE]
    unhelpful = [one for one in ratings if one.verdict == Verdict.UNHELPFUL]
    names = _public_ids({one.ticket_id for one in late} | {one.ticket_id for one in unhelpful})
    rates = reading.rates_of(waits, ratings, rule["figures_sample"])
    verdicts = [one.verdict for one in waits] + [one.verdict for one in ratings]
    left_out = Counter(str(verdict) for verdict in verdicts if not verdict.counts)
    return Grounds(
        window=window,
        rule=dict(rule),
        late=rates.late.part,
        answers=rates.late.whole,
        helpful=rates.csat.part,
        ratings=rates.csat.whole,
        late_answers=tuple(Piece(names[one.ticket_id], one.id, one.ended_at, one.due_at) for one in late),
        unhelpful=tuple(Piece(names[one.ticket_id], one.id, one.at) for one in unhelpful),
        left_out=dict(sorted(left_out.items())),
    )


def count_again(sanction: Sanction) -> Grounds:
    """The same window by the same rule, as the ledger says it today."""
    grounds = Grounds.from_json(sanction.reasons)
    return count(sanction.merchant_id, grounds.window, grounds.rule)


def draw_up(sanction: Sanction, grounds: Grounds) -> dict[str, Any]:
    """The statement of a decision that was just made. It says everything by itself: it is read when names, policy and
    figures are others."""
    return {
        "grounds": grounds.as_json(),
        "proposed_by": sanction.proposed_by.get("name", ""),
        "is_automatic": sanction.decided_by is None,
        "decided_by": sanction.decided_by.name if sanction.decided_by else "",
        "decision": sanction.decision,
        "answer": sanction.answer,
        "starts_at": sanction.decided_at.isoformat() if sanction.decided_at else "",
        "ends_at": sanction.ends_at.isoformat() if sanction.ends_at else "",
    }


def grounds(sanction: Sanction) -> Grounds:
    """What a page or letter shows: of a decision what it was made on, before one what it was proposed for."""
    return Grounds.from_json(sanction.statement.get("grounds") or sanction.reasons)


def effect(kind: str) -> str:
    """What a sanction means, for whoever reads it."""
    if kind == SanctionKind.IMPRESSIONS:
        return _(
            "The store's products are not shown to customers who browse or search. Orders, refunds and open tickets "
            "go on as before."
        )
    return _(
        "Nothing new can be bought from the store. It still answers open tickets and refunds; it cannot re-open closed "
        "tickets, and new questions before buying go to %(platform)s Support."
    ) % {"platform": promises.current().platform_name}


def _late_words(grounds: Grounds) -> str:
    if grounds.late_rate.percent is None:
        return ""
    return _("Late answers: %(part)s of %(whole)s that count (%(rate)s). Above %(line)s is severe.") % {
        "part": grounds.late,
        "whole": grounds.answers,
        "rate": percent.show(grounds.late_rate.percent),
        "line": percent.show(Fraction(grounds.rule["late_severe"])),
    }


def _csat_words(grounds: Grounds) -> str:
    if grounds.csat.percent is None:
        return ""
    return _("Helpful ratings: %(part)s of %(whole)s that count (%(rate)s). Below %(line)s is severe.") % {
        "part": grounds.helpful,
        "whole": grounds.ratings,
        "rate": percent.show(grounds.csat.percent),
        "line": percent.show(Fraction(grounds.rule["csat_severe"])),
    }


def _public_ids(tickets: Iterable[int]) -> dict[int, str]:
    return dict(Ticket.objects.filter(pk__in=tickets).values_list("pk", "public_id"))


def _kept(piece: Piece) -> list[Any]:
    return [piece.ticket, piece.id, *(at.isoformat() if at else "" for at in (piece.at, piece.due_at))]


def _read(kept: list[Any]) -> Piece:
    ticket, number, at, due_at = kept
    return Piece(ticket, number, _moment(at), _moment(due_at))


def _moment(kept: str) -> datetime | None:
    return datetime.fromisoformat(kept) if kept else None
