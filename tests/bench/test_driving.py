"""The driver: a wrong answer never counts as a quick one."""

import shutil
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from bench.driving import Call, Failed, Lacking, Request, drive
from tests.listening import Quiet, listening

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is missing: nothing can be measured"),
]


class Shop(Quiet, BaseHTTPRequestHandler):
    """Answers what the path says, and once in a while what it should not."""

    protocol_version = "HTTP/1.1"
    asked = 0

    def do_GET(self) -> None:
        Shop.asked += 1
        body = b'{"code":1016}' if self.path == "/moody" and Shop.asked % 5 == 0 else b'{"code":0}'
        self.send_response(int(self.path[1:]) if self.path[1:].isdigit() else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with listening(Shop) as address:
        yield int(address.rpartition(":")[2])


def test_good_answers_are_counted(port: int) -> None:
    turn = drive(port, Call("good", [Request("/good")], pattern='"code":0'), connections=1, seconds=1)

    assert turn.requests > 10
    assert 0 < turn.p50 <= turn.p99


@pytest.mark.parametrize("path", ["/moody", "/404", "/302"])
def test_a_wrong_answer_fails_the_run(port: int, path: str) -> None:
    with pytest.raises(Failed):
        drive(port, Call("wrong", [Request(path)], pattern='"code":0'), connections=1, seconds=1)


def test_what_succeeds_only_once_is_not_asked_twice(port: int) -> None:
    with pytest.raises(Lacking):
        drive(port, Call("once", [Request("/good")] * 3, once=True), connections=1, seconds=1)
