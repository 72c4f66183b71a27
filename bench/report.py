"""What was measured, as a table for the terminal and for docs/performance.md, each figure beside its gate."""

import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

from bench.calls import ALL, WHOLE, WRITES

OURS, CEILING = "Marketdesk", "raw-python"
ONE, MANY = CONNECTIONS = (1, 8)
DOCUMENT = Path(__file__).parent.parent / "docs" / "performance.md"
MARKS = ("<!-- measured by bench.table -->", "<!-- end -->")


@dataclass(frozen=True)
class Gate:
    """What must be reached with 8 connections: calls a second, and what part of the ceiling's where there is one."""

    speed: int
    part: float = 0.0


GATES = {
    "list": Gate(1000, 1 / 2),
    "ticket": Gate(1800, 1 / 2),
    "count": Gate(1800, 1 / 2),
    "create": Gate(560, 1 / 4),
    "reply": Gate(525, 1 / 4),
    "list page": Gate(210),
    "ticket page": Gate(515),
}
P99, MEMORY = 50.0, 150.0  # milliseconds, MB
FLAT = ((200_000, 0.10), (2_000_000, 0.25))


@dataclass(frozen=True)
class Measured:
    """A turn: calls a second, milliseconds, and the processor's milliseconds for each call."""

    speed: float
    p50: float
    p99: float
    web: float
    data: float


@dataclass
class Set:
    """A data set, and the best turn of each call by who answered it, its name and the connections."""

    database: str
    version: str
    tickets: int
    loading: float
    best: dict[tuple[str, str, int], Measured] = field(default_factory=dict)
    memory: dict[str, tuple[float, float]] = field(default_factory=dict)  # of the web processes, and their parent
    absent: list[str] = field(default_factory=list)
    commits: float = 0.0  # that the disk makes in a second, where it bounds what can be written

    def add(self, who: str, call: str, connections: int, measured: Measured) -> None:
        """Keep it if it is the best yet."""
        known = self.best.get((who, call, connections))
        if known is None or known.speed < measured.speed:
            self.best[who, call, connections] = measured

    def ours(self, call: str, connections: int = MANY) -> Measured | None:
        return self.best.get((OURS, call, connections))

    def ceiling(self, call: str, connections: int = MANY) -> Measured | None:
        return self.best.get((CEILING, call, connections))

    @property
    def title(self) -> str:
        return f"{self.database}, {self.tickets:,} tickets"


HEADINGS = (
    "call", "a second, 1 / 8 connections", "raw-python", "ratio", "p50, p99 ms", "processor ms: web + database", "gate",
)  # fmt: skip


def rows(found: Set, beside: Set) -> Iterator[tuple[str, ...]]:
    """A row for each call; the ceiling is that of `beside`, which may be another data set's."""
    yield HEADINGS
    for call in ALL:
        many, one = found.ours(call), found.ours(call, ONE)
        if many is None or one is None:
            if call in found.absent:
                yield (call, "absent", "", "", "", "", "missed")
            continue
        raw, raw_one = beside.ceiling(call), beside.ceiling(call, ONE)
        yield (
            call,
            f"{one.speed:,.0f} / {many.speed:,.0f}",
            f"{raw_one.speed:,.0f} / {raw.speed:,.0f}" if raw and raw_one else "",
            f"{one.speed / raw_one.speed:.2f} / {many.speed / raw.speed:.2f}" if raw and raw_one else "",
            f"{many.p50:.1f}, {many.p99:.1f}",
            f"{many.web:.2f} + {many.data:.2f}" if many.data else f"{many.web:.2f}",
            f"{many.speed / found.commits:.0%} of commits"
            if found.commits and call in WRITES
            else _gate(call, many, raw),
        )
        if call == "list" and (whole := beside.ceiling(WHOLE)) and (whole_one := beside.ceiling(WHOLE, ONE)):
            ratios = f"{one.speed / whole_one.speed:.2f} / {many.speed / whole.speed:.2f}"
            yield (f"  raw-python, {WHOLE}", "", f"{whole_one.speed:,.0f} / {whole.speed:,.0f}", ratios, "", "", "")


def _gate(call: str, many: Measured, raw: Measured | None) -> str:
    """Whether it is met: by the part of the ceiling, by calls a second, or by both."""
    gate = GATES[call]
    slow = "" if many.p99 < P99 else f"; p99 not under {P99:.0f} ms"
    by_speed = many.speed >= gate.speed
    if not gate.part or raw is None:
        return (f"met ({gate.speed:,})" if by_speed else f"missed ({gate.speed:,})") + slow
    by_part = many.speed >= gate.part * raw.speed
    words = {(True, True): "met", (True, False): "met by the ratio", (False, True): "met by the figure"}
    return f"{words.get((by_part, by_speed), 'missed')} ({gate.part:.2f}, {gate.speed:,})" + slow


