"""What is given out: complete, said in one place, and the same bytes whoever builds it."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import build_dist
from marketdesk.lib.languages import LANGUAGES
from marketdesk.version import VERSION
from tests.desk import ROOT
from tests.wheel import pinned


def test_the_version_stands_at_the_head_of_the_changes() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)

    assert headings[0].rstrip(",") == VERSION


def test_what_is_pinned_is_what_is_asked_for() -> None:
    pins = pinned()
    lines = (ROOT / "requirements" / "run.in").read_text().splitlines()
    asked = [Requirement(line) for line in lines if line and not line.startswith("#")]

    assert [str(one) for one in asked if one.name not in pins or pins[one.name] not in one.specifier] == []


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return build_dist.build(tmp_path_factory.mktemp("dist"))


@pytest.mark.heavy
def test_the_wheel_has_every_file_of_the_program_and_nothing_else(built: list[Path]) -> None:
    _sdist, wheel, *_rest = built
    tracked = subprocess.run(["git", "ls-files", "marketdesk"], cwd=ROOT, capture_output=True, text=True, check=True)
    compiled = {str(path.with_suffix(".mo").relative_to(ROOT)) for path in _catalogues()}

    with zipfile.ZipFile(wheel) as packed:
        names = {name for name in packed.namelist() if not name.startswith(f"marketdesk-{VERSION}.dist-info/")}
        about = message_from_string(packed.read(f"marketdesk-{VERSION}.dist-info/METADATA").decode())

    assert names == set(tracked.stdout.split()) | compiled
    # Ours and those borrowed; English is what the sentences are written in.
    assert len(compiled) >= 2 * (len(LANGUAGES) - 1)
    assert about["Version"] == VERSION
    assert "s3" in about.get_all("Provides-Extra", [])


def _catalogues() -> list[Path]:
    return list((ROOT / "marketdesk").glob("*/*/LC_MESSAGES/*.po"))


@pytest.mark.heavy
def test_the_bill_of_materials_and_the_constraints_name_every_package(built: list[Path]) -> None:
    *_archives, constraints, bill = built

    named = {one["name"]: one["version"] for one in json.loads(bill.read_text())["components"]}
    constrained = dict(line.split(" ")[0].split("==") for line in constraints.read_text().splitlines())

    assert named == constrained
    assert pinned().items() <= named.items()
    assert {"boto3", "django-storages"} <= named.keys()


@pytest.mark.heavy
def test_two_builds_are_the_same_bytes(built: list[Path], tmp_path: Path) -> None:
    """By somebody else, elsewhere, from a copy made later; the time is that of the sources."""
    checkout = tmp_path / "elsewhere"
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(".venv", ".git", "var", "__pycache__", ".*_cache"))
    for path in checkout.rglob("*.py"):
        path.chmod(0o600)
        os.utime(path, (1_000_000_000, 1_000_000_000))
    epoch = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True)
    environment = {**os.environ, "SOURCE_DATE_EPOCH": epoch.stdout.strip(), "TZ": "Asia/Tokyo", "LANG": "C"}

    subprocess.run([sys.executable, checkout / "build_dist.py", tmp_path / "again"], env=environment, check=True)

    assert {one.name: _sum(one) for one in built} == {one.name: _sum(one) for one in (tmp_path / "again").iterdir()}


@pytest.mark.heavy
def test_the_source_archive_says_nothing_of_who_built_it(built: list[Path]) -> None:
    with tarfile.open(built[0]) as archive:
        owners = {(part.uid, part.gid, part.uname, part.gname) for part in archive}
        names = {part.name.partition("/")[2] for part in archive if part.isfile()}

    assert owners == {(0, 0, "", "")}
    assert {"setup.py", "compile_catalogues.py", "build_dist.py", "CHANGELOG.md", "docs/operating.md"} <= names
    assert not [name for name in names if name.endswith(".mo")]


def _sum(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
