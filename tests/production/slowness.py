"""Clients that take their time, hundreds at once: half of them never finish their headers, half never their bodies."""

import asyncio
import contextlib
import http.client
import math
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.desk import Address, until

HEADERS = b"POST /api/v2/ticket/reply HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n"
BODY = HEADERS + b"Content-Type: application/x-www-form-urlencoded\r\n\r\nreply="
# Seconds between two of a client's sips: a server that waits for a pause never sees one.
PAUSE = 2.0


class SlowClients(threading.Thread):
    """So many of each kind. Whoever is shown out comes back at once."""

    def __init__(self, port: int, each: int, tls: ssl.SSLContext | None) -> None:
        super().__init__(daemon=True)
        self.port, self.each, self.tls = port, each, tls
        self.connected = 0
        self._over = threading.Event()

    def run(self) -> None:
        asyncio.run(self._all())

    def leave(self) -> None:
        self._over.set()
        self.join(20)

    async def _all(self) -> None:
        kinds = ((HEADERS, b"X-Slow: yes\r\n"), (BODY, b"slow"))
        clients = [asyncio.create_task(self._one(*kind)) for kind in kinds for _ in range(self.each)]
        while not self._over.is_set():
            await asyncio.sleep(0.05)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)

    async def _one(self, beginning: bytes, sip: bytes) -> None:
        while True:
            with contextlib.suppress(OSError):
                await self._drip(beginning, sip)
            await asyncio.sleep(0.05)

    async def _drip(self, beginning: bytes, sip: bytes) -> None:
        answer, line = await asyncio.open_connection("127.0.0.1", self.port, ssl=self.tls)
        self.connected += 1
        try:
            line.write(beginning)
            shown_out = asyncio.ensure_future(answer.read())  # until the server closes
            while not (await asyncio.wait([shown_out], timeout=PAUSE))[0]:
                line.write(sip)
        finally:
            self.connected -= 1
            line.transport.abort()


@contextmanager
def slow_clients(port: int, each: int, tls: ssl.SSLContext | None = None) -> Iterator[SlowClients]:
    """Meanwhile they are there; all have come when it begins."""
    clients = SlowClients(port, each, tls)
    clients.start()
    try:
        until(lambda: clients.connected == 2 * each)
        yield clients
    finally:
        clients.leave()


def probe(desk: Address, paths: list[tuple[str, dict[str, str]]], seconds: float, every: float = 0.05) -> list[float]:
    """Ask for the paths in turn at a steady rate, each on a new connection as somebody who just comes; the seconds
    that each answer took, without end where there was none."""
    took: list[float] = []
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        asked = time.monotonic()
        is_good = _answers(desk, *paths[len(took) % len(paths)])
        took.append(time.monotonic() - asked if is_good else math.inf)
        time.sleep(max(0.0, asked + every - time.monotonic()))
    return took


def _answers(desk: Address, path: str, headers: dict[str, str]) -> bool:
    connection = desk.connect(timeout=2)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
