"""Lanes and workers at once: one dead endpoint never delays another, and nothing goes to one twice at a time (W3)."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from marketdesk.journal.models import Event, Job
from marketdesk.lib import calling
from marketdesk.outbox.models import Delivery, DeliveryStatus, Endpoint
from marketdesk.outbox.webhooks import delivering
from tests.desk import until
from tests.outbox import webhooks
from tests.outbox.webhooks import LOOPBACK
from tests.races.conftest import BOTH, Arena, race

QUEUED, OTHERS = 10_000, 100


@pytest.fixture(autouse=True)
def _reachable(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_ALLOW = LOOPBACK
    monkeypatch.setattr(delivering, "PAUSE", 0.1)


@pytest.fixture
def queue(arena: Arena) -> Iterator[Callable[[Endpoint, int], None]]:
    """`queue(endpoint, number)` lets so many messages wait for it; nothing else is in the arena."""
    Job.objects.all().delete()
    Endpoint.objects.all().delete()

    def _queue(endpoint: Endpoint, number: int) -> None:
        at = timezone.now()
        made = Event.objects.bulk_create(
            [Event(verb="open", subject_kind="ticket", subject_id=1, at=at) for _one in range(number)]
        )
        fields: dict[str, Any] = {"endpoint": endpoint, "kind": "ticket.opened", "body": "{}"}
        Delivery.objects.bulk_create(
            [
                Delivery(event_id=event.pk, message_id=f"msg_{event.pk}", made_at=at, next_at=at, **fields)
                for event in made
            ],
            batch_size=500,
        )

    yield _queue
    Endpoint.objects.all().delete()


@contextmanager
def black_hole() -> Iterator[str]:
    """It takes every connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=500) as hole:
        yield f"http://127.0.0.1:{hole.getsockname()[1]}/"


def _slowest_of(endpoint: Endpoint, lanes: int, seconds: float) -> float | None:
    """How long 99 of 100 messages took at most; None when they had not all arrived in time."""
    stop, last = threading.Event(), time.monotonic() + seconds
    threads = delivering.start(stop, lanes=lanes)
    waiting = Delivery.objects.filter(endpoint=endpoint).exclude(status=DeliveryStatus.DELIVERED)
    while waiting.exists() and time.monotonic() < last:
        time.sleep(0.1)
    arrived = not waiting.exists()
    stop.set()
    for thread in threads:
        thread.join()
    took = Delivery.objects.filter(endpoint=endpoint, tried_at__isnull=False)
    seconds_taken = sorted(one.total_seconds() for one in took.values_list(F("tried_at") - F("made_at"), flat=True))
    return seconds_taken[int(len(seconds_taken) * 0.99) - 1] if arrived else None


@pytest.mark.heavy
@BOTH
@pytest.mark.usefixtures("database")
def test_a_black_hole_with_ten_thousand_messages_delays_nobody_else(
    queue: Callable[[Endpoint, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "DEADLINE", 6.0)
    with black_hole() as hole, webhooks.receiver() as shop:
        queue(webhooks.endpoint(hole)[0], QUEUED)
        good = webhooks.endpoint(shop.url)[0]
        queue(good, OTHERS)

        slowest = _slowest_of(good, delivering.LANES, 8)

    assert slowest is not None
    assert slowest <= 5
    assert len(set(shop.ids)) == OTHERS


@pytest.mark.heavy
@BOTH
@pytest.mark.usefixtures("database")
def test_more_black_holes_than_lanes_delay_nobody_once_they_are_known(
    queue: Callable[[Endpoint, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "DEADLINE", 6.0)
    with black_hole() as hole, webhooks.receiver() as shop:
        for _number in range(2 * delivering.LANES):
            dead = webhooks.endpoint(hole)[0]
            Endpoint.objects.filter(pk=dead.pk).update(failing_since=timezone.now())
            queue(dead, 20)
        good = webhooks.endpoint(shop.url)[0]
        queue(good, OTHERS)

        slowest = _slowest_of(good, delivering.LANES, 8)

    assert slowest is not None
    assert slowest <= 5


@pytest.mark.heavy
def test_the_control_whose_lanes_all_serve_the_dead_lets_the_others_wait(
    queue: Callable[[Endpoint, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = delivering.claim
    monkeypatch.setattr(delivering, "claim", lambda now, **_only_healthy: claim(now))
    monkeypatch.setattr(calling, "DEADLINE", 6.0)
    with black_hole() as hole, webhooks.receiver() as shop:
        for _number in range(2 * delivering.LANES):
            queue(webhooks.endpoint(hole)[0], 2)
        good = webhooks.endpoint(shop.url)[0]
        queue(good, OTHERS)

        slowest = _slowest_of(good, delivering.LANES, 8)

    assert slowest is None or slowest > 5


@pytest.mark.heavy
def test_the_control_with_a_single_lane_lets_the_others_wait(
    queue: Callable[[Endpoint, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calling, "DEADLINE", 6.0)
    with black_hole() as hole, webhooks.receiver() as shop:
        queue(webhooks.endpoint(hole)[0], 20)
        good = webhooks.endpoint(shop.url)[0]
        queue(good, OTHERS)

        slowest = _slowest_of(good, 1, 8)

    assert slowest is None or slowest > 5


def test_mails_go_out_while_every_lane_waits_for_a_black_hole(
    queue: Callable[[Endpoint, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    from marketdesk import schedule
    from marketdesk.journal.worker import Worker

    monkeypatch.setattr(calling, "DEADLINE", 60.0)  # the test is long over before a lane is free again
    sent = threading.Event()
    monkeypatch.setattr(schedule, "worker", lambda: Worker({"mail": lambda _payload: sent.set()}))
    stop = threading.Event()
    working = threading.Thread(target=schedule.work, args=(stop,))
    with black_hole() as hole:
        for _number in range(delivering.LANES):
            queue(webhooks.endpoint(hole)[0], 5)
        working.start()
        until(lambda: Endpoint.objects.filter(lease_until__isnull=False).count() == delivering.LANES)

        Job.put("mail", {})
        went = sent.wait(20)

        stop.set()
    working.join()

    assert went


def test_eight_lanes_at_once_send_each_message_once_and_one_at_a_time(
    queue: Callable[[Endpoint, int], None],
) -> None:
    with webhooks.receiver() as shop:
        shop.pause = 0.01
        queue(webhooks.endpoint(shop.url)[0], OTHERS)

        def serve() -> int:
            tried = 0
            while served := delivering.serve_one(timezone.now()):
                tried += served
            return tried

        answers = race(*[serve] * 8)

        while left := delivering.serve_one(timezone.now()):
            answers.append(left)

    assert sum(answers) == OTHERS
    assert len(shop.ids) == len(set(shop.ids)) == OTHERS
    assert shop.most_at_once == 1
