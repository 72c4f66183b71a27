"""The ceiling: what Python on two processes can do with these tables, and nothing else. No authentication, no
permission, no validation, no limits, no jobs; ASGI, asyncpg and orjson on granian.

`granian --interface asgi --workers 2 bench.raw_python:app`, with the database in RAW_DATABASE.
"""

import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import asyncpg
import orjson

from marketdesk.lib.ids import new_public_id

LIST = """
    SELECT t.id, t.public_id, t.subject, t.category, t.issue_id, t.state, t.opened_at, t.public_updated_at, t.due_at,
        t.excerpt, t.language, c.public_id AS customer, c.name AS customer_name, o.public_id AS order_id
    FROM tickets_ticket t JOIN people_user c ON c.id = t.customer_id LEFT JOIN orders_order o ON o.id = t.order_id
    WHERE t.merchant_id = $1 AND t.state = 'with_merchant' AND t.shared ORDER BY t.due_at, t.id LIMIT 50
"""
MESSAGES = (
    "SELECT ticket_id, author, author_name, body, language, at FROM tickets_message WHERE ticket_id = {} ORDER BY id"
)
ITEMS = """
    SELECT l.ticket_id, i.public_id, i.name, i.sku, i.color, i.size, i.quantity, i.price, i.shipping, i.cost, i.state,
        p.public_id AS product, p.image_url, o.public_id AS order_id, o.currency, o.placed_at, o.shipped_at,
        o.delivered_at, o.carrier, o.tracking_number, o.recipient, o.street1, o.street2, o.city, o.region, o.postcode,
        o.country, o.phone
    FROM tickets_ticket_items l JOIN orders_orderitem i ON i.id = l.orderitem_id
        JOIN orders_order o ON o.id = i.order_id LEFT JOIN orders_product p ON p.id = i.product_id
    WHERE l.ticket_id = {} ORDER BY i.id
"""
TICKET = """
    SELECT t.id, t.public_id, t.subject, t.category, t.issue_id, t.state, t.opened_at, t.public_updated_at, t.due_at,
        c.public_id AS customer, c.name AS customer_name, o.public_id AS order_id
    FROM tickets_ticket t JOIN people_user c ON c.id = t.customer_id LEFT JOIN orders_order o ON o.id = t.order_id
    WHERE t.public_id = $1 AND t.merchant_id = $2
"""
COUNT = "SELECT count(*) FROM tickets_ticket WHERE merchant_id = $1 AND state = 'with_merchant' AND shared"
ORDER = """
    SELECT o.id, o.merchant_id, c.id AS customer_id, c.name
    FROM orders_order o JOIN people_user c ON c.id = o.customer_id
    WHERE o.external_id = $1 AND c.external_id = $2
"""
OPEN = """
    INSERT INTO tickets_ticket (public_id, merchant_id, is_sandbox, customer_id, order_id, issue_id, category, subject,
        wants, state, desk, shared, routed_by, due_at, answered, opened_at, turned_at, public_updated_at, closed_by,
        closed_how, excerpt, language, has_pictures, link_generation)
    VALUES ($1, $2, false, $3, $4, $5, 'post_customer_support', $6, '', 'with_merchant', 'merchant', true, '{}', $7,
        false, $8, $8, $8, '', '', $6, 'en', false, 0) RETURNING id
"""
SAY = """
    INSERT INTO tickets_message (ticket_id, merchant_id, author, author_name, user_id, audience, body, language, at)
    VALUES ($1, $2, $3, $4, $5, 'everyone', $6, 'en', $7) RETURNING id
"""
WAIT = """
    INSERT INTO tickets_wait (ticket_id, merchant_id, started_at, due_at, hours, reminded, ended_by, ended_how, counted,
        excused) VALUES ($1, $2, $3, $4, 48, '[]', '', '', true, '')
"""
TELL = """
    INSERT INTO journal_event (verb, subject_kind, subject_id, merchant_id, ticket_id, audience, actor, data, at)
    VALUES ($1, 'ticket', $2, $3, $2, 'everyone', $4, $5, $6)
"""
WAITING = (
    "SELECT id FROM tickets_ticket WHERE public_id = $1 AND merchant_id = $2 AND state = 'with_merchant' FOR UPDATE"
)
MOVE = """
    UPDATE tickets_ticket SET state = 'with_customer', due_at = NULL, answered = true, turned_at = $2,
        public_updated_at = $2, excerpt = $3 WHERE id = $1
"""
END = """
    UPDATE tickets_wait SET ended_at = $2, ended_by = 'merchant', ended_how = 'reply'
    WHERE ticket_id = $1 AND ended_at IS NULL
"""

