"""What the demo is made of, read from the files beside this one: a world, stores, goods and conversations."""

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from marketdesk.lib import languages, money

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Land:
    """A country of customers; `weight` says how many of a hundred live there."""

    code: str
    language: str
    currency: str
    weight: int
    time_zone: str
    first_names: list[str]
    last_names: list[str]
    streets: list[str]
    cities: list[dict[str, str]]


@dataclass(frozen=True)
class Store:
    """A merchant: the first of `staff` owns it."""

    name: str
    country: str
    language: str
    selected: bool
    staff: tuple[str, ...]


@dataclass(frozen=True)
class Good:
    """A product; `kind` says which conversations fit it, `store` is a position in `stores()`."""

    store: int
    name: str
    sku: str
    kind: str
    price: int
    variants: list[dict[str, str]]
    picture: str


@dataclass(frozen=True)
class Conversation:
    """What customer and merchant say in turn, what support would say instead, and why a merchant would appeal."""

    issue: str
    kind: str
    language: str
    merchant_language: str
    subject: str
    lines: tuple[str, ...]
    support: str
    appeal: str


def lands() -> list[Land]:
    """The countries of the customers."""
    return [Land(code=code, **land) for code, land in _read("world.toml")["countries"].items()]


def stores() -> list[Store]:
    """The merchants, the one that the demo shows first."""
    return [
        Store(
            one["name"],
            one["country"],
            one["language"],
            one["selected"],
            (one["staff"]["owner"]["name"], *(agent["name"] for agent in one["staff"]["agents"])),
        )
        for one in _read("merchants.toml")["merchant"]
    ]


def goods() -> list[Good]:
    """The products of all stores."""
    return [
        Good(store=one.pop("merchant"), price=money.to_minor(Decimal(one.pop("price")), "EUR"), **one)
        for one in _read("products.toml")["product"]
    ]


@cache
def conversations() -> dict[tuple[str, str], list[Conversation]]:
    """The conversations by language and issue."""
    found: dict[tuple[str, str], list[Conversation]] = {}
    for language in languages.LANGUAGES:
        for one in _read(f"conversations/{language}.toml")["conversation"]:
            found.setdefault((language, one["issue"]), []).append(
                Conversation(
                    one["issue"],
                    one["kind"],
                    language,
                    one.get("merchant_language", language),
                    one["subject"],
                    tuple(turn["text"] for turn in one["turns"]),
                    one["support"],
                    one.get("appeal", ""),
                )
            )
    return found


@cache
def translations() -> dict[tuple[str, str], tuple[str, str]]:
    """English by a person for the customer's two messages of some conversations, by language and subject."""
    found = _read("conversations/translations.toml")["translation"]
    return {(one["language"], one["subject"]): (one["opening"], one["second"]) for one in found}


@cache
def comments() -> dict[str, dict[str, list[str]]]:
    """What customers add to a rating, by language: `helpful` and `unhelpful`."""
    return dict(_read("conversations/comments.toml"))


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))
