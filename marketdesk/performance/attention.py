"""What a merchant must be told on each of its pages, in one query: how it stands, what it has not read, what is said or
decided about it. Nothing is counted for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, DateTimeField, QuerySet, Value

from marketdesk.lib.prepared import Prepared, Question
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.performance.levels import Level
from marketdesk.performance.models import Notice, NoticeKind, Sanction, SanctionKind, SanctionState, Standing


@dataclass(frozen=True)
class OpenSanction:
    """A sanction that is in force, or proposed and not yet answered; then there is time until `hear_until`."""

    public_id: str
    kind: SanctionKind
    is_proposed: bool
    hear_until: datetime


@dataclass(frozen=True)
class Attention:
    """Everything of it; the sanction in force before those proposed, the notices that nobody read from the latest."""

    level: Level
    sanctions: list[OpenSanction]
    penalties: list[str]
    warnings: list[str]


def of(actor: Actor) -> Attention:
    """What the merchant for whom somebody acts must be told."""
    rows = _ROWS(actor.merchant_id or 0)
    found = sorted(rows, key=lambda row: row[3].timestamp() if row[3] else 0, reverse=True)
    notices = [row for row in found if row[0] in NoticeKind.values]
    sanctions = [
        OpenSanction(public_id, SanctionKind(kind), state == SanctionState.PROPOSED, hear_until)
        for kind, public_id, state, hear_until in found
        if kind in SanctionKind.values and hear_until
    ]
    return Attention(
        level=next((Level(row[0]) for row in found if row[0] in Level.values), Level.NORMAL),
        sanctions=sorted(sanctions, key=lambda one: (one.is_proposed, one.kind != SanctionKind.SUSPENSION)),
        penalties=[row[1] for row in notices if row[0] == NoticeKind.PENALTY],
        warnings=[row[1] for row in notices if row[0] == NoticeKind.WARNING],
    )


def questions(actor: Actor) -> list[Question]:
    """What `of` asks."""
    return [_ROWS.question(actor.merchant_id or 0)]


def _rows(merchant: int) -> QuerySet[Any, tuple[str, str, str, datetime | None]]:
    """Everything as kind, id, state and moment. Asked for every page, so put into words once."""
    actor = Actor(Party.MERCHANT, merchant_id=merchant)
    empty, none = Value("", CharField()), Value(None, DateTimeField())
    standing = Standing.objects.filter(merchant_id=merchant).values_list("level", empty, empty, none)
    unread = Notice.objects.visible_to(actor).filter(read_at=None, withdrawn_at=None)
    seen = Sanction.objects.visible_to(actor)
    proposed = seen.filter(state=SanctionState.PROPOSED, answered_at=None)
    in_force = seen.filter(state=SanctionState.CONFIRMED)
    return standing.union(
        unread.order_by().values_list("kind", "public_id", empty, "given_at"),
        *(found.order_by().values_list("kind", "public_id", "state", "hear_until") for found in (proposed, in_force)),
        all=True,
    )


_ROWS = Prepared(_rows)
