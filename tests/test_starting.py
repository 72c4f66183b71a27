"""What cannot work is said at the start, in words: nothing is begun, nothing is written, nothing is damaged."""

import json
import os
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.desk import ROOT, Desk, free_ports, surroundings
from tests.postgres import primary

# Only once, beside the suite on PostgreSQL: each says itself which database it starts.
pytestmark = [pytest.mark.slow, pytest.mark.postgres]

COMMANDS = ("serve", "worker", "doctor")
KEY = "a-good-secret-key-of-many-letters-0123456789"


@pytest.fixture
def desk(tmp_path: Path, free_port: int) -> Iterator[Desk]:
    """A desk on a home of its own, not started."""
    desk = Desk(surroundings(tmp_path / "home", free_port))
    desk.prepare()
    yield desk
    desk.kill()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL with an empty database `desk`."""
    with primary() as running:
        with psycopg.connect(running.get_uri(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE desk")
        yield running.get_uri(database="desk")


def everything(home: Path) -> dict[str, list[object]]:
    """Every row of a home's database."""
    with sqlite3.connect(f"file:{home}/marketdesk.sqlite3?mode=ro", uri=True) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        found: dict[str, list[object]] = {
            name: database.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables
        }
    database.close()
    return found


def refused(desk: Desk, *words: str, commands: tuple[str, ...] = COMMANDS, **settings: str) -> None:
    """Each command ends with 1 and says it, without a traceback."""
    for command in commands:
        done = desk.run(command, settings=settings, timeout=60)
        said = done.stdout + done.stderr
        assert done.returncode == 1, said
        assert "Traceback" not in said
        for word in words:
            assert word in said


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://x/y", ["begins with 'mysql'"]),
        ("postgresql://db.example", ["names no database"]),
        ("postgresql://postgres@127.0.0.1:1/desk", ["Connection refused", "start PostgreSQL"]),
        ("postgresql://postgres@nowhere.invalid/desk", ["nowhere.invalid", "check the host"]),
        ("sqlite:////nowhere/at/all.sqlite3", ["unable to open", "folder is there"]),
    ],
)
def test_a_wrong_database_url_is_said(url: str, words: list[str], tmp_path: Path, free_port: int) -> None:
    desk = Desk(surroundings(tmp_path / "home", free_port, DATABASE_URL=url))

    refused(desk, *words, commands=("serve", "doctor"))


def test_a_database_that_never_answers_is_not_waited_for_without_end(tmp_path: Path, free_port: int) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"postgresql://postgres@127.0.0.1:{silent.getsockname()[1]}/desk?connect_timeout=2"
        desk = Desk(surroundings(tmp_path / "home", free_port, DATABASE_URL=url))

        refused(desk, "does not answer", commands=("worker",))


def test_what_postgresql_refuses_is_said_with_what_to_do(server: str, tmp_path: Path, free_port: int) -> None:
    base, _, host = server.partition("/desk")
    desk = Desk(surroundings(tmp_path / "home", free_port, DATABASE_URL=server))
    with psycopg.connect(server, autocommit=True) as connection:
        before = connection.execute("SELECT count(*) FROM pg_class").fetchone()

        refused(desk, "other", "createdb", commands=("serve",), DATABASE_URL=f"{base}/other{host}")
        nobody = base.replace("postgres:", "nobody:", 1)
        refused(desk, "nobody", "Create that role", commands=("worker",), DATABASE_URL=f"{nobody}/desk{host}")
        options = f"{server}&options=-c default_transaction_read_only=on"
        refused(desk, "read-only", "write", commands=("serve", "doctor"), DATABASE_URL=options)
        careless = f"{server}&options=-c synchronous_commit=off"
        refused(desk, "synchronous_commit off", "power cut", DATABASE_URL=careless)

        assert connection.execute("SELECT count(*) FROM pg_class").fetchone() == before
        done = desk.run("prepare", settings={"DATABASE_URL": careless, "MARKETDESK_ACCEPT": "durability"})
        assert (done.returncode, "synchronous_commit off" in done.stderr) == (0, True)


def test_an_older_version_leaves_a_newer_database_alone(desk: Desk) -> None:
    home = Path(desk.environment["MARKETDESK_HOME"])
    with sqlite3.connect(home / "marketdesk.sqlite3") as database:
        row = ("tickets", "9999_from_the_future", "2030-01-01")
        database.execute("INSERT INTO django_migrations (app, name, applied) VALUES (?, ?, ?)", row)
    database.close()
    before = everything(home)

    refused(desk, "newer version", "9999_from_the_future", "docs/upgrading.md")

    assert everything(home) == before
    desk.environment["MARKETDESK_ACCEPT"] = "newer-database"
    desk.start("--no-worker")


