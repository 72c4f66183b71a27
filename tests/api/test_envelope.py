"""The envelope is on every answer under /api/, whatever fails: a client takes anything else for success."""

import json
import logging
import socket
import threading
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.db import InterfaceError, OperationalError
from django.test import Client
from django.utils import translation
from waitress import create_server, wasyncore

from marketdesk.api.channel import EnvelopedChannel
from marketdesk.api.middleware import answer, guarded, is_for_programs
from marketdesk.programs.models import AccessToken
from marketdesk.tickets.models import Ticket
from marketdesk.turns import Turns
from tests.api.conftest import Program, opened

pytestmark = pytest.mark.django_db

BROKEN_FILE = b"\r\n".join(
    [
        b"--b",
        b'Content-Disposition: form-data; name="f"; filename="f"',
        b"Content-Transfer-Encoding: base64",
        b"",
        b"a",
        b"--b--",
    ]
)


@pytest.mark.parametrize(
    "path",
    [
        "/api",
        "/api/",
        "/api/v2",
        "/api/v2/",
        "/api/v2/nothing",
        "/api/v2/ticket/",
        "/api/v3/nothing",
        "/api/v2/%00",
        "/api/v2/ticket/../../",
        "/api/%ff%fe",
        "/api/v2/ticket/reply/x",
        "/api/files/",
        "/api//v2/ticket",
        "/api/v2//ticket",
        "/api/v2/%",
        "/api/v2/%zz",
        "/api/v2/ticket;x=1",
        "/api%2Fv2%2Fnothing",
        "/api/" + "x" * 3000,
    ],
)
def test_a_call_that_does_not_exist(client: Client, path: str) -> None:
    for method in (client.get, client.post):
        found = opened(method(path))

        assert (found.status, found.code, found.message) == (404, 404, "There is no such call.")


def test_pages_are_not_the_programs_door(client: Client) -> None:
    assert not is_for_programs("/apiary")
    assert client.get("/healthz").headers["Content-Type"] == "text/plain"


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_a_method_that_no_call_has(client: Client, method: str) -> None:
    for path in ("/api/v2/ticket", "/api/v2/ticket/reply", "/api/v1/ticket", "/api/files/x"):
        found = opened(getattr(client, method)(path))

        assert (found.status, found.code) == (405, 405)
        assert "Allow" in found.headers
        assert "LEGACY" not in found.message


def test_a_host_that_is_not_ours(client: Client) -> None:
    found = opened(client.get("/api/v2/ticket", headers={"Host": "evil.example"}))

    assert (found.status, found.code) == (400, 400)
    assert "evil" not in found.message


def test_a_body_that_is_too_large(client: Client, token: str) -> None:
    body = b"access_token=" + token.encode() + b"&reply=" + b"x" * (2 * 1024 * 1024)
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=b"):
        found = opened(client.post("/api/v2/ticket/reply", body, content_type=content_type))

        assert (found.status, found.code) == (413, 413)


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=\xff", b"x"),
        ("multipart/form-data; boundary=b", BROKEN_FILE),
        ("application/x-www-form-urlencoded", b"&".join(b"a=1" for _ in range(600))),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 600),
        ("application/x-www-form-urlencoded; charset=klingon", b"a=1"),
        ("application/x-www-form-urlencoded; charset=utf-16", b"a=1"),
        ("application/x-www-form-urlencoded; charset=base64", b"a=1"),
        ("application/x-www-form-urlencoded; charset=unicode_escape", b"a=1"),
    ],
)
def test_a_body_that_cannot_be_read(client: Client, content_type: str, body: bytes) -> None:
    found = opened(client.generic("POST", "/api/v2/ticket/close", body, content_type))

    assert (found.status, found.code) == (400, 1000)


def test_too_many_fields_in_the_query(client: Client) -> None:
    found = opened(client.get("/api/v2/ticket?" + "a=1&" * 600))

    assert (found.status, found.code) == (400, 1000)


@pytest.mark.parametrize("failure", [OperationalError("gone"), InterfaceError("gone")])
def test_the_database_is_away(
    program: Program, ticket: Ticket, failure: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: Any) -> None:
        raise failure

    monkeypatch.setattr(AccessToken, "find", gone)

    found = program.get("ticket", id=ticket.public_id)

    assert (found.status, found.code) == (503, 503)
    assert int(found.headers["Retry-After"]) > 0
    assert "gone" not in found.message


