"""A small disk of its own, which can be filled and freed."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

MEGABYTE = 1024 * 1024


class Disk:
    """It is mounted at `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self, left: int = 0) -> None:
        """Something else takes all the room, but for so many bytes."""
        with contextlib.suppress(OSError), self._filler.open("ab", buffering=0) as filler:
            while filler.write(bytes(64 * 1024)):
                pass
        os.truncate(self._filler, max(0, self._filler.stat().st_size - left))

    def free(self) -> None:
        """And is gone again."""
        self._filler.unlink(missing_ok=True)


@contextmanager
def small(megabytes: int, folder: Path | None = None) -> Iterator[Disk]:
    """One of that size, at a folder or anywhere."""
    place = folder or Path(tempfile.mkdtemp(prefix="disk", dir="/tmp"))
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o755)
    _mount(place, megabytes)
    try:
        yield Disk(place)
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)


def _mount(place: Path, megabytes: int) -> None:
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "marketdesk-test", str(place)]
    subprocess.run(command, check=True, capture_output=True)


@cache
def why_not() -> str:
    """Why no disk can be mounted here; nothing where it can."""
    try:
        with small(1):
            return ""
    except (OSError, subprocess.CalledProcessError) as failure:
        return str(getattr(failure, "stderr", b"") or failure)
