"""How quick API v2 answers on this machine: `make bench`. A first look, from one client at a time, on a scratch demo.

The figures depend on the machine and on what else it does: compare only those of one machine, made one after the other.
"""

import json
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from tests.desk import Desk, surroundings

ROUNDS = 200


def main() -> int:
    """Start a server on a scratch home, measure, print a table."""
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        desk = Desk(surroundings(Path(folder) / "home", port, MARKETDESK_LOG="ERROR"))
        print("Filling a scratch home with the demo …", file=sys.stderr)
        demo = desk.run("demo", "--json", timeout=300)
        if demo.returncode:
            print(demo.stderr, file=sys.stderr)
            return 1
        try:
            desk.start()
            measure(desk, json.loads(demo.stdout)["merchants"])
        finally:
            desk.kill()
    return 0


def measure(desk: Desk, merchants: list[dict[str, str]]) -> None:
    """Time what a merchant's program does all day, for the merchant with most to do."""
    waiting = {
        merchant["api_token"]: _data(desk, "/api/v2/ticket/get-action-required", merchant["api_token"], limit="500")
        for merchant in merchants
    }
    token = max(waiting, key=lambda one: len(waiting[one]))
    ids = [row["Ticket"]["id"] for row in waiting[token]]
    print(f"{len(ids)} tickets wait for the merchant; {ROUNDS} calls each, one client, milliseconds\n")
    print(f"{'call':<32}{'median':>8}{'p95':>8}{'calls/s':>10}")
    _row("healthz", lambda number: desk.ask("GET", "/healthz"))
    list_path = f"/api/v2/ticket/get-action-required?{urlencode({'access_token': token, 'limit': 50})}"
    _row("list of 50", lambda number: desk.ask("GET", list_path))
    _row(
        "one ticket",
        lambda number: desk.ask(
            "GET", f"/api/v2/ticket?{urlencode({'access_token': token, 'id': ids[number % len(ids)]})}"
        ),
    )
    _row(
        "reply",
        lambda number: desk.ask(
            "POST",
            "/api/v2/ticket/reply",
            {"access_token": token, "id": ids[number % len(ids)], "reply": f"Measured answer {number}"},
        ),
    )


def _data(desk: Desk, path: str, token: str, **parameters: str) -> list[dict[str, dict[str, str]]]:
    _status, body = desk.ask("GET", f"{path}?{urlencode({'access_token': token, **parameters})}")
    data: list[dict[str, dict[str, str]]] = json.loads(body)["data"]
    return data


def _row(name: str, call: Callable[[int], tuple[int, bytes]]) -> None:
    for number in range(5):  # the first calls find everything cold
        call(-1 - number)
    times = []
    for number in range(ROUNDS):
        begun = time.perf_counter()
        status, body = call(number)
        times.append((time.perf_counter() - begun) * 1000)
        if status != 200:
            raise SystemExit(f"{name} answered {status}: {body[:200]!r}")
    p95 = statistics.quantiles(times, n=20)[-1]
    print(f"{name:<32}{statistics.median(times):>8.1f}{p95:>8.1f}{1000 / statistics.mean(times):>10.0f}")


if __name__ == "__main__":
    sys.exit(main())
