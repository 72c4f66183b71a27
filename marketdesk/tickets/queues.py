"""The merchant's queues: which tickets each holds, in which order, and how many (M33-M37, M73, M75, D15, D23)."""

from dataclasses import dataclass

from django.db.models import Count, Q, TextChoices
from django.utils.translation import gettext_lazy, pgettext_lazy

from marketdesk.lib import paging
from marketdesk.lib.paging import Neighbours
from marketdesk.people.actor import Actor
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


@dataclass(frozen=True)
class Counts:
    """How many tickets each queue of a merchant holds; `waiting` is the red number."""

    by_queue: dict[Queue, int]

    @property
    def waiting(self) -> int:
        return sum(number for queue, number in self.by_queue.items() if queue.category)


def waiting(actor: Actor) -> int:
    """The red number alone: one query on the index of open tickets."""
    return Ticket.objects.visible_to(actor).waiting_for_merchant().count()


def counts(actor: Actor) -> Counts:
    """All the menu's numbers, in one query."""
    tickets: Tickets = Ticket.objects.visible_to(actor)

    totals = tickets.aggregate(**{queue.name: Count("id", filter=queue.holds()) for queue in Queue})
    return Counts({queue: totals[queue.name] for queue in Queue})


def neighbours(queue: Queue, ticket: Ticket, actor: Actor) -> Neighbours:
    """The tickets before and after one in its queue's order."""
    rows = Ticket.objects.visible_to(actor).filter(queue.holds())
    return paging.neighbours(rows, ticket, queue.order_field, newest_first=queue.newest_first)


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
    return seen.filter(queue.holds()).select_related("customer", "issue", "product")
