"""Imports point down: rooms know nothing of doors, and no door of another."""

import tomllib
from pathlib import Path

from importlinter.application.use_cases import SUCCESS, lint_imports
from importlinter.configuration import configure

ROOT = Path(__file__).parent.parent


def test_imports_point_down() -> None:
    configure()

    assert lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=None) == SUCCESS


def test_every_room_has_its_place_in_the_layers() -> None:
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    named = {name.strip() for layer in contract["layers"] for name in layer.split("|")}
    there = {path.parent.name for path in (ROOT / "marketdesk").glob("*/__init__.py")}

    assert contract["exhaustive"]
    assert there <= named | set(contract["exhaustive_ignores"])
