"""Pages of a list by key: the cost of page 900 is the cost of page 1."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)

SIZE = 50


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page of rows; `after` is the key to ask for the next one, empty on the last."""

    rows: list[M]
    after: str


def page(rows: QuerySet[M], field: str, after: str, *, newest_first: bool = False, size: int = SIZE) -> Page[M]:
    """The rows that follow the key `after`, ordered by a moment field and then by id. A key that makes no sense
    begins at the start."""
    sign = "-" if newest_first else ""
    ordered = rows.order_by(f"{sign}{field}", f"{sign}pk")
    at = _read(after)
    if at is not None:
        moment, pk = at
        step = "lt" if newest_first else "gt"
        ordered = ordered.filter(Q(**{f"{field}__{step}": moment}) | Q(**{field: moment, f"pk__{step}": pk}))
    found = list(ordered[: size + 1])
    more = len(found) > size
    found = found[:size]
    return Page(found, _write(found[-1], field) if more else "")


def _write(row: Model, field: str) -> str:
    moment: datetime = getattr(row, field)
    return f"{moment.timestamp():.6f}_{row.pk}"


def _read(key: str) -> tuple[Any, int] | None:
    stamp, _, pk = key.partition("_")
    try:
        return datetime.fromtimestamp(float(stamp), UTC), int(pk)
    except (ValueError, OverflowError, OSError):
        return None
