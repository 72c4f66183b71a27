"""What is sold, and who is known: read once, from catalogue.toml."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

_KNOWN = tomllib.loads((Path(__file__).parent / "catalogue.toml").read_text(encoding="utf-8"))

MERCHANTS: dict[str, dict[str, Any]] = {one["id"]: one for one in _KNOWN["merchants"]}
PRODUCTS: dict[str, dict[str, Any]] = {one["id"]: one for one in _KNOWN["products"]}
CUSTOMERS: dict[str, dict[str, Any]] = {one["id"]: one for one in _KNOWN["customers"]}
FIRST_ORDERS: list[dict[str, Any]] = _KNOWN["orders"]

# What the desk is told of a customer; the address goes with each order.
_TOLD = ("id", "name", "email", "country", "language", "time_zone")


def customer_row(customer: str) -> dict[str, str]:
    """A customer as the desk knows them."""
    return {name: value for name, value in CUSTOMERS[customer].items() if name in _TOLD}


def total(items: dict[str, int]) -> Decimal:
    """What a basket costs."""
    return sum((Decimal(PRODUCTS[name]["price"]) * number for name, number in items.items()), Decimal())
