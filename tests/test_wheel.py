"""The installed wheel works outside the checkout."""

import json
import re
import shutil
import site
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk import ROOT, Desk, surroundings

pytestmark = pytest.mark.heavy

SOURCES = ("pyproject.toml", "README.md", "LICENSE", "requirements", "marketdesk")


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own with the wheel in it. What the wheel depends on is lent by ours, without network."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        source, target = ROOT / name, folder / "source" / name
        target.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    _do(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, folder / "source")
    _do(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    python = folder / "venv" / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    _do(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet", wheel)
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    (packages / "lent.pth").write_text("\n".join(site.getsitepackages()))
    return folder / "venv" / "bin"


def _do(*words: object) -> None:
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


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


def test_the_demo_and_the_server_work_from_the_wheel(desk: Desk) -> None:
    first = desk.run("demo", "--json")
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
    token = demo["merchants"][0]["api_token"]
    status, body = desk.ask("GET", f"/api/v2/ticket/get-action-required?access_token={token}&limit=1")
    assert status == 200
    assert json.loads(body)["data"]
