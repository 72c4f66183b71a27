"""The servers that are measured: a desk as documented for production, and the ceiling beside it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil

from bench.data import CALLER, Database
from tests.desk import ROOT, Desk, free_ports, surroundings

PROCESSES = 2
# What running needs and no more, by the Makefile: rich and jinja2 are imported where they are there, and take room.
ALONE = ROOT / ".venv" / "alone" / "bin" / "python"
# What `marketdesk policy set`, `token` and `key create` do, at once because each of them takes its seconds: limits so
# high that they never bite while counting goes on, the caller's token, a key, and somebody of its team, signed in.
SIGNED_IN = """
from django.test import Client
from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.people.actor import Actor
from marketdesk.people.models import PlatformKey, Scope, User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.programs.models import AccessToken
operator = Actor(Party.SUPPORT, name="the command line", app="command line")
promises.change({{"program_calls": 1_000_000, "merchant_calls": 1_000_000}}, reason="Measuring.", by=operator)
merchant = Merchant.objects.get(external_id="m-{caller}")
person = User.objects.create_user("owner@example.org", name="Mehmet Kaya", party=Party.MERCHANT, language="en")
Membership.objects.create(user=person, merchant=merchant, role=Role.OWNER)
client = Client()
client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
token, key = AccessToken.issue(merchant, "bench"), PlatformKey.issue("bench", Scope.values, None)
print("signed in:", token, key, client.session.session_key)
"""


@dataclass(frozen=True)
class Server:
    """A running server: where it listens and its first process. Of a desk: what its callers sign in with."""

    port: int
    process: psutil.Process
    token: str = ""
    key: str = ""
    session: str = ""
    beside: list[psutil.Process] = field(default_factory=list)

    def memory(self) -> tuple[float, float]:
        """What the web processes take together, and their parent, in MB: PSS, which counts what they share once."""
        parent, *web = (one.memory_full_info().pss / 1024**2 for one in _family(self.process))
        return sum(web), parent


def busy(*first: psutil.Process) -> float:
    """The seconds that the processor has worked for these processes and all that they started."""
    total = 0.0
    for process in (one for parent in first for one in _family(parent)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:  # its parent has its time
            continue
        total += times.user + times.system + times.children_user + times.children_system
    return total


def _family(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def prepared(home: Path, database: Database) -> Desk:
    """A desk that is not running yet: its tables are there, and empty."""
    assert ALONE.exists(), "`make .venv/alone/ready` first, or `make bench` at once"
    environment = surroundings(home, free_ports(1)[0], **({"DATABASE_URL": database.url} if database.url else {}))
    desk = Desk(environment, (str(ALONE), "-m", "marketdesk"))
    _said(desk, "policy", "show", "reply_hours")
    return desk


@contextmanager
def serving(desk: Desk, database: Database, patience: float) -> Iterator[Server]:
    """`marketdesk serve` with two web processes, and `marketdesk worker` apart, once it has done what was due."""
    said = _said(desk, "manage", "shell", "-c", SIGNED_IN.format(caller=CALLER))
    token, key, session = said.split("signed in: ")[1].split()
    command = [*desk.command, "worker"]
    try:
        desk.start("--no-worker")
        assert desk.process
        worker = psutil.Popen(
            command, env=desk.environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_for_rest(database, patience)
            yield Server(desk.port, desk.process, token, key, session, [worker])
        finally:
            worker.kill()
            worker.wait(10)
    finally:
        desk.kill()


@contextmanager
def ceiling(database: Database) -> Iterator[Server]:
    """bench/raw_python.py on two processes."""
    port = free_ports(1)[0]
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--workers", str(PROCESSES)]
    command += ["--port", str(port), "--no-access-log", "--log-level", "critical", "bench.raw_python:app"]
    server = psutil.Popen(command, env={**os.environ, "RAW_DATABASE": database.url}, cwd=ROOT)
    try:
        _until_it_answers(port, "/count?merchant=1")
        yield Server(port, server)
    finally:
        family = _family(server)
        for process in family:
            process.kill()
        server.wait(10)


def _said(desk: Desk, *words: str) -> str:
    done = desk.run(*words, timeout=300)
    if done.returncode:
        raise SystemExit(f"marketdesk {' '.join(words)}: {done.stderr}")
    return done.stdout.strip()


def _wait_for_rest(database: Database, patience: float) -> None:
    """The worker begins with everything that is due every hour or day; nothing is measured beside that."""
    last, quiet = time.monotonic() + patience, 0
    with database.connection() as connected:
        while quiet < 3 and time.monotonic() < last:
            time.sleep(0.5)
            due = "done_at IS NULL AND dead_at IS NULL AND (lease_until IS NOT NULL OR attempts = 0 AND run_at < {})"
            now = "now()" if database.path is None else "datetime('now')"
            sql = f"SELECT count(*) FROM journal_job WHERE {due.format(now)}"
            quiet = quiet + 1 if not connected.execute(sql).fetchone()[0] else 0
    if quiet < 3:
        print("  the worker is still busy with what was due: the figures will be lower", file=sys.stderr)


def _until_it_answers(port: int, path: str) -> None:
    last = time.monotonic() + 30
    while True:
        try:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            pass
        if time.monotonic() > last:
            raise SystemExit(f"Nothing answers on port {port}.")
        time.sleep(0.1)
