"""R3 of the programme: the desk is killed anywhere between the click and the money; each refund is paid once."""

import contextlib
import json
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from marketdesk import schedule
from marketdesk.journal.models import AlreadyDone, Deed, Event, Job, job
from marketdesk.journal.worker import Worker
from marketdesk.lib import calling
from marketdesk.orders.models import OrderItem
from marketdesk.outbox.models import Delivery, Endpoint
from marketdesk.outbox.webhooks import delivering, planning
from marketdesk.people.models import PlatformKey, Scope
from marketdesk.refunds import reconciling, refunding
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.refunds.refunding import refund_items, settle
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket
from tests.outbox import webhooks
from tests.outbox.webhooks import LOOPBACK, Request, answers
from tests.races.conftest import BOTH, Arena, deep
from tests.races.killing import COMMIT, Failpoint, killed_in
from tests.races.test_platform import send
from tests.results import cases

pytestmark = [pytest.mark.heavy, pytest.mark.many]

TRIES = cases(20, release=200)


# The other side


@dataclass
class Gateway:
    """The marketplace's own program: it pays each key once, and is as unreliable as programs are. Of its answers one
    in four is lost after the work was done, and one in four says that it failed."""

    knows_keys: bool = True
    paid: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def behave(self, _number: int) -> webhooks.Behaviour:
        return self.serve

    def serve(self, line: socket.socket, request: Request) -> None:
        said = json.loads(request.body)
        if said["type"] != "refund.requested":
            return answers(200)(line, request)
        key = said["data"]["refund"]["key"]
        with self.lock:
            self.asked[key] += 1
            if not (self.knows_keys and self.paid[key]):
                self.paid[key] += 1
            is_first, mood = self.asked[key] == 1, len(self.asked) % 4
        if is_first and mood == 1:
            return line.close()
        return answers(500 if is_first and mood == 2 else 200)(line, request)


@dataclass
class Street:
    """A desk, a gateway, and a way to kill the desk and start it again."""

    arena: Arena
    gateway: Gateway
    key: str
    worker: Worker

    def ask(self, number: int, ticket: Ticket) -> None:
        """Mehmet refunds both items of an order."""
        by = self.arena.cast.mehmet.with_form(f"ask-{ticket.pk}-{number}", None)
        refund_items(Ticket.objects.get(pk=ticket.pk), list(ticket.items.order_by("pk")), by=by)

    def ask_again(self, number: int, ticket: Ticket) -> None:
        """He does not know whether it worked, and sends the same form."""
        with contextlib.suppress(AlreadyDone):
            self.ask(number, ticket)

    def tell(self) -> None:
        """The worker writes down who is told."""
        while self.worker.run_one():
            pass

    def deliver(self) -> None:
        """One turn of a lane, after every lease has run out."""
        delivering.serve_one(timezone.now() + timedelta(minutes=5))

    def answer(self, refund: Refund, key: str) -> tuple[int, bytes]:
        """The marketplace says that it has paid."""
        return send(self.key, key, f"refunds/{refund.key}/result", {"status": "succeeded"})

    def reconcile(self) -> None:
        """The marketplace asks what waits, and says of each whether it was paid: twice, with keys of their own."""
        headers = {"Authorization": f"Bearer {self.key}"}
        after, lines = "", []
        while True:
            page = Client().get(f"/platform/v1/refunds?limit=100&after={after}", headers=headers).json()
            lines += page["refunds"]
            after = page["after"]
            if not after:
                break
        for line in lines:
            if self.gateway.paid[line["key"]]:
                for once in ("one", "two"):
                    path = f"refunds/{line['id']}/result"
                    assert send(self.key, f"{once}-{line['id']}", path, {"status": "succeeded"})[0] == 200


@pytest.fixture
def street(arena: Arena, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Street]]:
    """`street(knows_keys=False)`: with a gateway that pays whatever it hears."""
    settings.WEBHOOK_ALLOW = LOOPBACK
    monkeypatch.setattr(job, "LEASE", timedelta(0))
    monkeypatch.setattr(calling, "DEADLINE", 2.0)
    Job.objects.all().delete()
    Endpoint.objects.all().delete()
    Refund.objects.filter(status=RefundStatus.PENDING).update(status=RefundStatus.SUCCEEDED)  # of other races
    Client().get("/platform/v1/openapi.json")  # what is imported here need not be in every child
    opened = []

    def _street(*, knows_keys: bool = True) -> Street:
        gateway = Gateway(knows_keys)
        here = webhooks.receiver(gateway.behave)
        opened.append(here)
        webhooks.endpoint(here.__enter__().url, ("refund.requested", "refund.unanswered"))
        handlers = {**schedule.HANDLERS, "mail": lambda _payload: None}
        key = PlatformKey.issue(f"shop-{arena.number}", Scope.values)
        return Street(arena, gateway, key, Worker(handlers))

    yield _street
    for one in opened:
        one.__exit__(None, None, None)
    Endpoint.objects.all().delete()
    Job.objects.all().delete()


# Being killed


