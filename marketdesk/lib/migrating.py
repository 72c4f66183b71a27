"""Changes of tables that those who serve hardly notice: for migrations of tables that may be large."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import AddIndex
from django.db.migrations.state import ProjectState


class AddIndexBesideTraffic(AddIndex):
    """An index that PostgreSQL builds while the table is written to (CONCURRENTLY); SQLite builds it at once. The
    migration says `atomic = False`, so it may be broken off: what is there already is not built again, and what is half
    there is built anew."""

    atomic = False

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            with _patiently(schema_editor):
                if not _is_there(schema_editor, self.index.name):
                    schema_editor.add_index(model, self.index, **_beside(schema_editor))

    def database_backwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            with _patiently(schema_editor):
                schema_editor.remove_index(model, self.index, **_beside(schema_editor))


def _beside(schema_editor: BaseDatabaseSchemaEditor) -> dict[str, Any]:
    return {"concurrently": True} if schema_editor.connection.vendor == "postgresql" else {}


@contextmanager
def _patiently(schema_editor: BaseDatabaseSchemaEditor) -> Iterator[None]:
    """It waits for everybody who has begun to read or write, however long they take; nobody waits for it."""
    if schema_editor.connection.vendor != "postgresql" or schema_editor.collect_sql:
        yield
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        (before,) = cursor.fetchone()
        cursor.execute("SET lock_timeout = 0")
        try:
            yield
        finally:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [before])


def _is_there(schema_editor: BaseDatabaseSchemaEditor, name: str) -> bool:
    """Whether the index is there, and whole: PostgreSQL leaves half of one where its building was broken off."""
    if schema_editor.collect_sql:
        return False
    with schema_editor.connection.cursor() as cursor:
        if schema_editor.connection.vendor != "postgresql":
            cursor.execute("SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name = %s", [name])
            return bool(cursor.fetchone()[0])
        cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(quote_ident(%s))", [name])
        (is_whole,) = cursor.fetchone() or (None,)
        if is_whole is False:
            cursor.execute(f"DROP INDEX CONCURRENTLY {schema_editor.quote_name(name)}")
        return bool(is_whole)
