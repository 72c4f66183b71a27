"""The table of repeating jobs, and that running any of them twice changes things once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from marketdesk import schedule
from marketdesk.journal.models import Deed, Event, Job
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.tickets.models import Beginning, Ticket
from marketdesk.tickets.rules import Desk, State
from tests.conftest import NOW

pytestmark = pytest.mark.django_db


def test_every_repeating_job_has_a_handler_and_its_own_name() -> None:
    kinds = [repeating.kind for repeating in schedule.REPEATING]

    assert set(kinds) <= set(schedule.HANDLERS)
    assert len(kinds) == len(set(kinds))


@pytest.mark.parametrize("kind", [repeating.kind for repeating in schedule.REPEATING])
def test_a_sweep_over_nothing_does_nothing(kind: str) -> None:
    schedule.HANDLERS[kind]({})

    assert Event.objects.count() == 0


def test_two_sweeps_take_a_late_purchase_over_once(now: Any, purchase_of: Callable[[], Ticket]) -> None:
    ticket = purchase_of()
    now.shift(timedelta(hours=48, seconds=1))

    for _time in range(2):
        schedule.HANDLERS["sweep_overdue"]({})

    ticket.refresh_from_db()
    assert (ticket.state, ticket.desk) == (State.WITH_SUPPORT, Desk.PLATFORM)
    assert Event.objects.filter(verb="mark_late").count() == 1
    assert Event.objects.filter(verb="take_over").count() == 1


def test_a_purchase_at_its_due_moment_is_not_late_yet(now: Any, purchase_of: Callable[[], Ticket]) -> None:
    ticket = purchase_of()
    now.shift(timedelta(hours=48))

    schedule.HANDLERS["sweep_overdue"]({})

    ticket.refresh_from_db()
    assert ticket.state == State.WITH_MERCHANT
    assert Event.objects.exclude(verb="open").count() == 0


def test_a_silent_customer_is_reminded_once_and_closed_once(
    now: Any, ask: Callable[..., Ticket], mehmet_user: User, store: Any
) -> None:
    ticket = ask("order_status")
    ticket.reply("Is it there?", by=Actor(Party.MERCHANT, user_id=mehmet_user.pk, merchant_id=store.pk))

    for days in (3, 1, 1, 2, 1):
        now.shift(timedelta(days=days))
        for _time in range(2):
            schedule.HANDLERS["sweep_silent"]({})

    ticket.refresh_from_db()
    assert (ticket.state, ticket.closed_how) == (State.CLOSED, "silence")
    assert Event.objects.filter(verb="remind").count() == 1
    assert Event.objects.filter(verb="close").count() == 1


def test_each_stage_of_the_deadline_is_reminded_of_once(now: Any, ask: Callable[..., Ticket]) -> None:
    ask("order_status")

    for hours in (23, 1, 17, 1, 4):
        now.shift(timedelta(hours=hours, minutes=1))
        for _time in range(2):
            schedule.HANDLERS["sweep_due_soon"]({})

    stages = [event.data["hours"] for event in Event.objects.filter(verb="due_soon").order_by("id")]
    assert stages == [24, 6]


def test_what_was_done_long_ago_is_forgotten_and_what_died_is_kept(now: Any) -> None:
    for kind, fields in {
        "old": {"done_at": NOW - timedelta(days=31)},
        "recent": {"done_at": NOW - timedelta(days=29)},
        "dead": {"dead_at": NOW - timedelta(days=400)},
        "waiting": {},
    }.items():
        Job.objects.create(kind=kind, **fields)
    for page, days in (("old", 31), ("recent", 29)):
        Beginning.objects.create(who="user:1", page=page, body="Hello", changed_at=NOW - timedelta(days=days))
    Deed.objects.create(who="user:1", key="old", body_hash="", at=NOW - timedelta(days=31))
    Deed.objects.create(who="user:1", key="recent", body_hash="", at=NOW - timedelta(days=29))

    schedule.HANDLERS["sweep_jobs"]({})
    schedule.HANDLERS["sweep_leftovers"]({})

    assert sorted(Job.objects.values_list("kind", flat=True)) == ["dead", "recent", "waiting"]
    assert list(Beginning.objects.values_list("page", flat=True)) == ["recent"]
    assert list(Deed.objects.values_list("key", flat=True)) == ["recent"]


def test_sessions_that_are_over_are_forgotten(now: Any) -> None:
    for hours in (1, 3):
        session = SessionStore()
        session.set_expiry(hours * 3600)
        session.create()
    now.shift(timedelta(hours=2))

    schedule.HANDLERS["sweep_sessions"]({})

    assert Session.objects.get().expire_date == NOW + timedelta(hours=3)


def test_the_worker_of_the_installation_writes_every_repeating_job(now: Any) -> None:
    schedule.worker().run_due()

    assert sorted(Job.objects.filter(done_at__isnull=False).values_list("kind", flat=True)) == sorted(
        repeating.kind for repeating in schedule.REPEATING
    )


@pytest.fixture
def purchase_of(ask: Callable[..., Ticket]) -> Callable[[], Ticket]:
    """Ada's ticket of a high-value order, opened at the moment of the test."""
    return lambda: ask("item_problem", "Die Lampe kam kaputt an.")
