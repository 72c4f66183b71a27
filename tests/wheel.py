"""The wheel that operators install, built from this checkout."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.desk import ROOT

SOURCES = ("pyproject.toml", "README.md", "LICENSE", "requirements", "marketdesk")


def build(folder: Path) -> Path:
    """Build it in a folder, from a copy of the sources."""
    for name in SOURCES:
        source, target = ROOT / name, folder / "source" / name
        target.parent.mkdir(exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    do(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, folder / "source")
    (wheel,) = folder.glob("*.whl")
    return wheel


def do(*words: object) -> None:
    """Run a command, which must succeed."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
