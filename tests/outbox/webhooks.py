"""A receiver of webhooks on this machine, which behaves as badly as it is told to."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from django.db.models import Min
from django.utils import timezone

from marketdesk.lib import calling
from marketdesk.outbox.models import Delivery, DeliveryStatus, Endpoint
from marketdesk.outbox.webhooks import delivering
from tests.certificate import certify

LOOPBACK = calling.Allowed(["127.0.0.0/8"])


@dataclass
class Request:
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Behaviour = Callable[[socket.socket, Request], None]


def answers(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    lines = [f"HTTP/1.1 {status} Said", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    said = ("\r\n".join(lines) + "\r\n\r\n").encode() + body
    return lambda line, _request: line.sendall(said)


def silence(line: socket.socket, _request: Request) -> None:
    line.settimeout(20)
    line.recv(1)  # until the caller gives up


def reset(line: socket.socket, _request: Request) -> None:
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(line: socket.socket, _request: Request) -> None:
    for letter in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Slow: " + b"x" * 4000:
        line.sendall(bytes([letter]))
        time.sleep(0.02)


def flood(line: socket.socket, _request: Request) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 104857600\r\n\r\n")
    for _megabyte in range(100):
        line.sendall(b"x" * 1_048_576)


@dataclass
class Receiver:
    """What came, what was accepted, and how the next request is answered: `behave` gets the number of the request."""

    behave: Callable[[int], Behaviour]
    port: int = 0
    pause: float = 0.0  # before it answers
    came: list[Request] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks"

    @property
    def ids(self) -> list[str]:
        return [request.id for request in self.came]


def always(behaviour: Behaviour) -> Callable[[int], Behaviour]:
    return lambda _number: behaviour


def at_first(times: int, behaviour: Behaviour) -> Callable[[int], Behaviour]:
    """So many times badly, then well."""
    return lambda number: behaviour if number <= times else answers(200)


@contextmanager
def receiver(behave: Callable[[int], Behaviour] | None = None, tls: Path | None = None) -> Iterator[Receiver]:
    """Something that listens; with TLS its certificate is of its own making, kept in a folder."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=200)
    here = Receiver(behave or always(answers(200)), listening.getsockname()[1])
    context = None
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certify(tls))
    lock = threading.Lock()

    def serve(line: socket.socket) -> None:
        with line:
            try:
                if context:
                    line = context.wrap_socket(line, server_side=True)
                request = _read(line)
                with lock:
                    here.came.append(request)
                    number = len(here.came)
                    here.at_once += 1
                    here.most_at_once = max(here.most_at_once, here.at_once)
                time.sleep(here.pause)
                with lock:
                    here.at_once -= 1
                here.behave(number)(line, request)
            except OSError:
                pass

    def accept() -> None:
        while True:
            try:
                line, _where = listening.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(line,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield here
    finally:
        listening.close()


def _read(line: socket.socket) -> Request:
    received = b""
    while b"\r\n\r\n" not in received:
        more = line.recv(65536)
        if not more:
            raise OSError("nothing came")
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    headers = {text.split(": ", 1)[0].lower(): text.split(": ", 1)[1] for text in head.decode().split("\r\n")[1:]}
    while len(body) < int(headers["content-length"]):
        body += line.recv(65536)
    return Request(headers, body)


def endpoint(url: str, kinds: tuple[str, ...] = ()) -> tuple[Endpoint, str]:
    """An endpoint and its secret."""
    made = Endpoint(url=url, kinds=list(kinds))
    secret = made.set_secret()
    made.save()
    return made, secret


def deliver_everything(rounds: int = 100_000, hurry: float = 0.0) -> int:
    """Deliver what waits, moving on to when the next try is due (or, in a hurry, a little beyond, so that many are);
    how many messages were tried."""
    tried, begun = 0, timezone.now()
    now = begun
    for _round in range(rounds):
        served = delivering.serve_one(now)
        tried += served
        if served:
            continue
        waiting = Delivery.objects.filter(status=DeliveryStatus.WAITING, endpoint__disabled_at__isnull=True)
        moments = waiting.aggregate(next=Min("next_at"), rest=Min("endpoint__resting_until"))
        if moments["next"] is None:
            return tried
        later = [moment for moment in moments.values() if moment and moment > now]
        now = min(later) if later else now + delivering.LEASE
        now += (now - begun) * hurry
    raise AssertionError("it never ended")
