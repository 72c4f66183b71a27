"""Tickets on behalf of a customer: what the marketplace's own app and site ask, answer and show.

Each call names the customer beside the ticket; a ticket of another customer is as if absent (D31).
"""

import base64
import binascii
from datetime import datetime
from io import BytesIO
from typing import Annotated, Any, Literal

from django.db import models
from django.http import FileResponse, HttpResponse
from ninja import Field, Router, Schema

from marketdesk.api.platform.keys import Keyed, PlatformRequest, customers_actor
from marketdesk.api.platform.once import HEADER, once
from marketdesk.api.platform.pressure import refuse_when_behind
from marketdesk.api.platform.problems import Problem, bad_fields, no_ticket
from marketdesk.api.platform.schemas import Page, TicketLine, TicketOut, plain, ticket_line, ticket_out
from marketdesk.lib import languages, paging
from marketdesk.lib.prepared import Prepared
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, OrderItem, Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import Scope, User
from marketdesk.people.party import Party
from marketdesk.performance.rating import rate
from marketdesk.tickets import issues, links
from marketdesk.tickets.models import Attachment, Issue, Ticket
from marketdesk.tickets.models.attachment import MOST
from marketdesk.tickets.rules import Category
from marketdesk.ui.pictures import HEADERS

router = Router(tags=["tickets"])
READ, WRITE = Keyed(Scope.TICKETS_READ), Keyed(Scope.TICKETS_WRITE)


class PictureIn(Schema):
    """A picture: JPEG, PNG, GIF or WebP, in base64."""

    name: str = Field("", max_length=200)
    content: str


class Said(Schema):
    """Something that the customer says. `customer` is the marketplace's id of them."""

    customer: str
    text: str
    language: str = ""
    pictures: list[PictureIn] = Field([], max_length=MOST)


class Asked(Said):
    """A question: about an order, or before buying about a product or a store. `items` are names or SKUs of the
    order's items, or our ids of them."""

    issue: str
    order: str = ""
    product: str = ""
    merchant: str = ""
    items: list[str] = Field([], max_length=1000)
    wants: Literal["", "refund", "return"] = ""
    subject: str = Field("", max_length=120)
    follows: str = ""


class Closed(Schema):
    """Why the customer closes it (D21)."""

    customer: str
    how: Literal["solved", "not_needed"] = "solved"


class LinkOut(Schema):
    """A link, and when it ends."""

    url: str
    ends_at: datetime


class Rated(Schema):
    """Whether the answer helped (D5)."""

    customer: str
    helpful: bool
    comment: str = Field("", max_length=2000)


@router.post(
    "/tickets",
    auth=WRITE,
    response={201: TicketLine},
    operation_id="open_ticket",
    summary="Ask on behalf of a customer",
    openapi_extra=HEADER,
)
def ask(request: PlatformRequest, payload: Asked) -> HttpResponse:
    items = _ORDERED(plain(payload.customer), plain(payload.order)) if payload.order else []
    customer = items[0].order.customer if items else _customer(payload.customer)
    by = customers_actor(request, customer)
    about = _about(payload, customer, items)
    refuse_when_behind()

    def act() -> tuple[int, dict[str, Any]]:
        ticket = Ticket.open(customer=customer, by=by, **about, **_said(payload, by))
        return 201, ticket_line(ticket, by)

    return once(request, act)


@router.post(
    "/tickets/{ticket}/replies",
    auth=WRITE,
    response={200: TicketLine},
    operation_id="reply",
    summary="Answer, or add something",
    openapi_extra=HEADER,
)
def reply(request: PlatformRequest, ticket: str, payload: Said) -> HttpResponse:
    found, by = _find(request, ticket, payload.customer)

    def act() -> tuple[int, dict[str, Any]]:
        found.reply(by=by, **_said(payload, by))
        return 200, ticket_line(found, by)

    return once(request, act)


@router.post(
    "/tickets/{ticket}/reopen",
    auth=WRITE,
    response={200: TicketLine},
    operation_id="reopen",
    summary="Open a closed ticket again, with a message",
    openapi_extra=HEADER,
)
def reopen(request: PlatformRequest, ticket: str, payload: Said) -> HttpResponse:
    found, by = _find(request, ticket, payload.customer)

    def act() -> tuple[int, dict[str, Any]]:
        found.reopen(by=by, **_said(payload, by))
        return 200, ticket_line(found, by)

    return once(request, act)


