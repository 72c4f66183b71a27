"""What nginx does in front of a desk, with `deploy/nginx/nginx.conf` itself."""

import io
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlencode

import polib
import pytest
from PIL import Image

from tests.desk import ROOT, Desk, until
from tests.production.conftest import PASSWORD
from tests.production.nginx import DEPLOYED, Nginx

pytestmark = pytest.mark.heavy

CSRF = "x" * 32
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MEGABYTE = 1024 * 1024
LIST = "/api/v2/ticket/get-action-required"
# What the answer to a program under /api/ is, and to one of the marketplace's under /platform/.
PROGRAMS = ("/api/v2/ticket/reply", "/api/v3/tickets", "/platform/v1/tickets")


@pytest.fixture
def served(desk: Desk, nginx: Nginx) -> Nginx:
    if not desk.answers():
        desk.start("--no-worker")
    nginx.start()
    return nginx


@pytest.fixture
def database(desk: Desk) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{desk.environment['MARKETDESK_HOME']}/marketdesk.sqlite3", timeout=20)) as database:
        yield database


def ask(
    nginx: Nginx,
    method: str,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
    line: HTTPConnection | None = None,
) -> tuple[HTTPResponse, bytes]:
    connection = line or nginx.connect(timeout=30)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    return answer, answer.read()


def sign_in(nginx: Nginx, line: HTTPConnection | None = None, **forged: str) -> str:
    """Mehmet signs in; the cookie that says so."""
    headers = {**FORM, "Origin": nginx.url, "Cookie": f"csrftoken={CSRF}", **forged}
    form = {"login": "mehmet@example.org", "password": PASSWORD, "csrfmiddlewaretoken": CSRF}
    answer, _ = ask(nginx, "POST", "/accounts/login/", urlencode(form), headers, line)
    assert answer.status == 302
    cookie = next(value for value in answer.headers.get_all("Set-Cookie") or [] if "sessionid" in value)
    assert "Secure" in cookie, "told that it came by https"
    return f"{cookie.partition(';')[0]}; csrftoken={CSRF}"


def test_the_callers_address_is_nginxs_word_alone(served: Nginx, database: sqlite3.Connection) -> None:
    somebody = HTTPSConnection("127.0.0.1", served.port, context=served.tls, source_address=("127.0.0.9", 0))
    forged = {"X-Forwarded-For": "203.0.113.5", "X_Forwarded_For": "203.0.113.6", "Forwarded": "for=203.0.113.7"}
    forged |= {"X-Real-IP": "203.0.113.8", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http"}

    sign_in(served, somebody, **forged)

    found = database.execute("SELECT ip FROM usersessions_usersession ORDER BY id DESC LIMIT 1").fetchone()
    assert found == ("127.0.0.9",)


def test_pictures_come_through_and_back(served: Nginx, database: sqlite3.Connection) -> None:
    (ticket,) = database.execute("SELECT public_id FROM tickets_ticket ORDER BY id LIMIT 1").fetchone()
    fields = {"act": "reply", "text": "This one?", "key": "k-1", "csrfmiddlewaretoken": CSRF}
    body = b"".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    )
    body += b'--b\r\nContent-Disposition: form-data; name="pictures"; filename="lamp.jpg"\r\n'
    body += b"Content-Type: image/jpeg\r\n\r\n" + _noise() + b"\r\n--b--\r\n"
    cookie = sign_in(served)
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Origin": served.url, "Cookie": cookie}

    answer, said = ask(served, "POST", f"/dashboard/tickets/{ticket}", body, headers)
    _, page = ask(served, "GET", f"/dashboard/tickets/{ticket}", headers={"Cookie": cookie})

    assert answer.status == 302, said
    found = re.search(rf'href="(/dashboard/tickets/{ticket}/pictures/\w+)"'.encode(), page)
    assert found
    shown, picture = ask(served, "GET", found[1].decode(), headers={"Cookie": cookie})
    assert shown.status == 200
    assert Image.open(io.BytesIO(picture)).size == (1600, 1200)


def _noise() -> bytes:
    """A picture that does not get smaller."""
    body = io.BytesIO()
    Image.effect_noise((1600, 1200), 90).convert("RGB").save(body, "JPEG", quality=95)
    assert len(body.getvalue()) > MEGABYTE
    return body.getvalue()


def test_static_files_are_kept_and_survive_the_desk(served: Nginx, desk: Desk) -> None:
    _, page = ask(served, "GET", "/accounts/login/")
    found = re.search(rb'href="(/static/[^"]+\.css)"', page)
    assert found
    first, style = ask(served, "GET", found[1].decode())
    assert "immutable" in str(first.headers["Cache-Control"])
    desk.kill()

    again, kept = ask(served, "GET", found[1].decode())

    assert (again.status, kept) == (200, style)


def test_pages_are_not_compressed_and_documents_are(served: Nginx) -> None:
    packed = {"Accept-Encoding": "gzip"}
    page, _ = ask(served, "GET", "/accounts/login/", headers=packed)
    document, _ = ask(served, "GET", "/api/docs/", headers=packed)

    assert page.headers["Content-Encoding"] is None
    assert document.headers["Content-Encoding"] == "gzip"


