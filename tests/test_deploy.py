"""The files to set a desk up with say what the programs understand."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from marketdesk import cli
from tests.desk import ROOT

DEPLOY = ROOT / "deploy"
UNITS = sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])
SYSTEMD = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(SYSTEMD is None, reason="systemd-analyze is not here")


def _systemd(*words: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(SYSTEMD), *map(str, words)], capture_output=True, text=True, check=False)


def _verified(folder: Path, **changed: str) -> str:
    """What systemd finds wrong with the units, wherever Marketdesk is installed."""
    for unit in UNITS:
        text = unit.read_text().replace("/opt/marketdesk/bin/marketdesk", "/bin/true")
        for old, new in changed.items():
            text = text.replace(old, new)
        (folder / unit.name).write_text(text)
    return _systemd("verify", "--man=no", *(folder / unit.name for unit in UNITS)).stderr


@needs_systemd
def test_systemd_understands_every_unit(tmp_path: Path) -> None:
    assert _verified(tmp_path) == ""


@needs_systemd
def test_systemd_would_say_so_if_it_did_not(tmp_path: Path) -> None:
    assert "ProtectSytem" in _verified(tmp_path, ProtectSystem="ProtectSytem")


@needs_systemd
@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_a_service_can_do_little_but_its_work(unit: Path) -> None:
    judged = _systemd("security", "--offline=yes", "--threshold=20", unit)  # of 100, which is everything

    assert judged.returncode == 0, judged.stdout.splitlines()[-1]


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_what_a_service_starts_is_a_command(unit: Path) -> None:
    (begin,) = re.findall(r"^ExecStart=(.*)", unit.read_text(), re.MULTILINE)
    words = shlex.split(begin)
    if words[0] == "/bin/sh":
        words = shlex.split(words[2].removeprefix("exec "))

    assert words[0] == "/opt/marketdesk/bin/marketdesk"
    assert cli._parser().parse_args(words[1:]).run


def test_the_settings_that_are_given_are_settings() -> None:
    named = set(re.findall(r"^#?([A-Z_]+)=", (DEPLOY / "marketdesk.env").read_text(), re.MULTILINE))
    for service in _compose()["services"].values():
        named |= service.get("environment", {}).keys() - {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"}

    documented = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert {"MARKETDESK_HOME", "DATABASE_URL"} <= named
    assert [name for name in sorted(named) if f"`{name}`" not in documented] == []


def test_the_containers_are_those_of_one_desk() -> None:
    services = _compose()["services"]

    for name in ("web", "worker"):
        assert cli._parser().parse_args(services[name]["command"]).run
        assert services[name]["environment"] == services["web"]["environment"]
    assert services["proxy"]["network_mode"] == "service:web"
    assert {one["image"] for one in services.values()} == {"marketdesk", "postgres:15", "nginx:stable"}


def test_the_image_is_made_of_what_make_dist_builds() -> None:
    lines = (DEPLOY / "Containerfile").read_text()

    (install,) = re.findall(r"^RUN pip install .*", lines, re.MULTILINE)
    assert "marketdesk-*-constraints.txt" in install
    assert "marketdesk-*.whl" in install
    assert "\nUSER marketdesk\n" in lines


def _compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return found


def test_the_worker_can_have_a_port_of_its_own_for_prometheus() -> None:
    """What stands in the file that all units read would be taken by the web unit: the second refuses to start."""
    read = re.findall(r"^EnvironmentFile=(.*)", (DEPLOY / "marketdesk-worker.service").read_text(), re.MULTILINE)

    assert read == ["/etc/marketdesk.env", "-/etc/marketdesk-worker.env"]
