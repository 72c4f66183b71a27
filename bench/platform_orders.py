"""How quickly the Platform API takes orders: 10,000 in batches of 1,000, new and then once more unchanged.

`.venv/bin/python -m bench.platform_orders [ORDERS]` serves a scratch home on SQLite, or on DATABASE_URL.
"""

import json
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from tests.desk import Desk, free_ports, surroundings

BATCH = 1000


def main() -> int:
    """Start a server on a scratch home, push everything, print a table."""
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as folder:
        given = {name: os.environ[name] for name in ("DATABASE_URL",) if name in os.environ}
        desk = Desk(surroundings(Path(folder) / "home", port, MARKETDESK_LOG="ERROR", **given))
        key = desk.run("key", "create", "bench").stdout.strip()
        try:
            desk.start()
            measure(f"http://127.0.0.1:{port}/platform/v1", key, orders)
        finally:
            desk.kill()
    return 0


def measure(base: str, key: str, orders: int) -> None:
    print(f"{orders} orders of two items, in batches of {BATCH}\n")
    print(f"{'what':<24}{'rows':>8}{'seconds':>9}{'rows/s':>8}{'memory, MB':>12}")
    _push(base, key, "merchants", [{"id": f"m-{n}", "name": f"Store {n}"} for n in range(100)])
    _push(base, key, "products", [_product(n) for n in range(1000)])
    _push(base, key, "customers", [{"id": f"c-{n}", "name": f"Customer {n}", "country": "DE"} for n in range(1000)])
    rows = [_order(n) for n in range(orders)]
    _push(base, key, "orders", rows, "orders, new")
    _push(base, key, "orders", rows, "orders, unchanged")
    _push(base, key, "orders", [_shipped(n) for n in range(orders)], "shipments")


def _product(number: int) -> dict[str, Any]:
    return {"id": f"p-{number}", "merchant": f"m-{number % 100}", "name": f"Lamp {number}", "price": "12.50"}


def _order(number: int) -> dict[str, Any]:
    first, second = number % 1000, (number + 100) % 1000  # of the same merchant
    return {
        "id": f"o-{number}", "merchant": f"m-{number % 100}", "customer": f"c-{number % 1000}", "currency": "EUR",
        "placed_at": "2026-11-01T10:00:00Z", "recipient": "Ada Lovelace", "street1": "Lindenweg 4", "city": "Bonn",
        "postcode": "53111", "country": "DE",
        "items": [{"product": f"p-{product}", "price": "12.50", "quantity": 2} for product in (first, second)],
    }  # fmt: skip


def _shipped(number: int) -> dict[str, Any]:
    return {
        "id": f"o-{number}",
        "shipped_at": "2026-11-02T10:00:00Z",
        "carrier": "DHL",
        "tracking_number": f"T{number}",
    }


def _batches(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _push(base: str, key: str, kind: str, rows: list[dict[str, Any]], what: str = "") -> None:
    bodies = [json.dumps({"rows": batch}).encode() for batch in _batches(rows)]
    begun = time.perf_counter()
    for number, body in enumerate(bodies):
        request = urllib.request.Request(f"{base}/{kind}", body, method="POST")
        request.add_header("Authorization", f"Bearer {key}")
        request.add_header("Content-Type", "application/json")
        request.add_header("Idempotency-Key", f"{what or kind}-{number}".replace(" ", ""))
        with urllib.request.urlopen(request, timeout=120) as answer:
            results = json.load(answer)["results"]
        if any(one["result"] == "refused" for one in results):
            raise SystemExit(f"a row was refused: {results[0]}")
    seconds = time.perf_counter() - begun
    print(f"{what or kind:<24}{len(rows):>8}{seconds:>9.1f}{len(rows) / seconds:>8.0f}{_memory():>12.0f}")


def _memory() -> float:
    """The largest process of the server, resident."""
    family = psutil.Process().children(recursive=True)
    largest: int = max(one.memory_info().rss for one in family)
    return largest / 1024**2


if __name__ == "__main__":
    sys.exit(main())
