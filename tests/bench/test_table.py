"""The measuring reaches its end on both databases; what it finds is the machine's affair."""

import shutil
import subprocess
import sys

import pytest

from tests.desk import ROOT

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is missing: nothing can be measured"),
]


@pytest.mark.parametrize(
    ("database", "calls"), [("postgresql", "list,ticket page,reply"), ("sqlite", "ticket,list page,create")]
)
def test_the_table_is_printed(database: str, calls: str) -> None:
    words = ["--on", database, "--only", calls, "--tickets", "200", "--seconds", "2", "--turns", "1", "--cold"]

    done = subprocess.run(
        [sys.executable, "-m", "bench.table", *words],
        cwd=ROOT, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr
    rows = {line.split("  ")[0]: line for line in done.stdout.splitlines()}
    assert set(calls.split(",")) <= set(rows)
    assert ("raw-python, list" in done.stdout) == (database == "postgresql")
    assert "Memory: two web processes" in done.stdout
