"""Requests that are made to cost much are refused quickly, whoever sends them, and cost nobody else anything (B0)."""

import gzip
import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import psutil
import pytest

from tests.desk import Desk, surroundings
from tests.results import record

pytestmark = pytest.mark.heavy

# Seconds of the web process's own time, and bytes by which it may grow over all of them.
MOST_SECONDS = 1.0
MOST_GROWTH = 100 * 1024 * 1024
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
BOUNDARY = "x" * 20

# A store's program and the marketplace's.
FURNISH = """
from marketdesk.merchants.models import Merchant
from marketdesk.people.models import PlatformKey, Scope
from marketdesk.programs.models import AccessToken
store = Merchant.objects.create(external_id="m-1", name="Anadolu Home", country="TR")
print(AccessToken.issue(store, "ERP"), PlatformKey.issue("shop", Scope.values))
"""


@dataclass(frozen=True)
class Bomb:
    """One request, and the statuses that are right for it."""

    what: str
    path: str
    body: bytes = b""
    method: str = "POST"
    headers: dict[str, str] = field(default_factory=dict)


def parts(number: int, kind: str = "") -> bytes:
    """A form of many parts."""
    file = f'; filename="{kind}"' if kind else ""
    one = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="text"{file}\r\n\r\nx\r\n'
    return (one * number + f"--{BOUNDARY}--\r\n").encode()


