"""API v3's words: a ticket as its clients read it.

A field without a value is left out. Names that the original wire fixes stand here and nowhere else.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

from ninja import Field, Schema

from marketdesk.api.reading import Row, Whole
from marketdesk.journal.models import Event
from marketdesk.outbox.webhooks.kinds import KINDS
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.tickets import clock, routing, thread
from marketdesk.tickets.models import Attachment, Message, Ticket
from marketdesk.tickets.rules import OVER, Category, Desk, State

PictureLink = Callable[[Attachment], str]
Wire = dict[str, Any]

TypeWord = Literal["ORDER", "PRE_PURCHASE", "POST_CUSTOMER_SUPPORT"]
StateWord = Literal["AWAITING_MERCHANT", "AWAITING_USER", "AWAITING_WISH", "CLOSED", "PERMANENTLY_CLOSED"]
TurnWord = Literal["CLOSED", "AWAITING_MERCHANT", "AWAITING_WISH"]  # the states that a program can ask for
DeskWord = Literal["MERCHANT", "PLATFORM"]
SenderWord = Literal["USER", "MERCHANT", "WISH_SUPPORT", "WISH_AUTOMATED_SUPPORT"]

TYPES: dict[Category, TypeWord] = {
    Category.POST_PURCHASE: "ORDER",
    Category.PRE_PURCHASE: "PRE_PURCHASE",
    Category.POST_CUSTOMER_SUPPORT: "POST_CUSTOMER_SUPPORT",
}
STATES: dict[State, StateWord] = {
    State.WITH_MERCHANT: "AWAITING_MERCHANT",
    State.WITH_CUSTOMER: "AWAITING_USER",
    State.WITH_SUPPORT: "AWAITING_WISH",
    State.CLOSED: "CLOSED",
    State.CLOSED_FOR_GOOD: "PERMANENTLY_CLOSED",
}
DESKS: dict[Desk, DeskWord] = {Desk.MERCHANT: "MERCHANT", Desk.PLATFORM: "PLATFORM"}
SENDERS: dict[Party, SenderWord] = {
    Party.CUSTOMER: "USER",
    Party.MERCHANT: "MERCHANT",
    Party.SUPPORT: "WISH_SUPPORT",
    Party.CLOCK: "WISH_AUTOMATED_SUPPORT",
}
# The refund reason that an issue suggests.
REFUND_REASONS = {"tracking": "SHIPPING_TAKING_TOO_LONG", "item_problem": "ITEM_IS_DAMAGED"}

ID: dict[str, Any] = {"pattern": "^[0-9a-f]{24}$"}
A_TICKET, AN_ITEM, A_PRODUCT = "60c0a1b2c3d4e5f601020304", "60c0a1b2c3d4e5f600000501", "60c0a1b2c3d4e5f600000301"
A_STORE = "60c0a1b2c3d4e5f600000001"
A_MOMENT = "2026-06-01T10:00:00.000Z"


def _id(meaning: str, example: str) -> Any:
    return Field(description=meaning, examples=[example], json_schema_extra=ID)


def _at(meaning: str) -> Any:
    return Field(description=meaning, examples=[A_MOMENT], json_schema_extra={"format": "date-time"})


class Issue(Schema):
    """The issue type that the customer chose."""

    code: str = Field(description="A stable word.", examples=["order_status"])
    label: str = Field(
        description="Its name, in the language of the answer.", examples=["Shipping status or time of arrival"]
    )


class Waiting(Schema):
    """The time left to reply; only while the ticket awaits the merchant."""

    due_at: str = _at("Until when an answer must be there.")
    seconds_left: int = Field(description="What is left of it; below zero when it is over.", examples=[172800])
    is_overdue: bool = Field(description="Whether it is over.", examples=[False])


class Routed(Schema):
    """Where the ticket went when it was opened, and why."""

    desk: DeskWord = Field(description="Who was to answer first.", examples=["MERCHANT"])
    reason: str = Field(
        description="The rule that decided, in the language of the answer.",
        examples=["Questions of customers in Germany go straight to the merchant."],
    )


class Resolution(Schema):
    """How the ticket was closed; only while it is."""

    closed_at: str = _at("When it was closed.")
    closed_by: SenderWord = Field(description="Who closed it.", examples=["MERCHANT"])


class Buyer(Schema):
    """The customer."""

    name: str = Field(description="As much of the name as a merchant needs.", examples=["Ada L."])
    locale: str = Field(description="The language that they read, and their country.", examples=["de-DE"])


class Named(Schema):
    """Something by its id."""

    id: str = _id("Its id.", AN_ITEM)


class File(Schema):
    """A picture that came with a message."""

    url: str = Field(
        description="Where it can be fetched, without a token, for 30 days.",
        examples=[f"https://desk.example/api/files/{A_PRODUCT}.jpg"],
    )
    file_name: str = Field(description="Its name.", examples=["60c0a1b2c3d4e5f600000901.jpg"])


class Reply(Schema):
    """A message of the ticket. Plain text, as it was sent."""

    message: str = Field(description="What was said.", examples=["Wo ist meine Bestellung?"])
    replied_at: str = _at("When.")
    sender: SenderWord = Field(description="Who said it.", examples=["USER"])
    supporting_files: list[File] = Field(description="The pictures that came with it.")
    translations: dict[str, str] = Field(
        {}, description="By language, where there are any.", examples=[{"en": "Where is my order?"}]
    )


class TicketOut(Schema):
    """A ticket, as the merchant may see it."""

    id: str = _id("Its id, the same as on the pages and in API v2.", A_TICKET)
    type: TypeWord = Field(description="What kind of question it is.", examples=["POST_CUSTOMER_SUPPORT"])
    category: str = Field(
        description="The same as `type`, as the pages name it, in the language of the answer.",
        examples=["Post Customer Support Questions"],
    )
    state: StateWord = Field(description="Whose turn it is.", examples=["AWAITING_MERCHANT"])
    merchant_id: str = _id("The store.", A_STORE)
    subject: str = Field(
        description="What it is about, in the customer's words.", examples=["Wo ist meine Bestellung?"]
    )
    sub_label: str = Field(
        description="What it is about, in English: the label of API v2.",
        examples=["Shipping Status or ETA Inquiry"],
    )
    issue: Issue = Field(description="The issue type.")
    refund_reason: str = Field(
        "", description="The refund reason that the issue type suggests.", examples=["ITEM_IS_DAMAGED"]
    )
    opened_at: str = _at("When it was opened.")
    updated_at: str = _at("When something happened last that you may see.")
    wait: Waiting | None = Field(None, description="The time left to reply; only while it awaits the merchant.")
    routed: Routed = Field(description="Where it went when it was opened, and why.")
    resolution_info: Resolution | None = Field(None, description="How it was closed; only while it is.")
    buyer_info: Buyer = Field(description="The customer.")
    orders: list[Named] = Field(
        description="The affected items; each is one order of API v2.", examples=[[{"id": AN_ITEM}]]
    )
    products: list[Named] = Field(description="The products that it is about.", examples=[[{"id": A_PRODUCT}]])
    replies: list[Reply] = Field(description="What was said, oldest first.")


class EventOut(Schema):
    """Something that happened to a ticket."""

    kind: str = Field(description="A stable word.", examples=["ticket.appealed"])
    at: str = _at("When.")
    by: SenderWord = Field(description="Who did it.", examples=["MERCHANT"])
    words: str = Field(
        description="The same as a sentence, in the language of the answer; empty where a reply says it all.",
        examples=["Anadolu Home appealed to Bazario Support"],
    )
    from_state: StateWord | None = Field(None, description="The state before, where it changed.")
    to_state: StateWord | None = Field(None, description="The state after, where it changed.")


def ticket_out(whole: Whole, link: PictureLink, now: datetime) -> Wire:
    """The ticket at a moment, as TicketOut describes it."""
    told = whole.ticket
    products = [row["product_public_id"] for row in whole.items] or [told.product and told.product.public_id]
    return given(
        id=told.public_id,
        type=TYPES[Category(told.category)],
        category=str(Category(told.category).label),
        state=STATES[State(told.state)],
        merchant_id=told.merchant.public_id,
        subject=told.subject,
        sub_label=told.issue.v2_label,
        issue={"code": told.issue_id, "label": told.issue.label},
        refund_reason=REFUND_REASONS.get(told.issue_id) if told.order else None,
        opened_at=moment(told.opened_at),
        updated_at=moment(told.public_updated_at),
        wait=_waiting(told.due_at, now) if told.due_at else None,
        routed={"desk": DESKS[routing.desk_of(told.routed_by) or Desk(told.desk)], "reason": told.why_here},
        resolution_info=_resolution(told),
        buyer_info={"name": told.customer.short_name, "locale": _locale(told.customer)},
        orders=[{"id": row["public_id"]} for row in whole.items],
        products=[{"id": one} for one in dict.fromkeys(products) if one],
        replies=[reply_out(row, link) for row in whole.messages],
    )


def _waiting(due: datetime, now: datetime) -> Wire:
    left = clock.time_left(due, now).total_seconds()
    return {"due_at": moment(due), "seconds_left": int(left), "is_overdue": clock.is_late(due, now)}


def _resolution(told: Ticket) -> Wire | None:
    if told.state not in OVER or told.closed_at is None:
        return None
    return {"closed_at": moment(told.closed_at), "closed_by": SENDERS[Party(told.closed_by)]}


def _locale(customer: User) -> str:
    """A language tag (BCP 47): `de-DE`, `pt-BR`, `zh-Hant`."""
    language, _, rest = customer.reading_language.partition("-")
    if rest:
        return f"{language}-{rest.upper() if len(rest) == 2 else rest.title()}"
    return f"{language}-{customer.country}" if customer.country else language


def reply_out(row: Row, link: PictureLink) -> Wire:
    """A message as Reply describes it."""
    return given(
        message=row["body"],
        replied_at=moment(row["at"]),
        sender=SENDERS[Party(row["author"])],
        supporting_files=[{"url": link(one), "file_name": one.file_name} for one in row["pictures"]],
        translations=row["translated"] or None,
    )


def message_out(message: Message) -> Wire:
    """A message without pictures that was sent just now."""
    row = {"body": message.body, "at": message.at, "author": message.author, "pictures": [], "translated": {}}
    return reply_out(row, str)


def event_out(event: Event, ticket: Ticket, actor: Actor) -> Wire:
    """Something that happened, for this reader."""
    before, after = event.data.get("from"), event.data.get("to")
    moved = before != after and before in STATES and after in STATES
    return given(
        kind=KINDS[event.verb],
        at=moment(event.at),
        by=SENDERS[Party(event.actor["party"])],
        words=thread.tell(event, ticket, actor),
        from_state=STATES[State(before)] if moved else None,
        to_state=STATES[State(after)] if moved else None,
    )


def version(ticket: Wire) -> str:
    """A name for the ticket as it is now for its reader: the same until something changes. Not of it are the time
    left, the links of pictures and the words of a language, which differ from answer to answer."""
    lasting = {name: value for name, value in ticket.items() if name not in {"category", "routed", "issue"}}
    if wait := ticket.get("wait"):
        lasting["wait"] = [wait["due_at"], wait["is_overdue"]]
    lasting["replies"] = [
        {**reply, "supporting_files": [file["file_name"] for file in reply["supporting_files"]]}
        for reply in ticket["replies"]
    ]
    return hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()[:24]


def moment(at: datetime) -> str:
    """To the millisecond, which is cut off and not rounded: nothing is said to have happened later than it did."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def given(**fields: Any) -> Wire:
    """Only the fields that have a value."""
    return {name: value for name, value in fields.items() if value is not None}
