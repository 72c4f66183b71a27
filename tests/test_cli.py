"""The command line, as an operator uses it: in processes of its own, on a home of its own."""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from standardwebhooks import Webhook

from marketdesk.cli import importing, starting
from marketdesk.demo import filling
from tests.desk import ROOT, Desk, fresh_database, surroundings, until
from tests.outbox import webhooks

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A home that every other one is a copy of, since preparing takes longer than most commands."""
    with fresh_database() as database:
        environment = {**surroundings(tmp_path_factory.mktemp("prepared") / "home", 0), **database}
        Desk(environment).prepare()
        yield environment


@pytest.fixture
def environment(prepared: dict[str, str], tmp_path: Path, free_port: int) -> Iterator[dict[str, str]]:
    """A home of one's own, and a database."""
    shutil.copytree(prepared["MARKETDESK_HOME"], tmp_path / "home")
    template = prepared.get("DATABASE_URL", "").partition("?")[0].rpartition("/")[2]
    with fresh_database(template) as database:
        yield {**surroundings(tmp_path / "home", free_port), **database}


@pytest.fixture
def new_desk(tmp_path: Path, free_port: int) -> Iterator[Desk]:
    """A desk whose home is not there yet."""
    with fresh_database() as database:
        desk = Desk({**surroundings(tmp_path / "home", free_port), **database})
        yield desk
        desk.kill()


@pytest.fixture
def desk(environment: dict[str, str]) -> Iterator[Desk]:
    """A desk that is not started yet; whatever is left of it is ended afterwards."""
    desk = Desk(environment)
    yield desk
    desk.kill()