Query = dict[str, str]
Send = Callable[[dict[str, Any]], Awaitable[None]]
pool: "asyncpg.Pool[asyncpg.Record]"


async def tickets(query: Query, _body: bytes) -> Any:
    """The 50 that have waited longest."""
    return [dict(row) for row in await pool.fetch(LIST, int(query["merchant"]))]


async def whole_tickets(query: Query, _body: bytes) -> Any:
    """The same with the items and messages of each, as API v2 lists them."""
    async with pool.acquire() as connection:
        found = {
            row["id"]: {**row, "items": [], "messages": []}
            for row in await connection.fetch(LIST, int(query["merchant"]))
        }
        for row in await connection.fetch(ITEMS.format("ANY($1)"), list(found)):
            found[row["ticket_id"]]["items"].append(dict(row))
        for row in await connection.fetch(MESSAGES.format("ANY($1)"), list(found)):
            found[row["ticket_id"]]["messages"].append(dict(row))
    return list(found.values())


async def ticket(query: Query, _body: bytes) -> Any:
    """One with its messages."""
    async with pool.acquire() as connection:
        found = await connection.fetchrow(TICKET, query["id"], int(query["merchant"]))
        if found is None:
            return None
        messages = await connection.fetch(MESSAGES.format("$1"), found["id"])
    return {**found, "messages": [dict(row) for row in messages]}


async def count(query: Query, _body: bytes) -> Any:
    """How many wait."""
    return {"count": await pool.fetchval(COUNT, int(query["merchant"]))}


async def create(_query: Query, body: bytes) -> Any:
    """A customer asks about an order."""
    asked, now = orjson.loads(body), datetime.now(UTC)
    due, name = now + timedelta(hours=48), new_public_id()
    async with pool.acquire() as connection, connection.transaction():
        order = await connection.fetchrow(ORDER, asked["order"], asked["customer"])
        about = (order["merchant_id"], order["customer_id"], order["id"], asked["issue"], asked["text"][:80])
        number = await connection.fetchval(OPEN, name, *about, due, now)
        said = ("customer", order["name"], order["customer_id"], asked["text"], now)
        await connection.execute(SAY, number, order["merchant_id"], *said)
        await connection.execute(WAIT, number, order["merchant_id"], now, due)
        await connection.execute(TELL, "open", number, order["merchant_id"], "{}", "{}", now)
    return {"id": name}


async def reply(_query: Query, body: bytes) -> Any:
    """The merchant answers."""
    asked, now = orjson.loads(body), datetime.now(UTC)
    async with pool.acquire() as connection, connection.transaction():
        number = await connection.fetchval(WAITING, asked["id"], asked["merchant"])
        if number is None:
            return None
        said = await connection.fetchval(SAY, number, asked["merchant"], "merchant", "Store", None, asked["reply"], now)
        await connection.execute(MOVE, number, now, asked["reply"][:200])
        await connection.execute(END, number, now)
        await connection.execute(TELL, "reply", number, asked["merchant"], "{}", f'{{"message": {said}}}', now)
    return {"success": True}


CALLS = {
    "/list": tickets,
    "/whole": whole_tickets,
    "/ticket": ticket,
    "/count": count,
    "/create": create,
    "/reply": reply,
}


async def app(scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]], send: Send) -> None:
    """The whole server."""
    global pool
    if scope["type"] == "lifespan":
        await receive()
        pool = await asyncpg.create_pool(os.environ["RAW_DATABASE"], min_size=8, max_size=8)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body, more = b"", True
    while more:
        part = await receive()
        body, more = body + part.get("body", b""), part.get("more_body", False)
    query = dict(parse_qsl(scope["query_string"].decode()))
    answer = await CALLS[scope["path"]](query, body)
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 404 if answer is None else 200, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(answer)})
