"""Statements that are put into words once and prepared once, for what comes hundreds of times a second.

Django compiles every statement anew and sends it with the values inside, for PostgreSQL to parse and plan anew: that is
three quarters of what it costs to write a row. Here a statement keeps its text and only its values change. It is still
said with models and querysets, so that columns and rules stand where they stood. Only words are kept, never a row.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from types import SimpleNamespace
from typing import Any, Generic, Protocol, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import DEFAULT_DB_ALIAS, connection, connections, models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable

from marketdesk.lib import libpq, objects

T = TypeVar("T")
Values = Sequence[Any]

# What a column takes as it is; anything else, and all other columns, ask the field.
_OWN_KIND: dict[type, type] = {
    models.CharField: str,
    models.TextField: str,
    models.BooleanField: bool,
    models.AutoField: int,
    models.BigAutoField: int,
    models.IntegerField: int,
    models.BigIntegerField: int,
    models.PositiveIntegerField: int,
    models.PositiveSmallIntegerField: int,
}

# What stands for the nth parameter while a statement is made, for the first and for the second time: numbers that fit
# every column, since Django asks nothing of a column that could not hold them.
_STANDING_IN: tuple[tuple[type, Callable[[int, int], Any]], ...] = (
    (int, lambda turn, n: 20_000 + 1_000 * turn + n),
    (str, lambda turn, n: f"\ue000{turn}.{n}\ue001"),
    (datetime, lambda turn, n: datetime(1000 + 500 * turn + n, 1, 1, tzinfo=UTC)),
)


class Answered(Protocol):
    """What a statement came to; a cursor is such a thing too."""

    @property
    def rowcount(self) -> int: ...

    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


def run(
    sql: str, values: Values, database: BaseDatabaseWrapper | None = None, *, planned_anew: bool = False
) -> Answered:
    """Run a statement whose text is always the same."""
    database = database or connections[DEFAULT_DB_ALIAS]
    settle(database)
    if answered := _answered(database).get(sql):
        known, answer = answered
        if known == list(values):
            del _answered(database)[sql]  # whoever asks again wants to know anew
            return answer
    if not _goes_straight(database):
        cursor = database.cursor()
        cursor.execute(sql, values)
        return cursor
    return libpq.run(database, sql, values, planned_anew=planned_anew)


def _goes_straight(database: BaseDatabaseWrapper) -> bool:
    """Whether a statement goes by libpq's own calls. SQLite keeps what it compiled by its text; and who listens to
    statements hears them with their values."""
    heard = database.queries_logged or any(one is not _settle_first for one in database.execute_wrappers)
    return database.vendor == "postgresql" and not heard


# Asking several things at once


@dataclass(frozen=True)
class Question:
    """A statement with its values, to be asked."""

    of: "Prepared[Any]"
    given: tuple[Any, ...]


@contextmanager
def ahead(questions: Iterable[Question]) -> Iterator[None]:
    """What is asked in here with these values was asked before, everything at one go: PostgreSQL is then waited for
    once, and a page of a dozen statements takes a third less of its time. Who asks the same again asks anew. Nothing
    may be written in here that an answer should tell of. SQLite, which nothing lies between, is asked each at its
    time."""
    database: Any = connections[DEFAULT_DB_ALIAS]
    if not _goes_straight(database):
        yield
        return
    settle(database)
    statements = [one for one in map(_statement_of, questions) if one is not None]
    answers = libpq.together(database, statements) or []
    database.answered = {sql: (values, answer) for (sql, values), answer in zip(statements, answers, strict=False)}
    try:
        yield
    finally:
        database.answered = {}


def _statement_of(question: Question) -> tuple[str, list[Any]] | None:
    """Its text and values; None of what is known to have no rows, or is planned anew each time."""
    found = question.of.statement(question.given)
    return None if found is None or found.planned_anew else (found.sql, found.filled(question.given))


def _answered(database: Any) -> dict[str, tuple[list[Any], libpq.Result]]:
    answered: dict[str, tuple[list[Any], libpq.Result]] = getattr(database, "answered", {})
    return answered


# Writing several things at once


class _Gathering:
    """What is written and not sent yet, and numbers that rows can have before they are sent."""

    def __init__(self) -> None:
        self.numbered: set[type[Model]] = set()
        self.numbers: dict[type[Model], int] = {}
        self.parts: list[tuple[type[Model], str, Values]] = []

    def number(self, model: type[Model]) -> int:
        """A number for a row; those of the other kinds that may need one are asked for together with it."""
        if model not in self.numbers:
            lacking = [one for one in self.numbered if one not in self.numbers]
            found = run(_drawing(tuple(sorted(lacking, key=lambda one: one._meta.label))), []).fetchone()
            self.numbers |= zip(sorted(lacking, key=lambda one: one._meta.label), found, strict=True)
        return self.numbers.pop(model)

    def add(self, database: BaseDatabaseWrapper, model: type[Model], sql: str, values: Values) -> None:
        """Send it later. One statement does not see what it changes itself, so of each table only new rows go
        together, and a change goes alone."""
        is_new = sql.startswith("INSERT")
        if any(one is model and not (is_new and said.startswith("INSERT")) for one, said, _ in self.parts):
            settle(database)
        if len(self.parts) >= MOST_AT_ONCE:
            settle(database)
        self.parts.append((model, sql, values))


# Each number of them is a statement of its own that the database keeps.
MOST_AT_ONCE = 10


@contextmanager
def gathered(*numbered: type[Model]) -> Iterator[None]:
    """What is written in here goes to PostgreSQL as one statement: at the end, or before anything else is asked. Of
    rows that need a number at once, for others to name, say of which kinds they are. SQLite, which nothing lies
    between, is told each at its time."""
    database: Any = connections[DEFAULT_DB_ALIAS]
    if database.vendor != "postgresql" or not database.in_atomic_block:
        yield
        return
    gathering: _Gathering | None = getattr(database, "gathering", None)
    if gathering is not None:
        gathering.numbered.update(numbered)
        yield
        return
    database.gathering = _Gathering()
    database.gathering.numbered.update(numbered)
    database.execute_wrappers.append(_settle_first)
    try:
        yield
        settle(database)
    finally:
        database.execute_wrappers.remove(_settle_first)
        database.gathering = None


def settle(database: Any) -> None:
    """Send what was gathered, if anything was."""
    gathering: _Gathering | None = getattr(database, "gathering", None)
    if gathering is None or not gathering.parts:
        return
    parts, gathering.parts = gathering.parts, []
    values = [value for _model, _sql, some in parts for value in some]
    run(_as_one(tuple(sql for _model, sql, _values in parts)), values, database)


def _settle_first(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Whatever Django asks sees what was written before it."""
    settle(context["connection"])
    return execute(sql, params, many, context)


