"""A disk that can lose its power: a file system that knows what was synced, and can show what a cut would leave.

`python -m tests.crashes.power FOLDER` serves it there; each line on its standard input names a folder, into which it
puts what would be found after a cut at this moment.
"""

import contextlib
import errno
import os
import random
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import mfusepy

from tests.desk import ROOT, until
from tests.results import SEED

SECTOR = 512  # what a disk writes whole or not at all


@dataclass
class File:
    """What programs see of a file, what is safe, and what was written since it was synced: where, and what (a place
    without bytes: it was cut off there)."""

    seen: bytearray = field(default_factory=bytearray)
    safe: bytearray = field(default_factory=bytearray)
    unsynced: list[tuple[int, bytes | None]] = field(default_factory=list)

    def change(self, place: int, data: bytes | None) -> None:
        _apply(self.seen, place, data)
        self.unsynced.append((place, data))

    def sync(self) -> None:
        for place, data in self.unsynced:
            _apply(self.safe, place, data)
        self.unsynced.clear()

    def after_a_cut(self, chance: random.Random) -> bytes:
        """What is safe, and of the rest whatever happened to be on the disk: any sectors, in no order."""
        left, share = bytearray(self.safe), chance.choice((0.0, 0.5, 0.9))
        for place, data in self.unsynced:
            pieces = [(place, None)] if data is None else _sectors(place, data)
            for piece in pieces:
                if chance.random() < share:
                    _apply(left, *piece)
        return bytes(left)


def _apply(content: bytearray, place: int, data: bytes | None) -> None:
    end = place + len(data or b"")
    if len(content) < end:
        content.extend(bytes(end - len(content)))
    if data is None:
        del content[place:]
    else:
        content[place:end] = data


def _sectors(place: int, data: bytes) -> list[tuple[int, bytes | None]]:
    return [(place + at, data[at : at + SECTOR]) for at in range(0, len(data), SECTOR)]


class Disk(mfusepy.Operations):  # type: ignore[misc]
    """One folder of files."""

    use_ns = True

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self._moment = threading.Lock()
        self.chance = random.Random(SEED)

    def cut(self, folder: Path) -> None:
        """Put there what a cut would leave now."""
        folder.mkdir()
        with self._moment:
            for path, file in self.files.items():
                (folder / path.lstrip("/")).write_bytes(file.after_a_cut(self.chance))

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2}
        size = len(self._file(path).seen)
        return {"st_mode": stat.S_IFREG | 0o644, "st_nlink": 1, "st_size": size, "st_mtime": time.time_ns()}

    def readdir(self, path: str, fh: int) -> list[str]:
        return [".", "..", *(name.lstrip("/") for name in self.files)]

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        with self._moment:
            self.files[path] = File()
        return 0

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return bytes(self._file(path).seen[offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        with self._moment:
            self._file(path).change(offset, data)
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        with self._moment:
            file = self._file(path)
            file.change(length, b"" if length > len(file.seen) else None)
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        with self._moment:
            self._file(path).sync()
        return 0

    def unlink(self, path: str) -> int:
        with self._moment:
            self._file(path)
            del self.files[path]
        return 0

    def chmod(self, path: str, mode: int) -> int:
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        return 0

    def utimens(self, path: str, times: Any = None) -> int:
        return 0

    def _file(self, path: str) -> File:
        try:
            return self.files[path]
        except KeyError:
            raise OSError(errno.ENOENT, path) from None


class Socket:
    """The wall socket of a disk that is mounted."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def cut(self, folder: Path) -> Path:
        """What a cut would leave at this moment; the disk goes on."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{folder}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline().strip() == str(folder)
        return folder


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[Socket]:
    """The disk, at a folder."""
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.crashes.power", str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: os.path.ismount(folder) or process.poll() is not None)
        assert process.poll() is None
        yield Socket(process)
    finally:
        subprocess.run(["fusermount3", "-u", "-z", str(folder)], capture_output=True, check=False)
        process.kill()
        process.wait()


def why_not() -> str:
    """Why no such disk can be had here; nothing where it can."""
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR))
    except OSError as failure:
        return f"/dev/fuse: {failure.strerror}"
    return ""


def main() -> None:
    """Serve it."""
    disk = Disk()

    def listen() -> None:
        for line in sys.stdin:
            disk.cut(Path(line.strip()))
            print(line.strip(), flush=True)

    threading.Thread(target=listen, daemon=True).start()
    mfusepy.FUSE(disk, sys.argv[1], foreground=True, nothreads=True)


if __name__ == "__main__":
    main()
