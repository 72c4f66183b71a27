"""The wheel that operators install, built from this checkout."""

import subprocess
from importlib.metadata import distribution
from pathlib import Path

import build_dist
from tests.desk import ROOT


def build(folder: Path) -> Path:
    """Build it in a folder."""
    (wheel,) = (one for one in build_dist.build(folder) if one.suffix == ".whl")
    return wheel


def pinned() -> dict[str, str]:
    """What an installation is made of: each package's version."""
    lines = (ROOT / "requirements" / "run.txt").read_text().splitlines()
    pins = (line.split()[0].partition("==") for line in lines if "==" in line)
    return {name: version for name, _equals, version in pins}


def lend(packages: Path) -> None:
    """Put what the wheel depends on beside it, from ours and without network; nothing else is there to be found."""
    for name in pinned():
        installed = distribution(name)
        for top in {Path(file).parts[0] for file in installed.files or () if not str(file).startswith("..")}:
            if top != "__pycache__" and not (packages / top).exists():
                (packages / top).symlink_to(str(installed.locate_file(top)))


def do(*words: object) -> None:
    """Run a command, which must succeed."""
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
