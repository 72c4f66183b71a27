"""Statements that are compiled once and prepared once, for the few deeds that come hundreds of times a second.

Django compiles every statement anew and sends it with the values inside, for PostgreSQL to parse and plan anew: that is
three quarters of what it costs to write a row. Here a statement keeps its text and only its values change. It is still
said with models and querysets, so that columns and rules stand where they stood.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models.query import get_related_populators

Values = Sequence[Any]


def run(sql: str, values: Values) -> CursorWrapper:
    """Run a statement whose text is always the same."""
    cursor = _cursor(connections[DEFAULT_DB_ALIAS])
    cursor.execute(sql, values)
    return cursor


def _cursor(database: BaseDatabaseWrapper) -> CursorWrapper:
    # SQLite keeps what it compiled by its text. And who listens to statements hears them with their values.
    if database.vendor != "postgresql" or database.queries_logged:
        return database.cursor()
    from django.db.backends.postgresql.base import ServerBindingCursor

    database.close_if_health_check_failed()
    database.ensure_connection()
    # It leaves the values out of the text; psycopg prepares what it sees again (prepare_threshold in lib/env.py).
    bound: Any = ServerBindingCursor(database.connection)  # type: ignore[call-arg]
    return database.make_cursor(bound)


# Writing


def insert(row: models.Model, *, unless_there: bool = False) -> bool:
    """Write a new row, and give it its number. False where there is one already and `unless_there` is said."""
    database = connections[DEFAULT_DB_ALIAS]
    sql, columns = _inserting(type(row), unless_there)
    written = run(sql, [column.get_db_prep_save(column.pre_save(row, True), database) for column in columns])
    number = written.fetchone()
    if number is None:
        return False
    row.pk, row._state.adding, row._state.db = number[0], False, DEFAULT_DB_ALIAS
    return True


def update(model: type[models.Model], where: Mapping[str, Any], **values: Any) -> int:
    """Change the rows where the columns hold what is said, or nothing where None is said; how many there were."""
    database = connections[DEFAULT_DB_ALIAS]
    known = {name: value for name, value in where.items() if value is not None}
    sql = _updating(model, tuple((name, name in known) for name in where), tuple(values))
    columns = _columns(model)
    said = [*values.items(), *known.items()]
    return int(run(sql, [columns[name].get_db_prep_save(value, database) for name, value in said]).rowcount)


@cache
def _columns(model: type[models.Model]) -> dict[str, Any]:
    return {field.attname: field for field in model._meta.concrete_fields}


@cache
def _inserting(model: type[models.Model], unless_there: bool) -> tuple[str, tuple[Any, ...]]:
    columns = tuple(one for one in model._meta.local_concrete_fields if not (one.generated or one.primary_key))
    names = ", ".join(_quoted(one) for one in columns)
    places = ", ".join(["%s"] * len(columns))
    conflict = " ON CONFLICT DO NOTHING" if unless_there else ""
    number = _quoted(model._meta.pk)
    return f"INSERT INTO {_table(model)} ({names}) VALUES ({places}){conflict} RETURNING {number}", columns  # noqa: S608


@cache
def _updating(model: type[models.Model], where: tuple[tuple[str, bool], ...], names: tuple[str, ...]) -> str:
    columns = _columns(model)
    new = ", ".join(f"{_quoted(columns[name])} = %s" for name in names)
    old = " AND ".join(_quoted(columns[name]) + (" = %s" if known else " IS NULL") for name, known in where)
    return f"UPDATE {_table(model)} SET {new} WHERE {old}"  # noqa: S608


def _quoted(field: Any) -> str:
    return connection.ops.quote_name(field.column)


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


# Reading

Model = TypeVar("Model", bound=models.Model)
Argument = int | str


@dataclass(frozen=True)
class _Compiled(Generic[Model]):
    model: type[Model]
    sql: str
    values: tuple[Any, ...]
    places: tuple[tuple[int, int], ...]  # which of the values is which argument
    names: tuple[str, ...]
    converters: tuple[tuple[int, tuple[Any, ...], Any], ...]
    populators: list[Any]  # of what was joined by select_related


class Query(Generic[Model]):
    """A queryset that is compiled at its first use. `make` is given stand-ins, and may do no more with them than look
    for them: each stands where the argument of a later use will."""

    def __init__(self, make: Callable[..., models.QuerySet[Model]]) -> None:
        self._make = make
        self._compiled: dict[str, _Compiled[Model]] = {}

    def first(self, *arguments: Argument) -> Model | None:
        """The first row, as an object; None where there is none."""
        return next(iter(self._objects(arguments, 1)), None)

    def all(self, *arguments: Argument) -> list[Model]:
        """All rows, as objects."""
        return list(self._objects(arguments))

    def _objects(self, arguments: Sequence[Argument], most: int | None = None) -> Iterator[Model]:
        database = connections[DEFAULT_DB_ALIAS]
        try:
            compiled = self._compiled.get(database.vendor) or self._compile(arguments)
        except EmptyResultSet:
            return
        values = list(compiled.values)
        for place, argument in compiled.places:
            values[place] = arguments[argument]
        for found in run(compiled.sql, values).fetchall()[:most]:
            row = list(found)
            for place, converters, expression in compiled.converters:
                for convert in converters:
                    row[place] = convert(row[place], expression, database)
            one = compiled.model.from_db(DEFAULT_DB_ALIAS, compiled.names, row[: len(compiled.names)])
            for populator in compiled.populators:
                populator.populate(row, one)
            yield one

    def _compile(self, arguments: Sequence[Argument]) -> _Compiled[Model]:
        """Compiled with two sets of stand-ins: what differs is where they stand."""
        ones, others = ([_stand_in(one, number, row) for number, one in enumerate(arguments)] for row in (1, 2))
        compiler, sql, values = _compiler(self._make(*ones))
        again, other_values = _compiler(self._make(*others))[1:]
        places = tuple((at, ones.index(value)) for at, value in enumerate(values) if value != other_values[at])
        assert sql == again, sql
        known, columns = compiler.klass_info, [column for column, _sql, _alias in compiler.select or ()]
        compiled = self._compiled[connection.vendor] = _Compiled(
            known["model"],
            sql,
            values,
            places,
            tuple(columns[at].target.attname for at in known["select_fields"]),
            tuple((at, tuple(each), column) for at, (each, column) in compiler.get_converters(columns).items()),
            get_related_populators(known, compiler.select, DEFAULT_DB_ALIAS),  # type: ignore[call-arg]  # not in 5.2
        )
        return compiled


def _stand_in(argument: Argument, number: int, row: int) -> Argument:
    """Something of its kind that nobody means."""
    return 1000 * row + number if isinstance(argument, int) else f"stand-in {row} {number}"


def _compiler(queryset: models.QuerySet[Any]) -> tuple[Any, str, tuple[Any, ...]]:
    compiler = queryset.query.get_compiler(connection=connection)
    sql, values = compiler.as_sql()
    return compiler, sql, tuple(values)
