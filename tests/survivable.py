"""What the previous release must survive of a migration: it still serves while the new tables are made, and again when
the operator goes back to it."""

from collections.abc import Iterator
from typing import Any

from django.db import connection, models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.models.fields import NOT_PROVIDED

from marketdesk.lib.migrating import AddIndexBesideTraffic

# The last migration of each room in the previous release; later ones are looked at. Move it on with a release.
BASELINE = {
    "journal": "0004_reopenings",
    "merchants": "0005_sanctions",
    "orders": "0003_by_merchant",
    "outbox": "0005_penalty_topics",
    "people": "0003_arrivals",
    "performance": "0003_counted_days",
    "policy": "0002_withdrawing",
    "programs": "0004_penalties_of_operators_tokens",
    "refunds": "0003_refund_reason_note",
    "replies": "0001_initial",
    "teams": "0001_invitations",
    "tickets": "0008_by_asking",
    "translations": "0001_initial",
}
# Why one may do all the same what is complained of here: `"room.0009_name": "reason"`.
EXCEPTIONS: dict[str, str] = {}


def newer() -> list[Migration]:
    """Every migration of ours since the previous release."""
    loader = MigrationLoader(None)
    return [
        migration
        for (room, name), migration in sorted(loader.disk_migrations.items())
        if migration.__module__.startswith("marketdesk.") and name[:4] > BASELINE.get(room, "")[:4]
    ]


def complaints(migration: Migration) -> list[str]:
    """What the previous release would not survive, each in words; nothing where an exception says why."""
    label = f"{migration.app_label}.{migration.name}"
    if label in EXCEPTIONS:
        return []
    before = MigrationLoader(None).project_state(list(migration.dependencies) or None)
    there = set(before.models)
    found = []
    for operation in migration.operations:
        found += [f"{label}: {words}" for words in _about(operation, migration, before, there)]
        operation.state_forwards(migration.app_label, before)
    return found


def _about(operation: Operation, migration: Migration, before: Any, there: set[Any]) -> Iterator[str]:
    name = str(getattr(operation, "model_name", None) or getattr(operation, "name", ""))
    if isinstance(operation, operations.SeparateDatabaseAndState):
        for inner in operation.database_operations:
            yield from _about(inner, migration, before, there)
        return
    # A table that came with this very release is empty, and unknown to the previous one.
    is_old = (migration.app_label, name.lower()) in there
    match operation:
        case operations.RunPython() | operations.RunSQL():
            yield "changes rows or tables by hand: say in EXCEPTIONS why the old code and the traffic survive it"
        case operations.CreateModel():
            return
        case operations.DeleteModel() | operations.RenameModel() | operations.AlterModelTable() if is_old:
            yield f"the previous release still uses the table of {name}: take it away one release later"
        case operations.RemoveField() | operations.RenameField() if is_old:
            yield f"the previous release still uses a column of {name}: take it away one release later"
        case operations.AddField() if is_old:
            yield from _about_new(name, operation.name, operation.field)
        case operations.AlterField() if is_old:
            old = before.models[migration.app_label, name.lower()].fields[operation.name]
            yield from _about_changed(name, operation.name, old, operation.field)
        case AddIndexBesideTraffic():
            if migration.atomic:
                yield "AddIndexBesideTraffic needs atomic = False"
        case operations.AddIndex() if is_old:
            yield f"nobody can write to {name} while its index is built: use AddIndexBesideTraffic"
        case operations.AddConstraint() if is_old:
            yield f"nobody can write to {name} while all its rows are checked, and the old code may break it"
        case operations.AlterUniqueTogether() | operations.AlterIndexTogether() if is_old:
            yield f"nobody can write to {name} while its index is built"


def _about_new(model: str, name: str, field: Any) -> Iterator[str]:
    if isinstance(field, models.GeneratedField):
        yield f"{model}.{name} is generated: PostgreSQL writes the whole table anew while nobody can use it"
        return
    if field.many_to_many:
        return
    if not field.null and field.db_default is NOT_PROVIDED:
        yield f"{model}.{name} is never empty, which the old code does not know: give it a db_default"
    if field.db_index or field.unique:
        yield f"nobody can write to {model} while {name} is indexed: db_index=False, and AddIndexBesideTraffic"


def _about_changed(model: str, name: str, old: Any, new: Any) -> Iterator[str]:
    if _type(old) != _type(new):
        yield f"{model}.{name} gets another type: PostgreSQL may write the whole table anew, and the old code may fail"
    if old.null and not new.null:
        yield f"{model}.{name} must not be empty any more, which the old code does not know"
    if (new.unique and not old.unique) or (new.db_index and not old.db_index):
        yield f"nobody can write to {model} while the index of {name} is built"


def _type(field: Any) -> Any:
    if field.remote_field:  # a key has its target's type, which only the whole of the models knows
        return str(field.remote_field.model).lower()
    return field.db_type(connection)
