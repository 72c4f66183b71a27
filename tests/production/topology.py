"""Marketdesk as an operator of several machines runs it, all of it on this one: nginx in front of two web machines, two
workers, a PostgreSQL and a replica that streams from it."""

import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import psycopg

from tests.crashes.postgres import Postgres
from tests.desk import ROOT, Desk, free_ports, surroundings, until
from tests.production.nginx import Nginx

# pytest walks in a database of its own, which bears this name when it is told of another.
WALKED = "test_marketdesk"
# Every program takes a while on two cores that all of them share.
PATIENCE = 180.0


class Machine(Desk):
    """A machine with a home of its own, that runs one command: it serves, or works."""

    def __init__(self, environment: dict[str, str], *words: str) -> None:
        super().__init__(environment)
        self.words = words
        self.home = Path(environment["MARKETDESK_HOME"])

    def spawn(self) -> None:
        """Start it, and go on."""
        with (self.home.parent / f"{self.home.name}.log").open("a") as log:
            self.process = psutil.Popen(
                [*self.command, *self.words], env=self.environment, cwd=ROOT, stdout=log, stderr=log
            )

    def revive(self) -> None:
        """Start it again; done once it serves."""
        self.spawn()
        if self.words[0] == "serve":
            until(self.answers, PATIENCE)

    def said(self) -> str:
        """What it wrote down."""
        return (self.home.parent / f"{self.home.name}.log").read_text()


class Primary(Postgres):
    """The server that is written to."""

    def restart(self, mode: str) -> float:
        """Stop it as an operator does, `fast` or `immediate`, and start it; the seconds until it answered."""
        begun = time.monotonic()
        self._run("pg_ctl", "-w", "-D", str(self.data), "-m", mode, "stop")
        self._process.wait()
        self.start()
        return time.monotonic() - begun

    def revive(self) -> None:
        self.start()

    def address(self, database: str) -> str:
        """A DATABASE_URL."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.folder), safe='')}"


class Replica(Primary):
    """A server that streams from another one."""

    def __init__(self, folder: Path, primary: Primary) -> None:
        self.primary = primary
        super().__init__(folder)

    def _make(self, _made: Sequence[str]) -> None:
        words = ("-h", str(self.primary.folder), "-U", "postgres", "-D", str(self.data))
        self._run("pg_basebackup", "--no-sync", "-R", "-X", "stream", "-c", "fast", *words)


class Production:
    """All of it. Each machine has a home of its own; they share the database, the files and the secret key."""

    def __init__(self, folder: Path, primary: Primary, replica: Replica, database: str, port: int = 0) -> None:
        self.folder, self.primary, self.replica, self.database = folder, primary, replica, database
        ports = free_ports(4)
        self.nginx = Nginx(folder / "nginx", port or ports[0], ports[1], desks=ports[2:])
        self.settings = {
            "DATABASE_URL": primary.address(database),
            "DATABASE_REPLICA_URL": replica.address(database),
            "MARKETDESK_SECRET_KEY": secrets.token_urlsafe(50),
            "MARKETDESK_URL": f"https://127.0.0.1:{self.nginx.port}",
            "MARKETDESK_BEHIND_PROXY": "yes",
            "MARKETDESK_WEBHOOK_ALLOW": "127.0.0.0/8",
            "MARKETDESK_LOG": "WARNING",
        }
        serve = ("serve", "--no-worker", "--processes", "1")
        self.webs = [self._machine(f"web-{port}", port, *serve) for port in ports[2:]]
        self.workers = [self._machine(f"worker-{number}", 0, "worker") for number in (1, 2)]

    def start(self) -> None:
        """Start everything at once, on a database that is still empty."""
        machines = [*self.webs, *self.workers]
        for machine in machines:
            machine.spawn()
        self.nginx.start()
        for web in self.webs:
            until(web.answers, PATIENCE)
        until(self.nginx.answers, PATIENCE)

    def stop(self) -> None:
        for machine in (*self.webs, *self.workers):
            machine.kill()
        self.nginx.stop()

    def connect(self) -> "psycopg.Connection[Any]":
        """A connection of the test's own, to the primary."""
        return psycopg.connect(self.settings["DATABASE_URL"], autocommit=True)

    def mails(self) -> list[str]:
        """Every mail that was sent, whole."""
        files = [file for worker in self.workers for file in sorted((worker.home / "mail").glob("*.log"))]
        mails = [mail for file in files for mail in file.read_text().split("\n" + "-" * 79 + "\n")]
        return [mail for mail in mails if mail.strip()]

    def _machine(self, name: str, port: int, *words: str) -> Machine:
        home, files = self.folder / name, self.folder / "files"
        for place in (home, files):
            place.mkdir(exist_ok=True)
        (home / "files").symlink_to(files)  # as it would be mounted
        return Machine(surroundings(home, port, **self.settings), *words)


@contextmanager
def production(database: str = "marketdesk", port: int = 0) -> Iterator[Production]:
    """All of it, running; everything is ended and gone afterwards."""
    with ExitStack() as stack:
        # A socket's path may have about 100 letters, so the folders have short ones.
        places = [Path(tempfile.mkdtemp(prefix="pg", dir="/tmp")) for _ in range(3)]
        for place in places:
            stack.callback(shutil.rmtree, place, ignore_errors=True)
        primary = Primary(places[0])
        stack.callback(primary.kill)
        primary.start()
        with primary.connect() as connection:
            connection.execute(f'CREATE DATABASE "{database}"')
        replica = Replica(places[1], primary)
        stack.callback(replica.kill)
        replica.start()
        everything = Production(places[2], primary, replica, database, port)
        stack.callback(everything.stop)
        everything.start()
        yield everything


def journeys(everything: Production, words: list[str]) -> int:
    """Walk the journeys against it; pytest's exit code."""
    told = {
        "MARKETDESK_JOURNEYS_AT": everything.nginx.url,
        "DATABASE_URL": everything.primary.address(WALKED.removeprefix("test_")),
        "DATABASE_CONN_MAX_AGE": "0",
        "REQUESTS_CA_BUNDLE": str(everything.nginx.folder / "certificate.pem"),
    }
    environment = {**surroundings(everything.folder / "journeys", 0), **everything.settings, **told}
    command = [sys.executable, "-m", "pytest", "-m", "journey", "--reuse-db", *words]
    return subprocess.run(command, env=environment, cwd=ROOT, check=False).returncode
