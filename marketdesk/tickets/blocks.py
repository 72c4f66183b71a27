"""The blocks of a ticket page above its thread, for merchants and support, as the lines that they are drawn of."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from marketdesk.lib import countries, money
from marketdesk.lib.languages import isolated, own_name
from marketdesk.orders.models import ItemState, Order, OrderItem
from marketdesk.tickets.models import Ticket
from marketdesk.ui.templatetags.marketdesk import day, in_full, moment, stamp

Line = dict[str, str]


def facts(ticket: Ticket, state: str, refund_ends_at: datetime | None, merchant_url: str = "") -> Line:
    """Ticket Details before a purchase (M50), else Ticket, Transaction and Address (M52). `state` says whose turn it
    is; `merchant_url` is the merchant's page where the reader needs to be told whose ticket it is (support)."""
    return {
        "issue": ticket.issue.label,
        "opened": moment(ticket.opened_at),
        "opened_in_full": in_full(ticket.opened_at),
        "opened_stamp": stamp(ticket.opened_at),
        "state": state,
        "why_here": ticket.why_here,
        "merchant": ticket.merchant.name,
        "merchant_url": merchant_url,
        "customer": ticket.customer.short_name,
        "language": ticket.language,
        "language_name": own_name(ticket.language) if ticket.language else "",
        **(_order(ticket, ticket.order, refund_ends_at) if ticket.order else _question(ticket)),
    }


def _order(ticket: Ticket, order: Order, refund_ends_at: datetime | None) -> Line:
    place = f"{order.postcode} {order.city}"
    return {
        "order": order.external_id,
        "wants_return": "yes" if ticket.wants == "return" else "",
        "wants_refund": "yes" if ticket.wants and ticket.wants != "return" else "",
        "placed": day(order.placed_at),
        "total": order.total_text,
        "refund_window": _until(refund_ends_at),
        "recipient": order.recipient,
        "street1": order.street1,
        "street2": order.street2,
        "place": f"{place}, {order.region}" if order.region else place,
        "country": countries.name(order.country) if order.country else "",
    }


def _question(ticket: Ticket) -> Line:
    country = ticket.customer.country
    line = {"order": "", "country": countries.name(country) if country else "", "product": ""}
    if product := ticket.product:
        line |= {
            "product": product.name,
            "image_url": product.image_url,
            "sku": _sku(product.sku),
            "price": money.show(product.price, product.currency),
        }
    return line


def details(order: Order, refund_ends_at: datetime | None) -> Line:
    """Order Details (M54): dates, shipping, tracking with a link, payment, refund window."""
    summary = _("not shipped yet")
    if order.delivered_at:
        summary = _("delivered %(date)s") % {"date": isolated(day(order.delivered_at))}
    elif order.shipped_at:
        summary = _("shipped %(date)s") % {"date": isolated(day(order.shipped_at))}
    return {
        "summary": summary,
        "placed": day(order.placed_at),
        "shipped": day(order.shipped_at),
        "delivered": day(order.delivered_at),
        "expected": day(order.est_delivery_at),
        "carrier": order.carrier,
        "tracking": order.tracking_number,
        "tracking_url": order.tracking_url,
        "total": order.total_text,
        "payment": order.payment,
        "refund_window": _until(refund_ends_at),
    }


def items(
    found: Iterable[OrderItem],
    currency: str,
    *,
    can_refund: bool,
    can_return: bool,
    checked: Collection[str] = (),
    is_settled: bool = False,
) -> list[Line]:
    """Affected Items (M53), with boxes to check where something can be done with them; `checked` are the public ids
    of the ticked ones, `is_settled`: what is checked waits for its confirmation and cannot be changed."""
    return [
        {
            "public_id": one.public_id if can_refund or can_return else "",
            "refundable": str(one.refundable),
            "is_checked": "yes" if one.public_id in checked else "",
            "is_disabled": "yes" if is_settled or not _is_open(one, can_refund, can_return) else "",
            "image_url": one.image_url,
            "name": one.name,
            "variant": one.variant,
            "quantity": _("Qty %(n)s") % {"n": one.quantity},
            "sku": _sku(one.sku),
            "returned": _("returned %(date)s") % {"date": isolated(day(one.returned_at))} if one.returned_at else "",
            "is_good": "yes" if one.state == ItemState.REFUNDED else "",
            "is_warning": "yes" if one.state == ItemState.REQUIRE_REVIEW else "",
            "state": str(ItemState(one.state).label),
            "price": money.show(one.paid, currency),
        }
        for one in found
    ]


def _is_open(item: OrderItem, can_refund: bool, can_return: bool) -> bool:
    """Whether anything can still be done with an item."""
    return bool(can_refund and item.refundable) or (can_return and not item.returned_at)


def _sku(sku: str) -> str:
    return _("SKU %(sku)s") % {"sku": isolated(sku)} if sku else ""


def _until(at: datetime | None) -> str:
    return _("until %(date)s") % {"date": isolated(day(at))} if at else ""
