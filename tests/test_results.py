"""What a programme came to is written down by the run itself, where it is asked to."""

from pathlib import Path

import pytest

from tests import results
from tests.results import cases, record


def test_a_run_that_is_asked_writes_a_row_for_each_programme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESULTS", str(tmp_path / "results.md"))
    monkeypatch.setattr(results, "SEED", "7")

    record("CR1", kills=20, acknowledged=5312, lost=0, ready="0.9 s")
    record("CR3", database="postgresql", seconds=0.56234)

    first, second = (tmp_path / "results.md").read_text().splitlines()
    cells = [cell.strip() for cell in first.strip("|").split("|")]
    assert cells[2] == "CR1"
    assert cells[4:] == ["7", "kills 20, acknowledged 5,312, lost 0, ready 0.9 s"]
    assert second.endswith("| CR3 | postgresql | 7 | seconds 0.562 |")


def test_another_run_leaves_the_tree_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RESULTS", raising=False)
    before = (results.ROOT / "docs" / "results.md").read_bytes()

    record("CR1", kills=20)

    assert (results.ROOT / "docs" / "results.md").read_bytes() == before


@pytest.mark.parametrize(("soak", "kills"), [(1, 20), (10, 200), (25, 500), (50, 500)])
def test_soak_multiplies_up_to_the_figure_of_a_release(soak: int, kills: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "SOAK", soak)

    assert cases(20, release=500) == kills
