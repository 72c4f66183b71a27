"""The merchant's queues: which tickets each holds, in which order, and how many (M33-M37, M73, M75, D15, D23)."""

import time
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import IntegerField, Q, QuerySet, Subquery, TextChoices
from django.utils.translation import gettext_lazy, pgettext_lazy

from marketdesk.lib import paging
from marketdesk.lib.paging import Neighbours, Page
from marketdesk.lib.prepared import Prepared, Question
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.models.ticket import Tickets
from marketdesk.tickets.rules import OVER, Category, Desk, State


class Queue(TextChoices):
    """The entries of the Support Tickets menu, in its order (M35, M36)."""

    POST_PURCHASE = "post-purchase", Category.POST_PURCHASE.label
    PRE_PURCHASE = "pre-purchase", Category.PRE_PURCHASE.label
    POST_CUSTOMER_SUPPORT = "post-customer-support", Category.POST_CUSTOMER_SUPPORT.label
    AWAITING_USER = "awaiting-user", gettext_lazy("Awaiting User")
    WITH_SUPPORT = "with-support", gettext_lazy("With support")
    CLOSED = "closed", pgettext_lazy("queue of tickets", "Closed")

    @property
    def category(self) -> Category | None:
        """The category whose waiting tickets it holds, if it is such a queue."""
        return _CATEGORIES.get(self)

    @property
    def order_field(self) -> str:
        """The moment by which it is ordered."""
        if self.category:
            return "due_at"
        return "closed_at" if self is Queue.CLOSED else "turned_at"

    @property
    def newest_first(self) -> bool:
        """Closed shows the latest first; every other queue what has waited longest or is due soonest."""
        return self is Queue.CLOSED

    def holds(self) -> Q:
        """The condition of its tickets."""
        if self.category:
            return Q(state=State.WITH_MERCHANT, category=self.category)
        if self is Queue.AWAITING_USER:
            return Q(state=State.WITH_CUSTOMER, desk=Desk.MERCHANT)
        if self is Queue.WITH_SUPPORT:  # whoever's turn it is: the platform serves it (D23)
            return Q(desk=Desk.PLATFORM, closed_at__isnull=True)
        return Q(closed_at__isnull=False)

    @classmethod
    def of(cls, ticket: Ticket) -> "Queue":
        """The queue in which a merchant finds a ticket."""
        if ticket.state == State.WITH_MERCHANT:
            return next(queue for queue, category in _CATEGORIES.items() if category == ticket.category)
        if ticket.state in OVER:
            return cls.CLOSED
        return cls.AWAITING_USER if ticket.desk == Desk.MERCHANT else cls.WITH_SUPPORT


_CATEGORIES = {
    Queue.POST_PURCHASE: Category.POST_PURCHASE,
    Queue.PRE_PURCHASE: Category.PRE_PURCHASE,
    Queue.POST_CUSTOMER_SUPPORT: Category.POST_CUSTOMER_SUPPORT,
}


# So many tickets are counted of a queue in which nothing waits for the merchant: what is closed grows for ever, and
# each page of the dashboard has the menu's numbers.
MOST_COUNTED = 999


@dataclass(frozen=True)
class Counts:
    """How many tickets each queue of a merchant holds, or one more than MOST_COUNTED where nothing waits and there are
    still more; `waiting` is the red number."""

    by_queue: dict[Queue, int]

    @property
    def waiting(self) -> int:
        return sum(number for queue, number in self.by_queue.items() if queue.category)

    def shown(self, queue: Queue) -> str:
        """A queue's number as people read it: `999+` where it was not counted to the end."""
        number = self.by_queue[queue]
        return str(number) if queue.category or number <= MOST_COUNTED else f"{MOST_COUNTED}+"


@dataclass(frozen=True)
class Deadlines:
    """How many tickets of a queue are overdue, and the moment by which the next is to be answered."""

    overdue: int
    following: datetime | None


def waiting(actor: Actor) -> int:
    """The red number alone: one query on the index of open tickets. Open pages ask for it again and again."""
    if actor.party != Party.MERCHANT:
        return Ticket.objects.visible_to(actor).waiting_for_merchant().count()
    (number,) = _WAITING.first(_store(actor)) or (0,)
    return number


def counts(actor: Actor) -> Counts:
    """All the menu's numbers, in one query: each is counted in its queue's own index."""
    totals = _COUNTS.first(_store(actor)) or [0] * len(Queue)
    return Counts(dict(zip(Queue, totals, strict=True)))


def questions_of_counts(actor: Actor) -> list[Question]:
    """What `counts` asks."""
    return [_COUNTS.question(_store(actor))]


def deadlines(queue: Queue, actor: Actor) -> Deadlines:
    """What is overdue in a queue of the merchant's, and what is due next."""
    overdue, following = _DEADLINES[queue].first(_store(actor), actor.at) or (0, None)
    return Deadlines(overdue, following)


def questions_of_deadlines(queue: Queue, actor: Actor) -> list[Question]:
    """What `deadlines` asks."""
    return [_DEADLINES[queue].question(_store(actor), actor.at)] if queue.category else []


def neighbours(queue: Queue, ticket: Ticket, actor: Actor) -> Neighbours:
    """The tickets before and after one in its queue's order."""
    at = paging.place(ticket, queue.order_field)
    return paging.told(_AROUND[queue].first(_store(actor), ticket.pk, at))


