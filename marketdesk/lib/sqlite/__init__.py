"""The refusal of a SQLite library that can corrupt a database in WAL mode."""

import sqlite3

from django.core.exceptions import ImproperlyConfigured

OLDEST_SAFE = (3, 51, 3)


def refuse_unsafe(version: tuple[int, ...] | None = None) -> None:
    """Raise unless this SQLite is safe for several processes in WAL mode (reliability, section 1)."""
    found = version or tuple(int(part) for part in sqlite3.sqlite_version.split("."))
    if found < OLDEST_SAFE:
        raise ImproperlyConfigured(
            f"SQLite {'.'.join(map(str, found))} can corrupt a database that two processes write to. "
            f"Marketdesk needs {'.'.join(map(str, OLDEST_SAFE))} or newer: install the pysqlite3 wheel, "
            "a newer system library, or use PostgreSQL (DATABASE_URL)."
        )
