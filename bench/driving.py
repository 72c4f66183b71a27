"""Calls, driven with wrk: how many a second, how long each takes, and that every one of them is answered well."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

SCRIPT = Path(__file__).with_name("turn.lua")
MISSING = "wrk is missing. Install it with your system's packages (on Debian: apt-get install wrk)."


@dataclass(frozen=True)
class Request:
    """One request; a body is sent as the call's headers say."""

    path: str
    body: str = ""
    key: str = ""

    def line(self) -> str:
        return "\t".join(("POST" if self.body else "GET", self.path, self.body, self.key))


@dataclass(frozen=True)
class Call:
    """What is asked again and again. `once`: each request can succeed only once. `pattern` is Lua's."""

    name: str
    requests: list[Request]
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    pattern: str = "."
    once: bool = False


@dataclass(frozen=True)
class Turn:
    """What came of it. Times are milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float

    @property
    def speed(self) -> float:
        return self.requests / self.seconds


class Failed(Exception):
    """Some answer was none that the call should get."""


class Lacking(Exception):
    """There were not enough requests for a call that succeeds only once each."""


def drive(port: int, call: Call, connections: int, seconds: int) -> Turn:
    """One turn. Raises Failed if even one answer was wrong."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise SystemExit(MISSING)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as lines:
        _write(lines.name, call.requests)
        headers = [f"{name}: {value}" for name, value in call.headers.items()]
        kind = "once" if call.once else "round"
        command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT)]
        command += [f"http://127.0.0.1:{port}", "--", lines.name, kind, str(call.status), call.pattern, *headers]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
    found = [line for line in said.stdout.splitlines() if line.startswith("turn\t")]
    if said.returncode or not found:
        raise Failed(f"wrk itself failed: {said.stdout}{said.stderr}")
    _turn, requests, took, p50, p99, wrong, lacking, example = found[0].split("\t", 7)
    if int(lacking):
        raise Lacking(f"{call.name}: {lacking} requests too few")
    if not int(requests):
        raise Failed(f"{call.name}: not one answer within {seconds} s")
    if int(wrong):
        raise Failed(f"{call.name}: {wrong} of {requests} answers were wrong, such as: {example}")
    return Turn(int(requests), float(took), float(p50), float(p99))


def _write(path: str, requests: Iterable[Request]) -> None:
    Path(path).write_text("".join(f"{one.line()}\n" for one in requests))
