"""The words of the Platform API: a ticket as its customer may see it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from ninja import Schema

from marketdesk.lib import money
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.performance.models import Rating
from marketdesk.performance.rating import can_rate
from marketdesk.refunds import details
from marketdesk.refunds.models import Refund
from marketdesk.tickets import thread
from marketdesk.tickets.models import Attachment, Message, Ticket
from marketdesk.tickets.rules import Verb

# What a customer may do by a call.
DEEDS = (Verb.REPLY, Verb.CLOSE, Verb.REOPEN)


class TicketLine(Schema):
    """A ticket in a list, and the answer to each deed. It holds nothing that a person wrote."""

    id: str
    state: str
    desk: str
    issue: str
    category: str
    merchant: str
    order: str
    product: str
    opened_at: str
    updated_at: str
    due_at: str
    closed_at: str
    closed_how: str
    can: list[str]


class RefundOut(Schema):
    """Money that goes back. `key` is what a repetition is recognised by."""

    id: str
    key: str
    item: str
    amount: str
    currency: str
    status: str
    requested_at: str
    settled_at: str


class RefundLine(RefundOut):
    """A refund in a list, with the marketplace's ids of what it is about. `contradicted_at`: since when support has
    two answers about it."""

    ticket: str
    order: str
    merchant: str
    contradicted_at: str


class RefundPage(Schema):
    """The oldest first; `after` is the key of the next page, empty on the last."""

    refunds: list[RefundLine]
    after: str


class PictureOut(Schema):
    id: str
    mime: str
    width: int
    height: int


class MessageOut(Schema):
    """Something that was said; `author` is customer, merchant or support."""

    author: str
    author_name: str
    text: str
    language: str
    at: str
    pictures: list[PictureOut]


class ItemOut(Schema):
    id: str
    name: str
    sku: str
    returned_at: str


class RatingOut(Schema):
    helpful: bool
    comment: str


class TicketOut(TicketLine):
    """A ticket with everything that its customer may see."""

    subject: str
    items: list[ItemOut]
    messages: list[MessageOut]
    refunds: list[RefundOut]
    rating: RatingOut | None


class Page(Schema):
    """The latest change first; `after` is the key of the next page, empty on the last."""

    tickets: list[TicketLine]
    after: str


def ticket_line(ticket: Ticket, actor: Actor) -> dict[str, Any]:
    allowed = ticket.can(actor)
    return {
        "id": ticket.public_id,
        "state": ticket.state,
        "desk": ticket.desk,
        "issue": ticket.issue_id,
        "category": ticket.category,
        "merchant": ticket.merchant.external_id,
        "order": ticket.order.external_id if ticket.order else "",
        "product": ticket.product.external_id if ticket.product else "",
        "opened_at": moment(ticket.opened_at),
        "updated_at": moment(ticket.public_updated_at),
        "due_at": moment(ticket.due_at),
        "closed_at": moment(ticket.closed_at),
        "closed_how": ticket.closed_how,
        "can": [verb.value for verb in DEEDS if verb in allowed],
    }


def ticket_out(ticket: Ticket, actor: Actor) -> dict[str, Any]:
    line = ticket_line(ticket, actor)
    if can_rate(ticket, actor.at):
        line["can"] = [*line["can"], "rate"]
    rating = Rating.objects.filter(ticket=ticket).first()
    said = ticket.messages_for(actor).prefetch_related("attachments")
    return line | {
        "subject": ticket.subject,
        "items": [
            {"id": item.public_id, "name": item.name, "sku": item.sku, "returned_at": moment(item.returned_at)}
            for item in ticket.items.order_by("pk")
        ],
        "messages": [_message(message, ticket, actor) for message in said],
        "refunds": [refund_out(refund) for refund in details.of(ticket).refunds],
        "rating": {"helpful": rating.helpful, "comment": rating.comment} if rating else None,
    }


def _message(message: Message, ticket: Ticket, actor: Actor) -> dict[str, Any]:
    is_theirs = message.author == Party.CUSTOMER
    return {
        "author": message.author,
        "author_name": ticket.customer.name if is_theirs else thread.author_of(message, ticket, actor),
        "text": message.body,
        "language": message.language,
        "at": moment(message.at),
        "pictures": _pictures(message.attachments.all()),
    }


def _pictures(pictures: Iterable[Attachment]) -> list[dict[str, Any]]:
    return [{"id": one.public_id, "mime": one.mime, "width": one.width, "height": one.height} for one in pictures]


def refund_out(refund: Refund) -> dict[str, Any]:
    return {
        "id": refund.public_id,
        "key": refund.key,
        "item": refund.item.public_id,
        "amount": str(money.to_decimal(refund.amount, refund.currency)),
        "currency": refund.currency,
        "status": str(refund.status),
        "requested_at": moment(refund.requested_at),
        "settled_at": moment(refund.settled_at),
    }


def refund_line(refund: Refund) -> dict[str, Any]:
    """With `ticket` joined, and `item` with its order and merchant."""
    return refund_out(refund) | {
        "ticket": refund.ticket.public_id if refund.ticket else "",
        "order": refund.item.order.external_id,
        "merchant": refund.item.merchant.external_id,
        "contradicted_at": moment(refund.contradicted_at) if refund.is_contradicted else "",
    }


def moment(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if at else ""


def plain(text: str) -> str:
    """Text that a database can look for: PostgreSQL refuses NUL, and no half of a surrogate pair is UTF-8."""
    return text.encode("utf-8", "replace").decode().replace("\x00", "")
