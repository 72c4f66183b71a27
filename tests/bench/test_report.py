"""The table: each figure beside its gate, and into the document without harm to the words around it."""

from pathlib import Path

import pytest

from bench import report
from bench.report import CEILING, CONNECTIONS, MANY, OURS, Measured, Set


def measured(speed: float, p99: float = 20.0) -> Measured:
    return Measured(speed, p50=5.0, p99=p99, web=1.0, data=0.5)


def a_set(tickets: int = 200_000, **speeds: tuple[float, float]) -> Set:
    """What we and the ceiling reached, by call."""
    found = Set("PostgreSQL", "PostgreSQL 15", tickets, 10.0)
    for call, reached in speeds.items():
        for who, speed in zip((OURS, CEILING), reached, strict=True):
            for connections in CONNECTIONS:
                found.add(who, call, connections, measured(speed))
    return found


def verdict(found: Set, call: str) -> str:
    return next(row[-1] for row in report.rows(found, found) if row[0] == call)


@pytest.mark.parametrize(
    ("ours", "ceiling", "word"),
    [
        (1000, 2000, "met (0.50, 1,000)"),
        (999, 1998, "met by the ratio (0.50, 1,000)"),
        (1000, 2001, "met by the figure (0.50, 1,000)"),
        (999, 2000, "missed (0.50, 1,000)"),
    ],
)
def test_a_gate_is_met_by_the_ratio_the_figure_or_both(ours: float, ceiling: float, word: str) -> None:
    assert verdict(a_set(list=(ours, ceiling)), "list") == word


def test_slow_answers_are_said_beside_a_gate_that_is_met() -> None:
    found = a_set()
    for connections in CONNECTIONS:
        found.add(OURS, "list page", connections, measured(300, p99=50.0))

    assert verdict(found, "list page") == "met (210); p99 not under 50 ms"


def test_the_best_turn_counts() -> None:
    found = a_set(list=(800, 1000))

    found.add(OURS, "list", MANY, measured(900))
    found.add(OURS, "list", MANY, measured(700))

    best = found.ours("list")
    assert best
    assert best.speed == 900


def test_a_call_that_is_not_there_misses_its_gate() -> None:
    found = a_set(list=(800, 1000))
    found.absent.append("count")

    assert verdict(found, "count") == "missed"


def test_larger_sets_are_held_against_the_smallest() -> None:
    few, many, huge = (
        a_set(size, list=(speed, 2000)) for size, speed in ((10_000, 1000), (200_000, 890), (2_000_000, 760))
    )

    lines = list(report.flatness([few, many, huge]))

    assert lines == [
        "list: -11% from 10,000 to 200,000 tickets (processor +0%); gate -10%: missed",
        "list: -24% from 10,000 to 2,000,000 tickets (processor +0%); gate -25%: met",
    ]


def test_the_figures_replace_those_of_the_last_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = tmp_path / "performance.md"
    begin, end = report.MARKS
    document.write_text(f"Before.\n\n{begin}\n\nOld figures\n\n{end}\n\nAfter.\n")
    monkeypatch.setattr(report, "DOCUMENT", document)

    report.write([a_set(list=(1100, 2000))], "best of 3")
    once = document.read_text()
    report.write([a_set(list=(1100, 2000))], "best of 3")

    assert document.read_text() == once
    assert once.startswith(f"Before.\n\n{begin}\n")
    assert once.endswith(f"{end}\n\nAfter.\n")
    assert "| list | 1,100 / 1,100 | 2,000 / 2,000 | 0.55 / 0.55 |" in once
    assert "Old figures" not in once
