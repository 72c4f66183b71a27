"""Contests under a race: each thing is contested once and decided once, and whoever judges meanwhile agrees."""

from collections import Counter
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from marketdesk.journal.models import Event, Job
from marketdesk.performance import contesting, incidents, judging, reading
from marketdesk.performance.models import Contest, Notice, NoticeKind, Standing
from marketdesk.policy import promises
from marketdesk.tickets.models import Wait
from tests import answering
from tests.races.conftest import BOTH, RACERS, Arena, deep, race

ROUNDS = 25
DAY = timedelta(days=1)


def _late(arena: Arena, number: int = 1) -> list[Wait]:
    return answering.late(arena.cast.ada, arena.cast.store, timezone.now() - 5 * DAY, number)


def test_of_colleagues_who_contest_the_same_answer_at_once_one_does(arena: Arena) -> None:
    (wait,) = _late(arena)
    both = (arena.cast.mehmet, arena.cast.merve)

    answers = race(
        *(
            partial(contesting.contest, Wait.objects.get(pk=wait.pk), f"Reason {n}.", by=both[n % 2])
            for n in range(RACERS)
        )
    )

    assert Counter(type(one).__name__ for one in answers) == {"Contest": 1, "NotAllowed": RACERS - 1}
    assert Contest.objects.filter(wait=wait).count() == 1
    assert Event.objects.filter(verb="contested", merchant_id=arena.cast.store.pk).count() == 1


def test_of_two_decisions_at_once_one_counts(arena: Arena) -> None:
    (wait,) = _late(arena)
    contest = contesting.contest(wait, "The portal was down.", by=arena.cast.mehmet)

    def decide(number: int) -> bool:
        granted = number % 2 == 0
        mine = Contest.objects.get(pk=contest.pk)
        contesting.decide(mine, granted=granted, reason=f"Reason {number}.", by=arena.cast.sofia)
        return granted

    answers = race(*(partial(decide, number) for number in range(RACERS)))

    (granted,) = (one for one in answers if isinstance(one, bool))
    assert Counter(type(one).__name__ for one in answers) == {"bool": 1, "NotAllowed": RACERS - 1}
    contest.refresh_from_db()
    wait.refresh_from_db()
    assert (contest.outcome == "granted", wait.excused == "contest") == (granted, granted)
    assert Event.objects.filter(verb="contest_decided", subject_id=contest.pk).count() == 1


@pytest.mark.heavy
@BOTH
def test_deciding_declaring_and_judging_at_once_end_in_the_same_figures(database: str, arena: Arena) -> None:
    """Whatever comes first: nobody waits for ever, and a warning stands exactly if three late answers are left."""
    for number in range(deep(database, ROUNDS)):
        store = arena.cast.store
        answering.in_time(arena.cast.ada, store, timezone.now() - 5 * DAY, 5)
        waits = _late(arena, 5)
        made = [contesting.contest(wait, "It is wrong.", by=arena.cast.mehmet) for wait in waits[: 2 + number % 2]]

        def grant(contest: Contest, arena: Arena = arena) -> None:
            contesting.decide(contest, granted=True, reason="It is.", by=arena.cast.sofia)

        now = timezone.now()
        answers = race(
            *(partial(grant, one) for one in made),
            *(partial(judging.judge, store.pk, now) for _ in range(3)),
            partial(judging.reconsider, store.pk, now),
        )

        assert [one for one in answers if one is not None] == []
        left = 5 - len(made)
        rates = reading.rates(store.pk, now, promises.current())
        standing = Standing.objects.get(merchant=store)
        assert (rates.late.part, standing.late) == (left, left)
        stand = Notice.objects.filter(merchant=store, kind=NoticeKind.WARNING, withdrawn_at__isnull=True)
        assert [one.causes.filter(wait__excused="").count() for one in stand] == ([left] if left >= 3 else [])

        incidents.declare("The mail service was down.", now - 8 * DAY, now, store, by=arena.cast.sofia)
        follow = partial(incidents.follow, Job.objects.get(kind=incidents.JOB, merchant_id=store.pk).payload)
        reconsider = partial(incidents.reconsider, {"merchant": store.pk})
        again = race(follow, follow, reconsider, reconsider, partial(judging.judge, store.pk, now))

        assert [one for one in again if one is not None] == []
        assert Job.objects.filter(kind=incidents.ONE, merchant_id=store.pk).count() == 1
        assert not Notice.objects.filter(merchant=store, withdrawn_at__isnull=True).exists()
        assert Standing.objects.get(merchant=store).late == 0
        arena = Arena()
