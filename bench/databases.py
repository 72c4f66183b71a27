"""Scratch databases to measure on: a PostgreSQL as an operator would set it up, and a SQLite in a home."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from bench.data import Database
from tests import on_postgres
from tests.crashes import postgres as installed

# A quarter of a small machine's memory, checkpoints no more often than every quarter of an hour; what a commit promises
# (fsync, synchronous_commit, full_page_writes) is as PostgreSQL ships it: kept.
SETTINGS = {
    "shared_buffers": "1GB",
    "effective_cache_size": "3GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "max_connections": "100",
}


@contextmanager
def postgres() -> Iterator[tuple[Database, psutil.Process]]:
    """A PostgreSQL of the system's own, else the one of the development packages, and its first process."""
    if not installed.programs():
        with on_postgres.server("/tmp") as url:  # on a disk
            yield Database("PostgreSQL", url), _first_of(url)
        return
    with installed.server(("-E", "UTF8"), **SETTINGS) as running:
        yield Database("PostgreSQL", running.url), _first_of(running.url)


def commits(folder: Path) -> float:
    """How many transactions of one row SQLite commits there in a second, each on the disk before the next begins."""
    with Database("SQLite", "", folder / "commits.sqlite3").connection() as connected:
        for words in ("PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "CREATE TABLE one (at float)"):
            connected.execute(words)
        begun, number = time.monotonic(), 0
        while time.monotonic() - begun < 1:
            connected.execute("INSERT INTO one VALUES (1)")
            number += 1
    return number / (time.monotonic() - begun)


def _first_of(url: str) -> psutil.Process:
    """The parent of all backends: what the whole server uses is counted from there."""
    with Database("", url).connection() as connected:
        backend = psutil.Process(connected.execute("SELECT pg_backend_pid()").fetchone()[0])
        return backend.parent() or backend
