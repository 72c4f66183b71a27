"""The restore drill (B1): a backup that was made while everybody wrote is a whole desk, as it was at one moment."""

import base64
import hashlib
import http.client
import io
import json
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from PIL import Image

from marketdesk.backups import archive
from tests.desk import SERVER, Desk, fresh_database, surroundings, until

pytestmark = pytest.mark.heavy

SOAK = int(os.environ.get("SOAK", "1"))
WRITERS = 6
BEFORE, AFTER = 30 * SOAK, 12 * SOAK
KEY = "mdp_drill"
CLIENT = "c-drill"

# A ticket for each writer, and a key for the shop's program.
FURNISH = f"""
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import PlatformKey, Scope, User
from marketdesk.people.party import Party
from marketdesk.lib import secret
from marketdesk.tickets.models import Issue, Ticket
store = Merchant.objects.create(external_id="m-1", name="Anadolu Home", country="TR")
ada = User.objects.create_user("ada@example.org", name="Ada Lovelace", country="DE", external_id="{CLIENT}")
PlatformKey.issue("shop", Scope.values)
PlatformKey.objects.update(key_hash=secret.hash_of("{KEY}"))
for number in range({WRITERS}):
    ticket = Ticket.open(
        customer=ada, merchant=store, issue=Issue.objects.get(pk="store_question"), text="Hello?",
        by=Actor(Party.CUSTOMER, user_id=ada.pk, name=ada.name),
    )
    print(ticket.public_id)
"""


