"""Upgrading under traffic (UP1): what migrations may do, and a real one from an earlier version and back."""

import http.client
import io
import json
import signal
import sqlite3
import subprocess
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from django.apps import apps
from django.db import DatabaseError, connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.state import ProjectState
from django.db.models.functions import Lower

from marketdesk.lib.migrating import AddIndexBesideTraffic
from tests.desk import ROOT, Desk, free_ports, surroundings
from tests.lib.test_roles import FURNISH, TOKEN
from tests.postgres import primary
from tests.survivable import BASELINE, EXCEPTIONS, complaints, newer


@pytest.mark.parametrize("migration", newer(), ids=str)
def test_the_previous_release_survives_what_is_new(migration: migrations.Migration) -> None:
    assert complaints(migration) == []


def test_the_baseline_and_its_exceptions_are_migrations_of_ours() -> None:
    known = {f"{room}.{name}" for room, name in MigrationLoader(None).disk_migrations}

    assert {f"{room}.{name}" for room, name in BASELINE.items()} <= known
    assert set(EXCEPTIONS) <= known


def _migration(*wanted: Any) -> migrations.Migration:
    class Tried(migrations.Migration):
        dependencies = [("tickets", BASELINE["tickets"])]
        operations = list(wanted)

    return Tried("0999_tried", "tickets")


SOON = models.Index(fields=["merchant_id"], name="soon")
HARMLESS = [
    migrations.AddField("ticket", "mood", models.CharField(max_length=5, null=True)),
    migrations.AddField("ticket", "mood", models.CharField(max_length=5, db_default="")),
    migrations.AlterField("ticket", "closed_how", models.CharField(max_length=20, blank=True, default="x")),
    migrations.RemoveIndex("ticket", "ticket_by_asking"),
    migrations.CreateModel("Mood", [("id", models.BigAutoField(primary_key=True))]),
]
HARMFUL = [
    (migrations.RemoveField("ticket", "shared"), "still uses a column"),
    (migrations.RenameField("ticket", "shared", "told"), "still uses a column"),
    (migrations.DeleteModel("wait"), "still uses the table"),
    (migrations.RenameModel("wait", "stretch"), "still uses the table"),
    (migrations.AlterModelTable("wait", "stretch"), "still uses the table"),
    (migrations.AddField("ticket", "mood", models.CharField(max_length=5, default="")), "give it a db_default"),
    (migrations.AddField("ticket", "mood", models.IntegerField(null=True, db_index=True)), "while mood is indexed"),
    (
        migrations.AddField(
            "ticket",
            "mood",
            models.GeneratedField(expression=Lower("state"), output_field=models.TextField(), db_persist=True),
        ),
        "writes the whole table anew",
    ),
    (migrations.AlterField("wait", "due_at", models.DateField()), "another type"),
    (migrations.AlterField("wait", "ended_at", models.DateTimeField()), "must not be empty"),
    (migrations.AlterField("wait", "hours", models.PositiveSmallIntegerField(db_index=True)), "index of hours"),
    (migrations.AddIndex("wait", SOON), "AddIndexBesideTraffic"),
    (
        migrations.AddConstraint("wait", models.CheckConstraint(condition=models.Q(hours__gt=0), name="some")),
        "all its rows are checked",
    ),
    (migrations.RunPython(migrations.RunPython.noop), "EXCEPTIONS"),
    (migrations.RunSQL("SELECT 1"), "EXCEPTIONS"),
    (AddIndexBesideTraffic("wait", SOON), "atomic = False"),
    (
        migrations.SeparateDatabaseAndState(database_operations=[migrations.RemoveField("ticket", "shared")]),
        "still uses a column",
    ),
]


@pytest.mark.parametrize("operation", HARMLESS, ids=lambda one: one.describe())
def test_what_the_previous_release_survives(operation: Any) -> None:
    assert complaints(_migration(operation)) == []


@pytest.mark.parametrize(
    ("operation", "words"), HARMFUL, ids=lambda one: "" if isinstance(one, str) else one.describe()
)
def test_what_the_previous_release_would_not_survive(operation: Any, words: str) -> None:
    [complaint] = complaints(_migration(operation))

    assert words in complaint


def test_what_is_new_itself_may_be_built_as_one_likes() -> None:
    mood = migrations.CreateModel("Mood", [("id", models.BigAutoField(primary_key=True)), ("at", models.DateField())])
    index = migrations.AddIndex("mood", models.Index(fields=["at"], name="mood_at"))

    assert complaints(_migration(mood, index)) == []


@pytest.mark.django_db(transaction=True)
def test_an_index_is_built_beside_the_traffic() -> None:
    state = ProjectState.from_apps(apps)
    after = state.clone()
    operation = AddIndexBesideTraffic("wait", models.Index(fields=["hours"], name="wait_by_hours"))
    operation.state_forwards("tickets", after)

    def names() -> set[str]:
        with connection.cursor() as cursor:
            return set(connection.introspection.get_constraints(cursor, "tickets_wait"))

    with connection.schema_editor(atomic=False) as editor:
        operation.database_forwards("tickets", editor, state, after)
    there = "wait_by_hours" in names()
    with connection.schema_editor(atomic=False) as editor:
        operation.database_backwards("tickets", editor, after, state)

    assert there
    assert "wait_by_hours" not in names()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_whole", [True, False])
