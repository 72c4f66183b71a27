"""Tickets with everything that their answer names, in five queries however many they are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, FilteredRelation, Q

from marketdesk.journal.models import Audience
from marketdesk.orders.models import OrderItem
from marketdesk.people.actor import Actor
from marketdesk.refunds.models import RefundStatus
from marketdesk.tickets.models import Attachment, Message, Ticket
from marketdesk.tickets.models.ticket import Tickets
from marketdesk.translations.models import Translation

Row = dict[str, Any]


@dataclass
class Whole:
    """A ticket and its rows. Items and messages are plain rows, not objects: a list carries hundreds."""

    ticket: Ticket
    items: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)


def one(public_id: str, actor: Actor) -> Whole | None:
    """The ticket of that id; None where the actor must not know of it."""
    found = whole(seen(actor).filter(public_id=public_id), actor)
    return found[0] if found else None


def waiting(actor: Actor, start: int, number: int) -> list[Whole]:
    """What the merchant must answer, soonest due first."""
    return whole(_waiting(actor).order_by("due_at", "id")[start : start + number], actor)


def how_many_wait(actor: Actor) -> int:
    return _waiting(actor).count()


def seen(actor: Actor) -> Tickets:
    """The tickets that an actor may see, with what their answer names of each."""
    tickets: Tickets = Ticket.objects.visible_to(actor)
    return tickets.select_related("customer", "order", "issue", "product", "merchant")


def _waiting(actor: Actor) -> Tickets:
    return seen(actor).waiting_for_merchant()


def whole(tickets: Iterable[Ticket], actor: Actor) -> list[Whole]:
    """Tickets with their rows, in four queries more."""
    found = {ticket.pk: Whole(ticket) for ticket in tickets}
    if found:
        # By ticket, never by message: a database takes only so many ids in one statement.
        for row in _items(list(found)):
            found[row["ticket"]].items.append(row)
        for row in _messages(list(found), actor):
            found[row["ticket_id"]].messages.append(row)
    return list(found.values())


def _items(tickets: Sequence[int]) -> list[Row]:
    """The affected items, each with its refund: at most one has not failed."""
    refunded = FilteredRelation("refunds", condition=~Q(refunds__status=RefundStatus.FAILED))
    items = OrderItem.objects.filter(tickets__in=tickets).alias(live=refunded).order_by("pk")
    rows = items.values(
        "public_id",
        "name",
        "sku",
        "color",
        "size",
        "image_url",
        "quantity",
        "price",
        "cost",
        "shipping",
        "shipping_cost",
        "paid",
        "state",
        "returned_at",
        ticket=F("tickets"),
        product_public_id=F("product__public_id"),
        product_image=F("product__image_url"),
        refund_actor=F("live__actor"),
        refund_reason=F("live__reason"),
        refund_at=F("live__requested_at"),
    )
    return [{**row} for row in rows]


def _messages(tickets: Sequence[int], actor: Actor) -> list[Row]:
    """What the actor may read, oldest first, with its pictures and stored translations."""
    readable = Audience.readable_by(actor.party)
    said = Message.objects.filter(ticket__in=tickets, audience__in=readable)
    pictures: dict[int, list[Attachment]] = defaultdict(list)
    for picture in Attachment.objects.filter(message__ticket__in=tickets, message__audience__in=readable):
        pictures[picture.message_id or 0].append(picture)
    translated: dict[int, dict[str, str]] = defaultdict(dict)
    stored = Translation.objects.filter(message__ticket__in=tickets, message__audience__in=readable)
    # The newest of a language comes last and stays.
    for message, language, body in stored.order_by("made_at", "id").values_list("message", "language", "body"):
        translated[message][language] = body
    rows = said.order_by("at", "id").values("id", "ticket_id", "author", "body", "at")
    return [{**row, "pictures": pictures[row["id"]], "translated": translated[row["id"]]} for row in rows]
