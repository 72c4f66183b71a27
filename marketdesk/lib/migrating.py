"""Changes of tables that those who serve hardly notice: for migrations of tables that may be large."""

from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AddIndex
from django.db.migrations.state import ProjectState


class AddIndexBesideTraffic(AddIndex):
    """An index that PostgreSQL builds while the table is written to (CONCURRENTLY); SQLite builds it at once. The
    migration says `atomic = False`; so one that was broken off can be run again: an index that is there is left, and
    one that PostgreSQL did not finish is built anew."""

    atomic = False

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        is_whole = _is_whole(schema_editor, self.index.name)
        if is_whole is False:
            schema_editor.remove_index(model, self.index, **_beside(schema_editor))
        if not is_whole:
            schema_editor.add_index(model, self.index, **_beside(schema_editor))

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            schema_editor.remove_index(model, self.index, **_beside(schema_editor))


def _beside(schema_editor: BaseDatabaseSchemaEditor) -> dict[str, Any]:
    return {"concurrently": True} if schema_editor.connection.vendor == "postgresql" else {}


def _is_whole(schema_editor: BaseDatabaseSchemaEditor, name: str) -> bool | None:
    """Whether an index of this name was built to its end; None where there is none."""
    is_postgresql = schema_editor.connection.vendor == "postgresql"
    with schema_editor.connection.cursor() as cursor:
        if is_postgresql:
            cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(quote_ident(%s))", [name])
        else:
            cursor.execute("SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = %s", [name])
        found = cursor.fetchone()
    return bool(found[0]) if found else None
