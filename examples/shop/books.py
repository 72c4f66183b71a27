"""The shop's own books, in SQLite: orders, what the desk told us, refunds, and every payment that was made."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from shop import catalogue

TABLES = """
CREATE TABLE IF NOT EXISTS orders (
    id TEXT PRIMARY KEY,
    customer TEXT NOT NULL,
    merchant TEXT NOT NULL,
    items TEXT NOT NULL,               -- JSON: {product: pieces}
    total TEXT NOT NULL,
    placed_at TEXT NOT NULL,
    shipped_at TEXT,
    delivered_at TEXT,
    pushed INTEGER NOT NULL DEFAULT 0  -- whether the desk knows it as it is
);
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY,               -- webhook-id: a message that comes twice is one event
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    received_at TEXT NOT NULL,
    done_at TEXT,
    problem TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS tickets (
    id TEXT PRIMARY KEY,
    customer TEXT NOT NULL,
    order_id TEXT,
    state TEXT NOT NULL,
    sequence INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS refunds (
    key TEXT PRIMARY KEY,              -- refund.key never changes: whatever asks again, this row is the same
    order_id TEXT NOT NULL,
    item TEXT NOT NULL,
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'asked' CHECK (status IN ('asked', 'paid', 'failed')),
    note TEXT NOT NULL DEFAULT '',
    asked_at TEXT NOT NULL,
    told_at TEXT,                      -- when the desk had taken our answer
    tries INTEGER NOT NULL DEFAULT 0,
    next_at TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS payments (
    refund_key TEXT PRIMARY KEY REFERENCES refunds (key),
    amount TEXT NOT NULL,
    currency TEXT NOT NULL,
    paid_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS switches (name TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT OR IGNORE INTO switches VALUES ('payments', 'work');
"""


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


@contextmanager
def opened(database: Path) -> Iterator[sqlite3.Connection]:
    """The books, for one transaction: everything in it is kept, on disk, or nothing is."""
    with closing(sqlite3.connect(database, timeout=10, isolation_level=None)) as books:
        books.row_factory = sqlite3.Row
        books.execute("PRAGMA synchronous = FULL")
        books.execute("BEGIN IMMEDIATE")
        try:
            yield books
        except BaseException:
            books.execute("ROLLBACK")
            raise
        books.execute("COMMIT")


def prepare(database: Path) -> None:
    """Make the tables, and on the first start the orders of the past."""
    database.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(database)) as books:
        books.execute("PRAGMA journal_mode = WAL")
        books.executescript(TABLES)
    with opened(database) as books:
        if books.execute("SELECT count(*) FROM orders").fetchone()[0]:
            return
        for order in catalogue.FIRST_ORDERS:
            place(books, order["id"], order["customer"], order["items"], days=order)


def place(
    books: sqlite3.Connection, order: str, customer: str, items: dict[str, int], days: dict[str, Any] | None = None
) -> None:
    """Write down an order; `days` says how long ago it was placed, shipped and delivered."""
    today, days = datetime.now(UTC), days or {"placed": 0}
    moments = [
        (today - timedelta(days=days[step])).isoformat(timespec="seconds") if step in days else None
        for step in ("placed", "shipped", "delivered")
    ]
    merchant = catalogue.PRODUCTS[next(iter(items))]["merchant"]
    books.execute(
        "INSERT INTO orders (id, customer, merchant, items, total, placed_at, shipped_at, delivered_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (order, customer, merchant, json.dumps(items), str(catalogue.total(items)), *moments),
    )


def next_number(books: sqlite3.Connection) -> str:
    """The number of the next order."""
    return str(books.execute("SELECT max(CAST(id AS INTEGER)) + 1 FROM orders").fetchone()[0])


def payments_switch(books: sqlite3.Connection) -> str:
    """Whether payments work, fail, or stay unanswered: for trying what the desk makes of it."""
    value: str = books.execute("SELECT value FROM switches WHERE name = 'payments'").fetchone()[0]
    return value
