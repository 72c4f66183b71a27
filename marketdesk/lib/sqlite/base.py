"""Django's SQLite, where those who write wait by turns. SQLite itself lets them sleep longer and longer, up to a tenth
of a second, so that whoever came first is overtaken again and again: of eight writers one in a hundred waited for most
of a second."""

import random
import sqlite3
import threading
import time
from typing import Any

from django.db.backends.sqlite3 import base

# Seconds between two looks whether another process has written.
LOOK = 0.001
# What takes no lock of its own: it reads, or stands in a transaction that has it already.
FREE = ("SELECT", "WITH", "EXPLAIN", "PRAGMA", "BEGIN DEFERRED")
TURN = threading.Lock()


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's, but for its cursors."""

    def create_cursor(self, name: str | None = None) -> "Cursor":
        return self.connection.cursor(factory=Cursor)  # type: ignore[no-any-return]


class Cursor(base.SQLiteCursorWrapper):
    """Of each process one thread at a time looks whether it may begin to write, often; the others stand behind it."""

    def execute(self, query: str, params: Any = None) -> Any:
        """One statement. Raises sqlite3's error where the database stays locked for as long as its time-out says."""
        if self.connection.in_transaction or query.startswith(FREE):
            return super().execute(query, params)
        (patience,) = self.connection.execute("PRAGMA busy_timeout").fetchone()
        last = time.monotonic() + patience / 1000
        if not TURN.acquire(timeout=patience / 1000):
            return super().execute(query, params)
        try:
            self.connection.execute("PRAGMA busy_timeout=0")
            return self._once_free(query, params, last)
        finally:
            self.connection.execute(f"PRAGMA busy_timeout={patience}")
            TURN.release()

    def _once_free(self, query: str, params: Any, last: float) -> Any:
        while True:
            try:
                return super().execute(query, params)
            except sqlite3.OperationalError as refusal:
                if refusal.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > last:
                    raise
            time.sleep(random.uniform(0.5, 1.5) * LOOK)  # noqa: S311  # so that two processes do not look in step
