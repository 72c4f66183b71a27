"""The data set that is measured on: the rows that the verbs would have written, by SQL that both databases know.

1,000 merchants, so many tickets, four messages each. One merchant, the caller, owns 2 % of them, of which 1,000 wait
(in small sets half of them); of everybody else's 5 % wait, none is due within a day, and 10 % wait for the customer.
What is numbered is named after its number, so whoever measures knows every id without asking.
"""

import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import psycopg

import marketdesk  # noqa: F401  # it sees to it that `sqlite3` is one that is safe with several processes

MERCHANTS, CALLER, MOST_WAITING = 1000, 1, 1000
LARGE = 100_000  # from so many on, two connections share the work
BETWEEN = 1000  # numbers that a server may use while rows are added above them
EVERY = 50  # every so many orders is the caller's: 2 %
TABLES = (
    "merchants_merchant", "people_user", "orders_product", "orders_order", "orders_orderitem", "tickets_ticket",
    "tickets_ticket_items", "tickets_message", "tickets_wait", "journal_event",
)  # fmt: skip


@dataclass(frozen=True)
class Database:
    """A scratch database: what it is called, its DATABASE_URL, and for SQLite its file."""

    name: str
    url: str
    path: Path | None = None

    @contextmanager
    def connection(self) -> Iterator[Any]:
        """A connection that commits by itself; both drivers know `execute`."""
        if self.path is None:
            with psycopg.connect(self.url, autocommit=True) as postgres:
                yield postgres
            return
        import sqlite3

        connected = sqlite3.connect(self.path, timeout=60, isolation_level=None)
        try:
            connected.create_function("md5", 1, _md5, deterministic=True)
            connected.create_function("as_json", 1, str, deterministic=True)
            yield connected
        finally:
            connected.close()


def public_id(kind: str, number: int) -> str:
    """The public id of something with a number."""
    return _md5(f"{kind}-{number}")[:24]


def customer_of(order: int, tickets: int) -> int:
    """The number of the customer whose order it is."""
    return 1 + order * 7919 % _customers(tickets)


def waiting(tickets: int) -> list[int]:
    """The numbers of the caller's tickets that wait."""
    own, step = tickets // EVERY, _step(tickets)
    numbers = range(2 * EVERY - 1, tickets + 1, 2 * EVERY)  # the first of each pair about one order
    both = (number + second for number in numbers for second in (0, 1))
    return [number for place, number in enumerate(both, 1) if place <= own and place % step == 0]


