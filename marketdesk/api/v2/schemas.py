"""API v2's words: a ticket as its clients read it.

Every leaf is a string, a field without a value is left out; the fields that some client reads unguarded always
stand there, empty if need be. `transaction` is our Order, `Order` our OrderItem.
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from marketdesk.api import files
from marketdesk.api.reading import Row, Whole
from marketdesk.lib import money
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import ItemState, Order
from marketdesk.people.party import Party
from marketdesk.refunds import reasons
from marketdesk.tickets.models import Attachment, Ticket
from marketdesk.tickets.rules import OVER, State

PictureLink = Callable[[Attachment], str]
Wire = dict[str, Any]

# Clients branch on 4; the other ids are ours.
STATES = {
    State.CLOSED: ("1", "Closed"),
    State.WITH_CUSTOMER: ("2", "Awaiting buyer response"),
    State.WITH_SUPPORT: ("3", "Awaiting support response"),
    State.WITH_MERCHANT: ("4", "Awaiting your response"),
    State.CLOSED_FOR_GOOD: ("5", "Closed"),
}
SENDERS = {Party.CUSTOMER: "user", Party.MERCHANT: "merchant"}
PLATFORM = "wish support"
# What the wire calls whoever refunded.
REFUNDERS = {Party.CUSTOMER: "CANCELLED BY CUSTOMER", Party.MERCHANT: "REFUNDED BY MERCHANT"}
PLATFORM_REFUNDED = "REFUNDED BY WISH"


def ticket(whole: Whole, merchant: Merchant, link: PictureLink) -> Wire:
    """The wrapped ticket."""
    told = whole.ticket
    state_id, state = STATES[State(told.state)]
    customer = told.customer
    return {
        "Ticket": {
            "id": told.public_id,
            "merchant_id": merchant.public_id,
            "transaction_id": told.order.public_id if told.order else "",
            "state": state,
            "state_id": state_id,
            "category": told.category,
            "label": told.issue.v2_label,
            "sublabel": "",
            "subject": told.subject,
            "open_date": _moment(told.opened_at),
            "last_update_date": _moment(told.public_updated_at),
            "photo_proof": _truth(any(row["pictures"] for row in whole.messages if row["author"] == Party.CUSTOMER)),
            **_closing(told),
            **_suggested_reason(told),
            "UserInfo": {
                "id": customer.public_id,
                "name": customer.short_name,
                "locale": customer.reading_language,
                "joined_date": _moment(customer.date_joined),
            },
            "items": [item(row, told.order, customer.public_id) for row in whole.items if told.order],
            "replies": [_reply(row, merchant, link) for row in whole.messages],
        }
    }


def _closing(told: Ticket) -> Wire:
    if told.state not in OVER or told.closed_at is None:
        return {}
    return {"close_date": _moment(told.closed_at), "closed_by": SENDERS.get(Party(told.closed_by), PLATFORM)}


def _suggested_reason(told: Ticket) -> Wire:
    reason = reasons.suggested(told.issue_id) if told.order else None
    return {"default_refund_reason": reason.told_v2} if reason else {}


def item(row: Row, order: Order, buyer: str) -> Wire:
    """The wrapped item."""

    def amount(minor: int) -> str:
        return decimal(minor, order.currency)

    earned = (row["cost"] + row["shipping_cost"]) * row["quantity"]
    known = [order.placed_at, order.shipped_at, order.delivered_at, row["returned_at"], row["refund_at"]]
    return {
        "Order": {
            "order_id": row["public_id"],
            "transaction_id": order.public_id,
            "buyer_id": buyer,
            "product_id": row["product_public_id"] or "",
            "variant_id": "",
            "sku": row["sku"],
            "product_name": row["name"],
            "product_image_url": files.of_product(row["image_url"] or row["product_image"] or ""),
            **_given(color=row["color"], size=row["size"]),
            "quantity": str(row["quantity"]),
            "price": amount(row["price"]),
            "shipping": amount(row["shipping"]),
            "shipping_cost": amount(row["shipping_cost"]),
            # What the merchant earns is known only where the marketplace has said it.
            **(_given(cost=amount(row["cost"]), order_total=amount(earned)) if row["cost"] else {}),
            "state": row["state"],
            "order_time": _moment(order.placed_at),
            "last_updated": _moment(max(filter(None, known))),
            **_given(
                shipped_date=_day(order.shipped_at),
                shipping_provider=order.carrier,
                tracking_number=order.tracking_number,
            ),
            "tracking_confirmed": _truth(order.delivered_at is not None),
            **_given(tracking_confirmed_date=_moment(order.delivered_at)),
            "is_wish_express": _truth(False),
            **_refund(row),
            "ShippingDetail": _address(order),
        }
    }


def _refund(row: Row) -> Wire:
    if row["state"] != ItemState.REFUNDED or row["refund_at"] is None:
        return {}
    party = (row["refund_actor"] or {}).get("party", "")
    return _given(
        refunded_by=REFUNDERS.get(party, PLATFORM_REFUNDED),
        refunded_reason=str(reason.words) if (reason := reasons.BY_CODE.get(row["refund_reason"])) else "",
        refunded_time=_day(row["refund_at"]),
    )


def _address(order: Order) -> Wire:
    return {
        "name": order.recipient,
        "phone_number": order.phone,
        "street_address1": order.street1,
        "street_address2": order.street2,
        "city": order.city,
        "state": order.region,
        "zipcode": order.postcode,
        "country": order.country,
    }


def _reply(row: Row, merchant: Merchant, link: PictureLink) -> Wire:
    translated = row["translated"] if row["author"] != Party.MERCHANT else {}
    return {
        "Reply": {
            "date": _moment(row["at"]),
            "sender": SENDERS.get(Party(row["author"]), PLATFORM),
            "message": row["body"],
            # One string that holds a list: four of the five parsers out there read JSON in it.
            "image_urls": json.dumps([link(picture) for picture in row["pictures"]]) if row["pictures"] else "[]",
            **_given(
                translated_message=translated.get("en") or translated.get(merchant.language, ""),
                translated_message_zh=translated.get("zh-hant", ""),
            ),
        }
    }


def decimal(minor: int, currency: str) -> str:
    """An amount in its shortest form with a point: 6.4, 3.0, 7.99."""
    text = f"{money.to_decimal(minor, currency).normalize():f}"
    return text if "." in text else f"{text}.0"


def _moment(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat()[:19] if at else ""


def _day(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat()[:10] if at else ""


def _truth(fact: bool) -> str:
    return "True" if fact else "False"


def _given(**fields: str) -> Wire:
    """Only the fields that have a value."""
    return {name: value for name, value in fields.items() if value}
