"""Merchants' apps are told of warnings and penalties: given, withdrawn, over; each to whoever asked for that."""

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from marketdesk import schedule
from marketdesk.lib import calling
from marketdesk.merchants.models import Merchant
from marketdesk.outbox.models import Delivery, Topic
from marketdesk.outbox.webhooks import subscribing
from marketdesk.people.actor import Actor, clock
from marketdesk.performance import judging, noticing, reading, sanctioning
from marketdesk.performance.models import Notice, Sanction, SanctionKind
from marketdesk.policy import promises
from marketdesk.programs.models import AccessToken, App, Scope
from marketdesk.tickets.models import Excuse, Wait
from tests.conftest import NOW
from tests.moments import later
from tests.outbox import webhooks
from tests.outbox.webhooks import LOOPBACK, Receiver
from tests.severe import month

pytestmark = pytest.mark.django_db
ISSUE, REVERSE, CANCEL = Topic.PENALTY_ISSUE, Topic.PENALTY_REVERSE, Topic.PENALTY_CANCEL


@pytest.fixture(autouse=True)
def _reachable(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_ALLOW = settings.APP_WEBHOOK_ALLOW = LOOPBACK
    monkeypatch.setattr(calling, "DEADLINE", 0.3)


@pytest.fixture
def erp(store: Merchant, now: Any) -> Iterator[Receiver]:
    """The program of a merchant, which asked to be told of all penalties."""
    with webhooks.receiver() as here:
        subscribe(store, Scope.values, here.url)
        yield here


@pytest.fixture
def judged(erp: Receiver, store: Merchant, ada: Actor) -> None:
    """A warning, and two sanctions that are proposed."""
    month(store, NOW)
    judging.judge(store.pk, NOW)
    sanctioning.propose_if_severe(store.pk, reading.rates(store.pk, NOW, promises.current()), NOW)


def subscribe(store: Merchant, scopes: list[str], url: str) -> App:
    app = App(merchant=store, name="ERP", scopes=scopes)
    app.set_secret()
    app.save()
    AccessToken.issue(store, "ERP", app=app)
    for topic in (ISSUE, REVERSE, CANCEL):
        subscribing.subscribe(app, store, topic, url, by=clock())
    return app


def told(receiver: Receiver) -> list[tuple[str, str, str]]:
    """What came: topic, what it is about, and where that stands."""
    worker = schedule.worker()
    while worker.run_one():
        pass
    webhooks.deliver_everything()
    came = []
    for request in receiver.came:
        (said,) = json.loads(request.body)
        came.append((request.headers["wish-topic"], said["data"]["type"], said["data"]["state"]))
    receiver.came.clear()
    return sorted(came)


@pytest.mark.usefixtures("judged")
def test_what_is_given_or_proposed_is_issued(erp: Receiver) -> None:
    assert told(erp) == [
        (ISSUE, "ACCOUNT_SUSPENDED", "PROPOSED"),
        (ISSUE, "IMPRESSIONS_BLOCKED", "PROPOSED"),
        (ISSUE, "WARNING", "ISSUED"),
    ]


@pytest.mark.usefixtures("judged")
def test_what_comes_into_force_is_issued_and_what_is_over_or_declined_cancelled(
    erp: Receiver, mehmet: Actor, sofia: Actor, now: Any
) -> None:
    told(erp)
    block = Sanction.objects.get(kind=SanctionKind.IMPRESSIONS)
    sanctioning.answer(block, "It was the flood.", by=mehmet)
    sanctioning.confirm(block, "Three of five were late.", by=sofia)
    assert told(erp) == [(ISSUE, "IMPRESSIONS_BLOCKED", "ISSUED")]

    now.shift(timedelta(minutes=1))
    sanctioning.lift(block, "You are heard.", by=later(sofia, minutes=1))
    suspension = Sanction.objects.get(kind=SanctionKind.SUSPENSION)
    sanctioning.decline(suspension, "The block is enough.", by=later(sofia, minutes=1))
    assert told(erp) == [(CANCEL, "ACCOUNT_SUSPENDED", "CANCELLED"), (CANCEL, "IMPRESSIONS_BLOCKED", "CANCELLED")]


@pytest.mark.usefixtures("judged")
def test_what_was_given_for_nothing_is_reversed(
    erp: Receiver, store: Merchant, mehmet: Actor, sofia: Actor, now: Any
) -> None:
    block = Sanction.objects.get(kind=SanctionKind.IMPRESSIONS)
    sanctioning.answer(block, "It was the flood.", by=mehmet)
    sanctioning.confirm(block, "Three of five were late.", by=sofia)
    told(erp)

    now.shift(timedelta(minutes=1))
    noticing.withdraw(Notice.objects.get(), noticing.CONTESTED, by=later(sofia, minutes=1))
    Wait.objects.filter(merchant_id=store.pk).update(excused=Excuse.CONTEST)
    sanctioning.withdraw_baseless(store.pk, NOW + timedelta(minutes=1))

    assert told(erp) == [
        (CANCEL, "ACCOUNT_SUSPENDED", "CANCELLED"),  # it was only proposed
        (REVERSE, "IMPRESSIONS_BLOCKED", "REVERSED"),
        (REVERSE, "WARNING", "REVERSED"),
    ]


def test_an_app_that_may_not_read_penalties_is_not_told(erp: Receiver, store: Merchant, mehmet: Actor) -> None:
    App.objects.update(scopes=[one for one in Scope.values if one != Scope.READ_PENALTIES])
    noticing.penalise(store.pk, [], promises.current(), NOW)

    assert told(erp) == []
    assert not Delivery.objects.exists()


def test_nobody_is_told_of_a_rivals_penalties(erp: Receiver, rival_store: Merchant) -> None:
    noticing.penalise(rival_store.pk, [], promises.current(), NOW)

    assert told(erp) == []
