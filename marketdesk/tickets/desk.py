"""The platform's desk: its queues, what brought a ticket there, and the exact search (M23, M24, M48, M77, D23)."""

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, Q, TextChoices
from django.utils.translation import gettext_lazy, pgettext_lazy

from marketdesk.journal.models import Event
from marketdesk.lib import paging, searching
from marketdesk.lib.paging import Neighbours
from marketdesk.orders.models import Order
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.tickets import clock
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.models.ticket import Tickets
from marketdesk.tickets.rules import OVER, Desk, State, Verb

FOUND_AT_MOST = 50


class DeskQueue(TextChoices):
    """The queues of the platform's support team, in the order of their menu."""

    MINE = "mine", gettext_lazy("Assigned to me")
    UNASSIGNED = "unassigned", gettext_lazy("Unassigned")
    WITH_SUPPORT = "with-support", gettext_lazy("All with support")
    AWAITING_USER = "awaiting-user", gettext_lazy("Awaiting User")
    WITH_MERCHANTS = "with-merchants", gettext_lazy("With merchants")
    CLOSED = "closed", gettext_lazy("Closed by us")

    @property
    def order_field(self) -> str:
        """The moment by which it is ordered."""
        if self is DeskQueue.WITH_MERCHANTS:
            return "due_at"
        return "closed_at" if self is DeskQueue.CLOSED else "turned_at"

    @property
    def newest_first(self) -> bool:
        """Closed shows the latest first; every other queue what has waited longest or is due soonest."""
        return self is DeskQueue.CLOSED

    @property
    def is_ours_to_answer(self) -> bool:
        """Whether its tickets wait for the platform."""
        return self in (DeskQueue.MINE, DeskQueue.UNASSIGNED, DeskQueue.WITH_SUPPORT)

    def holds(self, actor: Actor) -> Q:
        """The condition of its tickets; one queue is the actor's own."""
        match self:
            case DeskQueue.MINE:
                return Q(state=State.WITH_SUPPORT, assignee_id=actor.user_id)
            case DeskQueue.UNASSIGNED:
                return Q(state=State.WITH_SUPPORT, assignee__isnull=True)
            case DeskQueue.WITH_SUPPORT:
                return Q(state=State.WITH_SUPPORT)
            case DeskQueue.AWAITING_USER:
                return Q(state=State.WITH_CUSTOMER, desk=Desk.PLATFORM)
            case DeskQueue.WITH_MERCHANTS:
                return Q(state=State.WITH_MERCHANT)
        return Q(closed_at__isnull=False, closed_by=Party.SUPPORT)

    @classmethod
    def of(cls, ticket: Ticket, actor: Actor) -> "DeskQueue":
        """The queue in which an agent looks for a ticket."""
        if ticket.state in OVER:
            return cls.CLOSED
        if ticket.state == State.WITH_SUPPORT:
            if ticket.assignee_id is None:
                return cls.UNASSIGNED
            return cls.MINE if ticket.assignee_id == actor.user_id else cls.WITH_SUPPORT
        return cls.AWAITING_USER if ticket.desk == Desk.PLATFORM else cls.WITH_MERCHANTS


class Arrival(TextChoices):
    """What brought a ticket to the platform's desk; the values are the verbs that do so."""

    ROUTED = "open", gettext_lazy("Routed here")
    APPEALED = Verb.APPEAL, gettext_lazy("Appealed")
    TAKEN_OVER = Verb.TAKE_OVER, gettext_lazy("Taken over")
    REOPENED = Verb.REOPEN, pgettext_lazy("a ticket", "Re-opened")
    REFUND_FAILED = Verb.REFUND_FAILED, gettext_lazy("Refund failed")


def tickets(queue: DeskQueue, actor: Actor) -> Tickets:
    """The tickets of a queue, with what a list shows of them."""
    seen: Tickets = Ticket.objects.visible_to(actor)
    return seen.filter(queue.holds(actor)).select_related("customer", "issue", "merchant", "assignee")


def counts(actor: Actor) -> dict[DeskQueue, int]:
    """How many tickets each open queue holds: one query for each state, so that each reads its own index. What is
    closed grows for ever and is not counted."""
    seen: Tickets = Ticket.objects.visible_to(actor)
    ours = (DeskQueue.MINE, DeskQueue.UNASSIGNED, DeskQueue.WITH_SUPPORT)
    totals = seen.filter(state=State.WITH_SUPPORT).aggregate(
        **{queue.name: Count("id", filter=queue.holds(actor)) for queue in ours}
    )
    others = (DeskQueue.AWAITING_USER, DeskQueue.WITH_MERCHANTS)
    return {queue: totals[queue.name] for queue in ours} | {
        queue: seen.filter(queue.holds(actor)).count() for queue in others
    }


def neighbours(queue: DeskQueue, ticket: Ticket, actor: Actor) -> Neighbours:
    """Where an agent goes from here."""
    rows = Ticket.objects.visible_to(actor).filter(queue.holds(actor))
    return paging.neighbours(rows, ticket, queue.order_field, newest_first=queue.newest_first)


def due_at(ticket: Ticket) -> datetime | None:
    """When whoever has the turn means to have answered: the merchant's time left to reply, or the platform's own,
    as customers are told; None while nobody of them has it."""
    if ticket.state == State.WITH_SUPPORT:
        return clock.due_at(ticket.turned_at, promises.current().platform_reply_hours)
    return ticket.due_at


def arrivals(rows: Iterable[Ticket]) -> dict[int, Arrival]:
    """What last brought each of these tickets to the platform's desk, in one query."""
    here = [ticket.pk for ticket in rows if ticket.desk == Desk.PLATFORM]
    if not here:
        return {}
    events = Event.objects.filter(ticket_id__in=here, verb__in=Arrival.values).order_by("id")
    return {
        ticket_id: Arrival(verb)
        for ticket_id, verb, data in events.values_list("ticket_id", "verb", "data")
        if ticket_id and (verb == Arrival.ROUTED or data.get("to") == State.WITH_SUPPORT)
    }


def find(words: str, actor: Actor) -> list[Ticket]:
    """Tickets by ticket id, order number, tracking number or mail address: exact, each through its own index."""
    words = searching.visible(words)[:200]
    if not words:
        return []
    by_id = Q(public_id=words.lower())
    orders = Order.objects.filter(
        Q(external_id=words) | Q(public_id=words.lower()) | Q(tracking_number=words)
    ).values_list("pk", flat=True)
    # Lists of numbers rather than joins: an OR across tables would read every ticket.
    about = by_id | Q(order_id__in=list(orders[:FOUND_AT_MOST]))
    if "@" in words:
        about |= Q(customer_id__in=list(User.objects.filter(email=words.lower()).values_list("pk", flat=True)))
    seen: Tickets = Ticket.objects.visible_to(actor)
    found = seen.filter(about).select_related("customer", "issue", "merchant", "assignee")
    return list(found.order_by("-public_updated_at", "-pk")[:FOUND_AT_MOST])
