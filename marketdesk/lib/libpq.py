"""Statements by libpq's own calls: psycopg's cursors take longer than the server does, and let other threads in between
several times for each statement.

Prepared when it is first run, on each connection, under a name of its own; the server finds out by itself of which type
a value is. A connection is one thread's. Values and rows go through psycopg's adapters, as with a cursor.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count
from typing import Any

# Which field of an answer says what kind of failure it is (PG_DIAG_SQLSTATE), and what it says of one.
SQLSTATE = ord("C")
NO_SUCH_STATEMENT = b"26000"

_numbers = count()


@dataclass
class Result:
    """The rows of a statement, or how many it changed."""

    rows: list[Any]
    rowcount: int

    def fetchone(self) -> Any:
        return self.rows.pop(0) if self.rows else None

    def fetchall(self) -> list[Any]:
        return self.rows


def run(database: Any, sql: str, values: Sequence[Any], *, planned_anew: bool = False) -> Result:
    """Run a statement with `%s` for each value, in the transaction that Django has begun, if any."""
    database.validate_no_broken_transaction()
    with database.wrap_database_errors:
        if _is_to_be_looked_after(database) and not database.in_atomic_block and sql.startswith("SELECT"):
            # Django would ask for nothing before the first statement, to see whether the connection still lives.
            database.health_check_done = True
            try:
                return _run(database.connection, sql, values, planned_anew)
            except _operational():
                if not _is_gone(database.connection):
                    raise
            database.close()
        database.close_if_health_check_failed()
        database.ensure_connection()
        return _run(database.connection, sql, values, planned_anew)


def _run(opened: Any, sql: str, values: Sequence[Any], planned_anew: bool) -> Result:
    speech = _of(opened)
    if not opened.autocommit and opened.pgconn.transaction_status == speech.idle:
        _checked(opened, opened.pgconn.exec_(opened._get_tx_start_command()))  # as psycopg's cursors do
    if planned_anew:
        found = _checked(opened, opened.pgconn.exec_(speech.composed(sql, values)))
    else:
        said = speech.adapter.dump_sequence(values, [speech.as_text] * len(values))
        found = ask(opened, _numbered(sql), said)
    if not found.nfields:
        return Result([], found.command_tuples or 0)
    speech.adapter.set_pgresult(found)
    return Result(speech.adapter.load_rows(0, found.ntuples, tuple), found.ntuples)


def _is_to_be_looked_after(database: Any) -> bool:
    return database.connection is not None and database.health_check_enabled and not database.health_check_done


def _is_gone(opened: Any) -> bool:
    from psycopg.pq import ConnStatus

    return bool(opened.pgconn.status == ConnStatus.BAD)


def _operational() -> type[Exception]:
    from psycopg import OperationalError

    return OperationalError


def ask(opened: Any, sql: str, values: Sequence[bytes | None], *, is_binary: bool = False) -> Any:
    """The answer to a statement with `$1` for each value, as libpq has it. Raises psycopg's errors."""
    # With a pooler between us and the server nothing stays prepared.
    if opened.prepare_threshold is None:
        return _checked(opened, opened.pgconn.exec_params(sql.encode(), values, result_format=int(is_binary)))
    speech = _of(opened)
    is_known = (sql, is_binary) in speech.names
    if not is_known:
        name = f"libpq_{next(_numbers)}".encode()
        _checked(opened, opened.pgconn.prepare(name, sql.encode()))
        speech.names[sql, is_binary] = name
    found = opened.pgconn.exec_prepared(speech.names[sql, is_binary], values, result_format=int(is_binary))
    if is_known and found.error_field(SQLSTATE) == NO_SUCH_STATEMENT:  # somebody has let all of them go
        speech.names.clear()
        if opened.pgconn.transaction_status == speech.idle:
            return ask(opened, sql, values, is_binary=is_binary)
    return _checked(opened, found)


class _Speech:
    """What is kept with a connection: the names of its statements, what adapts values and rows, and psycopg's words."""

    def __init__(self, opened: Any) -> None:
        from psycopg import ClientCursor
        from psycopg.adapt import PyFormat, Transformer
        from psycopg.pq import ExecStatus, TransactionStatus

        self.names: dict[tuple[str, bool], bytes] = {}
        self.adapter: Any = Transformer(opened)
        self._composer = ClientCursor(opened)
        self.as_text, self.idle = PyFormat.TEXT, TransactionStatus.IDLE
        self.good = {int(ExecStatus.TUPLES_OK), int(ExecStatus.COMMAND_OK)}

    def composed(self, sql: str, values: Sequence[Any]) -> bytes:
        """The statement with its values in it: only so the server plans it for them."""
        return self._composer.mogrify(sql, values).encode()


def _of(opened: Any) -> _Speech:
    try:
        speech: _Speech = opened.speech
    except AttributeError:
        speech = opened.speech = _Speech(opened)
    return speech


def _checked(opened: Any, result: Any) -> Any:
    if result.status in _of(opened).good:
        return result
    from psycopg import OperationalError, errors

    if not result.error_field(SQLSTATE):  # libpq's own words: the connection is gone
        raise OperationalError(result.get_error_message())
    raise errors.error_from_result(result)


@cache
def _numbered(sql: str) -> str:
    """With the places numbered, as the server has them."""
    numbers = count(1)
    return re.sub("%[s%]", lambda found: f"${next(numbers)}" if found[0] == "%s" else "%", sql)
