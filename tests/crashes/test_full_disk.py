"""CR5 of the programme: a disk is full. Whoever writes is told so, nothing is half done, and once there is room again
everything works, without a restart of the desk."""

import base64
import hashlib
import http.client
import io
import itertools
import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.crashes import clients, disk, postgres
from tests.crashes.clients import Client, Crowd, Marketplace
from tests.crashes.disk import Disk
from tests.crashes.postgres import Postgres
from tests.desk import Desk, surroundings, until
from tests.results import cases, record

pytestmark = pytest.mark.heavy

TIMES = cases(1, release=20)
MOST = 2_000  # messages until a full disk must show
Look = Callable[[list[tuple[str, str]]], dict[str, Any]]


@pytest.fixture(autouse=True)
def _needs_a_disk() -> None:
    if why := disk.why_not():
        pytest.skip(f"NO DISK WAS FILLED (CR5 is not shown here): {why}")


@pytest.fixture
def needs_postgres() -> None:
    if not postgres.programs():
        pytest.skip("NO DISK OF POSTGRESQL WAS FILLED (CR5 is not shown there): none is installed")


@contextmanager
def running(home: Path, port: int, **settings: str) -> Iterator[tuple[Desk, Crowd]]:
    desk = Desk(surroundings(home, port, MARKETDESK_LOG="CRITICAL", **settings))
    crowd = clients.furnish(desk)
    desk.start()
    try:
        yield desk, crowd
    finally:
        desk.kill()


def _long(key: str) -> str:
    """A text that takes room however it is packed."""
    return f"{key} {secrets.token_hex(4_000)}"


def say(client: Client, text: str, key: str) -> tuple[int, bytes]:
    """One message, also where the last one had ended the connection."""
    try:
        return client.send(text, key)
    except (OSError, http.client.HTTPException):
        client.line.close()
        return client.send(text, key)


def write_until_full(crowd: Crowd, keys: Iterator[int]) -> list[tuple[str, str]]:
    """One client of each kind writes until each is refused, in words. What was acknowledged."""
    acknowledged = []
    refused: dict[Client, tuple[int, bytes]] = {}
    writers = crowd.clients[::2]
    for number in keys:
        for writer in writers:
            text = _long(key := f"{writer.name}-{number}")
            status, said = say(writer, text, key)
            if ticket := writer.read(status, said):
                acknowledged.append((ticket, text))
            else:
                refused[writer] = (status, said)
        if len(refused) == len(writers):
            break
        assert number < MOST, "the disk is never full"
    assert {status for status, _ in refused.values()} == {503}, refused
    assert all(b"gain" in said for _, said in refused.values()), f"each is told to try again: {refused}"
    return acknowledged


def write_again(crowd: Crowd, keys: Iterator[int]) -> list[tuple[str, str]]:
    """Everybody is served, at the latest in a moment: the database may have to come back."""
    acknowledged = []

    def is_served(writer: Client, text: str, key: str) -> bool:
        if ticket := writer.read(*say(writer, text, key)):
            acknowledged.append((ticket, text))
        return bool(ticket)

    for writer in crowd.clients:
        key = f"{writer.name}-{next(keys)}"
        until(partial(is_served, writer, _long(key), key))
    return acknowledged


def fill_and_free(crowd: Crowd, full: Disk, look: Look, back: Callable[[], None] = lambda: None) -> int:
    """As often as the programme says; how much was acknowledged."""
    keys = itertools.count()
    acknowledged: list[tuple[str, str]] = []
    for _time in range(TIMES):
        full.fill(left=256 * 1024)
        acknowledged += write_until_full(crowd, keys)
        full.free()
        back()
        assert look(acknowledged) == {}
        acknowledged += write_again(crowd, keys)
        assert look(acknowledged) == {}
    return len(acknowledged)


def test_the_disk_of_the_database_is_full(tmp_path: Path, free_port: int) -> None:
    with disk.small(32) as full:
        file = full.folder / "desk.sqlite3"

        def look(acknowledged: list[tuple[str, str]]) -> dict[str, Any]:
            with closing(sqlite3.connect(file, timeout=20)) as database:
                assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                return clients.what_is_wrong(database, acknowledged)

        with running(tmp_path / "home", free_port, DATABASE_URL=f"sqlite:///{file}") as (_desk, crowd):
            acknowledged = fill_and_free(crowd, full, look)
    record("CR5, database", times=TIMES, acknowledged=acknowledged, lost=0)


def _looking_at(server: Postgres, name: str = "postgres") -> Look:
    def look(acknowledged: list[tuple[str, str]]) -> dict[str, Any]:
        with server.connect(name) as connection:
            return clients.what_is_wrong(connection, acknowledged)

    return look


@pytest.mark.usefixtures("needs_postgres")
def test_the_disk_of_postgresql_is_full(tmp_path: Path, free_port: int) -> None:
    with disk.small(64) as full, postgres.server() as server:
        postgres.own(full.folder)
        with server.connect() as connection:
            connection.execute(f"CREATE TABLESPACE small LOCATION '{full.folder}'")
            connection.execute("CREATE DATABASE desk TABLESPACE small")
        with running(tmp_path / "home", free_port, DATABASE_URL=server.url_of("desk")) as (_desk, crowd):
            acknowledged = fill_and_free(crowd, full, _looking_at(server, "desk"))
    record("CR5, database", database="postgresql", times=TIMES, acknowledged=acknowledged, lost=0)


