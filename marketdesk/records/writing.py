"""How records of each kind are told apart, compared and written: a batch at a time, in few queries."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.db import DataError, IntegrityError, models, transaction
from django.utils.translation import gettext as _

from marketdesk.records import fields
from marketdesk.records.fields import Bad, Field, Problem, Row

# So many rows are written at a time.
BATCH = 500


@dataclass(frozen=True)
class Outcome:
    """What became of a batch: by line the word of each row that was taken, and why the others were not."""

    done: dict[int, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.done.values())

    def add(self, other: "Outcome") -> None:
        self.done.update(other.done)
        self.problems.extend(other.problems)


class Importer:
    """One kind of record. The same external id means the same record; a field that a row leaves out stays as it is."""

    kind: ClassVar[str]
    model: ClassVar[type[models.Model]]
    fields: ClassVar[tuple[Field, ...]]
    # What of the model is the marketplace's own. A sandbox's record is none of its business: its id is taken, as for
    # anything else that the database refuses.
    real: ClassVar[models.Q] = models.Q()

    def write(self, rows: list[Row]) -> Outcome:
        """Write a batch in which no id comes twice."""
        outcome = Outcome()
        read: list[tuple[Row, dict[str, Any]]] = []
        for row in rows:
            try:
                if row.doubts:
                    raise Bad("", row.doubts[0])
                found = fields.read(row.values, self.fields)
                if not found.get("id"):
                    raise Bad("id", _("is missing"))
                read.append((row, found))
            except Bad as bad:
                outcome.problems.append(Problem(bad.line or row.line, bad.field, bad.reason))
        self.look_up([found for _row, found in read])
        plans: dict[int, Plan] = {}
        for row, found in read:
            try:
                plans[row.line] = self.plan(row, found)
            except Bad as bad:
                outcome.problems.append(Problem(bad.line or row.line, bad.field, bad.reason))
        outcome.problems.sort(key=lambda problem: problem.line)
        self.store(list(plans.values()))
        outcome.done.update((line, plan.word) for line, plan in plans.items())
        return outcome

    def look_up(self, found: list[dict[str, Any]]) -> None:
        """Fetch what the batch needs to know: its records as they are, and what they refer to. The records are locked,
        all in one order: nobody is erased between our look and our writing, and no two batches wait for each other."""
        records = self.model._default_manager.filter(self.real)
        locked = records.select_for_update(no_key=True, of=("self",)).order_by("pk")
        self.known = self.by_id(locked, (one["id"] for one in found))

    def plan(self, row: Row, found: dict[str, Any]) -> "Plan":
        """What is to be written for one row. Raises Bad."""
        record = self.known.get(found["id"])
        if record is None:
            fields.require(found, self.fields)
        values = self.values(found, record)
        if record is None:
            return Plan(self.model(external_id=found["id"], **values), is_new=True)
        return Plan.of(record, values)

    def values(self, found: dict[str, Any], record: Any) -> dict[str, Any]:
        """The row's values as the model's; `record` is the known one, if there is one. Raises Bad."""
        raise NotImplementedError

    def store(self, plans: list["Plan"]) -> None:
        """Write new and changed records."""
        store(plans)

    @staticmethod
    def by_id(records: models.QuerySet[Any], ids: Iterable[str | None]) -> dict[str, Any]:
        """Records by external id."""
        return dict(records.in_bulk({one for one in ids if one}, field_name="external_id"))

    @staticmethod
    def refer(known: dict[str, Any], wanted: str, field: str) -> Any:
        """The record that a row refers to. Raises Bad."""
        if wanted not in known:
            raise Bad(field, _("“%(id)s” is not known: import it first") % {"id": fields.shown(wanted)})
        return known[wanted]


@dataclass
class Plan:
    """What is to be written for one record: all of it, some fields, or nothing."""

    record: Any
    is_new: bool = False
    changed: tuple[str, ...] = ()
    more: bool = False  # something that hangs on it changes

    @classmethod
    def of(cls, record: Any, values: dict[str, Any]) -> "Plan":
        """The plan for a known record: what differs is changed. References go by row number, which costs no query."""
        changed = tuple(name for name, value in values.items() if getattr(record, name) != value)
        for name in changed:
            setattr(record, name, values[name])
        return cls(record, changed=changed)

    @property
    def word(self) -> str:
        """How it counts."""
        if self.is_new:
            return "created"
        return "updated" if self.changed or self.more else "unchanged"


def batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """The rows, so many at a time; an id that comes again begins a new batch."""
    batch: dict[object, Row] = {}
    for row in rows:
        key = str(row.values.get("id", "")).strip()
        if len(batch) >= BATCH or key in batch:
            yield list(batch.values())
            batch = {}
        batch[key] = row
    if batch:
        yield list(batch.values())


def write(importer: Importer, batch: list[Row]) -> Outcome:
    """One batch, in one transaction. If the database refuses it (somebody else wrote meanwhile), row by row."""
    try:
        with transaction.atomic():
            return importer.write(batch)
    except (IntegrityError, DataError):
        pass
    whole = Outcome()
    for row in batch:
        try:
            with transaction.atomic():
                whole.add(importer.write([row]))
        except (IntegrityError, DataError) as refusal:
            words = _("the database refused it: %(reason)s") % {"reason": fields.shown(refusal)}
            whole.problems.append(Problem(row.line, "", words))
    return whole


def store(plans: Iterable[Plan]) -> None:
    """Write the records of one model."""
    plans = list(plans)
    new = [plan.record for plan in plans if plan.is_new]
    changed = [plan for plan in plans if plan.changed and not plan.is_new]
    if new:
        type(new[0]).objects.bulk_create(new)
    if changed:
        names = sorted({name for plan in changed for name in plan.changed})
        # By row number, over what is there: three times as quick as bulk_update, which asks row by row within a CASE.
        type(changed[0].record).objects.bulk_create(
            [plan.record for plan in changed], update_conflicts=True, unique_fields=["pk"], update_fields=names
        )


def given(found: dict[str, Any], *names: str) -> dict[str, Any]:
    """The values that a row gives under the model's own names."""
    return {name: found[name] for name in names if name in found}
