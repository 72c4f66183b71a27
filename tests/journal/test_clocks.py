"""A clock that jumps, and a worker that slept: what is due is caught up once, and then all goes on (K2)."""

import os
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from marketdesk import schedule
from marketdesk.journal.models import Event, Job
from marketdesk.people.actor import Actor
from marketdesk.tickets.models import Ticket, Wait
from marketdesk.tickets.rules import Verb
from tests.conftest import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.many]

CASES = 20 * int(os.environ.get("SOAK", "1"))
JUMPS = [timedelta(hours=3), timedelta(days=400), timedelta(days=3), timedelta(minutes=7)]


@pytest.mark.parametrize("seed", range(CASES))
def test_whatever_the_clock_does_each_thing_happens_once(
    seed: int, ask: Callable[..., Ticket], mehmet: Actor, settings: Any
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    chance = random.Random(seed)
    with time_machine.travel(NOW, tick=False) as traveller:
        tickets = [ask("order_status"), ask("store_question")]
        workers = [schedule.worker(), schedule.worker()]
        at = NOW
        for _jump in range(4):
            wrong = at + chance.choice(JUMPS) * chance.choice((1, -1))
            for moment in (wrong, at):  # it jumps, is noticed, and is put right
                traveller.move_to(moment)
                for worker in workers:
                    worker.run_due()
            if chance.random() < 0.3:
                ticket = chance.choice(tickets)
                ticket.refresh_from_db()
                if Verb.REPLY in ticket.can(mehmet):
                    ticket.reply(
                        "It is on its way.",
                        by=Actor(mehmet.party, user_id=mehmet.user_id, merchant_id=mehmet.merchant_id),
                    )
            at += timedelta(hours=chance.randrange(1, 30))
            traveller.move_to(at)

        for verb in (Verb.MARK_LATE, Verb.TAKE_OVER):
            for ticket in tickets:
                told = Event.objects.filter(ticket_id=ticket.pk, verb=verb).count()
                assert told <= ticket.waits.count(), f"{verb} more than once for a wait"
        assert Wait.objects.filter(ended_at=None).count() <= len(tickets)
        assert not Job.dead().exists()

        at += timedelta(days=3)  # nobody worked for three days
        traveller.move_to(at)
        before = Event.objects.filter(verb=Verb.MARK_LATE).count()
        for _time in range(2):
            for worker in workers:
                worker.run_due()
        overdue = Wait.objects.filter(ended_at=None, due_at__lt=at, late_told_at=None)
        assert not overdue.exists(), "all is caught up"
        assert Event.objects.filter(verb=Verb.MARK_LATE).count() <= before + len(tickets)
