"""Who writes to SQLite waits by turns: nobody is refused who could have waited, and nobody waits who only reads."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.utils import ConnectionHandler

from marketdesk.lib import env
from marketdesk.lib.sqlite import base
from tests.desk import until

Opener = Callable[..., Any]


@pytest.fixture
def opened(tmp_path: Path, django_db_blocker: Any) -> Iterator[Opener]:
    """`opened(timeout=…)`: another connection to a database of one table."""

    def _opened(timeout: float = 20) -> "closing[BaseDatabaseWrapper]":
        settings = env.database("", tmp_path)
        settings["OPTIONS"]["timeout"] = timeout
        return closing(ConnectionHandler({"default": settings})["default"])

    with django_db_blocker.unblock():
        with _opened() as first:
            ask(first, "CREATE TABLE said (words text)")
        yield _opened


def ask(database: BaseDatabaseWrapper, sql: str, *values: Any) -> Any:
    with database.cursor() as cursor:
        return cursor.execute(sql, values or None).fetchall()


def say(opened: Opener, words: str) -> None:
    with opened() as database:
        ask(database, "INSERT INTO said VALUES (%s)", words)


def test_who_comes_second_writes_when_the_first_is_done(opened: Opener) -> None:
    with opened() as first, ThreadPoolExecutor(2) as pool:
        ask(first, "BEGIN IMMEDIATE")
        ask(first, "INSERT INTO said VALUES ('first')")
        others = [pool.submit(say, opened, words) for words in ("second", "third")]
        until(base.TURN.locked)
        assert ask(first, "SELECT count(*) FROM said") == [(1,)]
        with opened() as reader:
            assert ask(reader, "SELECT count(*) FROM said") == [(0,)]
        ask(first, "COMMIT")
        for one in others:
            one.result(20)

        assert {words for (words,) in ask(first, "SELECT words FROM said")} == {"first", "second", "third"}


@pytest.mark.parametrize("sql", ["INSERT INTO said VALUES ('late')", "BEGIN IMMEDIATE"])
def test_who_has_waited_long_enough_is_refused(opened: Opener, sql: str) -> None:
    with opened() as first, opened(timeout=0.05) as second:
        ask(first, "BEGIN IMMEDIATE")

        with pytest.raises(OperationalError, match="locked"):
            ask(second, sql)
        ask(first, "COMMIT")
        ask(second, sql)

        assert ask(second, "PRAGMA busy_timeout") == [(50,)]
    assert not base.TURN.locked()


def test_what_is_wrong_is_said_at_once(opened: Opener) -> None:
    with opened() as database:
        with pytest.raises(OperationalError, match="no such table"):
            ask(database, "INSERT INTO nowhere VALUES (1)")

        assert ask(database, "PRAGMA busy_timeout") == [(20_000,)]
    assert not base.TURN.locked()


def test_of_many_nobody_is_refused(opened: Opener) -> None:
    begin = threading.Barrier(8)

    def often(number: int) -> None:
        with opened() as database:
            begin.wait(20)
            for _ in range(20):
                ask(database, "BEGIN IMMEDIATE")
                ask(database, "INSERT INTO said VALUES (%s)", str(number))
                ask(database, "COMMIT")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(often, range(8)))

    with opened() as database:
        assert ask(database, "SELECT count(*) FROM said") == [(160,)]
