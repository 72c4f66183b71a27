"""Filling a template's placeholders from a ticket; what is unknown is left for the merchant to write, visibly."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import pgettext_lazy

from marketdesk.lib.languages import contained
from marketdesk.tickets.models import Ticket

PLACEHOLDER = re.compile(r"\{([a-z]+)\}")
UNKNOWN = "…"

# What can be filled in, and what a person calls it.
NAMES: dict[str, Promise] = {
    "customer": pgettext_lazy("a gap in a template", "first name"),
    "store": pgettext_lazy("a gap in a template", "store"),
    "order": pgettext_lazy("a gap in a template", "order number"),
    "product": pgettext_lazy("a gap in a template", "product"),
    "tracking": pgettext_lazy("a gap in a template", "tracking number"),
    "carrier": pgettext_lazy("a gap in a template", "carrier"),
    "date": pgettext_lazy("a gap in a template", "date"),
}


@dataclass(frozen=True)
class Filled:
    """A reply ready to be read over: `missing` names what the merchant must still write, `marked` is the same text
    with a mark at each such place. Its words are the text and nothing else, so that a page can take it from there."""

    text: str
    missing: tuple[str, ...]
    marked: SafeString


def fill(body: str, values: Mapping[str, str]) -> Filled:
    """The template's text with a ticket's names and numbers (`values_of`) in it."""
    words, names = _taken_apart(body)
    text, marked = [words[0]], [_marked(words[0])]
    for name, following in zip(names, words[1:], strict=True):
        value = contained(values.get(name, ""))
        text += [value or UNKNOWN, following]
        marked += [escape(value) if value else _gap(name, UNKNOWN), _marked(following)]
    missing = tuple(name for name in dict.fromkeys(names) if not values.get(name))
    return Filled("".join(text), missing, mark_safe("".join(marked)))  # noqa: S308  # each part of it was escaped


def unfilled(body: str) -> SafeString:
    """The template's text for no ticket in particular: each gap with its name."""
    words, names = _taken_apart(body)
    parts = [_marked(words[0])]
    for name, following in zip(names, words[1:], strict=True):
        parts += [f"<mark>{escape(str(NAMES.get(name, name)))}</mark>", _marked(following)]
    return mark_safe("".join(parts))  # noqa: S308  # each part of it was escaped


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


def _taken_apart(body: str) -> tuple[list[str], list[str]]:
    """What stands between the placeholders, and their names."""
    pieces = PLACEHOLDER.split(body)
    return pieces[::2], pieces[1::2]


def _marked(words: str) -> str:
    """Words in which some are left to be written."""
    return escape(words).replace(UNKNOWN, f"<mark>{UNKNOWN}</mark>")


def _gap(name: str, mark: str) -> str:
    """A place for what has a name; the style sheet writes that beside it."""
    return f'<mark data-gap="{escape(str(NAMES.get(name, name)))}">{mark}</mark>'
