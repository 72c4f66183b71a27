"""API v3's words for how a store answers: its rates, its figures, and what each of them was counted from."""

from datetime import timedelta
from typing import Any, Literal

from ninja import Field, Schema

from marketdesk.api.v3.schemas import A_MOMENT, A_TICKET, ID, TYPES, TypeWord, Wire, given, moment
from marketdesk.merchants.models import Merchant
from marketdesk.performance import levels
from marketdesk.performance.counting import Rate, Window
from marketdesk.performance.figures import Figures, Numbers, Times, Volume
from marketdesk.performance.ledger import Line
from marketdesk.performance.levels import Level
from marketdesk.performance.models import Contest, ContestKind, Outcome
from marketdesk.performance.reading import JudgedWait, Rates
from marketdesk.policy.defaults import Policy

LevelWord = Literal["NORMAL", "WATCH", "SEVERE"]
KindWord = Literal["WAIT", "RATING"]
ContestWord = Literal["OPEN", "GRANTED", "DECLINED"]
VerdictWord = Literal[
    "LATE",
    "IN_TIME",
    "HELPFUL",
    "UNHELPFUL",
    "RUNNING",
    "PLATFORM",
    "INCIDENT",
    "CONTEST",
    "SAME_CUSTOMER",
    "OUTSIDE",
]

LEVELS: dict[Level, LevelWord] = {Level.NORMAL: "NORMAL", Level.WATCH: "WATCH", Level.SEVERE: "SEVERE"}
KINDS: dict[str, KindWord] = {ContestKind.WAIT: "WAIT", ContestKind.RATING: "RATING"}
CONTESTS: dict[str, ContestWord] = {"": "OPEN", Outcome.GRANTED: "GRANTED", Outcome.DECLINED: "DECLINED"}


def _at(meaning: str) -> Any:
    return Field(description=meaning, examples=[A_MOMENT], json_schema_extra={"format": "date-time"})


class RateOut(Schema):
    """So many of so many."""

    part: int = Field(description="How many of them.", examples=[2])
    whole: int = Field(description="Of how many.", examples=[42])
    percent: float | None = Field(
        None, description="The rate; left out where too little counts to speak of one.", examples=[4.761904761904762]
    )


class JudgedRate(RateOut):
    """A rate by which the store is judged, and where it stands."""

    level: LevelWord = Field(description="Where it stands. Exactly on a line is `WATCH`.", examples=["NORMAL"])
    normal: int = Field(description="The percent up to which, or from which, it is normal.", examples=[5])
    severe: int = Field(description="The percent beyond which it is severe.", examples=[45])


class TimesOut(Schema):
    """How long answers took."""

    count: int = Field(description="How many there were.", examples=[42])
    average_seconds: float | None = Field(
        None, description="On average; left out where there were none.", examples=[30600.5]
    )
    median_seconds: float | None = Field(
        None, description="The one in the middle; left out where there were none.", examples=[21600.0]
    )


class Stretch(Schema):
    """The figures of one stretch of time."""

    start: str = _at("From then on.")
    end: str = _at("Until then; the moment itself does not belong to it.")
    late_response_rate: RateOut = Field(description="Late answers of all answers.")
    csat: RateOut = Field(description="Helpful ratings of all ratings.")
    answers: TimesOut = Field(description="How long the store's answers took.")
    first_answers: TimesOut = Field(description="How long its first answers to a ticket took.")
    tickets: int = Field(description="Tickets that were opened.", examples=[57])
    reopened: RateOut = Field(description="Tickets that customers opened again, of those that were closed.")
    refunded: RateOut = Field(description="Post Purchase Tickets with a refund, of all of them.")
    tickets_per_100_orders: RateOut = Field(description="Tickets, of orders; its percent is tickets per 100 orders.")


class VolumeOut(Schema):
    """How many tickets were about one issue type."""

    type: TypeWord = Field(description="What kind of question it is.", examples=["PRE_PURCHASE"])
    issue: str = Field(description="The issue type, a stable word.", examples=["product_question"])
    tickets: int = Field(description="How many were opened.", examples=[12])


class JudgedOut(Schema):
    """What the store is judged by now."""

    start: str = _at("From then on.")
    end: str = _at("Until now.")
    late_response_rate: JudgedRate = Field(description="Late answers of all answers.")
    csat: JudgedRate = Field(description="Helpful ratings of all ratings.")


class PerformanceOut(Schema):
    """How a store answers."""

    merchant_id: str = Field(description="The store.", examples=["60c0a1b2c3d4e5f600000001"], json_schema_extra=ID)
    level: LevelWord = Field(description="How the store stands: the worse of the two rates.", examples=["NORMAL"])
    judged: JudgedOut = Field(description="What it is judged by now, whatever period was asked for.")
    impressions_blocked: bool = Field(description="Whether its impressions are blocked.", examples=[False])
    suspended: bool = Field(description="Whether its account is suspended.", examples=[False])
    whole: Stretch = Field(description="The figures of the period.")
    slices: list[Stretch] = Field(description="The same, cut into days or weeks; the first and the last may be cut.")
    volume: list[VolumeOut] = Field(description="The tickets of the period by issue type, the most frequent first.")


