"""The database as one file, as it was at one moment, while everybody goes on writing; and that file as a database."""

import glob
import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from marketdesk.lib import roles

Ask = Callable[[str], list[Any]]

# Where packages put PostgreSQL's programs, beside those on the PATH.
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")
# For as long as the copy takes, whatever the settings say; and what this role may not see must not be left out.
PATIENT = """
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL statement_timeout = 0;
SET LOCAL idle_in_transaction_session_timeout = 0;
SET LOCAL row_security = off;
"""


class Impossible(Exception):
    """It cannot be done here; the text says why, and what to do about it."""


@dataclass(frozen=True)
class Copy:
    """A copy of the database, and a way to ask what it holds."""

    ask: Ask
    tables: list[str]

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        return {table: self.ask(f'SELECT count(*) FROM "{table}"')[0][0] for table in self.tables}  # noqa: S608

    def migrations(self) -> dict[str, list[str]]:
        """What has been applied, app by app."""
        found: dict[str, list[str]] = {}
        for app, name in self.ask("SELECT app, name FROM django_migrations ORDER BY app, name"):
            found.setdefault(app, []).append(name)
        return found

    def pictures(self) -> list[Any]:
        """What names the files: each content's SHA-256 and kind, once."""
        return self.ask("SELECT DISTINCT sha256, mime FROM tickets_attachment ORDER BY sha256")


def kind() -> str:
    """`sqlite` or `postgresql`."""
    return connection.vendor


def version() -> str:
    """Of the library or the server."""
    return sqlite3.sqlite_version if kind() == "sqlite" else str(_ask_living("SHOW server_version")[0][0])


@contextmanager
def copied(target: Path) -> Iterator[Copy]:
    """Copy the database into a file that is not there yet. Raises Impossible."""
    if "django_migrations" not in connection.introspection.table_names():
        raise Impossible("There is no desk yet: the database is empty.")
    with (_copied_sqlite if kind() == "sqlite" else _copied_postgresql)(target) as copy:
        yield copy


def fill(source: Path) -> None:
    """Make the empty database what the file holds: whole, or not at all. Raises Impossible."""
    if kind() == "sqlite":
        connection.close()
        os.replace(source, connection.settings_dict["NAME"])
    else:
        with roles.as_owner():
            how = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
            _run(_program("pg_restore"), *how, source)


def is_empty() -> bool:
    """Whether no table is there; asked without making a database where none is. Nor may there be what another one left
    unfinished under this name: SQLite would carry it into ours."""
    if kind() == "sqlite":
        return not any(Path(f"{connection.settings_dict['NAME']}{end}").exists() for end in ("", "-wal", "-journal"))
    return not connection.introspection.table_names()


def now() -> Copy:
    """The living database, to be asked the same."""
    return Copy(_ask_living, _tables(_ask_living))


# SQLite


@contextmanager
def _copied_sqlite(target: Path) -> Iterator[Copy]:
    connection.ensure_connection()
    with closing(sqlite3.connect(target)) as copy:
        # All pages in one step: it reads one moment, and writers go on meanwhile (WAL).
        connection.connection.backup(copy)

        def ask(sql: str) -> list[Any]:
            return copy.execute(sql).fetchall()

        (health,) = ask("PRAGMA quick_check(1)")[0]
        if health != "ok":
            raise Impossible(f"The database itself is damaged, and a copy of it would be: {health}")
        yield Copy(ask, _tables(ask))


# PostgreSQL


@contextmanager
def _copied_postgresql(target: Path) -> Iterator[Copy]:
    program = _program("pg_dump")
    # As whom the tables belong to: what another role may not see would be missing.
    with roles.as_owner(), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(PATIENT)
            cursor.execute("SELECT pg_export_snapshot()")
            (moment,) = cursor.fetchone()
        # Quick rather than small: the pictures beside it are the greater part.
        how = ("--format=custom", "--compress=1", "--no-owner", "--no-privileges", f"--snapshot={moment}")
        _run(program, *how, f"--file={target}")
        yield now()


def _program(name: str) -> str:
    """PostgreSQL's own program, as new as the server: the same version, else the next newer one. Raises Impossible."""
    server = int(_ask_living("SHOW server_version_num")[0][0]) // 10000
    places = [*os.environ.get("PATH", "").split(os.pathsep), *(place for one in PLACES for place in glob.glob(one))]
    found: dict[int, str] = {}
    for place in places:
        if path := shutil.which(name, path=place):
            found.setdefault(_major(path), path)
    able = sorted(major for major in found if major >= server)
    if able:
        return found[able[0]]
    if found:
        raise Impossible(
            f"{name} is of PostgreSQL {max(found)}, and the server is {server}: install programs of version {server} "
            f"(such as postgresql-client-{server})."
        )
    raise Impossible(
        f"{name} is not here: install PostgreSQL's programs of version {server} (such as postgresql-client-{server})."
    )


def _major(path: str) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    number = re.search(r"\b(\d+)", said)
    return int(number[1]) if number else 0


def _run(program: str, *words: object) -> None:
    """Run a program of PostgreSQL on our database. Raises Impossible with what it said."""
    connection.ensure_connection()
    reached = connection.connection.info
    # The password not among the words, which every account of the machine can read.
    environment = {**os.environ, "PGPASSWORD": reached.password}
    done = subprocess.run(  # noqa: S603
        [program, f"--dbname={reached.dsn}", *map(str, words)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Impossible(done.stderr.strip() or f"{program} ended with {done.returncode}.")


def _ask_living(sql: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def _tables(ask: Ask) -> list[str]:
    catalogue = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
        "postgresql": "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename",
    }
    return [name for (name,) in ask(catalogue[kind()])]