@cache
def _as_one(statements: tuple[str, ...]) -> str:
    *others, last = statements
    parts = ", ".join(f"part{number} AS ({sql})" for number, sql in enumerate(others))
    return f"WITH {parts} {last}" if others else last


@cache
def _drawing(of: tuple[type[Model], ...]) -> str:
    drawn = (f"nextval(pg_get_serial_sequence('{one._meta.db_table}', '{one._meta.pk.column}'))" for one in of)
    return f"SELECT {', '.join(drawn)}"


def _gathering(database: Any) -> _Gathering | None:
    gathering: _Gathering | None = getattr(database, "gathering", None)
    return gathering


# Writing


def insert(row: models.Model, *, unless_there: bool = False) -> bool:
    """Write a new row, and give it its number. False where there is one already and `unless_there` is said."""
    database = connections[DEFAULT_DB_ALIAS]
    gathering = _gathering(database)
    if gathering is not None and type(row) in gathering.numbered and not unless_there:
        row.pk = gathering.number(type(row))
        put(row)
        return True
    sql, columns = _inserting(type(row), unless_there, "RETURNING")
    number = run(sql, _values(row, columns, database)).fetchone()
    if number is None:
        return False
    row.pk, row._state.adding, row._state.db = number[0], False, DEFAULT_DB_ALIAS
    return True


def put(row: models.Model, *, unless_there: bool = False) -> None:
    """Write a new row whose number nobody needs, or that has one already."""
    database = connections[DEFAULT_DB_ALIAS]
    sql, columns = _inserting(type(row), unless_there, "" if row.pk is None else "number")
    _write(database, type(row), sql, _values(row, columns, database))
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def update(model: type[models.Model], where: Mapping[str, Any], **values: Any) -> int:
    """Change the rows where the columns hold what is said, or nothing where None is said; how many there were."""
    return int(run(*_update(model, where, values)).rowcount)