def in_short(found: Set, call: str) -> str:
    """One line, while the others are still to come."""
    said = [
        f"{who} {best.speed:,.0f}/s, {best.web:.2f} + {best.data:.2f} ms of the processor"
        for who in (OURS, CEILING)
        if (best := found.best.get((who, call, MANY)))
    ]
    return "; ".join(said) or "absent"


def beneath(found: Set) -> Iterator[str]:
    """What else there is to say of a set."""
    if OURS in found.memory:
        used, parent = found.memory[OURS]
        beside = f"; raw-python's {found.memory[CEILING][0]:.0f} MB" if CEILING in found.memory else ""
        word = "met" if used < MEMORY else "missed"
        yield (
            f"Memory: two web processes take {used:.0f} MB (PSS), their parent {parent:.0f} MB{beside};"
            f" gate {MEMORY:.0f} MB: {word}."
        )
    if found.commits:
        yield f"SQLite commits {found.commits:.0f} rows a second here, one after the other: no writes can be quicker."
    yield f"Loaded in {found.loading:.0f} s. {found.version}."


def flatness(sets: Sequence[Set]) -> Iterator[str]:
    """How much slower larger sets are than the smallest, on the same database."""
    sizes = [one for one in sets if one.database == "PostgreSQL"]
    for size, allowed in FLAT:
        for found in (one for one in sizes[1:] if one.tickets == size):
            for call in ALL:
                few, many = sizes[0].ours(call), found.ours(call)
                if few and many:
                    changed = many.speed / few.speed - 1
                    work = (many.web + many.data) / (few.web + few.data) - 1
                    word = "met" if changed >= -allowed else "missed"
                    yield (
                        f"{call}: {changed:+.0%} from {sizes[0].tickets:,} to {size:,} tickets"
                        f" (processor {work:+.0%}); gate -{allowed:.0%}: {word}"
                    )


def as_text(found: Set, sets: Sequence[Set]) -> Iterator[str]:
    """For a terminal."""
    yield f"\n{found.title}"
    table = list(rows(found, _beside(found, sets)))
    widths = [max(len(row[column]) for row in table) for column in range(len(HEADINGS))]
    for row in table:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield from beneath(found)


def write(sets: Sequence[Set], how: str) -> None:
    """Into the document, between the marks."""
    text = DOCUMENT.read_text()
    before, _mark, rest = text.partition(MARKS[0])
    after = rest.partition(MARKS[1])[2]
    DOCUMENT.write_text(before + MARKS[0] + "\n\n" + "\n".join(_as_markdown(sets, how)) + "\n\n" + MARKS[1] + after)


def _as_markdown(sets: Sequence[Set], how: str) -> Iterator[str]:
    yield f"{datetime.now(UTC):%Y-%m-%d}, commit {_commit()}, {how}. {machine()}"
    for found in sets:
        yield f"\n### {found.title}\n"
        for number, row in enumerate(rows(found, _beside(found, sets))):
            yield f"| {' | '.join(row)} |"
            if not number:
                yield f"|{'---|' * len(row)}"
        yield ""
        yield from beneath(found)
    if lines := list(flatness(sets)):
        yield "\n### Flatness, 8 connections\n"
        yield from (f"- {line}" for line in lines)


def _beside(found: Set, sets: Sequence[Set]) -> Set:
    """The set whose ceiling counts: its own, else that of the same size in the same run."""
    others: Iterable[Set] = (one for one in sets if one.tickets == found.tickets and one.database == "PostgreSQL")
    return next(iter(others), found)


def machine() -> str:
    """What it was measured on, and with."""
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = psutil.virtual_memory().total / 1024**3
    wrk = (
        shutil.which("wrk") and subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False).stdout
    )
    packages = ", ".join(f"{name} {version(name)}" for name in ("django", "waitress", "psycopg", "granian", "asyncpg"))
    return (
        f"{psutil.cpu_count()} cores ({model[1] if model else platform.processor()}), {memory:.0f} GB, shared by wrk, "
        f"servers and database; Python {platform.python_version()}, {packages}, {' '.join((wrk or '').split()[:2])}."
    )


def _commit() -> str:
    said = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"