def test_what_is_too_large_is_refused_in_the_readers_words(served: Nginx) -> None:
    headers = {"Content-Length": str(73 * MEGABYTE), **FORM}
    for path in PROGRAMS:
        answer, said = ask(served, "POST", path, None, headers)
        assert answer.status == 413
        _assert_program_reads(answer, said, 413, "too_large")

    answer, said = ask(served, "POST", "/my/", None, headers)
    assert answer.status == 413
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Go back and send fewer or smaller pictures." in said.decode()


def test_what_cannot_be_read_is_refused_in_the_readers_words(served: Nginx) -> None:
    answer, said = ask(served, "GET", LIST, headers={"X-Large": "x" * 20_000})
    assert answer.status == 431
    _assert_program_reads(answer, said, 1000, "unreadable")

    answer, said = ask(served, "GET", f"/{'x' * 20_000}")
    assert answer.status == 414
    assert "The request could not be read." in said.decode()


def test_a_desk_that_is_down_is_said_in_the_readers_words(served: Nginx, desk: Desk) -> None:
    desk.kill()

    for path in PROGRAMS:
        answer, said = ask(served, "POST", path, "reply=x", FORM)
        assert answer.status == 503
        assert answer.headers["Retry-After"] == "5"
        _assert_program_reads(answer, said, 503, "unavailable")
    for path in ("/my/", "/api/docs/"):
        answer, said = ask(served, "POST", path, "text=x", FORM)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
        assert "The service is not available for a moment. Try again." in said.decode()
    desk.start("--no-worker")
    until(served.answers, patience=5)


def _assert_program_reads(answer: HTTPResponse, said: bytes, code: int, word: str) -> None:
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
    told = json.loads(said)
    assert (told["code"], told["data"], told["error"]["code"]) == (code, {}, word)
    assert told["message"] == told["error"]["message"]


def test_marketdesks_own_answers_stay_as_they_are(served: Nginx) -> None:
    answer, said = ask(served, "GET", LIST)
    missing, page = ask(served, "GET", "/nowhere")

    assert (answer.status, json.loads(said)["code"]) == (401, 4000)
    assert missing.status == 404
    assert b"There is no page here" in page


def test_without_tls_people_are_led_to_it_and_programs_are_told(served: Nginx) -> None:
    plain = HTTPConnection("127.0.0.1", served.plain_port, timeout=10)

    page, _ = ask(served, "GET", "/my/?x=1", line=plain)
    program, said = ask(served, "POST", LIST, "access_token=md_x", FORM, line=plain)

    assert (page.status, page.headers["Location"]) == (301, "https://127.0.0.1/my/?x=1")
    assert program.status == 403
    _assert_program_reads(program, said, 1000, "insecure")


SECRET = "s3cret-and-much-longer-than-sixteen"
ADDRESSES = (
    f"{LIST}?access_token={SECRET}",
    f"/t/{SECRET}/",
    f"/t/{SECRET}",
    f"//t/{SECRET}/",
    f"/%74/{SECRET}/",
    f"/in/{SECRET}/my/",
    f"/api/files/{SECRET}",
    f"/accounts/password/reset/key/1k-{SECRET}/",
    f"/accounts/login/?next=/t/{SECRET}/",
)


def test_no_key_is_ever_written_down(served: Nginx, desk: Desk) -> None:
    """With a desk, with a desk that is down, and where nginx itself refuses."""
    headers = {"Authorization": f"Bearer {SECRET}", "Cookie": f"sessionid={SECRET}", "Referer": f"/t/{SECRET}/"}
    plain = HTTPConnection("127.0.0.1", served.plain_port, timeout=10)

    for address in ADDRESSES:
        ask(served, "GET", address, headers=headers)
        ask(served, "POST", address, headers={**headers, "Content-Length": str(73 * MEGABYTE)})
        ask(served, "GET", address, headers={**headers, "X-Large": "x" * 20_000})
        ask(served, "GET", address, headers=headers, line=plain)
    desk.kill()
    for address in ADDRESSES:
        ask(served, "GET", address, headers=headers)

    until(lambda: served.logged().count("\n") >= 5 * len(ADDRESSES))
    assert SECRET not in served.logged()
    assert "GET /t/..." in served.logged()


@pytest.mark.parametrize("page", ["away", "too-large", "unreadable"])
def test_pages_of_nginxs_own_speak_every_language(page: str) -> None:
    told = dict(re.findall(r'<p lang="([\w-]+)"[^>]*>(.*)</p>', (DEPLOYED / "answers" / f"{page}.html").read_text()))
    english = told.pop("en")

    catalogues = {
        file.parent.parent.name: polib.pofile(str(file)) for file in (ROOT / "marketdesk/locale").glob("*/*/django.po")
    }
    said = {language.replace("_", "-"): book.find(english).msgstr for language, book in catalogues.items()}
    assert told == said


def test_the_limit_of_a_request_is_the_desks_own(desk: Desk) -> None:
    """Else nginx would pass on what Marketdesk hangs up on."""
    from marketdesk import serving

    assert f"client_max_body_size {serving.LARGEST_REQUEST // MEGABYTE}m;" in (DEPLOYED / "nginx.conf").read_text()
