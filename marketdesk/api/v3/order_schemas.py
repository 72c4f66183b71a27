"""API v3's words: an order as its clients read it, which is one item of ours, as in API v2.

A field without a value is left out. Names that the original wire fixes stand here and nowhere else.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from ninja import Field, Schema

from marketdesk.api import files
from marketdesk.api.v3.schemas import A_MOMENT, A_PRODUCT, AN_ITEM, ID, Wire, moment
from marketdesk.lib import money
from marketdesk.orders.models import Order, OrderItem
from marketdesk.people.party import Party
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.refunds.reasons import BY_CODE

OrderState = Literal["APPROVED", "SHIPPED", "REFUNDED", "REQUIRE_REVIEW"]
RefundSource = Literal["MERCHANT", "CUSTOMER", "WISH"]
RefundState = Literal["PENDING", "SUCCEEDED"]
Milestone = Literal["ORDER_RELEASED", "MARK_SHIPPED", "CONFIRMED_DELIVERED"]

SOURCES: dict[str, RefundSource] = {Party.MERCHANT: "MERCHANT", Party.CUSTOMER: "CUSTOMER"}
REFUND_STATES: dict[str, RefundState] = {RefundStatus.PENDING: "PENDING", RefundStatus.SUCCEEDED: "SUCCEEDED"}

AN_ORDER = "60c0a1b2c3d4e5f600000401"


class Money(Schema):
    """A sum."""

    amount: float = Field(description="In units of the currency.", examples=[89.9])
    currency_code: str = Field(description="ISO 4217.", examples=["EUR"])


class RefundOut(Schema):
    """Money that goes back, or has gone back. A refund that failed is not listed: the order can be refunded again."""

    refund_reason: str = Field("", description="Why.", examples=["ITEM_IS_DAMAGED"])
    refund_reason_note: str = Field("", description="The note beside it.", examples=["Broken glass."])
    refund_source: RefundSource = Field(description="Who asked for it.", examples=["MERCHANT"])
    refund_time: str = Field(
        description="When it was asked for.", examples=[A_MOMENT], json_schema_extra={"format": "date-time"}
    )
    refund_amount: Money = Field(description="How much.")
    status: RefundState = Field(description="Whether it is on its way or was paid.", examples=["PENDING"])


class ProductInformation(Schema):
    """What was bought."""

    id: str = Field("", description="The product.", examples=[A_PRODUCT])
    name: str = Field(description="Its name.", examples=["Table lamp Nara"])
    sku: str = Field("", description="The merchant's own number of it.", examples=["LMP-204"])
    color: str = Field("", description="Its colour.", examples=["brass"])
    size: str = Field("", description="Its size.", examples=["M"])
    variation_image_url: str = Field("", description="A picture of it.", examples=["https://shop.example/lamp.jpg"])


class PaymentDetails(Schema):
    """The sums of an order."""

    product_quantity: int = Field(description="How many.", examples=[1])
    product_price: Money = Field(description="What one costs.")
    product_shipping_price: Money = Field(description="What sending one costs.")
    product_merchant_payment: Money | None = Field(None, description="What you earn with one, where that is known.")
    shipping_merchant_payment: Money | None = Field(None, description="The same for sending it.")
    payment_total: Money | None = Field(None, description="What you earn with the order, where that is known.")


class OrderPayment(Schema):
    """What was paid."""

    general_payment_details: PaymentDetails = Field(description="The sums.")


class Phone(Schema):
    """A telephone."""

    number: str = Field(description="Its number.", examples=["+49 228 000000"])


class ShippingDetail(Schema):
    """Where the order goes. Of a customer who was erased only the country is left."""

    name: str = Field("", description="Who gets it.", examples=["Ada Lovelace"])
    street_address1: str = Field("", description="Street and number.", examples=["Lindenweg 4"])
    street_address2: str = Field("", description="More of it.", examples=["2nd floor"])
    city: str = Field("", description="The city.", examples=["Bonn"])
    state: str = Field("", description="State or region.", examples=["NRW"])
    zipcode: str = Field("", description="The postcode.", examples=["53111"])
    country_code: str = Field("", description="ISO 3166.", examples=["DE"])
    phone_number: Phone | None = Field(None, description="The customer's telephone.")


class FullAddress(Schema):
    """Where it goes."""

    shipping_detail: ShippingDetail = Field(description="The address.")


class Provider(Schema):
    """A carrier."""

    name: str = Field(description="Its name.", examples=["DHL"])


class Tracking(Schema):
    """A parcel."""

    tracking_number: str = Field(description="Its number.", examples=["JD014600006281230701"])
    shipping_provider: Provider | None = Field(None, description="Who carries it.")


class FulfillmentRecord(Schema):
    """Something that happened to the order."""

    event_type: Milestone = Field(description="What.", examples=["MARK_SHIPPED"])
    event_time: str = Field(description="When.", examples=[A_MOMENT], json_schema_extra={"format": "date-time"})


class OrderOut(Schema):
    """An order: one affected item of a ticket (its `orders`), one `Order` of API v2. What the customer bought at once
    are several of them with one `transaction_id`."""

    id: str = Field(description="Its id.", examples=[AN_ITEM], json_schema_extra=ID)
    transaction_id: str = Field(description="What was bought at once.", examples=[AN_ORDER], json_schema_extra=ID)
    state: OrderState = Field(description="How far it is.", examples=["SHIPPED"])
    released_at: str = Field(
        description="When it was ordered.", examples=[A_MOMENT], json_schema_extra={"format": "date-time"}
    )
    updated_at: str = Field(
        description="When something happened to it last.",
        examples=[A_MOMENT],
        json_schema_extra={"format": "date-time"},
    )
    product_information: ProductInformation = Field(description="What was bought.")
    order_payment: OrderPayment = Field(description="What was paid.")
    full_address: FullAddress = Field(description="Where it goes.")
    tracking_information: list[Tracking] = Field(description="Its parcel, once it is known.")
    fulfillment_records: list[FulfillmentRecord] = Field(description="What happened to it, oldest first.")
    refunds: list[RefundOut] = Field(description="Money that goes back, or has gone back.")


def order_out(item: OrderItem, refunds: Iterable[Refund]) -> Wire:
    """The item as OrderOut describes it."""
    order = item.order
    paid = [refund for refund in refunds if refund.status in REFUND_STATES]
    known = [order.placed_at, order.shipped_at, order.delivered_at, item.returned_at]
    known += [at for refund in paid for at in (refund.requested_at, refund.settled_at)]
    return {
        "id": item.public_id,
        "transaction_id": order.public_id,
        "state": item.state,
        "released_at": moment(order.placed_at),
        "updated_at": moment(max(filter(None, known))),
        "product_information": _product(item),
        "order_payment": {"general_payment_details": _payment(item, order.currency)},
        "full_address": {"shipping_detail": _address(order)},
        "tracking_information": [_tracking(order)] if order.tracking_number else [],
        "fulfillment_records": _records(order),
        "refunds": [_refund(one) for one in paid],
    }


def _product(item: OrderItem) -> Wire:
    product = item.product
    return _given(
        id=product and product.public_id,
        name=item.name,
        sku=item.sku,
        color=item.color,
        size=item.size,
        variation_image_url=files.of_product(item.image_url or (product.image_url if product else "")),
    )


def _payment(item: OrderItem, currency: str) -> Wire:
    def sum_of(minor: int) -> Wire:
        return _money(minor, currency)

    # What the merchant earns is known only where the marketplace has said it.
    earned: dict[str, Any] = {}
    if item.cost:
        earned = {
            "product_merchant_payment": sum_of(item.cost),
            "shipping_merchant_payment": sum_of(item.shipping_cost),
            "payment_total": sum_of((item.cost + item.shipping_cost) * item.quantity),
        }
    return {
        "product_quantity": item.quantity,
        "product_price": sum_of(item.price),
        "product_shipping_price": sum_of(item.shipping),
        **earned,
    }


def _address(order: Order) -> Wire:
    return _given(
        name=order.recipient,
        street_address1=order.street1,
        street_address2=order.street2,
        city=order.city,
        state=order.region,
        zipcode=order.postcode,
        country_code=order.country,
        phone_number=order.phone and {"number": order.phone},
    )


def _tracking(order: Order) -> Wire:
    return _given(tracking_number=order.tracking_number, shipping_provider=order.carrier and {"name": order.carrier})


def _records(order: Order) -> list[Wire]:
    happened: dict[Milestone, datetime | None] = {
        "ORDER_RELEASED": order.placed_at,
        "MARK_SHIPPED": order.shipped_at,
        "CONFIRMED_DELIVERED": order.delivered_at,
    }
    return [{"event_type": what, "event_time": moment(at)} for what, at in happened.items() if at]


def _refund(refund: Refund) -> Wire:
    reason = BY_CODE.get(refund.reason)
    return _given(
        refund_reason=reason and reason.told_v3,
        refund_reason_note=refund.reason_note,
        refund_source=SOURCES.get(refund.actor.get("party", ""), "WISH"),
        refund_time=moment(refund.requested_at),
        refund_amount=_money(refund.amount, refund.currency),
        status=REFUND_STATES[refund.status],
    )


def _given(**fields: Any) -> Wire:
    """Only the fields that have a value."""
    return {name: value for name, value in fields.items() if value}


def _money(minor: int, currency: str) -> Wire:
    return {"amount": float(money.to_decimal(minor, currency)), "currency_code": currency}
