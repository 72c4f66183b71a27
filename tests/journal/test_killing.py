"""Workers that are killed in the middle of a job lose none and do none twice (J1)."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.desk import ROOT, Desk, surroundings, until
from tests.results import cases

pytestmark = pytest.mark.heavy

KILLS = cases(50, release=2_000)
JOBS = 6 * KILLS

FOREVER = 86400.0

# Workers whose jobs take a moment, and write down what they did in one transaction. They are forked whenever a line
# comes; one of two has a clock that is ten minutes ahead.
NURSERY = """
import os, signal, sys, threading, time
import django
django.setup()
from datetime import UTC, datetime, timedelta
import time_machine
from django.db import IntegrityError, transaction
from marketdesk.journal.models import Deed, job
from marketdesk.journal.worker import Worker
job.LEASE = timedelta(seconds=float(sys.argv[1]))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)

def work(payload):
    key = str(payload["number"])
    if Deed.objects.filter(who="worker", key=key).exists():
        return
    time.sleep(0.02)
    try:
        with transaction.atomic():
            Deed.objects.create(who="worker", key=key)
    except IntegrityError:  # another worker was quicker after our lease had run out
        pass

for line in sys.stdin:
    pid = os.fork()
    if not pid:
        if line.strip() == "ahead":
            time_machine.travel(datetime.now(UTC) + timedelta(minutes=10), tick=True).start()
        Worker({"work": work}).run(threading.Event(), pause=0.02)
    print(pid, flush=True)
"""
FILL = f"""
from marketdesk.journal.models import Job
for number in range({JOBS}):
    Job.put("work", {{"number": number}}, key=f"work:{{number}}")
"""
LOOK = """
SELECT sum(done_at IS NULL), sum(dead_at IS NOT NULL), (SELECT count(*) FROM journal_deed WHERE who = 'worker')
FROM journal_job
"""


def _look(desk: Desk) -> tuple[int, int, int]:
    """Jobs that are not done, those that were given up, and the effects that there are."""
    with closing(sqlite3.connect(Path(desk.environment["MARKETDESK_HOME"]) / "marketdesk.sqlite3", timeout=20)) as file:
        undone, dead, effects = file.execute(LOOK).fetchone()
    return undone, dead, effects


class Nursery:
    """Where workers come from, quickly."""

    def __init__(self, desk: Desk, lease: float) -> None:
        environment = {**desk.environment, "DJANGO_SETTINGS_MODULE": "marketdesk.settings"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", NURSERY, str(lease)],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def worker(self, number: int) -> int:
        """Another one; its process id."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("ahead\n" if number else "right\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


def _kill_workers(desk: Desk, lease: float, kills: int) -> None:
    """Two workers, of which one is killed again and again; in the end both may finish what is due."""
    chance = random.Random(os.environ.get("SEED", "1"))
    nursery = Nursery(desk, lease)
    workers = [nursery.worker(number) for number in range(2)]
    try:
        for kill in range(kills):
            time.sleep(chance.uniform(0.05, 0.2))
            victim = kill % 2
            os.kill(workers[victim], signal.SIGKILL)
            workers[victim] = nursery.worker(victim)
        if lease < FOREVER:
            until(lambda: _look(desk)[0] == 0)
    finally:
        for worker in workers:
            os.kill(worker, signal.SIGKILL)
        nursery.close()


@pytest.fixture
def desk(tmp_path: Path, free_port: int) -> Desk:
    desk = Desk(surroundings(tmp_path / "home", free_port, MARKETDESK_LOG="ERROR"))
    desk.prepare()
    desk.run("manage", "shell", "-v0", "-c", FILL)
    return desk


def test_no_job_is_lost_or_done_twice_when_workers_are_killed(desk: Desk) -> None:
    _kill_workers(desk, lease=1.0, kills=KILLS)

    assert _look(desk) == (0, 0, JOBS)


def test_the_control_without_a_lease_that_ends_loses_jobs(desk: Desk) -> None:
    _kill_workers(desk, lease=FOREVER, kills=KILLS)

    undone, _dead, _effects = _look(desk)
    assert undone > 0
