"""CR3 of the programme: PostgreSQL is killed with everything it runs, and loses nothing that was acknowledged."""

import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.crashes import clients, postgres
from tests.crashes.clients import Crowd
from tests.crashes.postgres import Postgres
from tests.desk import ROOT, Desk, surroundings, until
from tests.results import SEED, cases, record

pytestmark = pytest.mark.heavy

KILLS = cases(10, release=100)
WRITTEN = 2_000  # between two kills
QUICK = 2

# Beside the six clients, processes that do nothing but put jobs, each of them a transaction; what was acknowledged goes
# into a file, and what was not is put again under its key.
PUTTING = """
import itertools, os, sys, time, django
django.setup()
from datetime import timedelta
from django.db import InterfaceError, OperationalError, connection
from django.utils import timezone
from marketdesk.journal.models import Job
some_day = timezone.now() + timedelta(days=365)
acknowledged = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT)
for number in itertools.count():
    key = f"{sys.argv[1]}-{number}"
    while True:
        try:
            Job.put("nothing", {}, key=key, run_at=some_day)
            break
        except (OperationalError, InterfaceError):
            connection.close()
            time.sleep(0.02)
    os.write(acknowledged, f"{key}\\n".encode())
"""


@pytest.fixture(autouse=True)
def _needs_postgres() -> None:
    if not postgres.programs():
        pytest.skip("NO POSTGRESQL WAS KILLED (CR3 is not shown here): none is installed")


class Putters:
    """Those processes, and what they were told."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        self._files = [folder / f"putter-{number}" for number in range(QUICK)]
        self._environment = {**desk.environment, "DJANGO_SETTINGS_MODULE": "marketdesk.settings"}

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Meanwhile they put jobs."""
        commands = [[sys.executable, "-c", PUTTING, str(file)] for file in self._files]
        processes = [subprocess.Popen(command, env=self._environment, cwd=ROOT) for command in commands]
        try:
            yield
        finally:
            for process in processes:
                process.kill()
                process.wait()

    def write(self, number: int) -> None:
        """Let them write until so many more are acknowledged."""
        aim = len(self.acknowledged) + number
        until(lambda: len(self.acknowledged) >= aim, patience=120)

    @property
    def acknowledged(self) -> set[str]:
        texts = [file.read_text() for file in self._files if file.exists()]
        return {key for text in texts for key in text.split("\n")[:-1]}


@contextmanager
def everybody_writing(server: Postgres, folder: Path, port: int) -> Iterator[tuple[Crowd, Putters]]:
    """A desk on that PostgreSQL, with everybody who writes to it."""
    # The control's server forgets what it acknowledged, which a start is refused for.
    settings = {"MARKETDESK_LOG": "CRITICAL", "MARKETDESK_ACCEPT": "durability", "DATABASE_URL": server.url}
    desk = Desk(surroundings(folder / "home", port, **settings))
    crowd, putters = clients.furnish(desk), Putters(desk, folder)
    desk.start()
    with ExitStack() as stack:
        stack.callback(desk.kill)
        stack.enter_context(crowd.writing())
        stack.enter_context(putters.writing())
        yield crowd, putters


def what_is_wrong(server: Postgres, acknowledged: list[tuple[str, str]], put: set[str]) -> dict[str, Any]:
    with server.connect() as connection:
        wrong = clients.what_is_wrong(connection, acknowledged)
        stored = {key for (key,) in connection.execute("SELECT key FROM journal_job WHERE kind = 'nothing'")}
    return {**wrong, "lost jobs": put - stored} if put - stored else wrong


def test_what_was_acknowledged_survives_every_kill_of_the_database(tmp_path: Path, free_port: int) -> None:
    chance = random.Random(SEED)
    ready = []
    with postgres.server() as server:
        with everybody_writing(server, tmp_path, free_port) as (crowd, putters):
            for _kill in range(KILLS):
                putters.write(chance.randint(WRITTEN // 2, WRITTEN * 3 // 2))
                crowd.write(chance.randint(1, 10))
                server.kill()
                acknowledged, put = crowd.acknowledged, putters.acknowledged
                ready.append(server.start())
                assert what_is_wrong(server, acknowledged, put) == {}
            crowd.write(10)  # by the same processes: the desk was never started again
        acknowledged, put = crowd.acknowledged, putters.acknowledged
        wrong = what_is_wrong(server, acknowledged, put)

    number = len(acknowledged) + len(put)
    record("CR3", database="postgresql", kills=KILLS, acknowledged=number, lost=0, ready_in_seconds=max(ready))
    assert wrong == {}
    assert set(crowd.statuses) <= {200, 201, 302, 503}, crowd.refused[:3]
    assert max(ready) <= 5
    assert number >= WRITTEN * KILLS * 3 // 4


def test_control_a_database_that_does_not_wait_for_its_disk_loses(tmp_path: Path, free_port: int) -> None:
    careless = {"synchronous_commit": "off", "wal_writer_delay": "10s", "wal_writer_flush_after": "100MB"}
    with postgres.server(**careless) as server:
        with everybody_writing(server, tmp_path, free_port) as (crowd, putters):
            crowd.write(20)
            putters.write(100)
            server.kill()
            acknowledged, put = crowd.acknowledged, putters.acknowledged
        server.start()
        wrong = what_is_wrong(server, acknowledged, put)

    lost = len(wrong.get("lost", ())) + len(wrong.get("lost jobs", ()))
    number = len(acknowledged) + len(put)
    record("CR3, control with synchronous_commit=off", database="postgresql", kills=1, acknowledged=number, lost=lost)
    assert lost > 0
