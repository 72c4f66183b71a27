"""Lists in the order of a moment: pages by key (page 900 costs what page 1 does), and the way from row to row."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet, Subquery

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
    key = read_key(after)
    return cut(list(span(rows, field, key, newest_first=newest_first, size=size)), field, size=size)


def span(
    rows: QuerySet[M],
    field: str,
    key: tuple[datetime, int] | None = None,
    *,
    newest_first: bool = False,
    size: int = SIZE,
) -> QuerySet[M]:
    """The rows of a page, and one more if there is one."""
    sign = "-" if newest_first else ""
    ordered = rows.order_by(f"{sign}{field}", f"{sign}pk")
    if key is not None:
        ordered = ordered.filter(beyond(field, *key, newest_first=newest_first))
    return ordered[: size + 1]


def cut(found: list[M], field: str, *, size: int = SIZE) -> Page[M]:
    """The page of what `span` found."""
    more = len(found) > size
    found = found[:size]
    return Page(found, write_key(getattr(found[-1], field), found[-1].pk) if more else "")


def neighbours(rows: QuerySet[Any], row: Any, field: str, *, newest_first: bool = False) -> Neighbours:
    """Where one goes from a row, in one query."""
    return told(around(rows, field, row.pk, place(row, field), newest_first=newest_first).first())


def place(row: Any, field: str) -> datetime:
    """The moment by which a list has a row; behind all others where it has none."""
    return getattr(row, field) or datetime.max.replace(tzinfo=UTC)


def around(
    rows: QuerySet[Any], field: str, pk: int, at: datetime, *, newest_first: bool = False
) -> "QuerySet[Any, tuple[str | None, ...]]":
    """The row before and the row after a place, the list's first, and the row itself if the list still has it: each
    is one step in the list's own index."""
    sign, against = ("-", "") if newest_first else ("", "-")
    onward, back = (f"{sign}{field}", f"{sign}pk"), (f"{against}{field}", f"{against}pk")
    steps = [
        rows.filter(beyond(field, at, pk, newest_first=not newest_first)).order_by(*back),
        rows.filter(beyond(field, at, pk, newest_first=newest_first)).order_by(*onward),
        rows.order_by(*onward),
        rows.filter(pk=pk).order_by(),
    ]
    ids = [Subquery(one.values("public_id")[:1]) for one in steps]
    itself: QuerySet[Any] = rows.model._default_manager.filter(pk=pk).order_by()
    return itself.values_list(*ids)


def told(ids: tuple[str | None, ...] | None) -> Neighbours:
    """What `around` found. A row that has left the list is followed by the list's first."""
    before, after, first, itself = ids or (None,) * 4
    return Neighbours(before or "", after or "") if itself else Neighbours("", first or "")


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
