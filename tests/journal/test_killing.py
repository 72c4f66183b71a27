"""Workers that are killed in the middle of a job lose none and do none twice (J1)."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.desk import ROOT, Desk, surroundings

pytestmark = pytest.mark.heavy

KILLS = 20 * int(os.environ.get("SOAK", "1"))
JOBS = 10 * KILLS

# A worker whose jobs take a moment, and write down what they did in one transaction.
WORKER = """
import sys, threading, time, django
django.setup()
from datetime import timedelta
from django.db import IntegrityError, transaction
from marketdesk.journal.models import Deed, job
from marketdesk.journal.worker import Worker
job.LEASE = timedelta(seconds=float(sys.argv[1]))

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

Worker({"work": work}).run(threading.Event(), pause=0.02)
"""
FILL = f"""
from marketdesk.journal.models import Job
for number in range({JOBS}):
    Job.put("work", {{"number": number}}, key=f"work:{{number}}")
"""
LOOK = """
from marketdesk.journal.models import Deed, Job
print(Job.objects.filter(done_at__isnull=True).count(), Job.objects.filter(dead_at__isnull=False).count(),
      Deed.objects.filter(who="worker").count())
"""


def _start(desk: Desk, lease: float) -> "subprocess.Popen[bytes]":
    environment = {**desk.environment, "DJANGO_SETTINGS_MODULE": "marketdesk.settings"}
    return subprocess.Popen([sys.executable, "-c", WORKER, str(lease)], env=environment, cwd=ROOT)


def _look(desk: Desk) -> tuple[int, int, int]:
    undone, dead, effects = desk.run("manage", "shell", "-v0", "-c", LOOK).stdout.split()
    return int(undone), int(dead), int(effects)


def _kill_workers(desk: Desk, lease: float, kills: int) -> None:
    """Two workers, of which one is killed again and again; in the end both may finish what is due."""
    chance = random.Random(os.environ.get("SEED", "1"))
    workers = [_start(desk, lease), _start(desk, lease)]
    try:
        for kill in range(kills):
            time.sleep(chance.uniform(0.3, 0.6))
            victim = kill % 2
            workers[victim].kill()
            workers[victim].wait()
            workers[victim] = _start(desk, lease)
        last = time.monotonic() + 60
        while _look(desk)[0] and time.monotonic() < last:
            time.sleep(0.5)
            if lease > 60:
                break
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


@pytest.fixture
def desk(tmp_path: Path, free_port: int) -> Desk:
    desk = Desk(surroundings(tmp_path / "home", free_port, MARKETDESK_LOG="ERROR"))
    desk.run("token", "nobody")  # prepares the home
    desk.run("manage", "shell", "-v0", "-c", FILL)
    return desk


def test_no_job_is_lost_or_done_twice_when_workers_are_killed(desk: Desk) -> None:
    _kill_workers(desk, lease=1.0, kills=KILLS)

    assert _look(desk) == (0, 0, JOBS)


def test_the_control_without_a_lease_that_ends_loses_jobs(desk: Desk) -> None:
    _kill_workers(desk, lease=86400.0, kills=KILLS)

    undone, _dead, _effects = _look(desk)
    assert undone > 0
