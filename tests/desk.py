"""A running desk: `marketdesk serve` in processes of its own, for tests that start, stop and kill it."""

import hashlib
import http.client
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psutil
import psycopg

ROOT = Path(__file__).parent.parent
PATIENCE = 60.0
SERVER = os.environ.get("DATABASE_URL", "")


def until(true: Callable[[], Any], patience: float = PATIENCE) -> None:
    """Wait for something that another process does."""
    last = time.monotonic() + patience
    while not true():
        assert time.monotonic() < last, "it did not happen in time"
        time.sleep(0.05)


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(number)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def surroundings(home: Path, port: int, **settings: str) -> dict[str, str]:
    """The environment of a command: this one's paths, none of its settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "MARKETDESK_HOME": str(home), "PORT": str(port), **settings}


@contextmanager
def fresh_database(template: str = "template1") -> Iterator[dict[str, str]]:
    """The setting that names a fresh database, where the suite runs on PostgreSQL."""
    if not SERVER.startswith("postgres"):
        yield {}
        return
    name = f"cli_{uuid.uuid4().hex}"
    base, _, options = SERVER.partition("?")
    with psycopg.connect(SERVER, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        yield {"DATABASE_URL": f"{base.rpartition('/')[0]}/{name}?{options}"}
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def _prepared_home() -> Path:
    """A SQLite home as `marketdesk prepare` leaves it, for others to be copies of: it takes longer than most tests, and
    is the same until a source changes."""
    sources = [ROOT / "requirements" / "run.txt", *(ROOT / "marketdesk").rglob("*")]
    known = hashlib.sha256(sys.version.encode())
    for path in sorted(path for path in sources if path.is_file() and path.suffix != ".pyc"):
        known.update(f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}\n".encode())
    home = ROOT / ".pytest_cache" / "homes" / known.hexdigest()[:24]
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        for old in home.parent.iterdir():
            if old.stat().st_mtime < time.time() - 86400:
                shutil.rmtree(old, ignore_errors=True)
        fresh = home.with_name(uuid.uuid4().hex)
        done = Desk(surroundings(fresh, 0)).run("prepare")
        assert done.returncode == 0, done.stderr
        with suppress(OSError):  # another process was quicker
            fresh.rename(home)
        shutil.rmtree(fresh, ignore_errors=True)
    return home


class Address:
    """Where something answers on this machine, with TLS or without."""

    port: int
    tls: ssl.SSLContext | None = None

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def connect(self, timeout: float = 10) -> http.client.HTTPConnection:
        """A connection of one's own."""
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=timeout, context=self.tls)
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def answers(self) -> bool:
        """Whether it serves."""
        try:
            return self.ask("GET", "/healthz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def ask(self, method: str, path: str, form: dict[str, str] | None = None) -> tuple[int, bytes]:
        """One request: the status and the body."""
        connection = self.connect()
        try:
            headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
            connection.request(method, path, urlencode(form) if form else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


class Desk(Address):
    """One server on one home; `command` is how `marketdesk` is called."""

    def __init__(
        self,
        environment: dict[str, str],
        command: Sequence[str] = (sys.executable, "-m", "marketdesk"),
        folder: Path = ROOT,
    ) -> None:
        self.environment = environment
        self.command = list(command)
        self.folder = folder
        self.port = int(environment["PORT"])
        self.process: psutil.Process | None = None

    def run(
        self, *words: str, settings: dict[str, str] | None = None, timeout: float = 120
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end, with some settings changed."""
        return subprocess.run(
            [*self.command, *words],
            env={**self.environment, **(settings or {})},
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def prepare(self) -> None:
        """Make its home and its database ready, before it is started for the first time."""
        if self.environment.get("DATABASE_URL"):
            done = self.run("prepare")
            assert done.returncode == 0, done.stderr
        else:
            shutil.copytree(_prepared_home(), self.environment["MARKETDESK_HOME"], dirs_exist_ok=True)

    def start(self, *words: str) -> psutil.Process:
        """Start the server; answered once it serves."""
        self.process = psutil.Popen(
            [*self.command, "serve", "--processes", "2", *words],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until(self.answers)
        return self.process

    def kill(self) -> None:
        """SIGKILL to every process of it at once; nothing to do when it has ended."""
        if self.process is None or not self.process.is_running():
            return
        for process in [self.process, *self.process.children(recursive=True)]:
            process.kill()
        self.process.wait(10)
