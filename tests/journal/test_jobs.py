"""Jobs survive crashes: leased, fenced, tried again, and in the end kept as dead."""

import os
import random
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from marketdesk.journal.models import Event, Job
from marketdesk.journal.models.job import LEASE, MAX_ATTEMPTS
from marketdesk.journal.worker import Repeating, Worker
from tests.conftest import NOW

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def _claim(at: datetime) -> Job:
    job = Job.claim(at)
    assert job is not None
    return job


def test_a_job_is_not_due_before_its_time() -> None:
    Job.put("greet", {}, run_at=NOW)

    assert Job.claim(NOW - SECOND) is None
    assert Job.claim(NOW) is not None


def test_what_is_due_first_is_taken_first() -> None:
    Job.put("second", {}, run_at=NOW)
    Job.put("first", {}, run_at=NOW - SECOND)

    assert [_claim(NOW).kind, _claim(NOW).kind] == ["first", "second"]
    assert Job.claim(NOW) is None


def test_a_key_is_enqueued_once_even_after_it_was_done() -> None:
    for _time in range(2):
        Job.put("greet", {"name": "Ada"}, key="greet:ada", run_at=NOW)
    _claim(NOW).finish(NOW)
    Job.put("greet", {"name": "Ada"}, key="greet:ada", run_at=NOW)

    assert Job.objects.count() == 1
    assert Job.claim(NOW) is None


def test_a_job_that_was_rolled_back_never_was() -> None:
    with transaction.atomic():
        Event.tell(verb="open", subject_kind="ticket", subject_id=1, at=NOW)
        transaction.set_rollback(True)

    assert Job.objects.count() == 0
    assert Event.objects.count() == 0


@pytest.mark.many
def test_of_a_thousand_transactions_only_those_that_stay_leave_jobs() -> None:
    """J2; some are rolled back as a whole, some in part."""
    chance, kept = random.Random(2), set()
    for number in range(1000 * int(os.environ.get("SOAK", "1"))):
        fate = chance.choice(("stays", "goes", "part"))
        with suppress(ZeroDivisionError), transaction.atomic():
            Job.put("outer", {"number": number})
            with suppress(KeyError), transaction.atomic():
                Event.tell(verb="open", subject_kind="ticket", subject_id=number, at=NOW)
                if fate == "part":
                    raise KeyError
            if fate == "goes":
                raise ZeroDivisionError
        kept |= {("outer", number)} if fate != "goes" else set()
        kept |= {("tell", number)} if fate == "stays" else set()

    told = dict(Event.objects.values_list("pk", "subject_id"))
    jobs = {(job.kind, job.payload.get("number", told.get(job.payload.get("event")))) for job in Job.objects.all()}
    assert jobs == kept


def test_a_leased_job_is_nobody_elses_until_the_lease_runs_out() -> None:
    Job.put("greet", {}, run_at=NOW)
    first = _claim(NOW)

    assert Job.claim(NOW + LEASE) is None
    second = _claim(NOW + LEASE + SECOND)

    assert second.pk == first.pk
    assert second.attempts == 2


def test_a_worker_that_lost_its_lease_can_neither_finish_nor_fail_the_job() -> None:
    Job.put("greet", {}, run_at=NOW)
    slow = _claim(NOW)
    quick = _claim(NOW + LEASE + SECOND)

    assert slow.finish(NOW + LEASE + 2 * SECOND) is False
    slow.fail("too slow", NOW + LEASE + 2 * SECOND)

    quick.refresh_from_db()
    assert quick.done_at is None
    assert quick.error == ""
    assert quick.finish(NOW + LEASE + 3 * SECOND) is True


def test_a_failing_job_is_tried_ever_more_rarely_and_then_kept_as_dead() -> None:
    Job.put("greet", {}, run_at=NOW)
    at, pauses = NOW, []

    for _attempt in range(MAX_ATTEMPTS):
        job = _claim(at)
        job.fail("no mail server", at)
        job.refresh_from_db()
        pauses.append(job.run_at - at)
        at = job.run_at

    assert pauses == sorted(pauses)
    assert pauses[0] == timedelta(seconds=30)
    assert pauses[-1] == timedelta(hours=12)
    assert job.dead_at is not None
    assert Job.claim(at + timedelta(days=365)) is None
    assert Job.sweep(at + timedelta(days=365)) == 0
    assert job.error == "no mail server"


def test_a_worker_runs_what_is_due_and_a_failure_stops_nobody_else() -> None:
    greeted: list[str] = []

    def greet(payload: dict[str, Any]) -> None:
        if payload["name"] == "Rita":
            raise ValueError("not her")
        greeted.append(payload["name"])

    for name in ("Ada", "Rita", "Mehmet"):
        Job.put("greet", {"name": name})
    Job.put("unheard of", {})

    ran = Worker({"greet": greet}).run_due()

    assert ran == 4
    assert greeted == ["Ada", "Mehmet"]
    assert sorted(Job.objects.filter(done_at__isnull=True).values_list("kind", "attempts")) == [
        ("greet", 1),
        ("unheard of", 1),
    ]


def test_a_worker_that_is_told_to_stop_takes_no_further_job() -> None:
    stop = threading.Event()
    for _number in range(3):
        Job.put("greet", {})

    ran = Worker({"greet": lambda _: stop.set()}).run_due(stop)

    assert ran == 1
    assert Job.objects.filter(attempts=0).count() == 2


def test_two_workers_write_a_repeating_job_once_for_each_tick(now: Any) -> None:
    swept: list[datetime] = []
    workers = [
        Worker({"sweep": lambda _: swept.append(NOW)}, (Repeating("sweep", timedelta(minutes=1)),)) for _ in range(2)
    ]

    for _time in range(3):
        for worker in workers:
            worker.run_due()
    now.shift(timedelta(days=3))
    for worker in workers:
        worker.run_due()

    assert len(swept) == 2  # once then, and once after three days asleep
