"""The orders of a store: read one, and refund it."""

import re
from contextlib import suppress
from typing import Annotated, Literal

from django.http import HttpResponse
from ninja import Field, Router, Schema

from marketdesk.api import envelope
from marketdesk.api.v3 import errors
from marketdesk.api.v3.choosing import Tree, chosen, pick
from marketdesk.api.v3.keys import Bearer, ProgramRequest
from marketdesk.api.v3.once import once
from marketdesk.api.v3.order_schemas import OrderOut, order_out
from marketdesk.api.v3.parameters import Fields
from marketdesk.api.v3.schemas import AN_ITEM, ID, Wire
from marketdesk.journal.models import AlreadyDone
from marketdesk.lib import ids
from marketdesk.orders.models import OrderItem
from marketdesk.people.actor import Actor
from marketdesk.programs.models import Scope
from marketdesk.refunds import refunding
from marketdesk.refunds.models import Refund
from marketdesk.refunds.reasons import BY_V3, LONGEST_NOTE
from marketdesk.tickets.errors import BadText

router = Router(tags=["Orders"])
READ, WRITE = Bearer(Scope.READ_ORDERS), Bearer(Scope.WRITE_ORDERS)
# What a refund tells who may not read orders.
NOT_READ: Tree = {name: {} for name in ("id", "transaction_id", "state", "updated_at", "refunds")}

OrderId = Annotated[str, Field(examples=[AN_ITEM], json_schema_extra={**ID, "description": "The order's id."})]


class RefundIn(Schema):
    """Why the money goes back."""

    refund_reason: Literal[tuple(BY_V3)] = Field(  # type: ignore[valid-type]  # the table's words
        description="One of those that `refund_reasons` answers.", examples=["ITEM_IS_DAMAGED"]
    )
    refund_reason_note: str = Field(
        "", max_length=LONGEST_NOTE, description="More about it, in your own words.", examples=["Broken glass."]
    )


@router.get(
    "/orders/{order}",
    auth=READ,
    response=OrderOut,
    operation_id="get_order",
    summary="Get an order",
    description="The ids are those of a ticket's `orders`: an affected item is an order, as in API v2.",
)
def order(request: ProgramRequest, order: OrderId, fields: Fields = "") -> HttpResponse:
    tree = chosen(fields, OrderOut)
    return envelope.success(pick(_told(_find(order, request.auth.actor())), tree))


@router.get(
    "/orders/{order}/refund_reasons",
    auth=READ,
    response=list[str],
    operation_id="list_refund_reasons",
    summary="List why an order can be refunded",
    description="The values of `refund_reason`; none for an order that is refunded already.",
)
def refund_reasons(request: ProgramRequest, order: OrderId) -> HttpResponse:
    return envelope.success(list(BY_V3) if _find(order, request.auth.actor()).refundable else [])


@router.put(
    "/orders/{order}/refund",
    auth=WRITE,
    response=OrderOut,
    operation_id="refund_order",
    summary="Refund an order",
    description="Asks the marketplace to pay back what was paid, once however often this is sent. It works outside a "
    "ticket too; an open ticket closes once all its affected items are refunded. An order that is refunded already is "
    "refused with 409. Whose token lacks `orders:read` is answered no more than the order's ids, state and refunds.",
)
def refund(request: ProgramRequest, order: OrderId, payload: RefundIn) -> HttpResponse:
    def act(by: Actor) -> HttpResponse:
        item = _find(order, by)
        reason = BY_V3[payload.refund_reason]
        try:
            with suppress(AlreadyDone):
                refunding.refund_item(item, by=by, reason=reason, note=payload.refund_reason_note)
        except BadText as bad:
            raise errors.bad_parameter(refund_reason_note=str(bad)) from bad
        may_read = request.auth.allows(Scope.READ_ORDERS)
        return envelope.success(pick(_told(_find(order, by)), {} if may_read else NOT_READ))

    return once(request, act)


def _find(public_id: str, by: Actor) -> OrderItem:
    """The order; the same refusal for a stranger's and for none."""
    items = OrderItem.objects.visible_to(by).select_related("order", "product")
    # Databases do not take every text.
    found = items.filter(public_id=public_id).first() if re.fullmatch(ids.PATTERN, public_id) else None
    if found is None:
        raise errors.no_order()
    return found


def _told(item: OrderItem) -> Wire:
    return order_out(item, Refund.objects.filter(item=item).order_by("pk"))
