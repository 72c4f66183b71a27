"""Lists in the order of a moment: pages by key (page 900 costs what page 1 does), and the way from row to row."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from operator import or_
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)

SIZE = 50


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page of rows; `after` is the key to ask for the next one, empty on the last."""

    rows: list[M]
    after: str


@dataclass(frozen=True)
class Neighbours:
    """The public ids of the rows before and after one; empty where there is none."""

    before: str
    after: str


def page(rows: QuerySet[M], field: str, after: str, *, newest_first: bool = False, size: int = SIZE) -> Page[M]:
    """The rows that follow the key `after`, ordered by a moment field and then by id. A key that makes no sense
    begins at the start."""
    sign = "-" if newest_first else ""
    ordered = rows.order_by(f"{sign}{field}", f"{sign}pk")
    key = read_key(after)
    if key is not None:
        ordered = ordered.filter(beyond(field, *key, newest_first=newest_first))
    found = list(ordered[: size + 1])
    more = len(found) > size
    found = found[:size]
    return Page(found, write_key(getattr(found[-1], field), found[-1].pk) if more else "")


def neighbours(rows: QuerySet[Any], row: Any, field: str, *, newest_first: bool = False) -> Neighbours:
    """Where one goes from a row, in one query. A row that has left the list is followed by the list's first."""
    onward, back = (f"-{field}", "-pk"), (field, "pk")
    if not newest_first:
        onward, back = back, onward
    near = [rows.filter(pk=row.pk), rows.order_by(*onward)[:1]]
    if at := getattr(row, field):
        before = beyond(field, at, row.pk, newest_first=not newest_first)
        after = beyond(field, at, row.pk, newest_first=newest_first)
        near += [rows.filter(before).order_by(*back)[:1], rows.filter(after).order_by(*onward)[:1]]
    found = reduce(or_, (Q(pk__in=one.values("pk")) for one in near))
    # Looked up by number and not in `rows` again, or the database would walk the whole list to find these few.
    ids = list(rows.model._default_manager.filter(found).order_by(*onward).values_list("public_id", flat=True))
    if row.public_id not in ids:
        return Neighbours("", ids[0] if ids else "")
    here = ids.index(row.public_id)
    return Neighbours(ids[here - 1] if here else "", ids[here + 1] if here + 1 < len(ids) else "")


def beyond(field: str, at: datetime, pk: int, *, newest_first: bool = False) -> Q:
    """The condition of the rows that follow one in this order; its first part is what an index can be entered by."""
    step = "lt" if newest_first else "gt"
    return Q(**{f"{field}__{step}e": at}) & (Q(**{f"{field}__{step}": at}) | Q(**{f"pk__{step}": pk}))


def write_key(at: datetime, pk: int) -> str:
    """The key of a row's place."""
    return f"{at.timestamp():.6f}_{pk}"


def read_key(key: str) -> tuple[datetime, int] | None:
    """The place that a key names; None where it makes no sense."""
    stamp, _, pk = key.partition("_")
    try:
        at, number = datetime.fromtimestamp(float(stamp), UTC), int(pk)
    except (ValueError, OverflowError, OSError):
        return None
    return (at, number) if 0 <= number < 2**63 else None