class Writer(threading.Thread):
    """A customer who writes as fast as the desk takes it, every third time with a picture."""

    def __init__(self, desk: Desk, ticket: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.desk, self.ticket, self.stop = desk, ticket, stop
        self.acknowledged: list[str] = []
        self.refused: list[bytes] = []
        self.pictures = 0

    def run(self) -> None:
        number = 0
        while not self.stop.is_set():
            number += 1
            with_picture = number % 3 == 1
            text = f"{self.ticket}-says-{number}"
            body = {"customer": CLIENT, "text": text, "pictures": [a_picture()] if with_picture else []}
            status, answer = self._send(json.dumps(body), text)
            if status == 200:
                self.acknowledged.append(text)
                self.pictures += with_picture
            else:
                self.refused.append(answer)
                return

    def _send(self, body: str, once: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.desk.port, timeout=20)
        with closing(connection):
            headers = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": once, "Content-Type": "application/json"}
            connection.request("POST", f"/platform/v1/tickets/{self.ticket}/replies", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()


def a_picture() -> dict[str, str]:
    """One that nobody has sent before."""
    drawn = io.BytesIO()
    Image.frombytes("RGB", (8, 8), os.urandom(192)).save(drawn, "PNG")
    return {"name": "lamp.png", "content": base64.b64encode(drawn.getvalue()).decode()}


@pytest.fixture
def desk(tmp_path: Path, free_port: int) -> Iterator[Desk]:
    with fresh_database() as database:
        desk = Desk({**surroundings(tmp_path / "home", free_port, MARKETDESK_LOG="ERROR"), **database})
        yield desk
        desk.kill()


@pytest.fixture
def writers(desk: Desk) -> Iterator[list[Writer]]:
    """Six of them at work on a running desk, worker included."""
    desk.prepare()
    furnished = desk.run("manage", "shell", "-v0", "-c", FURNISH)
    assert furnished.returncode == 0, furnished.stderr
    desk.start()
    stop = threading.Event()
    writers = [Writer(desk, ticket, stop) for ticket in furnished.stdout.split()]
    for writer in writers:
        writer.start()
    yield writers
    stop.set()
    for writer in writers:
        writer.join(20)


def test_a_backup_under_load_is_a_whole_desk(desk: Desk, writers: list[Writer], tmp_path: Path) -> None:
    home, backup, again = tmp_path / "home", tmp_path / "backup.tar", tmp_path / "again"
    until(lambda: _acknowledged(writers) >= BEFORE, patience=60)
    files_first = _files(home)  # the wrong order, as a control
    pictures = sum(writer.pictures for writer in writers)
    until(lambda: sum(writer.pictures for writer in writers) > pictures)
    plain_copy = _lost_by_plain_copy(home, writers)
    before = [text for writer in writers for text in writer.acknowledged]

    begun = time.monotonic()
    made = desk.run("backup", str(backup))
    took = time.monotonic() - begun
    until(lambda: _acknowledged(writers) >= len(before) + AFTER, patience=60)
    writers[0].stop.set()
    for writer in writers:
        writer.join(20)
    desk.kill()

    assert made.returncode == 0, made.stderr
    assert backup.stat().st_mode & 0o777 == 0o600
    with fresh_database() as database:
        restored = Desk({**desk.environment, **database, "MARKETDESK_HOME": str(again)})
        done = restored.run("restore", str(backup))
        assert done.returncode == 0, done.stderr

        ask = _asking(database, again / "marketdesk.sqlite3")
        stored = {body for (body,) in ask("SELECT body FROM tickets_message")}
        assert [text for text in before if text not in stored] == []
        assert _sums(ask) == _sums_of_the_archive(backup, tmp_path)
        named = {sha256 for (sha256,) in ask("SELECT sha256 FROM tickets_attachment")}
        files = _files(again)
        assert {name for name in files if "small" not in name} == named
        assert len(files) == 2 * len(named) > 0
        assert {name: body for name, body in _files(home).items() if name in files} == files
        assert all(hashlib.sha256(files[one]).hexdigest() == one for one in named)

    print(f"{len(before)} acknowledged before, {len(stored)} messages, {len(named)} pictures; backup {took:.1f} s")
    # The controls: what a copy of the folder, and a copy in the wrong order, would have lost.
    assert plain_copy
    assert [one for one in named if one not in files_first]


def _acknowledged(writers: list[Writer]) -> int:
    assert [body for writer in writers for body in writer.refused] == []
    return sum(len(writer.acknowledged) for writer in writers)


def _files(home: Path) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in (home / "files").rglob("*") if path.is_file()}


def _lost_by_plain_copy(home: Path, writers: list[Writer]) -> list[str]:
    """What a copy of SQLite's file alone lacks of what was acknowledged, or why it is none."""
    if SERVER.startswith("postgres"):
        return ["PostgreSQL's files are not copied by anybody"]
    copy = home.parent / "copy.sqlite3"
    lost: list[str] = []

    def is_short() -> bool:
        acknowledged = [text for writer in writers for text in writer.acknowledged]
        shutil.copy(home / "marketdesk.sqlite3", copy)
        try:
            with closing(sqlite3.connect(copy)) as database:
                stored = {body for (body,) in database.execute("SELECT body FROM tickets_message")}
        except sqlite3.DatabaseError as broken:
            lost.append(str(broken))
        else:
            lost.extend(text for text in acknowledged if text not in stored)
        return bool(lost)

    until(is_short)
    return lost


def _asking(database: dict[str, str], path: Path) -> Any:
    def ask(sql: str) -> list[Any]:
        if url := database.get("DATABASE_URL"):
            with psycopg.connect(url) as server:
                return server.execute(sql).fetchall()
        with closing(sqlite3.connect(path)) as file:
            return file.execute(sql).fetchall()

    return ask


def _sums(ask: Any) -> dict[str, str]:
    """A checksum of each table's rows."""
    if SERVER.startswith("postgres"):
        tables = ask("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = 'SELECT t::text FROM "{}" t'
    else:
        tables = ask("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        rows = 'SELECT * FROM "{}"'
    return {
        table: hashlib.sha256("\n".join(sorted(map(repr, ask(rows.format(table))))).encode()).hexdigest()
        for (table,) in tables
    }


def _sums_of_the_archive(backup: Path, folder: Path) -> dict[str, str]:
    """The same of what the archive holds, brought out without our own restoring."""
    part = folder / "part"
    for name, body in archive.parts(backup):
        if name in archive.DATABASES.values():
            part.write_bytes(body.read())
    with fresh_database() as database:
        if url := database.get("DATABASE_URL"):
            subprocess.run(["pg_restore", "--no-owner", f"--dbname={url}", part], check=True)
        return _sums(_asking(database, part))
