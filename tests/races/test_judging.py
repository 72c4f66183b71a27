"""Workers are killed while they judge merchants: each notice and each sanction is there once, and whole."""

import os
import random
import signal
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from marketdesk import schedule
from marketdesk.journal.models import Event, Job, job
from marketdesk.journal.worker import Worker
from marketdesk.merchants.models import Membership, Merchant
from marketdesk.outbox import recipients
from marketdesk.outbox.models import Delivery, Endpoint
from marketdesk.outbox.webhooks import planning
from marketdesk.people.actor import clock
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance import judging, noticing, reading, sanctioning
from marketdesk.performance.levels import Level
from marketdesk.performance.models import Notice, NoticeCause, Sanction, SanctionKind, Standing
from marketdesk.policy import promises
from marketdesk.tickets.models import Wait
from tests import answering
from tests.outbox import webhooks
from tests.races.conftest import BOTH, RACERS, Arena, race
from tests.races.killing import COMMIT, Failpoint, killed_in
from tests.results import cases

pytestmark = [pytest.mark.heavy, pytest.mark.many]

TRIES = cases(2, release=20)
KILLS = cases(50, release=500)
LATE = 5
DAY = timedelta(days=1)
# What follows for each merchant, and what tells of it.
GIVEN = ("warned", "penalty_noticed")
FOLLOWS = {"warned": 1, "penalty_noticed": 1, "sanction_proposed": len(SanctionKind)}


@dataclass
class Court:
    """A worker that judges merchants who have earned all that there is: one warning is a penalty here."""

    arena: Arena
    worker: Worker

    def merchants(self, number: int) -> list[Merchant]:
        """Merchants of one person each, with nothing but late answers, not judged yet."""
        made = [self._merchant(f"{self.arena.number}-{one}") for one in range(number)]
        Job.objects.all().delete()
        return made

    @transaction.atomic
    def _merchant(self, name: str) -> Merchant:
        store = Merchant.objects.create(external_id=f"late-{name}", name="Late Goods", country="TR")
        person = User.objects.create_user(f"late-{name}@example.org", name="Can", party=Party.MERCHANT, country="TR")
        Membership.objects.create(user=person, merchant=store)
        answering.late(self.arena.cast.ada, store, timezone.now() - 5 * DAY, LATE)
        return store

    def work(self) -> None:
        """Everything that is due, and that becomes due by it."""
        while self.worker.run_one():
            pass

    def run(self) -> None:
        """As a process of the desk does, for ever."""
        self.worker.run(threading.Event(), pause=0.001)


