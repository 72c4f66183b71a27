"""The installed wheel works outside the checkout."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk import Desk, surroundings
from tests.wheel import build, do, lend

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with the wheel in it, and what it depends on. Nothing of it comes by network."""
    folder = tmp_path_factory.mktemp("wheel")
    wheel = build(folder)
    do(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    python = folder / "venv" / "bin" / "python"
    do(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet", wheel)
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    lend(packages)
    return folder / "venv" / "bin"


@pytest.fixture
def desk(installed: Path, tmp_path: Path, free_port: int) -> Iterator[Desk]:
    desk = Desk(surroundings(tmp_path / "home", free_port), [str(installed / "marketdesk")], tmp_path)
    yield desk
    desk.kill()


def test_it_is_the_wheel_that_runs(installed: Path, tmp_path: Path) -> None:
    where = subprocess.run(
        [installed / "python", "-c", "import marketdesk; print(marketdesk.__file__)"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip

    assert str(installed.parent) in where
    assert (Path(where.strip()).parent / "guide" / "texts" / "pt-br" / "refunds.md").exists()


def test_the_demo_and_the_server_work_from_the_wheel(desk: Desk) -> None:
    first = desk.run("demo", "--json", timeout=300)
    second = desk.run("demo", "--json")

    assert first.returncode == 0, first.stderr
    demo = json.loads(first.stdout)
    assert json.loads(second.stdout) == demo
    assert {person["role"] for person in demo["people"]} == {"customer", "merchant", "support"}

    desk.start()

    status, page = desk.ask("GET", "/accounts/login/")
    assert status == 200
    sheets = re.findall(r'href="(/static/[^"]+\.css[^"]*)"', page.decode())
    assert sheets
    assert {desk.ask("GET", sheet)[0] for sheet in sheets} == {200}
    assert desk.ask("GET", "/static/guide/zh-hant/queue.webp")[0] == 200
    token = demo["merchants"][0]["api_token"]
    status, body = desk.ask("GET", f"/api/v2/ticket/get-action-required?access_token={token}&limit=1")
    assert status == 200
    assert json.loads(body)["data"]
