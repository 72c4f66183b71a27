"""The measured table of docs/performance.md, in one command: `make bench`, or `python -m bench.table --help`.

A data set is loaded into a scratch database, a desk is started as documented for production, and beside it the ceiling
(bench/raw_python.py) on the same tables. wrk drives both by turns with 1 and 8 connections; the best turn counts, and a
single wrong answer fails the run. What the machine does besides moves all figures: compare the ratios of one run.
"""

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import psutil

from bench import report
from bench.calls import ALL, READS, WHOLE, Contestant, of_ceiling, of_desk
from bench.data import Database, fill
from bench.databases import commits, postgres
from bench.driving import Call, Failed
from bench.report import CEILING, CONNECTIONS, MANY, OURS, Measured, Set
from bench.servers import busy, ceiling, prepared, serving

POSTGRESQL, SQLITE = "PostgreSQL", "SQLite"
SMALL, USUAL, LARGE = 10_000, 200_000, 2_000_000


@dataclass(frozen=True)
class How:
    """Which calls to measure, and how long."""

    only: Sequence[str]
    seconds: int
    turns: int
    cold: bool


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and print tables; 1 where an answer was wrong."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no server is left behind
    how = How(options.only, options.seconds, options.turns, options.cold)
    sets: list[Set] = []
    begun = time.monotonic()
    try:
        for database, tickets in _wanted(options):
            sets.append(measure(database, tickets, how))
            print("\n".join(report.as_text(sets[-1], sets)), flush=True)
    except Failed as failed:
        print(f"FAILED: {failed}", file=sys.stderr)
        return 1
    print("\n".join(report.flatness(sets)))
    print(f"\nIt took {(time.monotonic() - begun) / 60:.1f} minutes.")
    if options.write:
        report.write(sets, f"best of {how.turns} turns of {how.seconds} s")
    return 0


def measure(name: str, tickets: int, how: How) -> Set:
    """Everything on one database; on PostgreSQL with the ceiling beside it."""
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench", ignore_cleanup_errors=True)))
        if name == POSTGRESQL:
            database, first = stack.enter_context(postgres())
        else:
            database, first = Database(SQLITE, "", home / "marketdesk.sqlite3"), None
        _say(f"{name}: loading {tickets:,} tickets …")
        desk, begun = prepared(home, database), time.monotonic()
        fill(database, tickets)
        with database.connection() as connected:
            said = connected.execute("SHOW server_version" if first else "SELECT sqlite_version()").fetchone()[0]
        found = Set(name, f"{name} {said}", tickets, time.monotonic() - begun)
        server = stack.enter_context(serving(desk, database, patience=60 + tickets / 5000))
        contestants = [of_desk(server, database, tickets)]
        if first:
            contestants.append(of_ceiling(stack.enter_context(ceiling(database)), database, tickets))
        for call in how.only:
            _race(call, contestants, how, first, found)
            _say(f"  {call}: {report.in_short(found, call)}")
        if not first:
            found.commits = commits(home)
        found.memory = {one.name: one.server.memory() for one in contestants}
    return found


def _race(call: str, contestants: Sequence[Contestant], how: How, first: psutil.Process | None, found: Set) -> None:
    """One call: each is warmed up, then they take turns."""
    taking = [(one, call) for one in contestants if call in one.once or _is_there(one, call, found)]
    if call == "list":
        taking += [(one, WHOLE) for one in contestants if one.name == CEILING]
    # The ceiling writes before us: afterwards our worker is busy with what our callers did.
    together = [taking] if call in READS else [[one] for one in reversed(taking)]
    for group in together:
        for one, name in group if not how.cold else ():
            one.turn(name, MANY, how.seconds)
        for connections in CONNECTIONS:
            for _turn in range(how.turns):
                for one, name in group:
                    found.add(one.name, name, connections, _measured(one, name, connections, how.seconds, first))


def _measured(one: Contestant, call: str, connections: int, seconds: int, first: psutil.Process | None) -> Measured:
    """A turn, and what the processor did for it."""
    spent: list[float] = []

    def clock() -> None:
        spent.extend((busy(one.server.process), busy(first) if first else 0.0))

    turn = one.turn(call, connections, seconds, clock)
    web, data = ((spent[-2 + kind] - spent[-4 + kind]) * 1000 / turn.requests for kind in (0, 1))
    return Measured(turn.speed, turn.p50, turn.p99, web, data)


def _is_there(one: Contestant, name: str, found: Set) -> bool:
    """Whether a server has the call at all, and answers it well."""
    call = one.lasting.get(name)
    if call is None:
        return False
    status, body = _ask(one.server.port, call)
    if status == 404 and one.name == OURS:
        found.absent.append(name)
        return False
    if status != call.status:
        raise Failed(f"{name} answered {status}: {body[:300]!r}")
    return True


def _ask(port: int, call: Call) -> tuple[int, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", call.requests[0].path, headers=call.headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _wanted(options: argparse.Namespace) -> list[tuple[str, int]]:
    """The data sets, smallest first."""
    if options.all:
        return [(POSTGRESQL, size) for size in (SMALL, USUAL, LARGE)] + [(SQLITE, USUAL)]
    sizes = options.tickets or [USUAL]
    return [(name, size) for name in (POSTGRESQL, SQLITE) if name.lower() in options.on for size in sizes]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.table", description="Measure the workload.")
    words = ", ".join(ALL)
    parser.add_argument(
        "--tickets", type=int, action="append", help="the size of the data set; may be given repeatedly"
    )
    parser.add_argument(
        "--on", type=_listed, default=("postgresql", "sqlite"), help="postgresql, sqlite, or both (default)"
    )
    parser.add_argument("--only", type=_listed, default=ALL, help=f"some of: {words}")
    parser.add_argument("--seconds", type=int, default=2, help="of each turn (default: %(default)s)")
    parser.add_argument("--turns", type=int, default=3, help="of which the best counts (default: %(default)s)")
    parser.add_argument("--cold", action="store_true", help="without warming up: only to see whether it works")
    parser.add_argument("--all", action="store_true", help="10,000, 200,000 and 2,000,000 tickets, and SQLite")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/performance.md")
    options = parser.parse_args(arguments)
    if unknown := set(options.only) - set(ALL):
        parser.error(f"there is no call {', '.join(unknown)}; there are: {words}")
    return options


def _listed(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(","))


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
