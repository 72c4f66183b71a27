"""How the database answers what a door asks it: every statement that was really sent, explained on a filled table."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from marketdesk.journal.models import Event, Job
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order
from marketdesk.people.models import User
from marketdesk.tickets.models import Message, Ticket, Wait

COPIES, STORES = 400, 40
# Of these no statement of every day may walk through all rows.
LARGE = {model._meta.db_table for model in (Ticket, Ticket.items.through, Message, Event, Wait, Order, User, Job)}


@dataclass(frozen=True)
class Read:
    """One step through a table: by which index, if by one, and how many rows it looked at (PostgreSQL counts them)."""

    table: str
    index: str
    rows: int


@dataclass(frozen=True)
class Plan:
    """A statement, the steps of its answer, and how many rows are put in order after they were read (where the
    database sorts without saying how many, -1)."""

    statement: str
    reads: tuple[Read, ...]
    sorted: int

    @property
    def walked(self) -> set[str]:
        """The large tables that are read from end to end."""
        return {read.table for read in self.reads if read.table in LARGE and not read.index}


def explained(ask: Callable[[], Any]) -> list[Plan]:
    """The plans of everything that a call asks of the large tables."""
    with CaptureQueriesContext(connection) as asked:
        ask()
    statements = [one["sql"] for one in asked.captured_queries]
    wanted = re.compile(r"\(?(SELECT|UPDATE|DELETE)")
    return [_explain(one) for one in statements if wanted.match(one) and any(f'"{table}"' in one for table in LARGE)]


def _explain(statement: str) -> Plan:
    with connection.cursor() as cursor:
        return (_by_postgresql if connection.vendor == "postgresql" else _by_sqlite)(cursor, statement)


def _by_postgresql(cursor: Any, statement: str) -> Plan:
    # As with millions of rows, of which none are read for the sake of a handful. How many are read is counted all the
    # same, so that an index that is walked from end to end does not pass for one that is entered.
    cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off")
    is_read = statement.lstrip("(").startswith("SELECT")
    cursor.execute(f"EXPLAIN ({'ANALYZE, ' if is_read else ''}FORMAT JSON) {statement}")
    (answer,) = cursor.fetchone()
    nodes = list(_nodes((json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]))
    reads = [_read(node) for node in nodes if "Relation Name" in node]
    sorts = [node["Plans"][0] for node in nodes if "Sort Key" in node]
    return Plan(statement, tuple(reads), max((_rows(node) for node in sorts), default=0))


def _by_sqlite(cursor: Any, statement: str) -> Plan:
    cursor.execute(f"EXPLAIN QUERY PLAN {statement}")
    steps = [row[3] for row in cursor.fetchall()]
    cursor.execute("SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'")
    partial = {name for (name,) in cursor.fetchall()}
    names: dict[str, str] = {alias: table for table, alias in re.findall(r'"(\w+)" (?:AS )?"?([A-Z]\w*)"?', statement)}
    shape = re.compile(r"(SCAN|SEARCH) (\w+)(?: USING (.*))?")
    found = [(one[1], one[2], one[3] or "") for one in map(shape.match, steps) if one]
    reads = [Read(names.get(name, name), _entered(step, index, partial), 0) for step, name, index in found]
    return Plan(statement, tuple(reads), -1 if any("FOR ORDER BY" in step for step in steps) else 0)


def _entered(step: str, index: str, partial: set[str]) -> str:
    """The index of a step; none where all of it is read, unless it holds no more than what is asked for."""
    return index if step == "SEARCH" or any(name in index.split() for name in partial) else ""


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for one in node.get("Plans", []):
        yield from _nodes(one)


def _read(node: dict[str, Any]) -> Read:
    inner = (one.get("Index Name", "") for one in _nodes(node))
    index = "" if node["Node Type"] == "Seq Scan" else node.get("Index Name") or ", ".join(filter(None, inner))
    return Read(node["Relation Name"], index, _rows(node) + node.get("Rows Removed by Filter", 0))


def _rows(node: dict[str, Any]) -> int:
    return int(node.get("Actual Rows", 0) * node.get("Actual Loops", 1))


# Filling


def fill() -> None:
    """Many times the tickets that there are, with all that belongs to them: a few stay with their store, all others are
    spread over forty."""
    stores = Merchant.objects.bulk_create(
        Merchant(external_id=f"other-{number}", name=f"Store {number}", country="DE") for number in range(STORES)
    )
    first = min(store.pk for store in stores)
    elsewhere = f"CASE WHEN n.k < 6 THEN x.merchant_id ELSE {first} + n.k % {STORES} END"
    moved = {name: _far(name) for name in ("id", "ticket_id", "customer_id", "order_id")} | {"merchant_id": elsewhere}
    named = {"public_id": "substr(n.k || 'f' || x.public_id, 1, 24)", "external_id": "x.external_id || '-' || n.k"}
    moments = {name: _earlier(name) for name in ("opened_at", "turned_at", "closed_at", "due_at")}
    _copy(User, moved | named | {"email": "n.k || x.email"}, "x.party = 'customer'")
    _copy(Order, moved | named)
    _copy(Ticket, moved | named | moments)
    _copy(Ticket.items.through, moved)
    _copy(Message, moved)
    _copy(Wait, moved)
    _copy(Event, moved | {"subject_id": _far("subject_id")}, "x.ticket_id IS NOT NULL")
    _copy(Job, moved | {"key": "NULL", "done_at": "x.run_at"})
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _far(number: str) -> str:
    return f"x.{number} + n.k * 1000000"


def _earlier(moment: str) -> str:
    """Each copy a second before the last one, so that an order of moments is one."""
    if connection.vendor == "postgresql":
        return f"x.{moment} - n.k * interval '1 second'"
    return f"strftime('%Y-%m-%d %H:%M:%f', x.{moment}, '-' || n.k || ' seconds')"


def _copy(model: type[models.Model], changed: dict[str, str], where: str = "1 = 1") -> None:
    fields = [field for field in model._meta.concrete_fields if not getattr(field, "generated", False)]
    columns = ", ".join(f'"{field.column}"' for field in fields)
    values = ", ".join(changed.get(str(field.column), f'x."{field.column}"') for field in fields)
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{model._meta.db_table}" ({columns}) '
            f"WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < {COPIES}) "
            f'SELECT {values} FROM "{model._meta.db_table}" x, n WHERE {where}'
        )
