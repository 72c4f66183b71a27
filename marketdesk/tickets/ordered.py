"""How a list that an operator orders is changed: drafted, checked, saved with a reason, undone."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from marketdesk.journal.models import AlreadyDone, Audience, Deed, Event, KeyReused
from marketdesk.people.actor import Actor
from marketdesk.tickets.models.ordered import ListChange, ListDraft, ListKind

Row = dict[str, Any]
Rows = list[Row]


class BadList(ValueError):
    """What no such list can hold; `code` is the row where a person puts it right, `field` what of it."""

    def __init__(self, words: str, code: str = "", field: str = "") -> None:
        super().__init__(words)
        self.code = code
        self.field = field


class ListMoved(Exception):
    """The list is no longer the one that the person had before them: nothing was changed."""

    def __str__(self) -> str:
        return _("Somebody else changed this list meanwhile. Nothing was saved; your draft is kept.")


@dataclass(frozen=True)
class OrderedList:
    """One such list: how it is read, what is wrong with rows, and how they take effect. `verb` names its events."""

    kind: ListKind
    verb: str
    read: Callable[[], Rows]
    problems: Callable[[Rows], Sequence[BadList]]
    write: Callable[[Rows], None]

    def edition(self) -> int:
        """Which version it is: another one after every change."""
        return ListChange.objects.filter(kind=self.kind).values_list("pk", flat=True).last() or 0

    def history(self) -> QuerySet[ListChange]:
        """Every change, the latest first."""
        return ListChange.objects.filter(kind=self.kind).order_by("-pk")

    def draft(self, user_id: int) -> ListDraft:
        """What a person has drafted; the list as it is where there is nothing."""
        kept = ListDraft.objects.filter(kind=self.kind, user_id=user_id).first()
        return kept or ListDraft(kind=self.kind, user_id=user_id, rows=self.read(), seen=self.edition())

    def forget(self, user_id: int) -> None:
        """Throw a draft away."""
        ListDraft.objects.filter(kind=self.kind, user_id=user_id).delete()

    @transaction.atomic
    def change(
        self, rows: Rows, *, reason: str, by: Actor, seen: int | None = None, undoes: ListChange | None = None
    ) -> ListChange:
        """Make these rows the list, for a reason. Raises BadList and changes nothing when something is wrong with them,
        and ListMoved when the list is not the edition that the person had `seen`."""
        self._claim(by, seen, json.dumps({"rows": rows, "reason": reason}, sort_keys=True))
        before = self.read()
        for problem in self.problems(rows):
            raise problem
        if rows == before:
            raise BadList(_("Nothing is different from now."))
        made = ListChange(
            kind=self.kind,
            before=before,
            rows=rows,
            reason=reason,
            actor=by.as_json(),
            made_at=by.at,
            undoes=undoes,
        )
        made.save()
        self.write(rows)
        Event.tell(
            verb=self.verb,
            subject_kind=self.kind,
            subject_id=made.pk,
            audience=Audience.PLATFORM,
            actor=by.as_json(),
            data={"rows": rows, "reason": reason},
            at=by.at,
        )
        return made

    def undo(self, change: ListChange, *, reason: str, by: Actor, seen: int | None = None) -> ListChange:
        """Bring back the list as it was before a change; what was changed since goes with it."""
        return self.change(change.before, reason=reason, by=by, seen=seen, undoes=change)

    def _claim(self, by: Actor, seen: int | None, body: str) -> None:
        """Once for each sending of a form, and only for the first of those who had the same list before them."""
        if by.key:
            Deed.begin(by.who, by.key, body)
        if seen is None:
            return
        if seen != self.edition():
            raise ListMoved
        try:
            Deed.begin(self.kind, f"after {seen}", by.who)
        except (AlreadyDone, KeyReused):
            raise ListMoved from None


def place_of(rows: Rows, code: str) -> int | None:
    """Where a row stands."""
    return next((place for place, row in enumerate(rows) if row["code"] == code), None)


def moved(rows: Rows, code: str, by: int, *, last_stays: bool = False) -> Rows:
    """The rows with one of them moved up (-1) or down (1), as far as there is room."""
    place = place_of(rows, code)
    free = len(rows) - last_stays
    if place is None or place >= free or not 0 <= place + by < free:
        return rows
    found = [row for row in rows if row["code"] != code]
    return [*found[: place + by], rows[place], *found[place + by :]]