@pytest.mark.usefixtures("needs_postgres")
def test_the_disk_of_postgresqls_log_is_full(tmp_path: Path, free_port: int) -> None:
    """It breaks off whatever it does, and comes back by itself or is started again; the desk only waits."""
    with disk.small(128) as full:
        log = full.folder / "wal"
        log.mkdir()
        postgres.own(log)
        made = (f"--waldir={log}", "--wal-segsize=1")
        with postgres.server(made, max_wal_size="1GB") as server:  # it makes no room by itself

            def back() -> None:
                until(lambda: server.answers() or not server.lives)
                if not server.lives:
                    server.start()

            with running(tmp_path / "home", free_port, DATABASE_URL=server.url) as (_desk, crowd):
                acknowledged = fill_and_free(crowd, full, _looking_at(server), back)
    record("CR5, write-ahead log", database="postgresql", times=TIMES, acknowledged=acknowledged, lost=0)


# Pictures

BOUNDARY = "a-boundary-that-noise-does-not-hold"


def _noise() -> bytes:
    """A picture that takes room."""
    drawn = io.BytesIO()
    Image.frombytes("RGB", (256, 256), os.urandom(256 * 256 * 3)).save(drawn, "PNG")
    return drawn.getvalue()


def _open_with(picture: bytes, client: Client, key: str) -> tuple[int, bytes]:
    """A question with a picture, through the marketplace's own app."""
    body = {"customer": "c-1", "issue": "store_question", "merchant": "m-1", "text": f"What is this? {key}"}
    body |= {"pictures": [{"name": "lamp.png", "content": base64.b64encode(picture).decode()}]}  # type: ignore[dict-item]
    _path, _body, headers = client.ask("", key)
    client.line.request("POST", "/platform/v1/tickets", json.dumps(body), headers)
    answer = client.line.getresponse()
    return answer.status, answer.read()


def _send_with(picture: bytes, client: Client, key: str) -> tuple[int, bytes]:
    """A reply with a picture, from the ticket's page."""
    path, _body, headers = client.ask("", key)
    fields = {"act": "reply", "text": f"Here it is. {key}", "key": key, "csrfmiddlewaretoken": clients.CSRF}
    part = f"--{BOUNDARY}\r\nContent-Disposition: form-data; name="
    parts = [f'{part}"{name}"\r\n\r\n{value}' for name, value in fields.items()]
    file = f'{part}"pictures"; filename="lamp.png"\r\n\r\n'
    body = "\r\n".join([*parts, file]).encode() + picture + f"\r\n--{BOUNDARY}--\r\n".encode()
    client.line.request("POST", path, body, {**headers, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
    answer = client.line.getresponse()
    return answer.status, answer.read()


def _rows_and_files(home: Path) -> tuple[set[str], set[str]]:
    """What rows of sent pictures say lies there, and what lies there whole."""
    with closing(sqlite3.connect(home / "marketdesk.sqlite3", timeout=20)) as database:
        rows = {sha for (sha,) in database.execute("SELECT sha256 FROM tickets_attachment")}
    files = [path for path in (home / "files" / "pictures").rglob("*.*") if "-small" not in path.name]
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() == path.stem for path in files), "each file is whole"
    assert list((home / "files").rglob("draft-*")) == []
    return rows, {path.stem for path in files}


def test_the_disk_of_the_pictures_is_full(tmp_path: Path, free_port: int) -> None:
    home = tmp_path / "home"
    with disk.small(4, home / "files") as full, running(home, free_port) as (_desk, crowd):
        shop = next(client for client in crowd.clients if isinstance(client, Marketplace))
        mehmet = next(client for client in crowd.clients if isinstance(client, clients.Person))
        picture = _noise()
        assert _open_with(picture, shop, "first")[0] == 201
        for time in range(TIMES):
            full.fill(left=len(picture) // 2)
            refused = [_noise(), _noise()]

            status, said = _open_with(refused[0], shop, f"open-{time}")
            page, shown = _send_with(refused[1], mehmet, f"send-{time}")

            assert (status, json.loads(said)["error"]["code"]) == (503, "unavailable")
            assert (page, b"Pictures cannot be stored" in shown, b"Here it is." in shown) == (422, True, True)
            assert shop.send("Without a picture it goes.", f"text-{time}")[0] == 201
            rows, files = _rows_and_files(home)
            assert rows <= files
            full.free()
            assert _open_with(refused[0], shop, f"open-{time}")[0] == 201
            assert _send_with(refused[1], mehmet, f"send-{time}")[0] == 302
            rows, files = _rows_and_files(home)
            assert rows == files
            assert len(rows) == 1 + 2 * (time + 1)
    record("CR5, pictures", times=TIMES, refused=2 * TIMES, half_written=0)