def questions_of_neighbours(queue: Queue, ticket: Ticket, actor: Actor) -> list[Question]:
    """What `neighbours` asks."""
    return [_AROUND[queue].question(_store(actor), ticket.pk, paging.place(ticket, queue.order_field))]


def next_waiting(actor: Actor, *, after: Ticket | None = None) -> Ticket | None:
    """What the merchant answers next: the soonest due, and after a ticket rather one of its category."""
    found = Ticket.objects.visible_to(actor).waiting_for_merchant().order_by("due_at", "pk")
    if after is None:
        return found.first()
    others = found.exclude(pk=after.pk)
    return others.filter(category=after.category).first() or others.first()


def tickets(queue: Queue, actor: Actor) -> Tickets:
    """The tickets of a queue, with what a list shows of them."""
    seen: Tickets = Ticket.objects.visible_to(actor)
    return seen.filter(queue.holds()).for_list()


def page(queue: Queue, actor: Actor, after: str) -> Page[Ticket]:
    """A page of a whole queue, from the key `after` on."""
    key = paging.read_key(after)
    found = _BEYOND[queue](_store(actor), *key) if key else _BEGINNING[queue](_store(actor))
    return paging.cut(found, queue.order_field)


# A language, and the countries of an order and of a customer.
Place = tuple[str, str | None, str]

# To look at every ticket of a long queue costs more than the rest of its page. So many seconds it is not done again, as
# long as the queue holds as many; and of so many queues it is kept.
_KEPT_FOR, _MOST_KEPT = 60.0, 1000
_kept: dict[tuple[Queue, int, int], tuple[float, list[Place]]] = {}


def places(queue: Queue, actor: Actor, number: int) -> list[Place]:
    """The languages and countries of a queue's tickets, of which there are that many, each once."""
    if number <= paging.SIZE:
        return _PLACES[queue](_store(actor))
    key = (queue, _store(actor), number)
    until, found = _kept.get(key, (0.0, []))
    if until < time.monotonic():
        found = _PLACES[queue](_store(actor))
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[key] = time.monotonic() + _KEPT_FOR, found
    return found


def forget() -> None:
    """Look again at the next page."""
    _kept.clear()


# The same for every merchant but for its number, so put into words once


def _store(actor: Actor) -> int:
    """Whose queues an actor has; nobody's but a merchant's staff."""
    return actor.merchant_id or 0 if actor.party == Party.MERCHANT else 0


def _seen(merchant: int) -> Tickets:
    seen: Tickets = Ticket.objects.visible_to(Actor(Party.MERCHANT, merchant_id=merchant))
    return seen


class _Number(Subquery):
    """How many rows there are."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) counted)"
    output_field = IntegerField()


def _number(rows: Tickets, most: int | None = None) -> _Number:
    return _Number(rows.order_by().values("pk")[:most])


def _counts(merchant: int) -> QuerySet[Any, tuple[int, ...]]:
    most = {queue: None if queue.category else MOST_COUNTED + 1 for queue in Queue}
    numbers = [_number(_seen(merchant).filter(queue.holds()), most[queue]) for queue in Queue]
    return Merchant.objects.filter(pk=merchant).values_list(*numbers)


def _waiting(merchant: int) -> QuerySet[Any, tuple[int]]:
    return Merchant.objects.filter(pk=merchant).values_list(_number(_seen(merchant).waiting_for_merchant()))


def _deadlines(queue: Queue, merchant: int, now: datetime) -> QuerySet[Any, tuple[int, datetime | None]]:
    rows = _seen(merchant).filter(queue.holds())
    following = Subquery(rows.filter(due_at__gte=now).order_by("due_at").values("due_at")[:1])
    return Merchant.objects.filter(pk=merchant).values_list(_number(rows.filter(due_at__lt=now)), following)


def _around(queue: Queue, merchant: int, pk: int, at: datetime) -> QuerySet[Any, tuple[str | None, ...]]:
    rows = _seen(merchant).filter(queue.holds())
    return paging.around(rows, queue.order_field, pk, at, newest_first=queue.newest_first)


def _beginning(queue: Queue, merchant: int) -> QuerySet[Ticket]:
    rows = _seen(merchant).filter(queue.holds()).for_list()
    return paging.span(rows, queue.order_field, newest_first=queue.newest_first)


def _beyond(queue: Queue, merchant: int, at: datetime, pk: int) -> QuerySet[Ticket]:
    rows = _seen(merchant).filter(queue.holds()).for_list()
    return paging.span(rows, queue.order_field, (at, pk), newest_first=queue.newest_first)


def _places(queue: Queue, merchant: int) -> QuerySet[Any, Place]:
    rows = _seen(merchant).filter(queue.holds()).order_by()
    return rows.values_list("language", "order__country", "customer__country").distinct()


_COUNTS = Prepared(_counts)
_WAITING = Prepared(_waiting)
_DEADLINES = {queue: Prepared(partial(_deadlines, queue)) for queue in Queue if queue.category}
_AROUND = {queue: Prepared(partial(_around, queue)) for queue in Queue}
# For a store of the usual size it is best to put all that wait in order, for a large one to read no more than a page.
_BEGINNING = {queue: Prepared(partial(_beginning, queue), planned_anew=True) for queue in Queue}
_BEYOND = {queue: Prepared(partial(_beyond, queue), planned_anew=True) for queue in Queue}
_PLACES = {queue: Prepared(partial(_places, queue)) for queue in Queue}
