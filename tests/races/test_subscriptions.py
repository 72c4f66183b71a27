"""Workers and lanes at once, for merchants' apps: a ticket is told in order, nobody has more than may be, and one who
does not answer delays no other."""

import itertools
import json
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from marketdesk.journal.models import Event, Job
from marketdesk.lib import calling
from marketdesk.merchants.models import Merchant
from marketdesk.outbox.models import Delivery, DeliveryStatus, Endpoint, Subscription, Topic
from marketdesk.outbox.webhooks import delivering, subscribing, telling
from marketdesk.outbox.webhooks.endpoints import BadEndpoint
from marketdesk.people.actor import clock
from marketdesk.programs.models import AccessToken, App, Scope
from tests.outbox import webhooks
from tests.outbox.webhooks import LOOPBACK, at_first
from tests.races.conftest import BOTH, Arena, deep, race
from tests.races.test_webhooks import black_hole

pytestmark = pytest.mark.heavy


@pytest.fixture(autouse=True)
def _alone(arena: Arena, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.WEBHOOK_ALLOW = settings.APP_WEBHOOK_ALLOW = LOOPBACK
    monkeypatch.setattr(delivering, "PAUSE", 0.1)
    Job.objects.all().delete()
    Endpoint.objects.all().delete()
    yield
    Endpoint.objects.all().delete()
    App.objects.all().delete()


def _subscribed(store: Merchant, url: str) -> Subscription:
    app = App(merchant=store, name="ERP", scopes=Scope.values)
    app.set_secret()
    app.save()
    AccessToken.issue(store, "ERP", app=app)
    return subscribing.subscribe(app, store, Topic.TICKET_AWAITING_MERCHANT, url, by=clock())


def _tell(events: Sequence[Event]) -> None:
    for event in events:
        telling.tell(event, timezone.now())


def _serve() -> None:
    for _time in range(20):
        delivering.serve_one(timezone.now())


@BOTH
def test_however_workers_race_each_ticket_is_told_in_order_up_to_its_last_word(
    arena: Arena, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telling, "FOLDED_WITHIN", timedelta(seconds=0.02))
    for _round in range(deep(database, 5)):
        with webhooks.receiver(at_first(3, webhooks.answers(500))) as erp:
            subscription = _subscribed(arena.cast.store, erp.url)
            tickets = [arena.ticket() for _number in range(3)]
            for number, ticket in itertools.product(range(5), tickets):
                ticket.reply(f"And {number}.", by=arena.ada)
                time.sleep(0.003)
            events = list(Event.objects.filter(pk__gt=subscription.after_event, ticket_id__isnull=False))
            parts = [*(events[part::4] for part in range(4)), events[::-1], events[::-1]]

            answers = race(*[partial(_tell, part) for part in parts], _serve, _serve)
            webhooks.deliver_everything()

        assert [one for one in answers if isinstance(one, Exception)] == []
        assert not Delivery.objects.filter(status=DeliveryStatus.WAITING).exists()
        assert erp.most_at_once == 1
        told = [json.loads(request.body)[0] for request in erp.came]
        for ticket in tickets:
            said = [one for one in told if one["data"]["id"] == ticket.public_id]
            moments, words = ([one["timestamp"] for one in said], [len(one["data"]["replies"]) for one in said])
            assert (moments, words) == (sorted(moments), sorted(words))
            assert words[-1] == 6
            last = Delivery.objects.filter(ticket_id=ticket.pk).latest("event_id").event_id
            assert last == max(event.pk for event in events if event.ticket_id == ticket.pk)
        Endpoint.objects.all().delete()


@BOTH
def test_of_many_that_subscribe_at_once_no_more_pass_than_may(arena: Arena, database: str) -> None:
    for _round in range(deep(database, 3)):
        first = _subscribed(arena.cast.store, "https://erp.example/")
        ask = partial(subscribing.subscribe, first.app, first.merchant, Topic.ORDER_REFUND, by=clock())
        for number in range(subscribing.MOST - 2):
            ask(url=f"https://erp.example/{number}")

        answers = race(*[partial(ask, url=f"https://erp.example/too/{number}") for number in range(8)])

        assert [type(one) for one in answers if isinstance(one, Exception)] == [BadEndpoint] * 7
        assert Subscription.objects.filter(app=first.app).count() == subscribing.MOST


def test_merchants_who_do_not_answer_delay_no_other(arena: Arena) -> None:
    """Twice as many as there are lanes, each with many tickets; known to be failing after their first message."""
    at = timezone.now()
    with black_hole() as hole, webhooks.receiver() as erp:
        subscriptions = [_subscribed(arena.cast.store, hole) for _number in range(2 * delivering.LANES)]
        good = _subscribed(arena.cast.store, erp.url)
        Endpoint.objects.exclude(pk=good.pk).update(failing_since=at)
        events = [Event(verb="open", subject_kind="ticket", subject_id=1, at=at) for _number in range(50)]
        waiting = [
            Delivery(
                endpoint=one, event=event, message_id=f"msg_{event.pk}", kind=Topic.TICKET_AWAITING_MERCHANT, body="[]",
                resource=f"ticket:{event.pk}", made_at=at, next_at=at,
            )
            for event in Event.objects.bulk_create(events)
            for one in [*subscriptions, good]
        ]  # fmt: skip
        Delivery.objects.bulk_create(waiting)
        stop, begun = threading.Event(), time.monotonic()

        lanes = delivering.start(stop)
        left = Delivery.objects.filter(endpoint=good).exclude(status=DeliveryStatus.DELIVERED)
        while left.exists() and time.monotonic() < begun + 20:
            time.sleep(0.1)
        took = time.monotonic() - begun
        stop.set()
        for lane in lanes:
            lane.join()

    assert len(erp.came) == 50
    assert took < 5


class Killed(BaseException):
    """The process ended here."""


@pytest.mark.parametrize("step", ["after the call", "before noting", "while noting", "after noting"])
@pytest.mark.parametrize("time_of_death", [1, 2, 4])
def test_killed_at_any_step_the_order_stays_and_no_word_is_missing(
    arena: Arena, monkeypatch: pytest.MonkeyPatch, step: str, time_of_death: int
) -> None:
    left = [time_of_death]
    post, note, saved = calling.post, delivering._note, Delivery.note

    def die(here: str) -> None:
        left[0] -= here == step
        if left[0] == 0:
            left[0] = -1
            raise Killed

    def dying_post(*args: Any, **kwargs: Any) -> calling.Answer:
        answer = post(*args, **kwargs)
        die("after the call")
        return answer

    def dying_note(*args: Any) -> bool:
        die("before noting")
        noted = note(*args)
        die("after noting")
        return noted

    def dying_save(self: Delivery, **fields: Any) -> None:
        saved(self, **fields)
        die("while noting")

    monkeypatch.setattr(telling, "FOLDED_WITHIN", timedelta())
    with webhooks.receiver(at_first(1, webhooks.answers(500))) as erp:
        _subscribed(arena.cast.store, erp.url)
        ticket = arena.ticket()
        for number in range(4):
            ticket.reply(f"And {number}.", by=arena.ada)
            telling.tell(Event.objects.latest("pk"), timezone.now())
        monkeypatch.setattr(calling, "post", dying_post)
        monkeypatch.setattr(delivering, "_note", dying_note)
        monkeypatch.setattr(Delivery, "note", dying_save)

        with pytest.raises(Killed):
            webhooks.deliver_everything()
        at_once = delivering.serve_one(timezone.now())
        webhooks.deliver_everything()

    words = [len(json.loads(request.body)[0]["data"]["replies"]) for request in erp.came]
    assert at_once == 0, "the lease of the dead one still runs"
    assert words == sorted(words)
    assert set(words) == {2, 3, 4, 5}
    assert not Delivery.objects.exclude(status=DeliveryStatus.DELIVERED).exists()
