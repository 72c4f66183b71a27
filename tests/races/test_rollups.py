"""A day is counted while something of it changes: what stands at the end is what is true at the end."""

from dataclasses import replace
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from marketdesk.performance import rollups
from marketdesk.performance.models import CountedDay, MerchantDay
from marketdesk.tickets.models import Ticket, Wait
from tests.races.conftest import Arena, race

ROUNDS = 10


def excuse(wait: Wait) -> None:
    """What deciding a contest does to the figures."""
    with transaction.atomic():
        Wait.objects.filter(pk=wait.pk).update(excused="contest")
        rollups.again(wait.merchant_id, [wait.counts_at.date()])


def test_no_count_is_written_over_a_newer_one(arena: Arena) -> None:
    now = timezone.now()
    waits = []
    for number in range(ROUNDS):
        ticket = arena.ticket(key=f"late-{number}")
        late = now - timedelta(days=5, minutes=number)
        Wait.objects.filter(ticket=ticket).update(started_at=late - timedelta(days=2), due_at=late)
        Ticket.objects.filter(pk=ticket.pk).update(opened_at=late - timedelta(days=2))
        ticket.reply("Sorry!", by=replace(arena.cast.mehmet, at=late + timedelta(hours=1)))
        waits.append(Wait.objects.get(ticket=ticket))
    CountedDay.objects.all().delete()
    rollups.catch_up(now)

    for wait in waits:
        day = wait.counts_at.date()
        answers = race(partial(excuse, wait), partial(rollups.count, day, now), partial(rollups.catch_up, now))
        assert not [one for one in answers if isinstance(one, Exception)], answers
        rollups.catch_up(now)

    left = MerchantDay.objects.filter(merchant=arena.cast.store, late__gt=0)
    assert not left.exists()
    assert not CountedDay.objects.filter(counted_at=None).exists()


def test_two_workers_count_the_same_days_once(arena: Arena) -> None:
    now = timezone.now()
    ticket = arena.ticket()
    Ticket.objects.filter(pk=ticket.pk).update(opened_at=now - timedelta(days=20))
    CountedDay.objects.all().delete()

    answers = race(*[partial(rollups.catch_up, now)] * 4)

    assert not [one for one in answers if isinstance(one, Exception)], answers
    assert MerchantDay.objects.get(merchant=arena.cast.store).opened == 1
