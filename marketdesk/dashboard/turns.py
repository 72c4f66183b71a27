"""Where a merchant goes from a ticket: the one before, the one after, and the next that waits."""

from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from marketdesk.people.actor import Actor
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.queues import Queue


@dataclass(frozen=True)
class Turns:
    """The addresses of the neighbours in a queue's order; empty at its ends."""

    previous_url: str
    next_url: str


def neighbours(ticket: Ticket, queue: Queue, actor: Actor) -> Turns:
    """The tickets before and after one in its own queue, by the order of the list."""
    field = queue.order_field
    at = getattr(ticket, field)
    later = Q(**{f"{field}__gt": at}) | Q(**{field: at, "pk__gt": ticket.pk})
    earlier = Q(**{f"{field}__lt": at}) | Q(**{field: at, "pk__lt": ticket.pk})
    above = _url(actor, queue, earlier, f"-{field}", "-pk")
    below = _url(actor, queue, later, field, "pk")
    return Turns(below, above) if queue.newest_first else Turns(above, below)


def _url(actor: Actor, queue: Queue, where: Q, *order: str) -> str:
    found = Ticket.objects.visible_to(actor).filter(queue.holds()).filter(where).order_by(*order)
    public_id = found.values_list("public_id", flat=True).first()
    return reverse("dashboard:ticket", args=[public_id]) if public_id else ""


def next_waiting(ticket: Ticket, actor: Actor) -> Ticket | None:
    """What to answer after this ticket: the soonest due of its category, else the soonest due of all."""
    waiting = Ticket.objects.visible_to(actor).waiting_for_merchant().exclude(pk=ticket.pk).order_by("due_at", "pk")
    return waiting.filter(category=ticket.category).first() or waiting.first()
