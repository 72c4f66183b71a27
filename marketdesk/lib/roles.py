"""Two roles of PostgreSQL: one owns the tables and changes them, another serves and only reads and writes rows."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection

# Whoever prepares a database holds this number, so that two machines do not change the same tables.
PREPARING = 6_275_337


def may_create() -> bool:
    """Whether tables can be made: by an owner of their own, or by who serves."""
    if settings.DATABASE_OWNER or connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_schema_privilege(current_schema(), 'CREATE')")
        return bool(cursor.fetchone()[0])


@contextmanager
def as_owner() -> Iterator[None]:
    """Within, the connection is the owner's, where there is one, and nobody else prepares; afterwards the role that
    serves may read and write every row there is. No statement is cut short, since building an index takes its time."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        (serving,) = cursor.fetchone()
    served = connection.settings_dict
    _reconnect({**served, **_without_limit(settings.DATABASE_OWNER or served), "NAME": served["NAME"]})
    try:
        _wait_for_turn()
        yield
        if settings.DATABASE_OWNER:
            _let_in(serving)
    finally:
        _reconnect(served)


def _without_limit(owner: dict[str, Any]) -> dict[str, Any]:
    options = {name: value for name, value in owner["OPTIONS"].items() if name != "pool"}
    if "options" in options:
        options["options"] += " -c statement_timeout=0"
    return {**owner, "OPTIONS": options}


def _reconnect(how: dict[str, Any]) -> None:
    connection.close()
    connection.settings_dict = how


def _wait_for_turn() -> None:
    """Ask again and again: a session that waits within one statement would hold up an index that is built beside
    the traffic."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [PREPARING])
            if cursor.fetchone()[0]:
                return
            time.sleep(0.2)


def _let_in(role: str) -> None:
    """Rows to read and write, now and of tables to come; nothing to create, change or drop."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user = %s, quote_ident(%s), quote_ident(current_schema())", [role, role])
        is_owner, role, schema = cursor.fetchone()
        if is_owner:
            return
        for rights, what in (("SELECT, INSERT, UPDATE, DELETE", "TABLES"), ("USAGE, SELECT", "SEQUENCES")):
            cursor.execute(f"GRANT {rights} ON ALL {what} IN SCHEMA {schema} TO {role}")
            cursor.execute(f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT {rights} ON {what} TO {role}")
        cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
        cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}")
