"""Every ticket is in one queue, and the numbers are the queues' lengths (M33-M37, D15)."""

from collections.abc import Callable

import pytest

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
