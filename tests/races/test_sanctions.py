"""Sanctions, whoever judges and clicks at the same time: one of a kind, one decision, and what it says is in force."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from marketdesk.journal.models import Event
from marketdesk.performance import judging, reading, sanctioning
from marketdesk.performance.models import Sanction, SanctionKind
from marketdesk.policy import promises
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Excuse, Wait
from tests import severe
from tests.races.conftest import BOTH, RACERS, Arena, deep, race

pytestmark = pytest.mark.heavy


@BOTH
def test_however_many_judge_at_once_each_kind_is_proposed_once(database: str, arena: Arena) -> None:
    store, now = arena.cast.store, timezone.now()
    severe.month(store, now, customer=arena.cast.ada)
    rates = reading.rates(store.pk, now, promises.current())
    by_person = partial(sanctioning.propose, store, SanctionKind.SUSPENSION, "So.", by=arena.cast.sofia)

    answers = race(*[partial(sanctioning.propose_if_severe, store.pk, rates, now)] * (RACERS - 1), by_person)

    assert all(isinstance(one, list | Sanction | NotAllowed) for one in answers), answers
    assert sorted(Sanction.objects.filter(merchant=store).values_list("kind", flat=True)) == sorted(SanctionKind)
    assert Event.objects.filter(verb="sanction_proposed", merchant_id=store.pk).count() == 2


@BOTH
def test_one_decision_wins_and_what_is_in_force_is_what_it_says(database: str, arena: Arena) -> None:
    store, sofia = arena.cast.store, arena.cast.sofia
    severe.month(store, timezone.now(), customer=arena.cast.ada)
    for _round in range(deep(database, 20)):
        sanction = _heard(arena)
        deeds: list[Callable[[], Any]] = [
            partial(
                verb, Sanction.objects.get(pk=sanction.pk), f"Words {n}.", by=replace(sofia, key=f"{sanction.pk}-{n}")
            )
            for n, verb in enumerate([sanctioning.confirm, sanctioning.decline] * 3)
        ]

        answers = race(*deeds, partial(sanctioning.withdraw_baseless, store.pk, timezone.now()))

        assert [one for one in answers if one is not None and not isinstance(one, NotAllowed)] == []
        sanction.refresh_from_db()
        store.refresh_from_db()
        decisions = Event.objects.filter(subject_kind="sanction", subject_id=sanction.pk)
        assert decisions.filter(verb__in=["suspended", "sanction_declined", "sanction_withdrawn"]).count() == 1
        assert (store.suspended_at is not None) == (sanction.state == "confirmed")
        sanctioning.end_due(timezone.now() + timedelta(days=365))
        Sanction.objects.filter(merchant=store).delete()


@BOTH
def test_of_all_that_end_it_one_does(database: str, arena: Arena) -> None:
    store, sofia = arena.cast.store, arena.cast.sofia
    severe.month(store, timezone.now(), customer=arena.cast.ada)
    sanction = _heard(arena)
    sanctioning.confirm(sanction, "Decided.", by=sofia)
    Wait.objects.filter(merchant_id=store.pk).update(excused=Excuse.CONTEST)

    race(
        *[partial(sanctioning.withdraw_baseless, store.pk, timezone.now())] * 3,
        *[partial(sanctioning.end_due, timezone.now() + timedelta(days=365))] * 3,
        *[partial(sanctioning.lift, Sanction.objects.get(pk=sanction.pk), f"W {n}.", by=sofia) for n in range(2)],
    )

    store.refresh_from_db()
    assert store.suspended_at is None
    assert Event.objects.filter(verb="sanction_ended", subject_id=sanction.pk, merchant_id=store.pk).count() == 1


@BOTH
def test_who_judges_both_kinds_and_who_lifts_one_never_wait_for_each_other(
    database: str, arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, sofia = arena.cast.store, arena.cast.sofia
    severe.month(store, timezone.now(), customer=arena.cast.ada)
    _heard(arena)
    Sanction.objects.filter(merchant=store).update(hear_until=timezone.now())
    block, suspension = Sanction.objects.filter(merchant=store).order_by("pk")
    for one in (block, suspension):
        sanctioning.confirm(one, "Decided.", by=replace(sofia, at=timezone.now()))
    Wait.objects.filter(merchant_id=store.pk).update(excused=Excuse.CONTEST)
    mark, meeting = sanctioning._mark, threading.Barrier(2)

    def mark_together(sanction: Sanction, at: datetime | None) -> None:
        """The one has the merchant's row and goes on to the other sanction, the other has that and goes on to the row,
        if both can come so far at once."""
        if sanction.kind == SanctionKind.IMPRESSIONS:
            mark(sanction, at)
        with suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=1)
        if sanction.kind == SanctionKind.SUSPENSION:
            mark(sanction, at)

    monkeypatch.setattr(sanctioning, "_mark", mark_together)

    answers = race(
        partial(judging.reconsider, store.pk, timezone.now()), partial(sanctioning.lift, suspension, "So.", by=sofia)
    )

    assert [one for one in answers if one is not None and not isinstance(one, NotAllowed)] == []
    store.refresh_from_db()
    assert (store.suspended_at, store.impressions_blocked_at) == (None, None)
    assert Event.objects.filter(verb="sanction_ended", merchant_id=store.pk).count() == 2


def _heard(arena: Arena) -> Sanction:
    """A proposed suspension that the merchant has answered."""
    now, store = timezone.now(), arena.cast.store
    made = sanctioning.propose_if_severe(store.pk, reading.rates(store.pk, now, promises.current()), now)
    sanction = next(one for one in made if one.kind == SanctionKind.SUSPENSION)
    sanctioning.answer(sanction, "Please.", by=arena.cast.mehmet)
    return sanction