def test_a_clock_that_is_a_day_behind_what_was_written_is_said(desk: Desk) -> None:
    home = Path(desk.environment["MARKETDESK_HOME"])
    with sqlite3.connect(home / "marketdesk.sqlite3") as database:
        database.execute(
            "INSERT INTO journal_event (verb, subject_kind, subject_id, audience, actor, data, at)"
            " VALUES ('reply', 'ticket', 1, 'everyone', '{}', '{}', ?)",
            [datetime.now(UTC).isoformat(" ")],
        )
    database.close()
    before = everything(home)

    for command in COMMANDS:
        done = subprocess.run(
            ["faketime", "-f", "-1d", *desk.command, command],
            env=desk.environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 1, done.stderr
        assert "behind the newest event" in done.stdout + done.stderr

    assert everything(home) == before


def test_a_clock_that_differs_from_the_servers_is_said(server: str, tmp_path: Path, free_port: int) -> None:
    desk = Desk(surroundings(tmp_path / "home", free_port, DATABASE_URL=server))

    for shift, word in (("-1d", "behind"), ("+1d", "ahead of")):
        done = subprocess.run(
            ["faketime", "-f", shift, *desk.command, "worker"],
            env=desk.environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        assert f"{word} the database server's" in done.stderr


def test_a_second_server_on_a_sqlite_home_is_refused(desk: Desk, free_port: int) -> None:
    first = desk.start("--no-worker")
    (other,) = free_ports(1)

    refused(desk, "served already", f"process {first.pid}", commands=("serve",), PORT=str(other))

    assert desk.answers()
    worker = psutil.Popen([sys.executable, "-m", "marketdesk", "worker"], env=desk.environment, cwd=ROOT,
                          stderr=subprocess.PIPE, text=True)  # fmt: skip
    assert "does what is due" in worker.stderr.readline()
    worker.kill()
    worker.wait(10)
    desk.kill()
    desk.start("--no-worker")  # what was killed holds nothing


def test_a_sqlite_home_that_another_machine_serves_is_left_alone(desk: Desk) -> None:
    home = Path(desk.environment["MARKETDESK_HOME"])
    holder = (
        "import fcntl, sys; note = open(sys.argv[1], 'w'); fcntl.lockf(note, fcntl.LOCK_EX);"
        " note.write('7 far.example'); note.flush(); print(flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(home / "serving.lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout
        other.stdout.readline()

        refused(desk, "another machine", "far.example", commands=("serve", "worker"))
        other.communicate()


def test_a_file_that_is_no_database_is_said_and_kept(tmp_path: Path, free_port: int) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "marketdesk.sqlite3").write_bytes(b"not a database at all, but somebody's letter" * 100)
    desk = Desk(surroundings(home, free_port, MARKETDESK_SECRET_KEY=KEY))
    before = (home / "marketdesk.sqlite3").read_bytes()

    refused(desk, "not a database", "backup")

    assert (home / "marketdesk.sqlite3").read_bytes() == before


def test_a_database_without_its_key_is_not_given_another(desk: Desk) -> None:
    home = Path(desk.environment["MARKETDESK_HOME"])
    kept = (home / "secret-key").read_text()
    (home / "secret-key").unlink()

    refused(desk, "MARKETDESK_SECRET_KEY", "put it back")

    assert not (home / "secret-key").exists()
    assert desk.run("key", "list", settings={"MARKETDESK_SECRET_KEY": kept}).returncode == 0


@pytest.mark.parametrize("key", ["short", "x" * 60])
def test_a_key_that_can_be_guessed_is_refused(key: str, tmp_path: Path, free_port: int) -> None:
    desk = Desk(surroundings(tmp_path / "home", free_port, MARKETDESK_SECRET_KEY=key))

    refused(desk, "too easy to guess", commands=("serve",))


def test_machines_that_share_a_database_over_tls_are_given_one_key(tmp_path: Path, free_port: int) -> None:
    settings = {"MARKETDESK_URL": "https://support.example", "DATABASE_URL": "postgresql://db.example/desk"}
    desk = Desk(surroundings(tmp_path / "home", free_port, **settings))

    refused(desk, "MARKETDESK_SECRET_KEY is not set", commands=("serve",))

    assert os.listdir(tmp_path / "home") == []


def test_the_doctor_says_what_is_wrong_and_what_is_not(desk: Desk) -> None:
    well = desk.run("doctor")
    home = Path(desk.environment["MARKETDESK_HOME"])
    (home / "secret-key").chmod(0o644)
    with sqlite3.connect(home / "marketdesk.sqlite3") as database:
        database.execute(
            "INSERT INTO journal_job (kind, payload, run_at, attempts, lease_no, error, dead_at)"
            " VALUES ('mail', ?, '2026-01-01', 12, 1, 'no such mailbox', '2026-01-03'),"
            " ('tell', ?, '2026-01-01', 0, 0, '', NULL)",
            [json.dumps({}), json.dumps({})],
        )
    database.close()
    ill = desk.run("doctor", settings={"MARKETDESK_URL": "https://support.example", "MARKETDESK_HOSTS": "example.org"})

    assert well.returncode == 0, well.stdout
    assert "mend" not in well.stdout
    assert ill.returncode == 1
    mended = [line.split()[1] for line in ill.stdout.splitlines() if line.startswith("mend")]
    assert mended == ["secret-key", "address", "worker"]
    assert "mail) with: no such mailbox" in ill.stdout
