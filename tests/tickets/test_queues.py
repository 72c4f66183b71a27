"""Every ticket is in one queue, and the numbers are the queues' lengths (M33-M37, D15)."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from marketdesk.lib import paging
from marketdesk.lib.prepared import Prepared
from marketdesk.people.actor import Actor
from marketdesk.tickets import queues
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.queues import Queue
from marketdesk.tickets.rules import Category

pytestmark = pytest.mark.django_db


def _answered(ticket: Ticket, mehmet: Actor, sofia: Actor, ada: Actor) -> None:
    ticket.reply("Sorry!", by=mehmet)


def _appealed(ticket: Ticket, mehmet: Actor, sofia: Actor, ada: Actor) -> None:
    ticket.appeal("I cannot solve this.", by=mehmet)


def _answered_by_support(ticket: Ticket, mehmet: Actor, sofia: Actor, ada: Actor) -> None:
    _appealed(ticket, mehmet, sofia, ada)
    ticket.reply("We are on it.", by=sofia)


def _closed(ticket: Ticket, mehmet: Actor, sofia: Actor, ada: Actor) -> None:
    ticket.close(by=ada)


def _closed_for_good(ticket: Ticket, mehmet: Actor, sofia: Actor, ada: Actor) -> None:
    ticket.close_for_good(by=sofia)


@pytest.mark.parametrize(
    ("path", "queue"),
    [
        (lambda *_: None, Queue.POST_PURCHASE),
        (_answered, Queue.AWAITING_USER),
        (_appealed, Queue.WITH_SUPPORT),
        (_answered_by_support, Queue.WITH_SUPPORT),
        (_closed, Queue.CLOSED),
        (_closed_for_good, Queue.CLOSED),
    ],
)
def test_a_ticket_is_in_exactly_one_queue_wherever_it_stands(
    path: Callable[..., None], queue: Queue, purchase: Ticket, mehmet: Actor, sofia: Actor, ada: Actor
) -> None:
    path(purchase, mehmet, sofia, ada)

    numbers = queues.counts(mehmet)
    assert numbers.by_queue == {one: int(one == queue) for one in Queue}
    assert numbers.waiting == queues.waiting(mehmet) == int(queue == Queue.POST_PURCHASE)
    assert Queue.of(purchase) == queue
    assert [one for one in Queue if purchase in queues.tickets(one, mehmet)] == [queue]


def test_the_red_number_counts_all_three_categories(
    ticket: Ticket, question: Ticket, purchase: Ticket, hidden: Ticket, mehmet: Actor
) -> None:
    numbers = queues.counts(mehmet)

    assert numbers.waiting == 3
    assert [numbers.by_queue[queue] for queue in Queue if queue.category] == [1, 1, 1]


def test_what_waits_for_nobody_here_is_counted_up_to_a_number(
    ticket: Ticket, question: Ticket, purchase: Ticket, mehmet: Actor, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "MOST_COUNTED", 1)
    monkeypatch.setattr(queues, "_COUNTS", Prepared(queues._counts))
    assert queues.counts(mehmet).waiting == 3

    said = []
    for one in (ticket, question, purchase):
        one.close(by=ada)
        said.append(queues.counts(mehmet).shown(Queue.CLOSED))

    assert said == ["1", "1+", "1+"]
    assert queues.counts(mehmet).shown(Queue.AWAITING_USER) == "0"


def test_the_menu_is_in_the_articles_order() -> None:
    assert [queue.value for queue in Queue] == [
        "post-purchase",
        "pre-purchase",
        "post-customer-support",
        "awaiting-user",
        "with-support",
        "closed",
    ]
    assert [queue.category for queue in Queue if queue.category] == list(Category)


def test_queues_are_ordered_by_what_matters_there() -> None:
    assert {queue.order_field for queue in Queue if queue.category} == {"due_at"}
    assert Queue.AWAITING_USER.order_field == Queue.WITH_SUPPORT.order_field == "turned_at"
    assert Queue.CLOSED.order_field == "closed_at"
    assert [queue for queue in Queue if queue.newest_first] == [Queue.CLOSED]


def test_the_places_of_a_long_queue_are_looked_at_again_when_it_holds_another_number(
    ask: Callable[..., Ticket], mehmet: Actor, django_assert_num_queries: Any
) -> None:
    first = ask("item_problem")
    assert queues.places(Queue.POST_PURCHASE, mehmet, paging.SIZE + 1) == [("de", "DE", "DE")]
    Ticket.objects.filter(pk=first.pk).update(language="pl")

    with django_assert_num_queries(0):
        assert queues.places(Queue.POST_PURCHASE, mehmet, paging.SIZE + 1) == [("de", "DE", "DE")]
    assert queues.places(Queue.POST_PURCHASE, mehmet, paging.SIZE + 2) == [("pl", "DE", "DE")]
    assert queues.places(Queue.AWAITING_USER, mehmet, paging.SIZE + 1) == []


def test_the_places_of_a_short_queue_are_those_of_now(ask: Callable[..., Ticket], mehmet: Actor) -> None:
    ticket = ask("item_problem")
    assert queues.places(Queue.POST_PURCHASE, mehmet, 1) == [("de", "DE", "DE")]

    Ticket.objects.filter(pk=ticket.pk).update(language="pl")

    assert queues.places(Queue.POST_PURCHASE, mehmet, 1) == [("pl", "DE", "DE")]


def test_they_are_kept_for_a_minute(ask: Callable[..., Ticket], mehmet: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = ask("item_problem")
    queues.places(Queue.POST_PURCHASE, mehmet, 100)
    Ticket.objects.filter(pk=ticket.pk).update(language="pl")

    later = time.monotonic() + 61
    monkeypatch.setattr(time, "monotonic", lambda: later)

    assert queues.places(Queue.POST_PURCHASE, mehmet, 100) == [("pl", "DE", "DE")]
