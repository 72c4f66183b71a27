"""Several querysets asked together: one statement, compiled once, prepared on each connection, its rows as the database
sent them.

For the few reads that come thousands of times a second. It is still said with querysets, so that columns, rules and the
one gate stand where they stood; but no queryset is built, no statement compiled and no row made into objects until
somebody looks into it. Rows come as bytes, which tell apart what is not the same.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from marketdesk.lib import libpq, prepared

# The number that a row belongs to, as the database writes it, and the row.
Row = tuple[Any, Any]
Rows = QuerySet[Any, Any]


class Argument(models.Expression):
    """What is said anew each time a statement is asked: text, by its number from 1 on."""

    def __init__(self, number: int) -> None:
        super().__init__(output_field=models.CharField())
        self.number = number

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[()]]:
        return (f"${self.number}::text" if connection.vendor == "postgresql" else f"?{self.number}"), ()


def column(name: str, number: int) -> RawSQL:
    """The values of a column of a part that was named before, by its number from 1 on."""
    return RawSQL(f"SELECT col{number} FROM {name}", ())  # noqa: S608, S611


class Together:
    """Querysets of `values_list`, as one statement. Of each, the first column is the number that its rows belong to.

    `make` says them at the first use: those with a name, into which the others may look with `column`; and those whose
    rows are wanted, of a named one its name.
    """

    def __init__(self, make: Callable[[], tuple[Mapping[str, Rows], Sequence[Rows | str]]]) -> None:
        self._make = make
        self._made: dict[str, tuple[str, list[Any]]] = {}

    def ask(self, *arguments: str) -> list[Row]:
        """The rows of all, unread. Raises DatabaseError."""
        database = connections[DEFAULT_DB_ALIAS]  # once: each look through `connection` costs as much as a small call
        prepared.settle(database)
        sql, _converters = self._compiled(database)
        rows = _postgresql(database, sql, arguments) if _is_postgresql(database) else _sqlite(database, sql, arguments)
        if database.queries_logged:
            database.queries_log.append({"sql": sql, "time": "0"})
        return rows

    def explain(self, *arguments: str) -> str:
        """The database's plan, as one text."""
        database = connections[DEFAULT_DB_ALIAS]
        sql, _converters = self._compiled(database)
        if _is_postgresql(database):
            rows = [number.decode() for number, _nothing in _postgresql(database, f"EXPLAIN {sql}", arguments)]
        else:
            rows = [row[-1] for row in _sqlite(database, f"EXPLAIN QUERY PLAN {sql}", arguments)]
        return "\n".join(rows)

    def reader(self) -> Callable[[Any], tuple[int, tuple[Any, ...]]]:
        """What looks into a row: which of the querysets it is of, and its values without the first."""
        database = connections[DEFAULT_DB_ALIAS]
        if _is_postgresql(database):
            return _reader(database.connection)
        return partial(_converted, self._compiled(database)[1])

    @property
    def none(self) -> Any:
        """The number 0, as the database writes it."""
        return bytes(8) if _is_postgresql(connections[DEFAULT_DB_ALIAS]) else 0

    def _compiled(self, database: BaseDatabaseWrapper) -> tuple[str, list[Any]]:
        if database.vendor not in self._made:
            self._made[database.vendor] = _compile(*self._make())
        return self._made[database.vendor]


def _is_postgresql(database: BaseDatabaseWrapper) -> bool:
    return database.vendor == "postgresql"


def _compile(named: Mapping[str, Rows], asked: Sequence[Rows | str]) -> tuple[str, list[Any]]:
    record = "ROW" if connection.vendor == "postgresql" else "json_array"
    heads, asks, converters = [], [], []

    def head(name: str, rows: Rows, how: str) -> None:
        sql, columns, found = _sql(rows)
        names = ", ".join(f"col{at}" for at in range(1, columns + 1))
        heads.append(f"{name} ({names}) AS {how} ({sql})")
        known[name] = columns, {at - 1: found[at] for at in found if at}

    known: dict[str, tuple[int, dict[int, Any]]] = {}
    for name, rows in named.items():
        head(name, rows, "MATERIALIZED")
    for number, wanted in enumerate(asked):
        name = wanted if isinstance(wanted, str) else f"part{number}"
        if not isinstance(wanted, str):
            head(name, wanted, "NOT MATERIALIZED")
        columns, found = known[name]
        content = ", ".join(f"col{at}" for at in range(2, columns + 1))
        asks.append(f"SELECT CAST(col1 AS bigint), {record}({number}, {content}) FROM {name}")  # noqa: S608
        converters.append(found)
    return f"WITH {', '.join(heads)} {' UNION ALL '.join(asks)}", converters


def _sql(rows: Rows) -> tuple[str, int, dict[int, Any]]:
    """A queryset's text with its constants in it, so that an index of some rows only is known to fit; how many columns
    it has, and what Django makes of those that the database cannot say in JSON."""
    compiler = rows.query.get_compiler(connection=connection)
    sql, values = compiler.as_sql()
    columns = [column for column, _sql, _alias in compiler.select]
    converters = {
        at: [partial(convert, expression=column, connection=connection) for convert in converts]
        for at, (converts, column) in compiler.get_converters(columns).items()
    }
    return sql % tuple(_literal(value) for value in values), len(columns), converters


def _literal(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


def _converted(converters: list[Any], content: str) -> tuple[int, tuple[Any, ...]]:
    number, *values = json.loads(content)
    for at, converts in converters[number].items():
        for convert in converts:
            values[at] = convert(values[at])
    return number, tuple(values)


# SQLite, which keeps what it compiled by its text


def _sqlite(database: BaseDatabaseWrapper, sql: str, arguments: Sequence[str]) -> list[Row]:
    with database.wrap_database_errors:
        database.ensure_connection()
        rows: list[Row] = database.connection.execute(sql, arguments).fetchall()
    return rows


# PostgreSQL, by libpq's own calls

RECORD = 2249


def _postgresql(database: BaseDatabaseWrapper, sql: str, arguments: Sequence[str]) -> list[Row]:
    with database.wrap_database_errors:
        if database.connection is None:
            database.ensure_connection()
        found = libpq.ask(database.connection, sql, [value.encode() for value in arguments], is_binary=True)
    value, columns = found.get_value, found.nfields
    return [(value(at, 0), value(at, 1) if columns > 1 else b"") for at in range(found.ntuples)]


def _reader(opened: Any) -> Callable[[Any], tuple[int, tuple[Any, ...]]]:
    """Kept with the connection: it finds out once how the columns of each kind of row are read."""
    try:
        kept: Callable[[Any], tuple[int, tuple[Any, ...]]] = opened.reader
    except AttributeError:
        kept = opened.reader = _made_reader(opened)
    return kept


def _made_reader(opened: Any) -> Callable[[Any], tuple[int, tuple[Any, ...]]]:
    from psycopg.adapt import Transformer
    from psycopg.pq import Format

    load = Transformer(opened).get_loader(RECORD, Format.BINARY).load

    def read(content: bytes) -> tuple[int, tuple[Any, ...]]:
        number, *values = load(content)
        return number, tuple(values)

    return read