def test_what_was_broken_off_while_an_index_was_built_is_done_again(is_whole: bool) -> None:
    state = ProjectState.from_apps(apps)
    after = state.clone()
    operation = AddIndexBesideTraffic("wait", models.Index(fields=["hours"], name="wait_by_hours"))
    operation.state_forwards("tickets", after)

    def build() -> None:
        with connection.schema_editor(atomic=False) as editor:
            operation.database_forwards("tickets", editor, state, after)

    build()
    try:
        if connection.vendor == "postgresql" and not is_whole:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'wait_by_hours'::regclass")
        build()
        with connection.cursor() as cursor:
            assert "wait_by_hours" in connection.introspection.get_constraints(cursor, "tickets_wait")
            if connection.vendor == "postgresql":
                cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'wait_by_hours'::regclass")
                assert cursor.fetchone() == (True,)
    finally:
        with connection.schema_editor(atomic=False) as editor:
            operation.database_backwards("tickets", editor, after, state)


def _build(operation: AddIndexBesideTraffic) -> None:
    state = ProjectState.from_apps(apps)
    after = state.clone()
    operation.state_forwards("tickets", after)
    with connection.schema_editor(atomic=False) as editor:
        operation.database_forwards("tickets", editor, state, after)


def _drop(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {name}")


@pytest.mark.django_db(transaction=True)
def test_a_migration_that_was_broken_off_goes_on_behind_the_index_that_is_there() -> None:
    operation = AddIndexBesideTraffic("wait", models.Index(fields=["hours"], name="wait_by_hours"))
    try:
        for _time in range(2):
            _build(operation)
    finally:
        _drop("wait_by_hours")


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_an_index_that_was_broken_off_is_built_anew() -> None:
    """PostgreSQL leaves it there, looks nothing up in it, and keeps it up to date for nothing."""
    operation = AddIndexBesideTraffic("wait", models.Index(fields=["hours"], name="wait_by_hours"))
    try:
        with psycopg.connect(**connection.get_connection_params()) as long, connection.cursor() as cursor:
            long.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            long.execute("SELECT count(*) FROM tickets_wait")
            cursor.execute("SET statement_timeout = '300ms'")
            with pytest.raises(DatabaseError):
                _build(operation)
            cursor.execute("RESET statement_timeout")

        _build(operation)

        with connection.cursor() as cursor:
            cursor.execute("SELECT indisvalid FROM pg_index WHERE indexrelid = 'wait_by_hours'::regclass")
            assert cursor.fetchone() == (True,)
    finally:
        _drop("wait_by_hours")


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_an_index_has_the_patience_for_a_long_report() -> None:
    """It waits for those who have begun to read; nobody waits for it."""
    operation = AddIndexBesideTraffic("wait", models.Index(fields=["hours"], name="wait_by_hours"))
    try:
        with psycopg.connect(**connection.get_connection_params()) as long, connection.cursor() as cursor:
            long.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            long.execute("SELECT count(*) FROM tickets_wait")
            cursor.execute("SET lock_timeout = '200ms'")
            threading.Timer(1, long.close).start()
            _build(operation)
            cursor.execute("SHOW lock_timeout")
            assert cursor.fetchone() == ("200ms",)
            cursor.execute("RESET lock_timeout")
    finally:
        _drop("wait_by_hours")


# For real

# Of this version's tables some are not there yet, and rows are changed on the way to it.
EARLIER = "be9bba1"


@pytest.fixture(scope="session")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole of an earlier version, as its commit has it."""
    folder = tmp_path_factory.mktemp("earlier")
    archive = subprocess.run(["git", "archive", EARLIER, "marketdesk"], cwd=ROOT, capture_output=True, check=False)
    if archive.returncode:
        pytest.skip("this copy of the source has no history")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as packed:
        packed.extractall(folder, filter="data")
    return folder


class Traffic(threading.Thread):
    """A merchant's program and a person behind a balancer: who asks the first node that takes a connection, as nginx
    does. Notes every answer, and what was acknowledged."""

    def __init__(self, ports: Sequence[int], ticket: str) -> None:
        super().__init__(daemon=True)
        self.ports, self.ticket = ports, ticket
        self.over = threading.Event()
        self.statuses: Counter[int] = Counter()
        self.failures: list[str] = []
        self.acknowledged: list[str] = []
        self.answered_at: list[float] = []
        self.cut = 0

    def run(self) -> None:
        number = 0
        while not self.over.is_set():
            number += 1
            said = f"answer {number}"
            form = {"access_token": TOKEN, "id": self.ticket, "reply": said}
            for method, path, body in (
                ("POST", "/api/v2/ticket/reply", form),
                ("GET", f"/api/v2/ticket?{urlencode({'access_token': TOKEN, 'id': self.ticket})}", None),
                ("GET", "/accounts/login/", None),
            ):
                answer = self._ask(method, path, body)
                if answer and answer[0] == 200 and body and json.loads(answer[1])["code"] == 0:
                    self.acknowledged.append(said)
            time.sleep(0.02)

    def _ask(self, method: str, path: str, form: dict[str, str] | None) -> tuple[int, bytes] | None:
        for port in self.ports:
            asked = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            try:
                asked.connect()
            except OSError:
                continue  # this node is down: the next one
            try:
                kind = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
                asked.request(method, path, urlencode(form) if form else None, kind)
                answer = asked.getresponse()
                body = answer.read()
            except (OSError, http.client.HTTPException):
                self.cut += 1  # taken and not answered: nothing was acknowledged
                return None
            finally:
                asked.close()
            self.statuses[answer.status] += 1
            self.answered_at.append(time.monotonic())
            if answer.status >= 400:
                self.failures.append(f"{method} {path.partition('?')[0]}: {answer.status} {body[:300]!r}")
            return answer.status, body
        return None


def stop(desk: Desk) -> None:
    """As systemd does it: SIGTERM, and wait."""
    assert desk.process
    desk.process.send_signal(signal.SIGTERM)
    desk.process.wait(20)


@pytest.fixture
def nodes(tmp_path: Path, earlier: Path) -> Iterator[Any]:
    """`nodes(url)`: two nodes on one database, each in the earlier version and in this one."""
    made: list[Desk] = []

    def _nodes(url: str = "") -> list[tuple[Desk, Desk]]:
        both = []
        for port in free_ports(2 if url else 1):
            settings = {"DATABASE_URL": url, "MARKETDESK_LOG": "ERROR"}
            environment = surroundings(tmp_path / "home", port, **settings)
            both.append((Desk(environment, folder=earlier), Desk(environment)))
        made.extend(desk for pair in both for desk in pair)
        return both

    yield _nodes
    for desk in made:
        desk.kill()


def told(rows: Sequence[tuple[str]]) -> Counter[str]:
    return Counter(text for (text,) in rows if text.startswith("answer "))


@pytest.mark.heavy
def test_two_nodes_are_upgraded_one_after_the_other_under_traffic(nodes: Any) -> None:
    with primary() as server:
        url = server.get_uri()
        (old_a, new_a), (old_b, new_b) = nodes(url)
        old_a.run("key", "list")
        with psycopg.connect(url, autocommit=True) as database:
            count = "SELECT count(*) FROM django_migrations"
            before = database.execute(count).fetchone()
            ticket = old_a.run("manage", "shell", "-v0", "-c", FURNISH).stdout.strip()
            old_a.start()
            old_b.start("--no-worker")
            traffic = Traffic([old_a.port, old_b.port], ticket)
            traffic.start()

            prepared = new_a.run("prepare")
            while_old = sum(traffic.statuses.values())
            time.sleep(1)  # the earlier version serves on the new tables
            for old, new in ((old_a, new_a), (old_b, new_b)):
                stop(old)
                new.start(*(["--no-worker"] if new is new_b else []))
            time.sleep(1)
            # And back: the earlier version starts again on the tables of this one.
            stop(new_a)
            old_a.start()
            time.sleep(1)
            traffic.over.set()
            traffic.join(40)
            stored = told(database.execute("SELECT body FROM tickets_message").fetchall())
            after = database.execute(count).fetchone()

    print(dict(traffic.statuses), traffic.cut, "cut")
    assert prepared.returncode == 0, prepared.stderr
    assert before
    assert after
    assert after > before
    assert while_old > 0
    assert traffic.failures == []
    assert [one for one in traffic.acknowledged if stored[one] != 1] == []
    assert len(traffic.acknowledged) > 20


@pytest.mark.heavy
def test_on_sqlite_an_upgrade_is_a_short_pause(nodes: Any, tmp_path: Path) -> None:
    [(old, new)] = nodes()
    old.run("key", "list")
    ticket = old.run("manage", "shell", "-v0", "-c", FURNISH).stdout.strip()
    old.start()
    traffic = Traffic([old.port], ticket)
    traffic.start()
    time.sleep(1)

    stop(old)
    process = new.start()
    worked = [one.cpu_times() for one in (process, *process.children(recursive=True))]

    time.sleep(1)
    traffic.over.set()
    traffic.join(40)
    new.kill()
    with sqlite3.connect(tmp_path / "home" / "marketdesk.sqlite3") as database:
        stored = told(database.execute("SELECT body FROM tickets_message").fetchall())
    database.close()
    pause = max(later - sooner for sooner, later in zip(traffic.answered_at, traffic.answered_at[1:], strict=False))
    # What the machine has to do for it; on one that has nothing else to do, that is the pause.
    work = sum(times.user + times.system for times in worked)
    print(f"{pause:.1f} s of pause, {work:.1f} s of work, {dict(traffic.statuses)}")
    assert traffic.failures == []
    assert [one for one in traffic.acknowledged if stored[one] != 1] == []
    assert work < 10
