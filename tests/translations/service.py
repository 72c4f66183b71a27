"""A translation service on this machine that answers as it is told, and remembers what it was asked."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.listening import Quiet, listening

# What it answers: a status and a body, or the whole deed for what no ordinary server does
Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]] | Callable[[BaseHTTPRequestHandler], None]


class Stub:
    """The service. `answers` gives, by path, what is answered one after the other; the last again and again."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.url = ""

    def next(self, path: str) -> Answer:
        left = self.answers[path]
        return left.pop(0) if len(left) > 1 else left[0]

    def paths(self) -> list[str]:
        return [path for path, _headers, _body in self.asked]


@contextmanager
def stub() -> Iterator[Stub]:
    """It listens on the loopback until the end of the block."""
    service = Stub()

    class Handler(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.answer(None)

        def do_POST(self) -> None:
            self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def answer(self, body: Any) -> None:
            service.asked.append((self.path, dict(self.headers), body))
            found = service.next(self.path)
            if callable(found):
                found(self)
                return
            status, content, *more = found
            self.send_response(status)
            for name, value in (more[0] if more else {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content.encode() if isinstance(content, str) else json.dumps(content).encode())

    with listening(Handler) as service.url:
        yield service
