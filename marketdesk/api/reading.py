"""Tickets with everything that their answer names, in five queries however many they are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, FilteredRelation, Q, QuerySet

from marketdesk.journal.models import Audience
from marketdesk.lib import paging
from marketdesk.orders.models import Order, OrderItem, OrderItems
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


@dataclass(frozen=True)
class Page:
    """Tickets of a list; `after` is the place behind the last one, empty where nothing follows."""

    tickets: list[Whole]
    after: str


def waiting(actor: Actor, start: int, limit: int, after: str = "") -> Page:
    """What the merchant must answer, soonest due first: from a place on, or from a number where none is known.

    A number is counted out along an index, in which the whole answer stands; rows are fetched only for this page.
    """
    places = Ticket.objects.visible_to(actor).waiting_for_merchant()
    place = paging.read_key(after)
    if place is not None:
        places, start = places.filter(paging.beyond("due_at", *place)), 0
    found = places.order_by("due_at", "id").values_list("due_at", "id")[start : start + limit + 1]
    known = [(due, pk) for due, pk in found if due]  # who waits has a time
    last = paging.write_key(*known[limit - 1]) if len(known) > limit else ""
    page = _waiting(actor).filter(pk__in=[pk for _due, pk in known[:limit]])
    return Page(whole(page.order_by("due_at", "id"), actor) if known else [], last)


def how_many_wait(actor: Actor) -> int:
    return _waiting(actor).count()


def item(public_id: str, actor: Actor) -> tuple[Row, Order] | None:
    """The item of that id with its order; None where the actor must not know of it."""
    for row in _rows(OrderItem.objects.visible_to(actor).filter(public_id=public_id)):
        return row, Order.objects.select_related("customer").get(items__public_id=public_id)
    return None


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
        for row in _items(list(found)):
            found[row["ticket"]].items.append(row)
        for row in _messages(list(found), actor):
            found[row["ticket_id"]].messages.append(row)
    return list(found.values())


def _items(tickets: Sequence[int]) -> list[Row]:
    """The affected items."""
    return _rows(OrderItem.objects.filter(tickets__in=tickets), ticket=F("tickets"))


def _rows(items: OrderItems, **more: F) -> list[Row]:
    return [{**row} for row in item_rows(items, **more).order_by("pk")]


def item_rows(items: OrderItems, **more: F) -> QuerySet[OrderItem, Any]:
    """Items as they are answered, each with its refund: at most one has not failed."""
    refunded = FilteredRelation("refunds", condition=~Q(refunds__status=RefundStatus.FAILED))
    return items.alias(live=refunded).values(
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
        product_public_id=F("product__public_id"),
        product_image=F("product__image_url"),
        refund_actor=F("live__actor"),
        refund_reason=F("live__reason"),
        refund_at=F("live__requested_at"),
        **more,
    )


@dataclass(frozen=True)
class Said:
    """What an actor may read in tickets: the messages, their pictures, their stored translations."""

    messages: QuerySet[Message]
    pictures: QuerySet[Attachment]
    translations: QuerySet[Translation]


def said(tickets: Any, actor: Actor) -> Said:
    """Of tickets by their numbers, never of messages by theirs: a database takes only so many in one statement."""
    readable = Audience.readable_by(actor.party)
    of_messages = {"message__ticket__in": tickets, "message__audience__in": readable}
    return Said(
        Message.objects.filter(ticket__in=tickets, audience__in=readable),
        Attachment.objects.filter(**of_messages),
        Translation.objects.filter(**of_messages),
    )


def _messages(tickets: Sequence[int], actor: Actor) -> list[Row]:
    """What the actor may read, oldest first, with its pictures and stored translations."""
    found = said(tickets, actor)
    rows = found.messages.order_by("at", "id").values("id", "ticket_id", "author", "body", "at")
    translations = found.translations.order_by("made_at", "id").values_list("message", "language", "body")
    return together([{**row} for row in rows], found.pictures, translations)


def together(
    messages: list[Row], pictures: Iterable[Attachment], translations: Iterable[tuple[int, str, str]]
) -> list[Row]:
    """Messages with their pictures and translations; of those into one language the newest, which comes last."""
    shown: dict[int, list[Attachment]] = defaultdict(list)
    for picture in pictures:
        shown[picture.message_id or 0].append(picture)
    translated: dict[int, dict[str, str]] = defaultdict(dict)
    for message, language, body in translations:
        translated[message][language] = body
    return [{**row, "pictures": shown[row["id"]], "translated": translated[row["id"]]} for row in messages]