class ContestOut(Schema):
    """What became of contesting it."""

    id: str = Field(description="Its id.", examples=["60c0a1b2c3d4e5f600000801"], json_schema_extra=ID)
    state: ContestWord = Field(description="What was decided; `OPEN` before.", examples=["OPEN"])


class LineOut(Schema):
    """A wait or a rating: whether it counts, and why."""

    kind: KindWord = Field(description="What it is.", examples=["WAIT"])
    ticket_id: str = Field("", description="Its ticket.", examples=[A_TICKET], json_schema_extra=ID)
    at: str = _at("The moment to which it belongs.")
    counts: bool = Field(description="Whether it counts.", examples=[True])
    verdict: VerdictWord = Field(description="As what it counts, or why it does not.", examples=["LATE"])
    words: str = Field(
        description="The same as a sentence, in the language of the answer.",
        examples=["Answered 3 h after it was due."],
    )
    started_at: str | None = Field(
        None, description="Of a wait: since when the ticket stood with the store.", examples=[A_MOMENT]
    )
    due_at: str | None = Field(
        None, description="Of a wait: until when an answer had to be there.", examples=[A_MOMENT]
    )
    ended_at: str | None = Field(None, description="Of a wait that is over: when it ended.", examples=[A_MOMENT])
    can_contest: bool = Field(description="Whether it can be contested now, on the pages.", examples=[True])
    contest: ContestOut | None = Field(None, description="What became of contesting it; only where it was.")


def performance_out(store: Merchant, rates: Rates, judged: Window, told: Figures, policy: Policy) -> Wire:
    """How a store answers, as PerformanceOut describes it."""
    late = {"level": LEVELS[levels.of_late(rates.late, policy)], "normal": policy.late_normal}
    csat = {"level": LEVELS[levels.of_csat(rates.csat, policy)], "normal": policy.csat_normal}
    return {
        "merchant_id": store.public_id,
        "level": LEVELS[rates.level(policy)],
        "judged": {
            "start": moment(judged.start),
            "end": moment(judged.end),
            "late_response_rate": rate_out(rates.late) | late | {"severe": policy.late_severe},
            "csat": rate_out(rates.csat) | csat | {"severe": policy.csat_severe},
        },
        "impressions_blocked": store.impressions_blocked_at is not None,
        "suspended": store.suspended_at is not None,
        "whole": _stretch(told.whole),
        "slices": [_stretch(one) for one in told.slices],
        "volume": [_volume(one) for one in told.volume],
    }


def rate_out(rate: Rate) -> Wire:
    """A rate as RateOut describes it."""
    percent = rate.percent
    return given(part=rate.part, whole=rate.whole, percent=None if percent is None else float(percent))


def _stretch(numbers: Numbers) -> Wire:
    return {
        "start": moment(numbers.window.start),
        "end": moment(numbers.window.end),
        "late_response_rate": rate_out(numbers.late),
        "csat": rate_out(numbers.csat),
        "answers": _times(numbers.answers),
        "first_answers": _times(numbers.first_answers),
        "tickets": numbers.tickets,
        "reopened": rate_out(numbers.reopened),
        "refunded": rate_out(numbers.refunded),
        "tickets_per_100_orders": rate_out(numbers.per_orders),
    }


def _times(times: Times) -> Wire:
    return given(count=times.count, average_seconds=_seconds(times.average), median_seconds=_seconds(times.median))


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else length.total_seconds()


def _volume(volume: Volume) -> Wire:
    return {"type": TYPES[volume.category], "issue": volume.issue, "tickets": volume.tickets}


def line_out(line: Line) -> Wire:
    """A line of the ledger as LineOut describes it."""
    wait = line.judged if isinstance(line.judged, JudgedWait) else None
    return given(
        kind=KINDS[line.kind],
        ticket_id=line.ticket.public_id if line.ticket else None,
        at=moment(line.at),
        counts=line.verdict.counts,
        verdict=line.verdict.value.upper(),
        words=line.why,
        started_at=moment(wait.started_at) if wait else None,
        due_at=moment(wait.due_at) if wait else None,
        ended_at=moment(wait.ended_at) if wait and wait.ended_at else None,
        can_contest=line.can_contest,
        contest=line.contest and contest_out(line.contest),
    )


def contest_out(contest: Contest) -> Wire:
    """What became of contesting something, as ContestOut describes it."""
    return {"id": contest.public_id, "state": CONTESTS[contest.outcome]}
