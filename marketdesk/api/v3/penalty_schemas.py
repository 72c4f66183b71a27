"""API v3's words for notices and sanctions: both are penalties on this wire, each with what it was given for."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Literal

from ninja import Field, Schema

from marketdesk.api.v3.performance_schemas import ContestOut, contest_out
from marketdesk.api.v3.schemas import A_MOMENT, A_TICKET, ID, Wire, given, moment
from marketdesk.performance import sanctioning, statement
from marketdesk.performance.models import Contest, Notice, NoticeKind, Sanction, SanctionKind, SanctionState
from marketdesk.policy import promises

TypeWord = Literal["WARNING", "PENALTY_NOTICE", "IMPRESSIONS_BLOCKED", "ACCOUNT_SUSPENDED"]
StateWord = Literal["PROPOSED", "ISSUED", "REVERSED", "CANCELLED"]

TYPES: dict[str, TypeWord] = {
    NoticeKind.WARNING: "WARNING",
    NoticeKind.PENALTY: "PENALTY_NOTICE",
    SanctionKind.IMPRESSIONS: "IMPRESSIONS_BLOCKED",
    SanctionKind.SUSPENSION: "ACCOUNT_SUSPENDED",
}
STATES: dict[str, StateWord] = {
    SanctionState.PROPOSED: "PROPOSED",
    SanctionState.CONFIRMED: "ISSUED",
    SanctionState.DECLINED: "CANCELLED",
    SanctionState.WITHDRAWN: "CANCELLED",
    SanctionState.ENDED: "CANCELLED",
}
A_PENALTY, A_WARNING = "60c0a1b2c3d4e5f600000a01", "60c0a1b2c3d4e5f600000a02"


def _at(meaning: str) -> Any:
    return Field(None, description=meaning, examples=[A_MOMENT], json_schema_extra={"format": "date-time"})


class PenaltyOut(Schema):
    """A notice or a sanction."""

    id: str = Field(description="Its id.", examples=[A_PENALTY], json_schema_extra=ID)
    type: TypeWord = Field(description="What it is.", examples=["WARNING"])
    state: StateWord = Field(
        description="`PROPOSED`: nobody has decided it yet. `ISSUED`: it is given, or in force. `REVERSED`: it was "
        "withdrawn, because what it was given for does not count. `CANCELLED`: it is over, or was declined.",
        examples=["ISSUED"],
    )
    issued_at: str = Field(
        description="When it was given, or proposed.", examples=[A_MOMENT], json_schema_extra={"format": "date-time"}
    )
    answer_until: str | None = _at("Until when it can be contested, or a proposal be answered, on the pages.")
    read_at: str | None = _at("When somebody of the store had read it.")
    in_force_at: str | None = _at("Of a sanction: since when it is in force.")
    ends_at: str | None = _at("Of a sanction in force: when it ends by itself.")
    ended_at: str | None = _at("When it was withdrawn or declined, or ended.")
    reason: str = Field(
        "", description="What the person said who proposed it, where a person did.", examples=["Every answer is late."]
    )
    decision: str = Field(
        "", description="What the person said who decided it.", examples=["You answered three of ten in time."]
    )
    rule: dict[str, Any] = Field(
        description="The policy's values by which it was given. A later policy changes nothing.",
        examples=[{"figures_days": 30, "warning_waits": 3}],
    )
    figures: dict[str, Any] = Field(description="What was counted.", examples=[{"late": 4, "answers": 31}])
    ticket_ids: list[str] = Field(
        description="The tickets that it was given for, each once.",
        examples=[[A_TICKET]],
        json_schema_extra={"items": {"type": "string", **ID}},
    )
    warning_ids: list[str] = Field(
        description="Of a penalty notice: the warnings that it was given for.",
        examples=[[A_WARNING]],
        json_schema_extra={"items": {"type": "string", **ID}},
    )
    contest: ContestOut | None = Field(
        None, description="Of a notice: what became of contesting it; only where it was."
    )


def penalty_out(one: Notice | Sanction) -> Wire:
    """Either of them as PenaltyOut describes it."""
    return notice_out(one) if isinstance(one, Notice) else sanction_out(one)


def notice_out(notice: Notice) -> Wire:
    """A notice as PenaltyOut describes it; its causes are read along."""
    causes = sorted(notice.causes.all(), key=lambda cause: cause.pk)
    until = notice.given_at + timedelta(days=promises.current().contest_days)
    contest: Contest | None = getattr(notice, "contest", None)
    return given(
        id=notice.public_id,
        type=TYPES[notice.kind],
        state="REVERSED" if notice.withdrawn_at else "ISSUED",
        issued_at=moment(notice.given_at),
        answer_until=None if notice.withdrawn_at or contest else moment(until),
        read_at=notice.read_at and moment(notice.read_at),
        ended_at=notice.withdrawn_at and moment(notice.withdrawn_at),
        rule=notice.rule,
        figures=notice.figures,
        ticket_ids=_once(cause.wait.ticket.public_id for cause in causes if cause.wait),
        warning_ids=[cause.warning.public_id for cause in causes if cause.warning],
        contest=contest and contest_out(contest),
    )


def sanction_out(sanction: Sanction) -> Wire:
    """A sanction as PenaltyOut describes it."""
    grounds = statement.grounds(sanction)
    counted = {name: getattr(grounds, name) for name in ("late", "answers", "helpful", "ratings")}
    began = sanction.decided_at if sanction.ends_at else None
    return given(
        id=sanction.public_id,
        type=TYPES[sanction.kind],
        state=_state(sanction),
        issued_at=moment(sanction.proposed_at),
        answer_until=moment(sanction.hear_until) if sanctioning.can_answer(sanction) else None,
        in_force_at=began and moment(began),
        ends_at=sanction.ends_at and moment(sanction.ends_at),
        ended_at=sanction.ended_at and moment(sanction.ended_at),
        reason=sanction.reasons.get("words") or None,
        decision=sanction.decision or None,
        rule=dict(grounds.rule),
        figures=counted,
        ticket_ids=_once(one.ticket for one in [*grounds.late_answers, *grounds.unhelpful]),
        warning_ids=[],
    )


def _state(sanction: Sanction) -> StateWord:
    """What was in force without reason is taken back; what was over in any other way is over."""
    if sanction.state == SanctionState.ENDED and sanction.ended_how == sanctioning.BASELESS:
        return "REVERSED"
    return STATES[sanction.state]


def _once(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