FAILPOINTS = [
    Failpoint("ask", Deed, "begin", after=False),
    Failpoint("ask", Deed, "begin"),
    Failpoint("ask", Ticket, "close_as_refunded"),
    Failpoint("ask", refunding, "_refund", nth=1),
    Failpoint("ask", Event, "tell", nth=3),
    Failpoint("ask", *COMMIT, after=False),
    Failpoint("ask", *COMMIT),
    Failpoint("tell", Job, "claim"),
    Failpoint("tell", planning, "plan", after=False, nth=2),
    Failpoint("tell", planning, "plan", nth=2),
    Failpoint("tell", Job, "finish", nth=2),
    Failpoint("deliver", delivering, "claim"),
    Failpoint("deliver", calling, "post", after=False),
    Failpoint("deliver", calling, "post"),
    Failpoint("deliver", Delivery, "note"),
    Failpoint("deliver", delivering, "_note"),
    Failpoint("answer", Deed, "begin"),
    Failpoint("answer", Refund, "save"),
    Failpoint("answer", Ticket, "refund_succeeded"),
    Failpoint("answer", Deed, "finish", nth=2),
    Failpoint("answer", *COMMIT, after=False),
    Failpoint("answer", *COMMIT),
    Failpoint("by-hand", Refund, "save"),
    Failpoint("by-hand", *COMMIT),
    Failpoint("sweep", reconciling, "_tell"),
    Failpoint("sweep", QuerySet, "bulk_update"),
    Failpoint("sweep", *COMMIT, after=False),
    Failpoint("sweep", *COMMIT),
]


def _tickets(arena: Arena, tries: int) -> list[Ticket]:
    """A ticket about both items of an order each."""
    tickets = [arena.ticket() for _ in range(tries)]
    for ticket in tickets:
        ticket.items.set(OrderItem.objects.filter(order=ticket.order))
    return tickets


def _refunds(ticket: Ticket) -> list[Refund]:
    return list(Refund.objects.filter(ticket=ticket).order_by("pk"))


def _kill_everywhere(street: Street, tickets: list[Ticket], point: Failpoint) -> int:
    """Each ticket's refund on its way up to the step, and then a process that is killed in it; how many were."""
    steps = ["ask", "tell", "deliver", "answer", "by-hand", "sweep"]
    before = steps.index(point.step)
    killed = 0
    for number, ticket in enumerate(tickets):
        if before > 0:
            street.ask(number, ticket)
        if point.step == "deliver":
            street.tell()
            Endpoint.objects.update(lease_until=None)  # that of the worker before has run out
        killed += killed_in(_deed(street, number, ticket, point.step), point)
    return killed


def _deed(street: Street, number: int, ticket: Ticket, step: str) -> Callable[[], Any]:
    match step:
        case "ask":
            return partial(street.ask, number, ticket)
        case "tell":
            return street.tell
        case "deliver":
            return street.deliver
        case "answer":
            street.gateway.paid[(refund := _refunds(ticket)[0]).key] = 1
            return partial(street.answer, refund, f"answer-{refund.pk}")
        case "by-hand":
            street.gateway.paid[(refund := _refunds(ticket)[0]).key] = 1
            by = street.arena.cast.sofia.with_form(f"hand-{refund.pk}", None)
            return partial(settle, refund, succeeded=True, by=by, note="Seen in the bank's list.")
    Refund.objects.filter(ticket=ticket).update(requested_at=timezone.now() - timedelta(hours=100))
    return partial(reconciling.sweep_unanswered, {})


def _recover(street: Street, tickets: list[Ticket], point: Failpoint) -> None:
    """The desk starts again: people and programs repeat what they know no answer of, what waits goes out."""
    for number, ticket in enumerate(tickets):
        street.ask_again(number, ticket)
        if point.step == "answer":
            refund = _refunds(ticket)[0]
            first, again = (street.answer(refund, f"answer-{refund.pk}") for _ in range(2))
            assert first == again
    reconciling.sweep_unanswered({})
    street.tell()
    webhooks.deliver_everything()
    street.reconcile()


@BOTH
@pytest.mark.parametrize("point", FAILPOINTS, ids=str)
def test_killed_anywhere_each_refund_is_paid_once(
    database: str, point: Failpoint, street: Callable[..., Street], arena: Arena
) -> None:
    here = street()
    tickets = _tickets(arena, deep(database, TRIES))

    killed = _kill_everywhere(here, tickets, point)
    _recover(here, tickets, point)

    assert killed == len(tickets), "it never came there"
    for ticket in tickets:
        refunds = _refunds(ticket)
        assert [refund.status for refund in refunds] == [RefundStatus.SUCCEEDED] * 2
        assert [here.gateway.paid[refund.key] for refund in refunds] == [1, 1]
        assert [refund.item.refunded for refund in refunds] == [refund.item.paid for refund in refunds]
        events = Counter(Event.objects.filter(ticket_id=ticket.pk).values_list("verb", flat=True))
        assert (events["refund"], events["refund_requested"], events["refund_succeeded"]) == (1, 2, 2)
        with pytest.raises(NotAllowed):
            refund_items(ticket, [refunds[0].item], by=arena.cast.sofia)
    assert len(here.gateway.paid) == 2 * len(tickets), "nobody was paid for what nobody asked"


@BOTH
def test_control_a_gateway_that_does_not_know_keys_pays_twice(
    database: str, street: Callable[..., Street], arena: Arena
) -> None:
    """Killed after it had paid, and asked again: the stable key is all that keeps it from paying once more."""
    here = street(knows_keys=False)
    tickets = _tickets(arena, deep(database, TRIES))
    point = Failpoint("deliver", calling, "post")

    _kill_everywhere(here, tickets, point)
    _recover(here, tickets, point)

    assert max(here.gateway.paid.values()) > 1