@pytest.fixture
def court(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> Iterator[Court]:
    monkeypatch.setattr(job, "LEASE", timedelta(0))
    monkeypatch.setattr(job, "MAX_ATTEMPTS", 10_000)
    monkeypatch.setattr(judging, "TOGETHER", timedelta(milliseconds=1))
    promises.change({"penalty_warnings": 1}, reason="a test", by=clock(timezone.now() - 300 * DAY))
    promises.forget()
    Endpoint.objects.all().delete()
    webhooks.endpoint("https://shop.example/hooks", ("merchant.warned", "merchant.penalty_notice"))
    yield Court(arena, Worker({**schedule.HANDLERS, "mail": lambda _payload: None}))
    Endpoint.objects.all().delete()
    Job.objects.all().delete()


def everything_once(store: Merchant) -> None:
    """What must be there in the end, and nothing twice."""
    notices = Notice.objects.filter(merchant=store)
    assert Counter(notices.values_list("kind", flat=True)) == {"warning": 1, "penalty": 1}
    behind = NoticeCause.objects.filter(notice__in=notices)
    waits = Wait.objects.filter(merchant_id=store.pk)
    assert sorted(behind.filter(kind="warning").values_list("wait", flat=True)) == sorted(
        waits.values_list("pk", flat=True)
    )
    assert [cause.warning_id for cause in behind.filter(kind="penalty")] == [notices.get(kind="warning").pk]
    assert sorted(Sanction.objects.filter(merchant=store).values_list("kind", flat=True)) == sorted(SanctionKind)
    events = Event.objects.filter(merchant_id=store.pk, subject_kind__in=["notice", "sanction"])
    assert Counter(events.values_list("verb", flat=True)) == FOLLOWS
    for event in events.filter(verb__in=GIVEN):
        assert Job.objects.filter(kind="mail", payload__event=event.pk).count() == 1
        assert Delivery.objects.filter(event=event).count() == 1
    (person,) = store.staff.values_list("pk", flat=True)
    for event in events.filter(verb="sanction_proposed"):
        told = Counter(Job.objects.filter(kind="mail", payload__event=event.pk).values_list("payload__user", flat=True))
        assert told[person] == 1
        assert set(told.values()) == {1}
    standing = Standing.objects.get(merchant=store)
    assert (standing.level, standing.late, standing.answers) == (Level.SEVERE, LATE, LATE)


def judge_again(stores: list[Merchant]) -> None:
    """As the clock does every hour: it must change nothing."""
    for store in stores:
        for _twice in range(2):
            judging.judge(store.pk, timezone.now())


# Killed at a chosen point

FAILPOINTS = [
    Failpoint("late", judging, "follow", after=False),
    Failpoint("late", judging, "follow"),
    Failpoint("late", Job, "finish", after=False),
    Failpoint("late", Job, "finish"),
    Failpoint("judge", Job, "claim"),
    Failpoint("judge", judging, "judge", after=False),
    Failpoint("judge", Standing, "lock"),
    Failpoint("judge", reading, "waits"),
    Failpoint("judge", Standing, "save"),
    Failpoint("judge", noticing, "warn", after=False),
    Failpoint("judge", Event, "tell", after=False),
    Failpoint("judge", Event, "tell"),
    Failpoint("judge", noticing, "warn"),
    Failpoint("judge", Event, "tell", nth=2),
    Failpoint("judge", noticing, "penalise"),
    Failpoint("judge", sanctioning, "propose_if_severe", after=False),
    Failpoint("judge", Event, "tell", nth=3),
    Failpoint("judge", Event, "tell", after=False, nth=4),
    Failpoint("judge", sanctioning, "propose_if_severe"),
    Failpoint("judge", *COMMIT, after=False, nth=2),
    Failpoint("judge", *COMMIT, nth=2),
    Failpoint("judge", Job, "finish", after=False),
    Failpoint("judge", Job, "finish"),
    Failpoint("tell", recipients, "of"),
    Failpoint("tell", planning, "plan", after=False),
    Failpoint("tell", planning, "plan"),
    Failpoint("tell", planning, "plan", nth=2),
    Failpoint("tell", Job, "finish", after=False, nth=2),
    Failpoint("tell", Job, "finish", nth=2),
]


def _bring_to(step: str, store: Merchant) -> None:
    """What comes before a step of the way, for one merchant."""
    event = Event.objects.filter(merchant_id=store.pk, verb="mark_late").latest("pk")
    if step == "late":
        Job.put("tell", {"event": event.pk})
        return
    judging.follow(event, timezone.now() - DAY)
    if step == "tell":
        judging.judge(store.pk, timezone.now())
        Job.objects.filter(kind=judging.JOB).delete()


@BOTH
@pytest.mark.parametrize("point", FAILPOINTS, ids=str)
def test_killed_anywhere_each_notice_and_sanction_is_there_once(database: str, point: Failpoint, court: Court) -> None:
    stores = court.merchants(TRIES)
    killed = 0

    for store in stores:
        _bring_to(point.step, store)
        killed += killed_in(court.work, point)
        time.sleep(0.002)  # what was told as late is judged a moment later
        court.work()
    judge_again(stores)
    court.work()

    assert killed == len(stores), "it never came there"
    for store in stores:
        everything_once(store)


def test_control_what_is_not_all_or_nothing_stays_half(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    """The counts above bite: killed between a warning and its causes, only a transaction takes the warning back."""
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL locks no row outside a transaction")
    for module, name in ((judging, "judge"), (noticing, "warn")):
        monkeypatch.setattr(module, name, getattr(module, name).__wrapped__)
    (store,) = court.merchants(1)

    _bring_to("judge", store)
    killed_in(court.work, Failpoint("judge", Event, "tell"))
    court.work()

    with pytest.raises(AssertionError):
        everything_once(store)


# Killed at any moment


def killed_after(deed: Callable[[], Any], seconds: float) -> None:
    """Do it in a process of its own, which is killed after a while, wherever it is."""
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            deed()
        except BaseException:
            traceback.print_exc()
        os._exit(1)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    _child, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the worker ended by itself"


@BOTH
def test_killed_at_any_moment_each_notice_and_sanction_is_there_once(database: str, court: Court) -> None:
    chance = random.Random(os.environ.get("SEED", "1"))
    stores = court.merchants(KILLS)
    for store in stores:
        for event in Event.objects.filter(merchant_id=store.pk, verb="mark_late"):
            Job.put("tell", {"event": event.pk})
    amid = 0

    for _kill in range(KILLS):
        before = Job.objects.filter(done_at__isnull=False).count()
        killed_after(court.run, chance.uniform(0.03, 0.25))
        amid += Job.objects.filter(done_at__isnull=False).count() > before
    court.work()
    judge_again(stores)
    court.work()

    print(f"{database}: {KILLS} kills, {amid} of them after some work")
    assert Job.objects.filter(done_at__isnull=True).exclude(kind="mail").count() == 0
    for store in stores:
        everything_once(store)


# At once


@BOTH
def test_eight_workers_that_judge_one_merchant_at_once_give_everything_once(database: str, court: Court) -> None:
    stores = court.merchants(5)

    for store in stores:
        answers = race(*[partial(judging.judge, store.pk, timezone.now())] * RACERS)
        assert answers == [None] * RACERS
    court.work()

    for store in stores:
        everything_once(store)


@BOTH
def test_a_contest_that_is_granted_while_others_judge_leaves_no_notice(database: str, court: Court) -> None:
    stores = court.merchants(5)
    for store in stores:
        judging.judge(store.pk, timezone.now())
        Wait.objects.filter(merchant_id=store.pk).update(excused="contest")
        now = timezone.now()

        deeds = [partial(judging.judge, store.pk, now), partial(judging.reconsider, store.pk, now)]
        answers = race(*deeds * (RACERS // 2))

        assert answers == [None] * RACERS
        notices = Notice.objects.filter(merchant=store)
        assert notices.count() == 2
        assert not notices.filter(withdrawn_at__isnull=True).exists()
        assert Event.objects.filter(merchant_id=store.pk, verb="notice_withdrawn").count() == 2
        states = Sanction.objects.filter(merchant=store).values_list("state", flat=True)
        assert list(states) == ["withdrawn"] * len(SanctionKind)