def change(model: type[models.Model], where: Mapping[str, Any], **values: Any) -> None:
    """The same where nobody needs to know how many there were."""
    _write(connections[DEFAULT_DB_ALIAS], model, *_update(model, where, values))


def _write(database: BaseDatabaseWrapper, model: type[Model], sql: str, values: Values) -> None:
    gathering = _gathering(database)
    if gathering is None:
        run(sql, values, database)
    else:
        gathering.add(database, model, sql, values)


def _update(model: type[Model], where: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[str, Values]:
    database = connections[DEFAULT_DB_ALIAS]
    known = {name: value for name, value in where.items() if value is not None}
    sql = _updating(model, tuple((name, name in known) for name in where), tuple(values))
    columns = _columns(model)
    return sql, [_value(*columns[name], value, database) for name, value in (*values.items(), *known.items())]


def _values(row: models.Model, columns: Sequence[tuple[Any, type | None]], database: BaseDatabaseWrapper) -> Values:
    """What the columns of a new row hold."""
    return [_value(one, kind, _held(row, one, kind), database) for one, kind in columns]


def _held(row: models.Model, column: Any, kind: type | None) -> Any:
    return column.pre_save(row, True) if kind is None else getattr(row, column.attname)


def _value(column: Any, kind: type | None, value: Any, database: BaseDatabaseWrapper) -> Any:
    """A value as the database takes it: what is of the column's own kind goes as it is."""
    return value if value is None or type(value) is kind else column.get_db_prep_save(value, database)


@cache
def _columns(model: type[models.Model]) -> dict[str, tuple[Any, type | None]]:
    return {field.attname: (field, _kind(field)) for field in model._meta.concrete_fields}


def _kind(field: Any) -> type | None:
    return _OWN_KIND.get(type(getattr(field, "target_field", field)))


@cache
def _inserting(
    model: type[models.Model], unless_there: bool, how: str
) -> tuple[str, tuple[tuple[Any, type | None], ...]]:
    """The statement and its columns. It answers the new row's number, or says it, or neither."""
    columns = tuple(
        one
        for one in model._meta.local_concrete_fields
        if not one.generated and (how == "number" or not one.primary_key)
    )
    names = ", ".join(_quoted(one) for one in columns)
    places = ", ".join(["%s"] * len(columns))
    conflict = " ON CONFLICT DO NOTHING" if unless_there else ""
    answer = f" RETURNING {_quoted(model._meta.pk)}" if how == "RETURNING" else ""
    sql = f"INSERT INTO {_table(model)} ({names}) VALUES ({places}){conflict}{answer}"  # noqa: S608
    return sql, tuple((one, _kind(one)) for one in columns)


@cache
def _updating(model: type[models.Model], where: tuple[tuple[str, bool], ...], names: tuple[str, ...]) -> str:
    columns = _columns(model)
    new = ", ".join(f"{_quoted(columns[name][0])} = %s" for name in names)
    old = " AND ".join(_quoted(columns[name][0]) + (" = %s" if known else " IS NULL") for name, known in where)
    return f"UPDATE {_table(model)} SET {new} WHERE {old}"  # noqa: S608


def _quoted(field: Any) -> str:
    return connection.ops.quote_name(field.column)


def _table(model: type[models.Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


# Reading


class Prepared(Generic[T]):
    """`waiting = Prepared(build)`, then `waiting(merchant_id)`: the rows of the queryset that the function makes. It is
    given stand-ins for whole numbers, texts and moments, and may do no more with them than look for them. Prefetches
    are not followed. PostgreSQL keeps a plan that suits the usual values, unless it is `planned_anew` each time."""

    def __init__(self, build: Callable[..., "QuerySet[Any, T]"], *, planned_anew: bool = False) -> None:
        self._build, self._planned_anew = build, planned_anew
        self._statement: _Statement | None = None

    def __call__(self, *given: Any) -> list[T]:
        statement = self.statement(given)
        return [] if statement is None else statement.rows(given)

    def question(self, *given: Any) -> Question:
        """To be asked with others, `ahead`."""
        return Question(self, given)

    def statement(self, given: Values) -> "_Statement | None":
        """What is asked; None where it is known to have no rows."""
        if self._statement is None:  # two threads may both make it, and make the same
            try:
                self._statement = _Statement(self._build, given, planned_anew=self._planned_anew)
            except EmptyResultSet:
                return None
        return self._statement

    def first(self, *given: Any) -> T | None:
        """The first row, if there is one."""
        return next(iter(self(*given)), None)


def attach(one: Model, name: str, rows: list[Any]) -> None:
    """Give an object what stands at the other end of one of its relations, as prefetch_related would."""
    related = one._meta.get_field(name).related_model
    found: Any = QuerySet(related)
    found._result_cache = rows
    held: Any = one
    if not hasattr(held, "_prefetched_objects_cache"):
        held._prefetched_objects_cache = {}
    held._prefetched_objects_cache[name] = found


class _Statement:
    """The SQL of a queryset with places for its parameters, and what Django makes objects of its rows with."""

    def __init__(self, build: Callable[..., "QuerySet[Any, Any]"], given: Values, *, planned_anew: bool) -> None:
        self.planned_anew = planned_anew
        # Made twice, with other stand-ins: what differs is where they stand.
        stand_ins, others = ([_stand_in(one, turn, n) for n, one in enumerate(given)] for turn in (0, 1))
        self.queryset: Any = build(*stand_ins)
        self.compiler, sql, parameters = _compiled(self.queryset)
        _compiler, again, differing = _compiled(build(*others))
        if sql != again:
            raise ValueError(f"The statement depends on its parameters: {sql}")
        self.connection = self.compiler.connection
        known = {self._adapted(one): n for n, one in enumerate(stand_ins)}
        self.places = [
            known.get(one) if one != other else None for one, other in zip(parameters, differing, strict=True)
        ]
        if any(one != other and one not in known for one, other in zip(parameters, differing, strict=True)):
            raise ValueError(f"A parameter is changed before it is looked for: {sql}")
        self.parameters = list(parameters)
        self.is_postgresql = self.connection.vendor == "postgresql"
        self.sql = self._with_constants(sql) if self.is_postgresql else sql
        # Objects are made by what is found out once; everything else as Django makes it.
        is_of_objects = self.queryset._iterable_class is ModelIterable
        self.make = objects.maker(self.compiler, self.queryset.db) if is_of_objects else None
        self.converters = objects.converters(self.compiler) if is_of_objects else {}

    def _adapted(self, value: Any) -> Any:
        """As the database takes it."""
        return self.connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value

    def filled(self, values: Sequence[Any]) -> list[Any]:
        """The parameters with these values in their places; numbers of one width, so that one plan serves them all."""
        filled = []
        for place, was in zip(self.places, self.parameters, strict=True):
            if place is not None:
                filled.append(type(was)(values[place]) if isinstance(was, int) else self._adapted(values[place]))
            elif not self.is_postgresql:
                filled.append(was)
        return filled

    def _with_constants(self, sql: str) -> str:
        """Constants written out: a kept plan uses a partial index only where it sees that its condition is met."""
        pieces, operations = sql.split("%s"), self.connection.ops
        written = [pieces[0]]
        for place, value, piece in zip(self.places, self.parameters, pieces[1:], strict=True):
            literal = operations.compose_sql("%s", [value]).replace("%", "%%") if place is None else "%s"
            written += [literal, piece]
        return "".join(written)

    def rows(self, given: Sequence[Any]) -> list[Any]:
        """Ask, and make of the answer what the queryset makes of it."""
        connection = connections[self.queryset.db]
        answer = run(self.sql, self.filled(given), connection, planned_anew=self.planned_anew).fetchall()
        if self.make is not None:
            return [self.make(row) for row in objects.converted(answer, self.converters, connection)]
        compiler: Any = copy.copy(self.compiler)
        compiler.connection = connection
        compiler.execute_sql = lambda *_, **__: [answer]
        # All that Django's makers of objects look at: the queryset's compiler, which has the answer already.
        asked = SimpleNamespace(
            db=self.queryset.db,
            query=SimpleNamespace(get_compiler=lambda *_, **__: compiler),
            _known_related_objects={},
            _fields=self.queryset._fields,
        )
        return list(self.queryset._iterable_class(asked))


def _stand_in(value: Any, turn: int, n: int) -> Any:
    """Something of its kind that nobody means."""
    return next(make(turn, n) for kind, make in _STANDING_IN if isinstance(value, kind))


def _compiled(queryset: Any) -> tuple[Any, str, Sequence[Any]]:
    compiler = queryset.query.get_compiler(queryset.db)
    return compiler, *compiler.as_sql()
