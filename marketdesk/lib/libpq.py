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
    return _result(speech, found)


def _result(speech: "_Speech", found: Any) -> Result:
    if not found.nfields:
        return Result([], found.command_tuples or 0)
    speech.adapter.set_pgresult(found)
    return Result(speech.adapter.load_rows(0, found.ntuples, tuple), found.ntuples)


def together(database: Any, asked: Sequence[tuple[str, Sequence[Any]]]) -> list[Result] | None:
    """Several statements at one go, each with values of its own: the processor and the network are asked once. None
    where that cannot be, or where one of them fails: then ask one by one, and hear why."""
    opened = database.connection
    if opened is None or opened.prepare_threshold is None or _is_to_be_looked_after(database):
        return None
    with database.wrap_database_errors:
        speech = _of(opened)
        is_apart = opened.autocommit and opened.pgconn.transaction_status == speech.idle
        if not is_apart and opened.pgconn.transaction_status != speech.within:
            return None
        names = [_named(opened, _numbered(sql)) for sql, _values in asked]
        texts = [speech.adapter.dump_sequence(values, [speech.as_text] * len(values)) for _sql, values in asked]
        opened.pgconn.enter_pipeline_mode()
        try:
            for name, text in zip(names, texts, strict=True):
                opened.pgconn.send_query_prepared(name, text)
            opened.pgconn.pipeline_sync()
            answers = opened.wait(_answers(opened.pgconn))
        finally:
            if not _is_gone(opened):
                opened.pgconn.exit_pipeline_mode()
        if is_apart and any(one.status not in speech.good for one in answers):
            speech.names.clear()  # perhaps somebody has let all of them go
            return None
        return [_result(speech, _checked(opened, one)) for one in answers]


def _answers(pgconn: Any) -> Any:
    """What the server says to what was sent at one go, as psycopg waits for such things."""
    from psycopg.pq import ExecStatus
    from psycopg.waiting import Wait

    while pgconn.flush():
        yield Wait.W
    answers: list[Any] = []
    while True:
        while pgconn.is_busy():
            yield Wait.R
            pgconn.consume_input()
        answer = pgconn.get_result()  # None between two statements
        if answer is not None and answer.status == ExecStatus.PIPELINE_SYNC:
            return answers
        if answer is not None:
            answers.append(answer)


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
    name = _named(opened, sql, is_binary=is_binary)
    found = opened.pgconn.exec_prepared(name, values, result_format=int(is_binary))
    if is_known and found.error_field(SQLSTATE) == NO_SUCH_STATEMENT:  # somebody has let all of them go
        speech.names.clear()
        if opened.pgconn.transaction_status == speech.idle:
            return ask(opened, sql, values, is_binary=is_binary)
    return _checked(opened, found)


def _named(opened: Any, sql: str, *, is_binary: bool = False) -> bytes:
    """The name under which a connection has a statement, which it now has."""
    names = _of(opened).names
    if (sql, is_binary) not in names:
        name = f"libpq_{next(_numbers)}".encode()
        _checked(opened, opened.pgconn.prepare(name, sql.encode()))
        names[sql, is_binary] = name
    return names[sql, is_binary]


class _Speech:
    """What is kept with a connection: the names of its statements, what adapts values and rows, and psycopg's words."""

    def __init__(self, opened: Any) -> None:
        from psycopg import ClientCursor
        from psycopg.adapt import PyFormat, Transformer
        from psycopg.pq import ExecStatus, TransactionStatus

        self.names: dict[tuple[str, bool], bytes] = {}
        self.adapter: Any = Transformer(opened)
        self._composer = ClientCursor(opened)
        self.as_text = PyFormat.TEXT
        self.idle, self.within = TransactionStatus.IDLE, TransactionStatus.INTRANS
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
