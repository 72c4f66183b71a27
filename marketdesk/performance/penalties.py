"""Notices and sanctions in one list: whatever a merchant was told, proposed or made to bear, the latest first."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from django.db.models import Q, QuerySet

from marketdesk.people.actor import Actor
from marketdesk.performance.models import Notice, Sanction

Penalty = Notice | Sanction
P = TypeVar("P", Notice, Sanction)


@dataclass(frozen=True)
class Page:
    """Some of them; `after` is the key to ask for the next, empty on the last page."""

    rows: list[Penalty]
    after: str


def page(by: Actor, after: str, size: int) -> Page:
    """Those that follow the key `after`, by their moment and then by id. A key that makes no sense begins anew."""
    found: list[Penalty] = [*_following(_notices(by), "given_at", after, size)]
    found += _following(_sanctions(by), "proposed_at", after, size)
    found.sort(key=_place, reverse=True)
    more = len(found) > size
    found = found[:size]
    return Page(found, _key(found[-1]) if more else "")


def find(public_id: str, by: Actor) -> Penalty | None:
    """The one of this id; another merchant's is as if absent."""
    found: Penalty | None = _notices(by).filter(public_id=public_id).first()
    return found or _sanctions(by).filter(public_id=public_id).first()


def _notices(by: Actor) -> QuerySet[Notice]:
    return (
        Notice.objects.visible_to(by)
        .select_related("contest")
        .prefetch_related("causes__wait__ticket", "causes__warning")
    )


def _sanctions(by: Actor) -> QuerySet[Sanction]:
    return Sanction.objects.visible_to(by)


def _following(rows: QuerySet[P], field: str, after: str, size: int) -> list[P]:
    ordered = rows.order_by(f"-{field}", "-public_id")
    if place := _read(after):
        at, public_id = place
        ordered = ordered.filter(Q(**{f"{field}__lt": at}) | Q(**{field: at, "public_id__lt": public_id}))
    return list(ordered[: size + 1])


def _place(one: Penalty) -> tuple[datetime, str]:
    return one.given_at if isinstance(one, Notice) else one.proposed_at, one.public_id


def _key(one: Penalty) -> str:
    at, public_id = _place(one)
    return f"{at.astimezone(UTC).isoformat()}_{public_id}"


def _read(key: str) -> tuple[datetime, str] | None:
    moment, _, public_id = key.partition("_")
    try:
        return datetime.fromisoformat(moment), public_id
    except ValueError:
        return None