def fill(database: Database, tickets: int) -> None:
    """Everything, into empty tables with all their indexes."""
    with _filling(database) as connected:
        for statement in PEOPLE + ORDERS:
            connected.execute(_sql(statement, tickets, last=max(tickets // 2, MERCHANTS)))
    with _filling(database) as connected:
        _add(database, connected, tickets, range(1, tickets + 1), "(i + 1) / 2")
    with database.connection() as connected:
        connected.execute("ANALYZE" if database.path else "VACUUM (ANALYZE)")
        if not database.path:
            connected.execute("CHECKPOINT")


def stock(database: Database, tickets: int, more: int) -> range:
    """So many more of the caller's tickets that wait, for replies: each can be answered only once. Their numbers."""
    with _filling(database) as connected:
        first = connected.execute("SELECT max(id) FROM tickets_ticket").fetchone()[0] + BETWEEN
        numbers = range(first, first + more)
        _add(database, connected, tickets, numbers, f"{EVERY} * (1 + i % {tickets // 2 // EVERY})")
    return numbers


@contextmanager
def _filling(database: Database) -> Iterator[Any]:
    """A connection in a transaction, after which the database numbers its own rows above those that were made."""
    with database.connection() as connected:
        if not database.path:
            for name, answer in FUNCTIONS.items():
                connected.execute(f"CREATE OR REPLACE FUNCTION {name} IMMUTABLE LANGUAGE sql AS 'SELECT {answer}'")
        _begin(connected, database)
        yield connected
        if not database.path:
            for table in TABLES:
                connected.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
            for name in FUNCTIONS:
                connected.execute(f"DROP FUNCTION {name.partition(' RETURNS')[0]}")
        connected.execute("COMMIT")


def _begin(connected: Any, database: Database) -> None:
    # SQLite lets nobody write who has read what another has changed since, so it says at once that it will write.
    connected.execute("BEGIN IMMEDIATE" if database.path else "BEGIN")
    if not database.path:
        # Foreign keys are right by construction; looking each up again would take most of the time.
        connected.execute("SET LOCAL session_replication_role = replica")


def _add(database: Database, connected: Any, tickets: int, numbers: range, order: str) -> None:
    """Tickets with all that belongs to them."""
    first = numbers.start
    bases = {}  # above what a server has numbered meanwhile, and may number while this runs
    for table, each in (("tickets_message", 4), ("tickets_wait", 2), ("journal_event", 5), ("tickets_ticket_items", 1)):
        found = connected.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0]
        bases[table] = found + 1 + (first > 1) * BETWEEN - each * first

    def part(connected: Any, some: range) -> None:
        for statement in TICKETS:
            names = {"first": some.start, "last": some.stop - 1, "order": order, **bases}
            connected.execute(_sql(statement, tickets, **names))

    def apart(some: range) -> None:
        with database.connection() as another:
            _begin(another, database)
            part(another, some)
            another.execute("COMMIT")

    if database.path or len(numbers) < LARGE:
        part(connected, numbers)
    else:
        half = len(numbers) // 2
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(apart, (numbers[:half], numbers[half:])))


def _sql(statement: str, tickets: int, **more: Any) -> str:
    names = {"tickets": tickets, "merchants": MERCHANTS, "customers": _customers(tickets), "caller": CALLER}
    names |= {"every": EVERY, "step": _step(tickets), "now": int(time.time()), "spread": 60 * 86400}
    return Template(statement).substitute(names | {"first": 1} | more)


def _customers(tickets: int) -> int:
    return max(tickets // 5, MERCHANTS)


def _step(tickets: int) -> int:
    """Of the caller's tickets, one in so many waits."""
    own = tickets // EVERY
    return max(2, own // MOST_WAITING)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


# What SQLite has and PostgreSQL writes otherwise, while the rows are made.
FUNCTIONS = {
    "datetime(bigint, text) RETURNS timestamptz": "to_timestamp($1)",
    "as_json(text) RETURNS jsonb": "$1::jsonb",
}
MERCHANT_OF = "CASE WHEN k % $every = 0 THEN $caller ELSE 2 + k % ($merchants - 1) END"
CUSTOMER_OF = "1 + k * 7919 % $customers"
NUMBERS = "WITH RECURSIVE n(k) AS (SELECT CAST($first AS bigint) UNION ALL SELECT k + 1 FROM n WHERE k < $last)"
FIRST_NAME = "CASE u % 5 WHEN 0 THEN 'Ada' WHEN 1 THEN 'Paul' WHEN 2 THEN 'Zoë' WHEN 3 THEN 'Jürgen' ELSE 'Inès' END"
NAME = f"{FIRST_NAME} || ' Customer ' || u"

PEOPLE = (
    """
    INSERT INTO merchants_merchant (id, public_id, external_id, name, country, selected, created_at, tags)
    WITH RECURSIVE n(m) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT m + 1 FROM n WHERE m < $merchants)
    SELECT m, substr(md5('merchant-' || m), 1, 24), 'm-' || m, 'Store ' || m, 'TR', false,
        datetime($now - $spread, 'unixepoch'), as_json('[]') FROM n
    """,
    f"""
    INSERT INTO people_user (id, public_id, external_id, email, name, party, language, time_zone, country, password,
        is_superuser, is_staff, is_active, date_joined)
    WITH RECURSIVE n(u) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT u + 1 FROM n WHERE u < $customers)
    SELECT u, substr(md5('customer-' || u), 1, 24), 'c-' || u, 'c' || u || '@example.org', {NAME}, 'customer', 'de', '',
        'DE', '!', false, false, false, datetime($now - $spread - u % 86400, 'unixepoch') FROM n
    """,
)
# Placed so long ago that questions about them go to the merchant, as the article's rules have it.
ORDERS = (
    """
    INSERT INTO orders_product (id, public_id, external_id, merchant_id, name, sku, image_url, price, currency)
    WITH RECURSIVE n(p) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT p + 1 FROM n WHERE p < 5 * $merchants)
    SELECT p, substr(md5('product-' || p), 1, 24), 'p-' || p, (p - 1) / 5 + 1, 'Table lamp, model ' || p, 'LAMP-' || p,
        'https://pictures.example.org/p-' || p || '.jpg', 2490, 'EUR' FROM n
    """,
    f"""
    INSERT INTO orders_order (id, public_id, external_id, merchant_id, customer_id, total, currency, placed_at,
        shipped_at, delivered_at, carrier, tracking_number, tracking_url, payment, recipient, street1, street2, city,
        region, postcode, country, phone)
    {NUMBERS}, o AS (SELECT k, {MERCHANT_OF} AS m, {CUSTOMER_OF} AS u, $now - 200 * 86400 - k % 864000 AS placed FROM n)
    SELECT k, substr(md5('order-' || k), 1, 24), 'o-' || k, m, u, 2490 * (2 - k % 2), 'EUR',
        datetime(placed, 'unixepoch'), datetime(placed + 86400, 'unixepoch'),
        datetime(placed + 4 * 86400, 'unixepoch'), 'DHL', 'T' || k, '', 'card', {NAME}, 'Lindenweg ' || k % 200,
        '', 'Bonn', '', '53111', 'DE', '' FROM o
    """,
    f"""
    INSERT INTO orders_orderitem (id, public_id, order_id, merchant_id, product_id, name, sku, color, size, image_url,
        quantity, price, shipping, cost, shipping_cost, paid, refunded, state)
    {NUMBERS}, o AS (SELECT k, {MERCHANT_OF} AS m FROM n),
        i AS (SELECT 2 * k - 1 AS i, k, m FROM o UNION ALL SELECT 2 * k, k, m FROM o WHERE k % 2 = 0)
    SELECT i, substr(md5('item-' || i), 1, 24), k, m, 5 * (m - 1) + 1 + i % 5, 'Table lamp', 'LAMP-' || i % 5, 'white',
        '', '', 1, 2490, 0, 1990, 0, 2490, 0, 'SHIPPED' FROM i
    """,
)
TICKETS = (
    "DROP TABLE IF EXISTS fresh",
    f"""
    CREATE TEMP TABLE fresh AS
    WITH RECURSIVE n(i) AS (SELECT CAST($first AS bigint) UNION ALL SELECT i + 1 FROM n WHERE i < $last),
        about AS (SELECT i, $order AS k FROM n),
        whose AS (SELECT i, k, {MERCHANT_OF} AS m, {CUSTOMER_OF} AS u FROM about),
        turns AS (SELECT i, k, m, u, CASE
            WHEN i > $tickets THEN 'with_merchant'
            WHEN m = $caller AND (2 * (k / $every) - i % 2) % $step = 0 THEN 'with_merchant'
            WHEN m <> $caller AND i % 20 = 3 THEN 'with_merchant'
            WHEN i % 10 = 8 THEN 'with_customer'
            ELSE 'closed' END AS state FROM whose)
    SELECT i, k, m, u, state, state = 'with_merchant' AS waits, state = 'closed' AS closed, i % 10 = 7 AS early,
        5 * (m - 1) + 1 + i % 5 AS p, {NAME} AS name, CASE state
            WHEN 'with_merchant' THEN $now - 7200 - i % 18000
            WHEN 'with_customer' THEN $now - 7200 - i % 172800
            ELSE $now - 4 * 86400 - $spread * ($tickets - i) / $tickets END AS opened FROM turns
    """,
    """
    INSERT INTO tickets_ticket (id, public_id, merchant_id, is_sandbox, customer_id, order_id, product_id, issue_id,
        category, subject, wants, state, desk, shared, routed_by, due_at, answered, opened_at, turned_at,
        public_updated_at, closed_at, closed_by, closed_how, excerpt, language, has_pictures, link_generation)
    SELECT i, substr(md5('ticket-' || i), 1, 24), m, false, u,
        CASE WHEN NOT early THEN k END, CASE WHEN early THEN p END,
        CASE WHEN early THEN 'product_question' WHEN i % 3 = 1 THEN 'item_problem' ELSE 'tracking' END,
        CASE WHEN early THEN 'pre_purchase' WHEN i % 3 = 1 THEN 'post_purchase' ELSE 'post_customer_support' END,
        'Question ' || i || ' about the lamp', '', state, 'merchant', true,
        as_json('{"rule": "direct_country", "country": "DE"}'),
        CASE WHEN waits THEN datetime(opened + 3600 + 172800, 'unixepoch') END, NOT waits,
        datetime(opened, 'unixepoch'), datetime(opened + CASE WHEN waits THEN 3600 ELSE 5400 END, 'unixepoch'),
        datetime(opened + 5400, 'unixepoch'), CASE WHEN closed THEN datetime(opened + 7200, 'unixepoch') END,
        CASE WHEN closed THEN 'merchant' ELSE '' END, CASE WHEN closed THEN 'closed' ELSE '' END,
        'And one thing more: the box was damp when it came, and the neighbour took it in.', 'de', false, 0 FROM fresh
    """,
    """
    INSERT INTO tickets_ticket_items (id, ticket_id, orderitem_id)
    SELECT $tickets_ticket_items + i, i, 2 * k - 1 FROM fresh WHERE NOT early
    """,
    """
    INSERT INTO tickets_message (id, ticket_id, merchant_id, author, author_name, user_id, audience, body, language, at)
    WITH j(j) AS (VALUES (0), (1), (2), (3)),
        said AS (SELECT *, j % 2 = 1 AND (j = 1 OR NOT waits) AS answer FROM fresh, j)
    SELECT $tickets_message + 4 * i + j, i, m, CASE WHEN answer THEN 'merchant' ELSE 'customer' END,
        CASE WHEN answer THEN 'Store ' || m ELSE name END, CASE WHEN NOT answer THEN u END, 'everyone',
        CASE j
            WHEN 0 THEN 'Hello, my parcel ' || k || ' has been on its way for nine days now, and the tracking has not '
                || 'changed since Tuesday. Can you find out where it is, please? It is a present for Saturday.'
            WHEN 1 THEN 'Good morning ' || name || ', we are sorry about the wait. We have asked the carrier about '
                || 'parcel ' || k || ' and expect an answer by tomorrow; we will write as soon as we know more.'
            WHEN 2 THEN 'Thank you. It came today, but the shade has a crack of about two centimetres (lamp ' || i
                || '). Can I have another one, or keep it for less? Both would be fine with me.'
            ELSE 'And one thing more: the box was damp when it came, and the neighbour took it in.' END,
        'de', datetime(opened + 1800 * j, 'unixepoch') FROM said ORDER BY i, j
    """,
    """
    INSERT INTO tickets_wait (id, ticket_id, merchant_id, started_at, due_at, hours, reminded, ended_at, ended_by,
        ended_how, counted, excused)
    WITH j(j) AS (VALUES (0), (1))
    SELECT $tickets_wait + 2 * i + j, i, m, datetime(opened + 3600 * j, 'unixepoch'),
        datetime(opened + 3600 * j + 172800, 'unixepoch'), 48, as_json('[]'),
        CASE WHEN j = 0 OR NOT waits THEN datetime(opened + 3600 * j + 1800, 'unixepoch') END,
        CASE WHEN j = 0 OR NOT waits THEN 'merchant' ELSE '' END, CASE WHEN j = 0 OR NOT waits THEN 'reply' ELSE '' END,
        true, '' FROM fresh, j ORDER BY i, j
    """,
    """
    INSERT INTO journal_event (id, verb, subject_kind, subject_id, merchant_id, ticket_id, audience, actor, data, at)
    WITH j(j) AS (VALUES (0), (1), (2), (3), (4)),
        told AS (SELECT *, j = 1 OR j > 2 AND NOT waits AS merchants FROM fresh, j WHERE j < 4 OR closed)
    SELECT $journal_event + 5 * i + j, CASE j WHEN 0 THEN 'open' WHEN 4 THEN 'close' ELSE 'reply' END, 'ticket', i, m,
        i, 'everyone',
        as_json(CASE WHEN merchants THEN '{"party": "merchant", "user": null, "name": "Store ' || m || '", "app": ""}'
            ELSE '{"party": "customer", "user": ' || u || ', "name": "' || name || '", "app": ""}' END),
        as_json(CASE j
            WHEN 0 THEN '{"routed_by": {"rule": "direct_country", "country": "DE"}}'
            WHEN 4 THEN '{"from": "with_customer", "to": "closed", "desk": "merchant", "how": "closed"}'
            ELSE '{"from": "with_' || CASE WHEN merchants THEN 'merchant' ELSE 'customer' END || '", "to": "with_'
                || CASE WHEN merchants THEN 'customer' ELSE 'merchant' END
                || '", "desk": "merchant", "how": "", "message": ' || ($tickets_message + 4 * i + j) || '}' END),
        datetime(opened + 1800 * j, 'unixepoch') FROM told ORDER BY i, j
    """,
    "DROP TABLE fresh",
)