@router.post(
    "/tickets/{ticket}/close",
    auth=WRITE,
    response={200: TicketLine},
    operation_id="close",
    summary="Close it for the customer",
    openapi_extra=HEADER,
)
def close(request: PlatformRequest, ticket: str, payload: Closed) -> HttpResponse:
    found, by = _find(request, ticket, payload.customer)

    def act() -> tuple[int, dict[str, Any]]:
        found.close(how=payload.how, by=by)
        return 200, ticket_line(found, by)

    return once(request, act)


@router.post(
    "/tickets/{ticket}/rating",
    auth=WRITE,
    response={200: TicketLine},
    operation_id="rate",
    summary="Say whether it helped, or change what was said",
    openapi_extra=HEADER,
)
def rating(request: PlatformRequest, ticket: str, payload: Rated) -> HttpResponse:
    found, by = _find(request, ticket, payload.customer)

    def act() -> tuple[int, dict[str, Any]]:
        rate(found, helpful=payload.helpful, comment=plain(payload.comment), by=by)
        return 200, ticket_line(found, by)

    return once(request, act)


@router.get(
    "/tickets/{ticket}/link",
    auth=WRITE,
    response={200: LinkOut},
    operation_id="get_link",
    summary="A signed link for a mail of your own: it opens this one ticket, without an account",
)
def link(request: PlatformRequest, ticket: str, customer: str) -> dict[str, Any]:
    """Whoever has it can write as the customer, hence the scope. It changes nothing, and is kept nowhere."""
    found, by = _find(request, ticket, customer)
    ends = links.ends_at(by.at)
    return {"url": links.address(found, ends), "ends_at": ends}


@router.get(
    "/customers/{path:customer}/tickets",
    auth=READ,
    response={200: Page},
    operation_id="list_tickets",
    summary="A customer's tickets",
)
def tickets(
    request: PlatformRequest, customer: str, after: str = "", limit: Annotated[int, Field(ge=1, le=100)] = 50
) -> dict[str, Any]:
    known = _known(customer)
    if known is None:
        raise Problem(404, "not_found", "There is no such customer.")
    by = customers_actor(request, known)
    seen = Ticket.objects.visible_to(by).select_related("merchant", "order", "product")
    found = paging.page(seen, "public_updated_at", after, newest_first=True, size=limit)
    return {"tickets": [ticket_line(one, by) for one in found.rows], "after": found.after}


@router.get(
    "/tickets/{ticket}",
    auth=READ,
    response={200: TicketOut},
    operation_id="get_ticket",
    summary="A ticket as its customer may see it",
)
def show(request: PlatformRequest, ticket: str, customer: str) -> dict[str, Any]:
    return ticket_out(*_find(request, ticket, customer))


@router.get(
    "/tickets/{ticket}/pictures/{picture}",
    auth=READ,
    operation_id="get_picture",
    summary="A picture of a message",
)
def picture(request: PlatformRequest, ticket: str, picture: str, customer: str) -> FileResponse:
    found, by = _find(request, ticket, customer)
    shown = Attachment.objects.visible_to(by).filter(message__ticket=found, public_id=plain(picture)).first()
    try:
        body = shown.open() if shown else None
    except FileNotFoundError:
        body = None
    if shown is None or body is None:
        raise Problem(404, "not_found", "There is no such picture.")
    return FileResponse(body, content_type=shown.mime, filename=shown.file_name, headers=HEADERS)


# What a call names: what each of a marketplace's questions names is looked for by statements that are kept


def _customers(id_: str) -> models.QuerySet[User]:
    """A customer by the marketplace's id; one who was erased is as if absent."""
    return User.objects.filter(party=Party.CUSTOMER, erased_at__isnull=True, external_id=id_)


