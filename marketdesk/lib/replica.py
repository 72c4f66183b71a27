"""Reports read from a replica of the database, where one is set, answers and is not far behind; nothing else does."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, OperationalError, connections
from django.db.models import Model

log = logging.getLogger(__name__)

ALIAS = "replica"
# Seconds for which it is believed what was found: a report costs no look at the replica, mostly.
FRESH_FOR = 2.0
AWAY_FOR = 10.0
# Remembered by the whole process, or decides who is signed in: read only where it is written.
NEVER = {"policy", "people", "sessions", "usersessions"}

P = ParamSpec("P")
R = TypeVar("R")

_reading: ContextVar[bool] = ContextVar("reading", default=False)


class Router:
    """Django's question which database to ask: the replica only within a report, and never for a write."""

    def db_for_read(self, model: type[Model], **_hints: Any) -> str:
        return ALIAS if _reading.get() and model._meta.app_label not in NEVER else DEFAULT_DB_ALIAS

    def db_for_write(self, model: type[Model], **_hints: Any) -> str:
        return DEFAULT_DB_ALIAS

    def allow_relation(self, *_: Any, **_hints: Any) -> bool:
        return True

    def allow_migrate(self, alias: str, app_label: str, **_hints: Any) -> bool:
        return alias == DEFAULT_DB_ALIAS


def for_reports(report: Callable[P, R]) -> Callable[P, R]:
    """A function that only reads, from the replica where that can be had; from the primary when it fails there."""

    @wraps(report)
    def read(*args: P.args, **kwargs: P.kwargs) -> R:
        if ALIAS not in settings.DATABASES or not _watch.is_fresh():
            return report(*args, **kwargs)
        try:
            with _from_replica():
                return report(*args, **kwargs)
        except (OperationalError, InterfaceError) as failure:  # gone, or it had to catch up and ended what we read
            log.warning("the replica failed, and a report is read from the primary: %s", failure)
            _watch.away()
        return report(*args, **kwargs)

    return read


def lag() -> float | None:
    """How many seconds the replica is behind; None where it is none. Raises DatabaseError where it cannot be asked.

    A replica that has lost its primary looks as if it had caught up with it: only the primary knows better."""
    with connections[DEFAULT_DB_ALIAS].cursor() as primary:
        primary.execute("SELECT pg_current_wal_lsn()::text")
        (written,) = primary.fetchone()
    with connections[ALIAS].cursor() as replica:
        replica.execute(
            "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn,"
            " extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float",
            [written],
        )
        is_level, behind = replica.fetchone()
    return None if is_level is None else 0.0 if is_level or behind is None else max(behind, 0.0)


class _Watch:
    """What this process found when it last looked at the replica."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._until = 0.0
        self._fresh = False

    def is_fresh(self) -> bool:
        with self._lock:
            if time.monotonic() < self._until:
                return self._fresh
            # The others go by what was known while this thread looks.
            self._until = time.monotonic() + AWAY_FOR
        try:
            behind = lag()
        except (DatabaseError, InterfaceError) as failure:
            log.warning("the replica cannot be asked: %s", failure)
            self.away()
            return False
        self._fresh = behind is not None and behind <= settings.REPLICA_MAX_LAG
        self._until = time.monotonic() + FRESH_FOR
        if not self._fresh:
            log.warning("the replica is not used: %s", "it is none" if behind is None else f"{behind:.0f} s behind")
        return self._fresh

    def away(self) -> None:
        """It failed: not asked again for a while."""
        connections[ALIAS].close()
        self._fresh, self._until = False, time.monotonic() + AWAY_FOR


@contextmanager
def _from_replica() -> Iterator[None]:
    token = _reading.set(True)
    try:
        yield
    finally:
        _reading.reset(token)


_watch = _Watch()