def _refused(done: "subprocess.CompletedProcess[str]", *words: str) -> None:
    """It ended with 1, in words and without a traceback, and printed nothing else."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr


# Serving


def test_it_serves_with_two_web_processes_and_a_worker(desk: Desk) -> None:
    server = desk.start()

    assert len(server.children()) == 3
    assert desk.answers()


def test_its_web_processes_share_the_connections(desk: Desk) -> None:
    server = desk.start()
    connections = [desk.connect() for _ in range(8)]
    for connection in connections:
        connection.request("GET", "/api/v2/nothing")
        assert connection.getresponse().read()

    held = [
        sum(one.status == psutil.CONN_ESTABLISHED and one.laddr.port == desk.port for one in child.net_connections())
        for child in server.children()
    ]
    for connection in connections:
        connection.close()

    least, most = sorted(number for number in held if number)
    assert least + most == 8
    assert least >= 2


def test_a_worker_can_run_apart(desk: Desk) -> None:
    server = desk.start("--no-worker")
    worker = psutil.Popen(
        [sys.executable, "-m", "marketdesk", "worker"], env=desk.environment, cwd=ROOT,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert "does what is due" in worker.stderr.readline()

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(10) == 0
    assert len(server.children()) == 2


def test_a_web_process_that_dies_is_replaced(desk: Desk) -> None:
    server = desk.start()
    before = {child.pid for child in server.children()}

    os.kill(min(before), signal.SIGKILL)

    until(lambda: len({child.pid for child in server.children()} - before) == 1)
    assert desk.answers()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_with_all_its_processes(number: int, desk: Desk) -> None:
    server = desk.start()
    children = server.children()

    server.send_signal(number)

    assert server.wait(10) == 0
    assert not any(child.is_running() for child in children)
    assert not desk.answers()


def test_its_processes_leave_when_it_is_killed(desk: Desk) -> None:
    server = desk.start()
    children = server.children()

    server.kill()
    server.wait(10)

    until(lambda: not any(child.is_running() for child in children))
    assert not desk.answers()


def test_a_second_start_is_quick(desk: Desk) -> None:
    server = desk.start()
    server.terminate()
    server.wait(10)

    begun = time.monotonic()
    desk.start()

    assert time.monotonic() - begun < 5


def test_a_taken_port_is_said_and_nothing_is_prepared(new_desk: Desk, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", new_desk.port))
        other.listen()

        done = new_desk.run("serve")

    _refused(done, f"Port {new_desk.port} is taken", f"--port {new_desk.port + 1}")
    assert not (tmp_path / "home" / "marketdesk.sqlite3").exists()


# What cannot work is refused in words


def test_a_home_that_cannot_be_written_to(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")

    done = desk.run("serve", settings={"MARKETDESK_HOME": str(tmp_path / "file" / "home")})

    _refused(done, "cannot be written to", "MARKETDESK_HOME")


def test_a_database_that_is_away(desk: Desk) -> None:
    _refused(
        desk.run("serve", settings={"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}),
        "database",
        "DATABASE_URL",
    )


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"DATABASE_URL": "mysql://somewhere"}, "postgresql://"),
        ({"PORT": "eight thousand"}, "whole number"),
        ({"MARKETDESK_DEBUG": "perhaps"}, "yes or no"),
    ],
)
def test_a_setting_that_makes_no_sense(given: dict[str, str], word: str, desk: Desk) -> None:
    _refused(desk.run("serve", settings=given), next(iter(given)), word)


def test_an_old_sqlite_library(desk: Desk) -> None:
    old = (
        "import marketdesk, sqlite3, sys; sqlite3.sqlite_version = '3.40.1'\n"
        "from marketdesk.cli import main; sys.exit(main(['serve']))"
    )
    desk.environment.pop("DATABASE_URL", None)

    done = subprocess.run(
        [sys.executable, "-c", old], env=desk.environment, cwd=ROOT, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip

    _refused(done, "SQLite 3.40.1", "pysqlite3", "DATABASE_URL")


# Small commands


def test_djangos_own_commands_can_be_given(desk: Desk) -> None:
    done = desk.run("manage", "check")

    assert done.returncode == 0
    assert "no issues" in done.stdout


def test_the_example_marketplace_is_imported_and_repeating_it_changes_nothing(desk: Desk) -> None:
    files = [str(file) for file in sorted((ROOT / "examples" / "marketplace").glob("*.csv"))]

    first, second = desk.run("import", *files), desk.run("import", *files, "--strict")

    assert (first.returncode, second.returncode) == (0, 0)
    assert "0 created" not in first.stdout
    assert second.stdout.count("0 created, 0 updated") == len(files)


def test_a_token_is_printed_once_kept_as_a_hash_and_revoked(desk: Desk) -> None:
    create = (
        "from marketdesk.merchants.models import *; Merchant.objects.create(external_id='m-1', name='Anadolu Home')"
    )
    look = "from marketdesk.programs.models import *; one = AccessToken.objects.get(); "
    look += "print(one.token_checksum, one.is_revoked)"
    assert desk.run("manage", "migrate", "-v0").returncode == 0
    assert desk.run("manage", "shell", "-v0", "-c", create).returncode == 0

    done = desk.run("token", "Anadolu Home", "--name", "ERP")

    token = done.stdout.strip()
    assert done.returncode == 0
    assert token.startswith("md_")
    assert "Anadolu Home" in done.stderr

    first, again = (desk.run("token", "Anadolu Home", "--name", "ERP", "--revoke") for _ in range(2))

    assert first.returncode == 0
    _refused(again, "no living token", "'ERP'")
    kept = desk.run("manage", "shell", "-v0", "-c", look).stdout.split()
    assert kept == [hashlib.sha256(token.encode()).hexdigest(), "True"]


def test_a_fresh_installation_gets_its_first_administrator_by_a_link_and_a_mail(new_desk: Desk) -> None:
    done = new_desk.run("invite", "eva@example.org", "--support", "--administrator", "--language", "de")

    link = done.stdout.strip()
    assert done.returncode == 0
    assert link.startswith(f"http://127.0.0.1:{new_desk.port}/invitation?token=mdi_")
    new_desk.start("--processes", "1")
    assert new_desk.ask("GET", link.partition(str(new_desk.port))[2])[0] == 200
    letters = Path(new_desk.environment["MARKETDESK_HOME"]) / "mail"
    until(lambda: letters.exists() and any("mdi_" in one.read_text() for one in letters.iterdir()))


def test_a_new_home_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARKETDESK_HOME", str(tmp_path / "home"))

    starting.check_home()

    assert (tmp_path / "home").stat().st_mode & 0o077 == 0


@pytest.mark.django_db
def test_real_data_is_never_imported_beside_the_demos_passwords(tmp_path: Path, settings: Any) -> None:
    settings.HOME = tmp_path
    importing.refuse_demo()
    filling.demo(tmp_path, quiet=True, scale=0.02)

    with pytest.raises(starting.Refused, match="demo"):
        importing.refuse_demo()


# Webhooks


@pytest.mark.heavy
def test_an_operator_adds_an_endpoint_that_is_told_and_looked_after(desk: Desk) -> None:
    desk.environment["MARKETDESK_WEBHOOK_ALLOW"] = "127.0.0.0/8"
    with webhooks.receiver() as shop:
        added = desk.run("webhook", "add", shop.url, "--events", "policy.changed")
        assert added.returncode == 0, added.stderr
        secret = added.stdout.strip()
        desk.start()

        desk.run("manage", "shell", "-v0", "-c", CHANGE_OF_POLICY)
        until(lambda: shop.came)

        assert Webhook(secret).verify(shop.came[0].body, shop.came[0].headers)["type"] == "policy.changed"
        listed = desk.run("webhook", "list").stdout
        ident = listed.split()[0]
        assert "works" in listed
        assert secret not in listed
        renewed = desk.run("webhook", "rotate", ident).stdout.strip()
        assert desk.run("webhook", "replay", shop.came[0].id).returncode == 0
        until(lambda: len(shop.came) == 2)
        for key in (secret, renewed):
            assert Webhook(key).verify(shop.came[1].body, shop.came[1].headers)
        assert desk.run("webhook", "disable", ident).returncode == 0
        assert "disabled (operator)" in desk.run("webhook", "list").stdout
        _refused(desk.run("webhook", "replay", "--since", "2026-01-01"), "nothing to send")
        assert desk.run("webhook", "enable", ident).returncode == 0
        assert desk.run("webhook", "replay", "--since", "2026-01-01").returncode == 0
        until(lambda: len(shop.came) == 3)


CHANGE_OF_POLICY = """
from marketdesk.people.actor import clock
from marketdesk.policy import promises
promises.change({"reply_hours": 36}, reason="A trial.", by=clock())
"""
