"""What the shop does in the background: tell the desk of its records, act on events, pay refunds, answer for them.

Everything is read from the books, so that whatever was not finished is taken up again after a stop or a crash.
"""

import json
import logging
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from shop import books, catalogue
from shop.desk import Away, Desk, Refused
from shop.settings import Settings

log = logging.getLogger(__name__)

IDLE = 5.0  # seconds between two looks when nobody wakes us
LONGEST_WAIT = 60


class Worker(threading.Thread):
    """One thread that does everything in turn; `wake` it when there is something new."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="worker", daemon=True)
        self.settings = settings
        self.desk = Desk(settings)
        self.wake = threading.Event()
        self.catalogue_known = False

    def run(self) -> None:
        rest = IDLE
        while True:
            self.wake.clear()
            steps = (act_on_events, pay_refunds, self._tell_catalogue, self._tell_orders, self._tell_refunds)
            went_well = [self._try(step) for step in steps]
            rest = IDLE if all(went_well) else min(LONGEST_WAIT, 2 * rest)
            self.wake.wait(rest)

    def _try(self, step: Callable[[Settings], None]) -> bool:
        try:
            step(self.settings)
        except Away as away:
            log.warning("The desk does not answer, trying again later: %s", away)
        except Exception:
            log.exception("Something went wrong; trying again later.")
        else:
            return True
        return False

    # Records flow to the desk

    def _tell_catalogue(self, _settings: Settings) -> None:
        """Once after each start: what is known already changes nothing."""
        if self.catalogue_known:
            return
        self._push("merchants", list(catalogue.MERCHANTS.values()))
        self._push("products", list(catalogue.PRODUCTS.values()))
        self._push("customers", [catalogue.customer_row(one) for one in catalogue.CUSTOMERS])
        self.catalogue_known = True

    def _tell_orders(self, settings: Settings) -> None:
        """Every order that is new or has changed."""
        if not self.catalogue_known:
            return
        with books.opened(settings.database) as kept:
            orders = kept.execute("SELECT * FROM orders WHERE NOT pushed ORDER BY id").fetchall()
        if not orders:
            return
        self._push("orders", [order_row(one) for one in orders])
        with books.opened(settings.database) as kept:
            kept.executemany("UPDATE orders SET pushed = 1 WHERE id = ?", [(one["id"],) for one in orders])

    def _push(self, kind: str, rows: list[dict[str, Any]]) -> None:
        for row in self.desk.push(kind, rows):
            log.error("The desk refused %s %s: %s %s", kind, row["id"], row["field"], row["reason"])

    # Answers about refunds flow to the desk

    def _tell_refunds(self, settings: Settings) -> None:
        """What became of each refund, until the desk has taken the answer."""
        with books.opened(settings.database) as kept:
            due = kept.execute(
                "SELECT * FROM refunds WHERE status != 'asked' AND told_at IS NULL AND next_at <= ?", (books.now(),)
            ).fetchall()
        for refund in due:
            note, later = "", ""
            try:
                status = {"paid": "succeeded", "failed": "failed"}[refund["status"]]
                self.desk.say(refund["key"], status, refund["note"])
            except Refused as refused:  # somebody must look at it: it stands on the page of payments
                note = f"The desk refused our answer: {refused}"
                log.error("%s (%s)", note, refund["key"])
            except Away:
                wait = timedelta(seconds=min(LONGEST_WAIT, 2 ** refund["tries"]))
                later = (datetime.now(UTC) + wait).isoformat(timespec="seconds")
            with books.opened(settings.database) as kept:
                kept.execute(
                    "UPDATE refunds SET tries = tries + 1, next_at = ?, told_at = ?,"
                    " note = CASE WHEN ? = '' THEN note ELSE ? END WHERE key = ?",
                    (later, None if later else books.now(), note, note, refund["key"]),
                )


def order_row(order: sqlite3.Row) -> dict[str, Any]:
    """An order as the desk knows it."""
    customer = catalogue.CUSTOMERS[order["customer"]]
    items = [
        {"product": name, "quantity": number, "price": catalogue.PRODUCTS[name]["price"]}
        for name, number in json.loads(order["items"]).items()
    ]
    return {
        "id": order["id"],
        "merchant": order["merchant"],
        "customer": order["customer"],
        "currency": "EUR",
        "placed_at": order["placed_at"],
        "shipped_at": order["shipped_at"],
        "delivered_at": order["delivered_at"],
        "recipient": customer["name"],
        "street1": customer["street"],
        "city": customer["city"],
        "postcode": customer["postcode"],
        "country": customer["country"],
        "items": items,
    }


# Events flow from the desk


def act_on_events(settings: Settings) -> None:
    """Every event that was kept and not acted on yet, each in a transaction of its own."""
    with books.opened(settings.database) as kept:
        waiting = kept.execute("SELECT * FROM events WHERE done_at IS NULL ORDER BY rowid").fetchall()
    for event in waiting:
        problem = ""
        try:
            with books.opened(settings.database) as kept:
                act_on(json.loads(event["body"]), kept)
        except Exception as failure:  # one event that we cannot read must not keep the others waiting
            log.exception("Event %s could not be acted on.", event["id"])
            problem = repr(failure)
        with books.opened(settings.database) as kept:
            kept.execute("UPDATE events SET done_at = ?, problem = ? WHERE id = ?", (books.now(), problem, event["id"]))


def act_on(event: dict[str, Any], kept: sqlite3.Connection) -> None:
    """Remember how a ticket stands, and which refund is asked for. Acting twice changes nothing."""
    ticket = event["data"].get("ticket")
    if ticket:
        # Messages can arrive out of order: the greater sequence is the newer one.
        kept.execute(
            "INSERT INTO tickets (id, customer, order_id, state, sequence) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET state = excluded.state, sequence = excluded.sequence"
            " WHERE excluded.sequence > tickets.sequence",
            (
                ticket["id"],
                ticket["customer"]["external_id"] or "",
                ticket["order"],
                ticket["state"],
                event["sequence"],
            ),
        )
    if event["type"] == "refund.requested":
        refund = event["data"]["refund"]
        kept.execute(
            "INSERT OR IGNORE INTO refunds (key, order_id, item, amount, currency, asked_at) VALUES (?, ?, ?, ?, ?, ?)",
            (
                refund["key"],
                ticket["order"],
                refund["item_name"],
                refund["amount"],
                refund["currency"],
                event["timestamp"],
            ),
        )


# Money


def pay_refunds(settings: Settings) -> None:
    """Pay what is asked for, each refund once."""
    with books.opened(settings.database) as kept:
        switch = books.payments_switch(kept)
        asked = kept.execute("SELECT key FROM refunds WHERE status = 'asked' ORDER BY asked_at").fetchall()
    if switch == "unanswered":
        return
    for refund in asked:
        with books.opened(settings.database) as kept:
            pay(refund["key"], kept, works=switch == "work")


def pay(key: str, kept: sqlite3.Connection, works: bool = True) -> None:
    """One refund: the money and the note that it was paid are one transaction. A real shop hands `key` to its payment
    provider as the idempotency key, so that the provider knows a repetition too."""
    refund = kept.execute("SELECT * FROM refunds WHERE key = ? AND status = 'asked'", (key,)).fetchone()
    if refund is None:
        return
    note = _why_not(refund, kept) if works else "The bank said no."
    if not note:
        kept.execute(
            "INSERT INTO payments (refund_key, amount, currency, paid_at) VALUES (?, ?, ?, ?)",
            (key, refund["amount"], refund["currency"], books.now()),
        )
    kept.execute("UPDATE refunds SET status = ?, note = ? WHERE key = ?", ("failed" if note else "paid", note, key))


def _why_not(refund: sqlite3.Row, kept: sqlite3.Connection) -> str:
    """Our own books decide what can be paid back, whatever anybody asks for; nothing where it can."""
    order = kept.execute("SELECT total FROM orders WHERE id = ?", (refund["order_id"],)).fetchone()
    if order is None:
        return "We know no such order."
    paid = "SELECT amount FROM refunds WHERE order_id = ? AND status = 'paid'"
    paid_back = [Decimal(one["amount"]) for one in kept.execute(paid, (refund["order_id"],))]
    if sum(paid_back) + Decimal(refund["amount"]) > Decimal(order["total"]):
        return "That is more than was paid for the order."
    return ""