def bombs(token: str, key: str) -> Iterator[Bomb]:
    """All of them."""
    json_v3 = {"Content-Type": JSON, "Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
    json_platform = {"Content-Type": JSON, "Authorization": f"Bearer {key}", "Idempotency-Key": "k"}
    form, many = {"Content-Type": FORM}, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    reply = f"/api/v3/tickets/{'a' * 24}/replies"
    bodies = {
        "10 MB of words": json.dumps({"message": "x" * 10_000_000}).encode(),
        "100,000 names": json.dumps({f"k{number}": number for number in range(100_000)}).encode(),
        "10,000 lists in each other": b"[" * 10_000 + b"]" * 10_000,
        "100,000 objects in each other": b'{"a":' * 100_000,
        "a number of a million digits": b'{"message": 1' + b"0" * 1_000_000 + b"}",
        "packed zeros": gzip.compress(b"0" * 100_000_000),
    }
    for what, body in bodies.items():
        packed = {"Content-Encoding": "gzip"} if what == "packed zeros" else {}
        yield Bomb(f"v3: {what}", reply, body, headers={**json_v3, **packed})
        yield Bomb(f"platform: {what}", "/platform/v1/orders", body, headers={**json_platform, **packed})
        v2 = {**form, "Authorization": f"Bearer {token}", **packed}
        yield Bomb(f"v2: {what}", "/api/v2/ticket/reply", body, headers=v2)
    secret = "x" * 1_000_000
    signing = urlencode({"login": "ada@example.org", "password": secret}).encode()
    yield Bomb("a password of 1 MB", "/accounts/login/", signing, headers=form)
    yield Bomb("a mail address of 1 MB", "/accounts/password/reset/", f"email={secret}@x".encode(), headers=form)
    yield Bomb(
        "a client secret of 1 MB",
        "/api/v2/oauth/access_token",
        f"client_id=x&client_secret={secret}".encode(),
        headers=form,
    )
    yield Bomb("100,000 fields", "/accounts/login/", "&".join(f"f{n}=1" for n in range(100_000)).encode(), headers=form)
    for number in (10_000, 100_000):
        yield Bomb(f"{number} parts", "/accounts/login/", parts(number), headers=many)
        yield Bomb(f"{number} files", "/accounts/login/", parts(number, "cup.jpg"), headers=many)
        yield Bomb(f"v2: {number} parts", "/api/v2/ticket/reply", parts(number), headers=many)
    slow = {
        "@": "@" * 60_000,
        "a.": "a." * 30_000 + "!",
        "http": "http://" * 9_000,
        "(": "(" * 60_000,
        "spaces": " " * 60_000 + "x",
        "combining": "a" + "\u0301" * 20_000,
    }
    for what, words in slow.items():
        yield Bomb(f"a search for {what}", f"/accounts/login/?{urlencode({'next': words[:7_000]})}", method="GET")
        yield Bomb(
            f"a mail address of {what}", "/accounts/password/reset/", urlencode({"email": words}).encode(), headers=form
        )
        yield Bomb(
            f"languages of {what}",
            "/accounts/login/",
            method="GET",
            headers={"Accept-Language": words.encode("ascii", "ignore").decode()[:7_000] or "x"},
        )
    yield Bomb("5,000 languages", "/accounts/login/", method="GET", headers={"Accept-Language": "aa-bb;q=0.1," * 5_000})
    yield Bomb("a cookie of 200 kB", "/accounts/login/", method="GET", headers={"Cookie": "sessionid=" + "x" * 200_000})
    yield Bomb("20,000 cookies", "/accounts/login/", method="GET", headers={"Cookie": "a=b; " * 20_000})
    yield Bomb("an address of 200 kB", "/" + "a/" * 100_000, method="GET")
    yield Bomb("50,000 parameters", "/api/v2/ticket?" + "id=1&" * 12_000, method="GET")
    yield Bomb("a length that is a lie", "/accounts/login/", b"x=1", headers={**form, "Content-Length": "99999999999"})
    yield Bomb("a length below zero", "/accounts/login/", b"x=1", headers={**form, "Content-Length": "-1"})


@pytest.fixture
def desk(tmp_path: Path, free_port: int) -> Iterator[Desk]:
    desk = Desk(surroundings(tmp_path / "home", free_port, MARKETDESK_LOG="CRITICAL"))
    yield desk
    desk.kill()


def test_every_one_is_refused_quickly_and_leaves_the_desk_as_it_was(desk: Desk) -> None:
    desk.prepare()
    token, key = desk.run("manage", "shell", "-v0", "-c", FURNISH).stdout.split()
    desk.start("--no-worker", "--processes", "1")
    assert desk.process
    (web,) = desk.process.children()
    desk.ask("GET", "/accounts/login/")
    before, worst, number = web.memory_info().rss, 0.0, 0
    for bomb in bombs(token, key):
        begun = busy(web)
        status = sent(desk.port, bomb)
        took = busy(web) - begun
        worst, number = max(worst, took), number + 1
        harmless = bomb.method == "GET" and status in {200, 302}
        assert 400 <= status < 500 or harmless or ("reset" in bomb.path and status in {200, 302}), (
            f"{bomb.what}: {status}"
        )
        assert took <= MOST_SECONDS, f"{bomb.what}: {took:.2f} s"
    grown = web.memory_info().rss - before
    assert grown <= MOST_GROWTH
    assert web.is_running()
    assert desk.answers()
    record("B0", bombs=number, slowest_seconds=worst, grown_mb=grown // 2**20)


def busy(process: psutil.Process) -> float:
    """Seconds for which the processor was busy with it; the machine's other work does not count."""
    times = process.cpu_times()
    return float(times.user + times.system)


def sent(port: int, bomb: Bomb) -> int:
    """The status of the answer. A server may hang up on a client that goes on talking: that is a refusal, too."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.putrequest(bomb.method, bomb.path, skip_accept_encoding=True)
        for name, value in {"Content-Length": str(len(bomb.body)), **bomb.headers}.items():
            connection.putheader(name, value)
        connection.endheaders()
        _say(connection, bomb.body)
        return connection.getresponse().status
    except (ConnectionError, http.client.BadStatusLine):
        return 413
    finally:
        connection.close()


def _say(connection: http.client.HTTPConnection, body: bytes) -> None:
    try:
        connection.send(body)
    except (ConnectionResetError, BrokenPipeError):
        return  # the answer may be there all the same


def test_the_control_a_page_without_limits_is_caught() -> None:
    """What the figures would be if a form were read to its end: the parser alone takes longer than is allowed."""
    import time

    from django.test import RequestFactory, override_settings

    body = parts(100_000)
    request: Callable[[], object] = lambda: (  # noqa: E731
        RequestFactory().post("/", body, content_type=f"multipart/form-data; boundary={BOUNDARY}").POST
    )
    with override_settings(DATA_UPLOAD_MAX_NUMBER_FIELDS=None, DATA_UPLOAD_MAX_MEMORY_SIZE=None):
        begun = time.process_time()
        request()
        assert time.process_time() - begun > MOST_SECONDS
