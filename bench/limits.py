"""What counting costs API v2: `python -m bench.limits [CALLS]`, on SQLite and on a PostgreSQL of its own.

Lists of 50 tickets, by turns without limits and with limits that are never reached. It gives the processor time that
the web processes need for a call, because that hardly changes with what else the machine does, and the calls a second.
"""

import json
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import psutil

from tests.desk import Desk, free_ports, surroundings
from tests.on_postgres import server

CLIENTS, TURNS = 4, 5
LIMITS = {"without": "0", "with": "1000000"}
LIST = "/api/v2/ticket/get-action-required?limit=50"


def main() -> int:
    """Measure on both databases, and print a table."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 600
    print(f"{'':<12}{'processor, ms a call':>34}{'calls a second':>28}")
    print(f"{'database':<12}{'without':>12}{'with':>12}{'ratio':>10}{'without':>18}{'with':>10}")
    measure("SQLite", calls, {})
    with server() as url:
        measure("PostgreSQL", calls, {"DATABASE_URL": url})
    return 0


def measure(name: str, calls: int, settings: dict[str, str]) -> None:
    """A scratch home with the demo, and turns without and with limits."""
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(surroundings(Path(folder) / "home", port, MARKETDESK_LOG="ERROR", **settings))
        merchants = json.loads(desk.run("demo", "--json", timeout=300).stdout)["merchants"]
        spent, speed = defaultdict(list), defaultdict(list)
        try:
            desk.start("--no-worker")
            token = max((one["api_token"] for one in merchants), key=lambda one: ask(port, one, 1))
            for turn in range(TURNS * len(LIMITS)):
                kind = list(LIMITS)[turn % len(LIMITS)]
                limit(desk, LIMITS[kind])
                seconds, processor = turn_of(desk, port, token, calls)
                spent[kind].append(1000 * processor / calls)
                speed[kind].append(calls / seconds)
        finally:
            desk.kill()
    without, with_ = (statistics.median(spent[kind]) for kind in LIMITS)
    slow, fast = (statistics.median(speed[kind]) for kind in LIMITS)
    print(f"{name:<12}{without:>12.2f}{with_:>12.2f}{with_ / without:>10.3f}{slow:>18.0f}{fast:>10.0f}", flush=True)


def limit(desk: Desk, most: str) -> None:
    for promise in ("program_calls", "merchant_calls"):
        done = desk.run("policy", "set", promise, most, "--reason", "Measuring.")
        if done.returncode:
            raise SystemExit(done.stderr)
    time.sleep(6)  # the processes follow within five seconds


def turn_of(desk: Desk, port: int, token: str, calls: int) -> tuple[float, float]:
    """So many calls: the seconds that they took, and those that the processor was busy with them."""
    ask(port, token, 20)
    begun, busy = time.monotonic(), processor_time(desk)
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(ask, [port] * CLIENTS, [token] * CLIENTS, [calls // CLIENTS] * CLIENTS))
    return time.monotonic() - begun, processor_time(desk) - busy


def processor_time(desk: Desk) -> float:
    """What the web processes have used so far."""
    assert desk.process
    times = [one.cpu_times() for one in psutil.Process(desk.process.pid).children()]
    return float(sum(one.user + one.system for one in times))


def ask(port: int, token: str, times: int) -> int:
    """Ask again and again on one connection; the length of the last answer."""
    connection, length = HTTPConnection("127.0.0.1", port, timeout=60), 0
    for _time in range(times):
        connection.request("GET", LIST, headers={"Authorization": f"Bearer {token}"})
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"answered {answer.status}: {body[:200]!r}")
        length = len(body)
    connection.close()
    return length


if __name__ == "__main__":
    sys.exit(main())
