"""The home is made ready for this version, and not again what is ready."""

from pathlib import Path
from typing import Any

import pytest

from marketdesk import home


@pytest.fixture
def static(tmp_path: Path, settings: Any) -> Path:
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    return tmp_path / "static"


def test_a_start_copies_what_pages_load_once(static: Path) -> None:
    home._collect_static_files()
    (copied := next(static.rglob("*.css"))).unlink()

    home._collect_static_files()

    assert not copied.exists()


def test_another_version_copies_it_again(static: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home._collect_static_files()
    (copied := next(static.rglob("*.css"))).unlink()
    monkeypatch.setattr(home, "VERSION", "another")

    home._collect_static_files()

    assert copied.exists()


def test_what_was_copied_is_copied_again_once_it_is_gone(static: Path) -> None:
    home._collect_static_files()
    (static / "collected").unlink()
    (copied := next(static.rglob("*.css"))).unlink()

    home._collect_static_files()

    assert copied.exists()
