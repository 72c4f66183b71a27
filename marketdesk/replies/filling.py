"""Filling a template's placeholders from a ticket; what is unknown is left for the merchant to write, visibly."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from marketdesk.tickets.models import Ticket

PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
UNKNOWN = "…"


@dataclass(frozen=True)
class Filled:
    """A reply ready to be read over: `missing` names what the merchant must still write."""

    text: str
    missing: tuple[str, ...]


def fill(body: str, values: Mapping[str, str]) -> Filled:
    """The template's text with a ticket's names and numbers (`values_of`) in it."""
    names = dict.fromkeys(PLACEHOLDER.findall(body))
    missing = tuple(name for name in names if not values.get(name))
    text = PLACEHOLDER.sub(lambda found: values.get(found[1]) or UNKNOWN, body)
    return Filled(text, missing)


def values_of(ticket: Ticket) -> dict[str, str]:
    """What each placeholder stands for on this ticket; empty where it is unknown."""
    order = ticket.order
    names = [item.name for item in ticket.items.all()]
    if not names and ticket.product:
        names = [ticket.product.name]
    return {
        "customer": ticket.customer.given_name,
        "store": ticket.merchant.name,
        "order": order.external_id if order else "",
        "product": ", ".join(names),
        "tracking": order.tracking_number if order else "",
        "carrier": order.carrier if order else "",
        "date": "",
    }