_CUSTOMER = Prepared(_customers)
_ISSUE = Prepared(lambda code: Issue.objects.filter(pk=code, active=True))
_STORE = Prepared(lambda id_: Merchant.objects.real().filter(external_id=id_))
_ORDER = Prepared(
    lambda customer, id_: Order.objects.select_related("merchant").filter(customer=customer, external_id=id_)
)
# What most questions name, at once: the items with their order, its store and its customer.
_ORDERED = Prepared(
    lambda customer, order: (
        OrderItem.objects.select_related("order__merchant", "order__customer")
        .filter(order__external_id=order, order__customer__in=_customers(customer))
        .order_by("pk")
    )
)


def _known(customer: str) -> User | None:
    return _CUSTOMER.first(plain(customer))


def _customer(customer: str) -> User:
    known = _known(customer)
    if known is None:
        raise bad_fields(customer="is not known")
    return known


def _find(request: PlatformRequest, ticket: str, customer: str) -> tuple[Ticket, Actor]:
    known = _known(customer)
    if known is None:
        raise no_ticket()
    by = customers_actor(request, known)
    mine = Ticket.objects.visible_to(by).select_related("merchant", "order", "product", "customer")
    found = mine.filter(public_id=plain(ticket)).first()
    if found is None:
        raise no_ticket()
    return found, by


def _said(payload: Said, by: Actor) -> dict[str, Any]:
    """The words and the pictures. An unknown language is no reason to lose a message."""
    return {
        "text": payload.text,
        "language": payload.language if payload.language in languages.LANGUAGES else "",
        "pictures": [_keep(one, by) for one in payload.pictures],
    }


def _keep(picture: PictureIn, by: Actor) -> Attachment:
    try:
        content = base64.b64decode(picture.content, validate=True)
    except (binascii.Error, ValueError):
        raise bad_fields(pictures="is not base64") from None
    return Attachment.keep(BytesIO(content), plain(picture.name), by=by)


def _about(payload: Asked, customer: User, items: list[OrderItem]) -> dict[str, Any]:
    """What a question is about, with the items of the order if that has any. What is another customer's is as if
    absent."""
    issue = _ISSUE.first(plain(payload.issue))
    if issue is None:
        raise bad_fields(issue="is not known")
    about: dict[str, Any] = {"issue": issue, "subject": plain(payload.subject)}
    if payload.follows:
        about["follows"] = customer.tickets.filter(public_id=plain(payload.follows)).first()
        if about["follows"] is None:
            raise bad_fields(follows="is not known")
    if issue.category == Category.PRE_PURCHASE:
        return about | _before_buying(payload)
    return about | _of_order(payload, customer, issue, items)


def _before_buying(payload: Asked) -> dict[str, Any]:
    if payload.product:
        products = Product.objects.select_related("merchant").filter(merchant__in=Merchant.objects.real())
        product = products.filter(external_id=plain(payload.product)).first()
        if product is None:
            raise bad_fields(product="is not known")
        return {"product": product, "merchant": product.merchant}
    merchant = _STORE.first(plain(payload.merchant))
    if merchant is None:
        raise bad_fields(merchant="is not known, and no product is named")
    return {"merchant": merchant}


def _of_order(payload: Asked, customer: User, issue: Issue, whole: list[OrderItem]) -> dict[str, Any]:
    order = whole[0].order if whole else _ORDER.first(customer.pk, plain(payload.order))
    if order is None:
        raise bad_fields(order="is not known")
    items = _items(whole, payload.items)
    if not items and len(whole) > 1 and issues.needs_items(issue.code, issue.category):
        raise bad_fields(items="say which items it is about")
    if issue.code == issues.RETURNS and not payload.wants:
        raise bad_fields(wants="must be refund or return")
    return {
        "order": order,
        "merchant": order.merchant,
        "items": items or whole,
        "wants": payload.wants if issue.code == issues.RETURNS else "",
    }


def _items(whole: list[OrderItem], wanted: list[str]) -> list[OrderItem]:
    # An item without a SKU is not what an empty name means.
    names = {item: {item.public_id, item.sku, item.name} - {""} for item in whole}
    for place, name in enumerate(wanted):
        if not any(name in known for known in names.values()):
            raise bad_fields(**{f"items.{place}": "is not an item of this order"})
    return [item for item in whole if names[item] & set(wanted)]
