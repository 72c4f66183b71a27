"""How many cases a programme runs, and what came of them: a row in `docs/results.md` for a run that is asked for it.

`SOAK` multiplies the figures of `make test`, up to those of a release; `RESULTS` names the file that the rows go to.
"""

import os
import shutil
import subprocess
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOAK = int(os.environ.get("SOAK", "1"))
SEED = os.environ.get("SEED", "1")


def cases(usual: int, *, release: int) -> int:
    """How many cases this run tries: the usual ones times SOAK, and never more than a release asks for."""
    return min(usual * SOAK, release)


def record(programme: str, *, database: str = "", **figures: object) -> None:
    """Say what a programme came to, such as `record("CR1", kills=20, acknowledged=5312, lost=0)`; and write it down
    where RESULTS says so."""
    said = ", ".join(f"{name.replace('_', ' ')} {_written(value)}" for name, value in figures.items())
    database = database or ("postgresql" if os.environ.get("DATABASE_URL", "").startswith("postgres") else "sqlite")
    print(f"{programme} on {database}: {said}")
    if path := os.environ.get("RESULTS"):
        row = (f"{datetime.now(UTC):%Y-%m-%d}", _commit(), programme, database, SEED, said)
        with (ROOT / path).open("a") as results:  # one write to the end: several workers may record at once
            results.write(f"| {' | '.join(row)} |\n")


def _written(value: object) -> str:
    match value:
        case float():
            return f"{value:.3g}"
        case int():
            return f"{value:,}"
    return str(value).replace("|", "/")


@cache
def _commit() -> str:
    """What is being tested, with a plus sign where it was changed since."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        return "unknown"
    git = ("git", "-C", str(ROOT))
    commit = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", ".", ":!docs/results.md"], check=False)
    return commit.stdout.strip() + ("+" if changed.returncode else "")
