"""The one file of a backup: a tar whose last part seals it, so that nothing can be cut off or altered unseen.

The parts in their order: `about.json`, `secret-key`, the database, the files, `SHA256SUMS` of all these as `sha256sum`
writes it, and `seal`: the sum of every byte before it. The seal tells whether the file is whole, not who made it.
"""

import hashlib
import io
import json
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from tqdm import tqdm

FORMAT = 1
ABOUT, KEY, SUMS, SEAL = "about.json", "secret-key", "SHA256SUMS", "seal"
DATABASES = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}
FILES = "files/"
CHUNK = 1024 * 1024


class Damaged(Exception):
    """The file is no backup, or not as it was written; the text says which."""


class Summed(io.RawIOBase):
    """A file that sums up what is read from it or written to it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.sum = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(size)
        self.sum.update(data)
        return data

    def write(self, data: Any) -> int:
        self.sum.update(data)
        return self.file.write(data)

    def tell(self) -> int:
        return self.file.tell()


class Writer:
    """Writes an archive, part by part."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = Summed(file)
        self._tar = tarfile.TarFile(fileobj=self._file, mode="w", format=tarfile.PAX_FORMAT)
        self._sums = tempfile.SpooledTemporaryFile(CHUNK)  # noqa: SIM115  (closed by `seal`)

    def add(self, name: str, body: IO[bytes], size: int) -> str:
        """Add a part of so many bytes; its SHA-256."""
        summed = Summed(body)
        part = _part(name, size)
        self._tar.addfile(part, summed)
        self._tar.members.clear()  # type: ignore[attr-defined]  # millions of pictures are not to be remembered
        self._sums.write(_line(summed, name))
        return summed.sum.hexdigest()

    def add_bytes(self, name: str, body: bytes) -> None:
        """Add a part that is at hand."""
        self.add(name, io.BytesIO(body), len(body))

    def seal(self) -> None:
        """Add the sums and the seal: the archive is complete."""
        size = self._sums.tell()
        self._sums.seek(0)
        self._tar.addfile(_part(SUMS, size), self._sums)
        self._sums.close()
        self._file.write(_trailer(self._file.tell(), self._file.sum.hexdigest()))


def verify(path: Path) -> None:
    """Read the whole file once. Raises Damaged unless every byte is as it was written."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        longest_trailer = 4 * tarfile.BLOCKSIZE + tarfile.RECORDSIZE
        begin = file.seek(max(0, size - longest_trailer))
        tail = file.read()
        # The last block that is not empty is what the seal says; before it stands the seal's header.
        at = (len(tail.rstrip(b"\0")) - 1) // tarfile.BLOCKSIZE * tarfile.BLOCKSIZE
        digest = tail[at : at + 64].decode("ascii", "replace")
        sealed = begin + at - tarfile.BLOCKSIZE
        if at < tarfile.BLOCKSIZE or tail[at - tarfile.BLOCKSIZE :] != _trailer(sealed, digest):
            raise Damaged("It is no backup of Marketdesk, or its end is missing.")
        file.seek(0)
        summed, left = Summed(file), sealed
        with tqdm(total=sealed, desc="Checking", unit="B", unit_scale=True, disable=None, leave=False) as bar:
            while data := summed.read(min(CHUNK, left)):
                left -= len(data)
                bar.update(len(data))
        if summed.sum.hexdigest() != digest:
            raise Damaged("It was altered after it had been written.")


def parts(path: Path) -> Iterator[tuple[str, Summed]]:
    """Every part in turn, to be read before the next is asked for. Raises Damaged when one is not what the sums say."""
    sums = hashlib.sha256()
    with path.open("rb") as file, tarfile.open(fileobj=file, mode="r|") as tar:
        while (part := _next(tar)) is not None and part.name != SEAL:
            tar.members.clear()  # type: ignore[attr-defined]
            body = Summed(tar.extractfile(part) or io.BytesIO())
            yield part.name, body
            while body.read(CHUNK):
                pass
            if part.name == SUMS and body.sum.digest() != sums.digest():
                raise Damaged("It was altered after it had been checked.")
            sums.update(_line(body, part.name))


def _next(tar: tarfile.TarFile) -> tarfile.TarInfo | None:
    """The next part. Raises Damaged where it is anything but a plain file whose every byte is there: no link leads
    elsewhere, and nothing is read that is larger than the archive."""
    try:
        part = tar.next()
    except tarfile.TarError as broken:
        raise Damaged(f"It cannot be read: {broken}.") from None
    if part is not None and (not part.isreg() or part.issparse()):
        raise Damaged(f"It holds what no backup holds: {part.name}")
    return part


def about(path: Path) -> dict[str, Any]:
    """What an archive says of itself, and its secret key where it holds one (`key`)."""
    found: dict[str, Any] = {}
    for name, body in parts(path):
        if name == ABOUT:
            try:
                found = json.loads(body.read())
                format_, version = found["format"], found["marketdesk"]
            except (ValueError, LookupError, TypeError):
                raise Damaged("It does not say what it holds.") from None
            if format_ != FORMAT:
                raise Damaged(f"It was made by Marketdesk {version}, in a way that this version cannot read.")
        elif name == KEY:
            return {**found, "key": body.read().decode()}
        else:
            break
    return {**found, "key": ""}


def _part(name: str, size: int) -> tarfile.TarInfo:
    part = tarfile.TarInfo(name)
    part.size, part.mode = size, 0o600
    return part


def _line(body: Summed, name: str) -> bytes:
    return f"{body.sum.hexdigest()}  {name}\n".encode()


def _trailer(offset: int, digest: str) -> bytes:
    """The last bytes of an archive, from the seal's header at this offset on."""
    seal = _part(SEAL, 64).tobuf(tarfile.USTAR_FORMAT) + digest.encode("ascii", "replace").ljust(
        tarfile.BLOCKSIZE, b"\0"
    )
    whole = offset + len(seal) + 2 * tarfile.BLOCKSIZE
    return seal + bytes(2 * tarfile.BLOCKSIZE + -whole % tarfile.RECORDSIZE)
