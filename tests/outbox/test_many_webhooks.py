"""Many messages to endpoints that behave badly in every way: each arrives where somebody is there again (W2).

Time is compressed: nobody sleeps between tries, the clock moves on to when the next one is due.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from marketdesk.journal.models import Event
from marketdesk.lib import calling
from marketdesk.outbox.models import Attempt, Delivery, DeliveryStatus, Endpoint
from marketdesk.outbox.webhooks import manners, planning
from marketdesk.outbox.webhooks.kinds import KINDS
from marketdesk.people.actor import clock
from marketdesk.policy import promises
from marketdesk.tickets.models import Ticket
from tests.outbox import webhooks
from tests.outbox.webhooks import LOOPBACK, Behaviour, Receiver, always, answers, at_first
from tests.results import cases

pytestmark = pytest.mark.django_db

EVENTS = 800
MANY_EVENTS = cases(10_000, release=100_000)
TICKETS = 20
# Each is told of a verb of its own, and misbehaves at first; a well-behaved one is told of the rest.
BAD: dict[str, Callable[[int], Behaviour]] = {
    "reply": at_first(30, answers(500)),
    "resolve": at_first(20, answers(429, Retry_After="600")),
    "close": at_first(10, webhooks.silence),
    "reopen": at_first(30, webhooks.reset),
    "note": at_first(5, webhooks.drip),
    "assign": at_first(3, webhooks.flood),
    "remind": always(answers(410)),
    "mark_late": always(answers(302, Location="http://127.0.0.1:1/")),
}
NEVER = {"remind", "mark_late"}
GOOD = ["appeal", "hand_back"]
# What is never accepted is tried ten times each, so there is little of it.
VERBS = ["mark_late", *4 * [verb for verb in [*BAD, *GOOD] if verb != "mark_late"]]


@pytest.fixture(autouse=True)
def _reachable(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_ALLOW = LOOPBACK
    monkeypatch.setattr(calling, "DEADLINE", 0.3)


def _happen(tickets: list[Ticket], number: int) -> None:
    """So many events, in turn on each ticket and of each verb. They are planned as after a time without a worker: the
    last event of a ticket brings the earlier ones with it."""
    now = timezone.now()
    Event.objects.all().delete()
    Event.objects.bulk_create(
        [
            Event(
                verb=VERBS[(one // len(tickets)) % len(VERBS)],
                subject_kind="ticket",
                subject_id=tickets[one % len(tickets)].pk,
                ticket_id=tickets[one % len(tickets)].pk,
                merchant_id=tickets[0].merchant_id,
                actor=clock(now).as_json(),
                at=now,
            )
            for one in range(number)
        ],
        batch_size=500,
    )
    # Of each kind the last one, since only what an endpoint chose makes it look back.
    for event in Event.objects.order_by("-pk")[: len(tickets) * len(VERBS)][::-1]:
        planning.plan(event, now)
    assert Delivery.objects.count() == number


def _deliver_many(ask: Callable[..., Ticket], number: int, tmp_path: Path) -> None:
    with ExitStack() as stack:
        good = stack.enter_context(webhooks.receiver())
        bad: dict[str, Receiver] = {}
        for verb, behave in BAD.items():
            bad[verb] = stack.enter_context(webhooks.receiver(behave))
            webhooks.endpoint(bad[verb].url, (KINDS[verb],))
        webhooks.endpoint(good.url, tuple(KINDS[verb] for verb in GOOD))
        forged = stack.enter_context(webhooks.receiver(tls=tmp_path))
        webhooks.endpoint(forged.url.replace("http:", "https:"), ("policy.changed",))
        tickets = [ask("order_status") for _number in range(TICKETS)]
        _happen(tickets, number)
        promises.change({"reopen_days": 60}, reason="More.", by=clock())
        planning.plan(Event.objects.latest("id"), timezone.now())

        webhooks.deliver_everything(hurry=0.2)

    happened = Counter(Event.objects.values_list("verb", flat=True))
    assert len(set(good.ids)) == sum(happened[verb] for verb in GOOD)
    _in_order(good)
    for verb, receiver in bad.items():
        sent = set(Delivery.objects.filter(endpoint__url=receiver.url).values_list("message_id", flat=True))
        assert len(sent) == happened[verb] > 0
        undelivered = Delivery.objects.filter(endpoint__url=receiver.url).exclude(status=DeliveryStatus.DELIVERED)
        if verb not in NEVER:
            assert set(receiver.ids) == sent, verb
            assert not undelivered.exists(), verb
            _in_order(receiver)
    assert Endpoint.objects.get(url=bad["remind"].url).disabled_because == "gone"
    # On a busy machine an answer can come too late to be heard; the first one that was heard is the last.
    assert Attempt.objects.filter(delivery__endpoint__url=bad["remind"].url, answer_status=410).count() == 1
    assert Endpoint.objects.get(url=bad["mark_late"].url).disabled_because == "dead"
    assert forged.came == []
    refused = Attempt.objects.filter(delivery__endpoint__url__startswith="https:", error__contains="CERTIFICATE")
    assert refused.exists()
    assert max(len(answer.encode()) for answer in Attempt.objects.values_list("answer", flat=True)) <= 1024


def _in_order(receiver: Receiver) -> None:
    """The first try of each message of a ticket came before that of the next. Messages of which a try got lost on
    the way (on a busy machine) say nothing about that."""
    came = Counter(receiver.ids)
    told = Delivery.objects.filter(endpoint__url=receiver.url).values_list(
        "message_id", "ticket_id", "sequence", "attempts"
    )
    whole = {ident: (ticket, sequence) for ident, ticket, sequence, tries in told if ticket and came[ident] == tries}
    seen: dict[int, list[int]] = {}
    for ident in dict.fromkeys(receiver.ids):
        if ident in whole:
            ticket, sequence = whole[ident]
            seen.setdefault(ticket, []).append(sequence or 0)
    assert len(whole) > len(came) // 2
    assert all(numbers == sorted(numbers) for numbers in seen.values())


@pytest.mark.postgres  # SQLite does the same with more of them, below
def test_every_message_reaches_every_endpoint_that_comes_back(ask: Callable[..., Ticket], tmp_path: Path) -> None:
    _deliver_many(ask, EVENTS, tmp_path)


@pytest.mark.heavy
def test_thousands_of_messages_reach_every_endpoint_that_comes_back(ask: Callable[..., Ticket], tmp_path: Path) -> None:
    _deliver_many(ask, MANY_EVENTS, tmp_path)


@pytest.mark.heavy
def test_the_control_that_never_tries_again_loses_messages(
    ask: Callable[..., Ticket], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manners, "STANDARD", replace(manners.STANDARD, waits=()))

    with pytest.raises(AssertionError, match="reply"):
        _deliver_many(ask, 800, tmp_path)

    assert Delivery.objects.filter(status=DeliveryStatus.GIVEN_UP).exists()
