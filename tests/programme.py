"""The whole test programme, as `make test` runs it: every part in turn, and one line that sums them up."""

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """One run of pytest: what it shows, the module that runs it, and its arguments."""

    title: str
    arguments: tuple[str, ...]
    module: str = "pytest"


def parts(workers: str) -> tuple[Part, ...]:
    """The programme, quickest news first."""
    parallel = ("-n", workers, "--dist", "worksteal")
    return (
        Part("The suite on SQLite", (*parallel, "-m", "not journey and not heavy and not slow and not postgres")),
        Part(
            "The suite on PostgreSQL", (*parallel, "-m", "not journey and (not heavy or postgres)"), "tests.on_postgres"
        ),
        Part("Journeys in a browser", ("-m", "journey")),
        Part(
            "Many cases, small races and processes", (*parallel, "-m", "(many or slow and not heavy) and not postgres")
        ),
        Part(
            "Crashes, large races and the installed wheel",
            ("-m", "heavy and not many and not journey and not postgres"),
        ),
    )


def run(part: Part, report: Path) -> tuple[Counter[str], int]:
    """Run one part; how many tests passed, failed and were skipped, and pytest's exit code."""
    print(f"\n== {part.title}", flush=True)
    code = subprocess.run(
        [sys.executable, "-m", part.module, *part.arguments, f"--junitxml={report}"], check=False
    ).returncode
    counts: Counter[str] = Counter()
    if report.exists():
        for suite in ET.parse(report).getroot().iter("testsuite"):
            failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
            skipped = int(suite.get("skipped", 0))
            counts.update(passed=int(suite.get("tests", 0)) - failed - skipped, failed=failed, skipped=skipped)
    nothing_to_run = 5
    if code not in {0, nothing_to_run} and not counts["failed"]:
        counts["failed"] += 1  # the run itself broke off
    return counts, 0 if code == nothing_to_run else code


def main() -> int:
    """Run every part, even after one that failed."""
    begun = time.monotonic()
    total: Counter[str] = Counter(passed=0, failed=0)
    worst = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, part in enumerate(parts(os.environ.get("WORKERS", "2"))):
            counts, code = run(part, Path(folder) / f"{number}.xml")
            total += counts
            worst = max(worst, code)
            print(f"   {counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped", flush=True)
    skipped = f", {total['skipped']} skipped" if total["skipped"] else ""
    print(f"\nThe whole programme took {time.monotonic() - begun:.0f} seconds.")
    print(f"{total['passed']} passed, {total['failed']} failed{skipped}", flush=True)
    return 1 if worst or total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
