"""Scratch databases to measure on: a PostgreSQL as an operator would set it up, and a SQLite in a home."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psutil

from bench.data import Database
from tests import on_postgres

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
    "listen_addresses": "",
}


@contextmanager
def postgres() -> Iterator[tuple[Database, psutil.Process]]:
    """A PostgreSQL of the system's own, else the one of the development packages, and its first process."""
    programs = shutil.which("pg_config") and subprocess.check_output(["pg_config", "--bindir"], text=True).strip()
    if not programs or not Path(programs, "initdb").exists():
        with on_postgres.server() as url:
            yield Database("PostgreSQL", url), _first_of(url)
        return
    folder = Path(tempfile.mkdtemp(prefix="bench", dir="/tmp"))  # a socket's path must be short
    user: list[str] = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        os.chown(folder, pwd.getpwnam("postgres").pw_uid, -1)
        user = ["runuser", "-u", "postgres", "--"]
    data = folder / "data"
    options = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in SETTINGS.items())
    control = [*user, f"{programs}/pg_ctl", "-w", "-D", str(data)]
    try:
        create = [f"{programs}/initdb", "-A", "trust", "-U", "postgres", "-E", "UTF8", "-D", str(data)]
        _run(*user, *create)
        _run(*control, "-o", f"-k {folder} {options}", "-l", f"{folder}/log", "start")
        url = f"postgresql://postgres@/postgres?host={quote(str(folder), safe='')}"
        try:
            yield Database("PostgreSQL", url), _first_of(url)
        finally:
            _run(*control, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


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


def _run(*command: str) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/")


def _first_of(url: str) -> psutil.Process:
    """The parent of all backends: what the whole server uses is counted from there."""
    with Database("", url).connection() as connected:
        backend = psutil.Process(connected.execute("SELECT pg_backend_pid()").fetchone()[0])
        return backend.parent() or backend