def test_something_breaks(
    program: Program, token: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(_: Any) -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(AccessToken, "find", breaks)

    with caplog.at_level(logging.INFO):
        found = opened(program.client.get("/api/v2/auth_test", {"access_token": token}))

    assert (found.status, found.code) == (500, 500)
    assert "secret" not in found.message
    assert found.headers["X-Request-Id"] in found.message
    assert found.headers["X-Request-Id"] in caplog.text
    assert token not in caplog.text


def test_an_answer_is_in_english_and_leaves_the_readers_language_alone(rf: Any, program: Program) -> None:
    with translation.override("de"):
        answer(rf.get("/api/v2/auth_test", headers={"Authorization": f"Bearer {program.token}"}))

        assert translation.get_language() == "de"


def test_no_session_no_cookie_no_caching(mehmet_client: Client, token: str) -> None:
    found = opened(mehmet_client.get("/api/v2/auth_test"))
    assert found.code == 4000

    found = opened(mehmet_client.get("/api/v2/auth_test", {"access_token": token}))

    assert found.headers["Cache-Control"] == "no-store"
    assert found.headers["Referrer-Policy"] == "no-referrer"


def test_posts_need_no_csrf_token(token: str, ticket: Ticket) -> None:
    client = Client(enforce_csrf_checks=True)

    found = opened(
        client.post("/api/v2/ticket/reply", {"access_token": token, "id": ticket.public_id, "reply": "On its way."})
    )

    assert found.data == {"success": True}


def guard_answer(environ: dict[str, Any], application: Any) -> tuple[str, bytes]:
    started: list[str] = []

    def start(status: str, headers: Any, failure: Any = None, /) -> Any:
        started.append(status)

    body: Iterable[bytes] = guarded(application)(environ, start)
    return started[0], b"".join(body)


def test_a_request_that_django_cannot_even_begin_with(rf: Any) -> None:
    environ = rf.get("/api/v2/ticket").environ | {"CONTENT_TYPE": "text/plain; a*=klingon''x", "wsgi.input": BytesIO()}

    status, body = guard_answer(environ, WSGIHandler())

    assert status == "400 Bad Request"
    assert json.loads(body)["code"] == 1000


def test_an_application_that_breaks_outside_everything(rf: Any) -> None:
    def breaks(*_: Any) -> Any:
        raise RuntimeError

    status, body = guard_answer(rf.get("/api/v2/ticket").environ, breaks)

    assert status == "500 Internal Server Error"
    assert json.loads(body)["code"] == 500
    with pytest.raises(RuntimeError):
        guard_answer(rf.get("/dashboard/").environ, breaks)


def raw_answer(raw: bytes) -> tuple[str, str]:
    """What a server whose application always breaks says to these bytes."""

    def breaks(*_: Any) -> Any:
        raise RuntimeError

    turns = Turns(reads=1, writes=1)
    turns.set_thread_count(1)
    server = create_server(breaks, _dispatcher=turns, host="127.0.0.1", port=0, max_request_header_size=8192)
    server.channel_class = EnvelopedChannel
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            wasyncore.loop(timeout=0.02, map=server._map, count=1)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        with socket.create_connection(("127.0.0.1", server.effective_port), timeout=10) as connection:
            connection.sendall(raw)
            with connection.makefile("rb") as answered:
                head, _, body = answered.read().decode().partition("\r\n\r\n")
    finally:
        stop.set()
        thread.join()
        server.task_dispatcher.shutdown()
        wasyncore.close_all(server._map)
    return head, body


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"POST /api/v2/ticket/close HTTP/1.1\r\nContent-Length: abc\r\n\r\n", 400),
        (b"GET /api/v2/ticket HTTP/1.1\r\nno header\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"GET /api/v2/ticket HTTP/1.1\r\nX: ".ljust(8192, b"x"), 431),
        (b"POST /api/v2/ticket/close HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"POST /api/v2/ticket/close HTTP/1.1\r\nTransfer-Encoding: brotli\r\n\r\n", 501),
        (b"POST /api/v2/ticket/close HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400),
        (b"GET /api/v2/breaks HTTP/1.1\r\n\r\n", 500),
    ],
)
def test_what_the_server_answers_by_itself(raw: bytes, status: int) -> None:
    head, body = raw_answer(raw)

    assert head.splitlines()[0].split()[1] == str(status)
    assert "application/json" in head
    assert json.loads(body)["code"] == (1000 if status == 400 else status)
    assert set(json.loads(body)["error"]) == {"code", "message"}, "what the Platform API's clients read"


def test_a_person_who_sends_too_much_to_a_page_gets_a_page_in_their_language(db: None) -> None:
    large = b"POST /my/ HTTP/1.1\r\nAccept-Language: %s\r\nContent-Length: 99999999999\r\n\r\n"

    english, german = (raw_answer(large % language) for language in (b"en", b"de"))

    for head, body in (english, german):
        assert head.splitlines()[0].split()[1] == "413"
        assert "text/html" in head
        assert "frame-ancestors 'none'" in head
        assert 'class="oops" id="main"' in body
    assert "fewer or smaller pictures" in english[1]
    assert 'lang="de"' in german[1]
