"""A PostgreSQL of one's own that can be killed: the system's own programs, on a fresh folder."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg

from tests.desk import until


class Postgres:
    """One server; its settings are PostgreSQL's own, such as fsync="off", `made` are further words for initdb."""

    def __init__(self, folder: Path, made: Sequence[str] = (), **settings: str) -> None:
        self.folder, self.data = folder, folder / "data"
        self.url = self.url_of("postgres")
        # It refuses to run as root.
        self._user: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        self._settings = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
        own(folder)
        self._make(made)

    def _make(self, made: Sequence[str]) -> None:
        self._run("initdb", "--no-sync", "-A", "trust", "-U", "postgres", "-D", str(self.data), *made)

    def url_of(self, database: str) -> str:
        """Where one of its databases is, as a DATABASE_URL."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.folder), safe='')}"

    def start(self) -> float:
        """Start it; how many seconds passed until it answered."""
        begun = time.monotonic()
        words = [f"{programs()}/postgres", "-D", str(self.data), "-k", str(self.folder), "-h", "", *self._settings]
        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log, cwd="/", **self._user)
        until(self.answers)
        return time.monotonic() - begun

    def kill(self) -> None:
        """SIGKILL to the postmaster and each of its processes; nothing to do where there is none."""
        try:
            postmaster = psutil.Process(int((self.data / "postmaster.pid").read_text().split()[0]))
        except (FileNotFoundError, psutil.NoSuchProcess):
            return
        children = postmaster.children(recursive=True)
        for process in (postmaster, *children):
            with suppress(psutil.NoSuchProcess):  # it saw the postmaster die
                process.kill()
        self._process.wait()
        until(lambda: not any(map(_lives, children)))

    @property
    def lives(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def connect(self, database: str = "postgres") -> "psycopg.Connection[Any]":
        """A connection of the test's own."""
        return psycopg.connect(self.url_of(database), autocommit=True)

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, program: str, *words: str) -> None:
        command = [f"{programs()}/{program}", *words]
        subprocess.run(command, check=True, capture_output=True, cwd="/", **self._user)


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def own(folder: Path) -> None:
    """Let the server write there."""
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        os.chown(folder, account.pw_uid, account.pw_gid)


def programs() -> str:
    """Where they are; nowhere, if this machine has none."""
    if shutil.which("pg_config") is None:
        return ""
    found = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True, check=True).stdout.strip()
    return found if (Path(found) / "postgres").exists() else ""


@contextmanager
def server(made: Sequence[str] = (), place: str = "/tmp", **settings: str) -> Iterator[Postgres]:
    """One that runs, and is gone afterwards."""
    # A socket's path may have about 100 letters, so the folder has a short one.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=place))
    postgres = Postgres(folder, made, **settings)
    try:
        postgres.start()
        yield postgres
    finally:
        postgres.kill()
        shutil.rmtree(folder, ignore_errors=True)
