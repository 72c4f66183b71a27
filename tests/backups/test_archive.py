"""The file of a backup: what was cut off or altered is found, whatever it was."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from marketdesk.backups import archive

PARTS = {
    archive.ABOUT: json.dumps({"format": archive.FORMAT, "marketdesk": "0.1.0"}).encode(),
    archive.KEY: b"only-for-tests",
    archive.DATABASES["sqlite"]: bytes(range(256)) * 300,
    "files/pictures/ab/abc.jpg": b"a picture",
}


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    path = tmp_path / "whole.tar"
    with path.open("wb") as file:
        writer = archive.Writer(file)
        for name, body in PARTS.items():
            writer.add(name, io.BytesIO(body), len(body))
        writer.seal()
    return path


def test_what_is_written_is_read(whole: Path) -> None:
    archive.verify(whole)

    read = {name: body.read() for name, body in archive.parts(whole)}
    assert {name: read[name] for name in PARTS} == PARTS
    assert archive.about(whole)["key"] == "only-for-tests"


def test_any_program_that_knows_tar_can_open_it(whole: Path) -> None:
    with tarfile.open(whole) as tar:
        names = tar.getnames()

    assert names == [*PARTS, archive.SUMS, archive.SEAL]


def test_a_backup_that_was_cut_off_anywhere_is_refused(whole: Path) -> None:
    body = whole.read_bytes()
    for length in [*range(0, len(body), 997), len(body) - 512, len(body) - 1]:
        whole.write_bytes(body[:length])

        with pytest.raises(archive.Damaged):
            archive.verify(whole)


def test_a_backup_of_which_one_bit_was_altered_is_refused(whole: Path) -> None:
    body = whole.read_bytes()
    for place in [*range(0, len(body), 499), len(body) - 1]:
        altered = bytearray(body)
        altered[place] ^= 1
        whole.write_bytes(altered)

        with pytest.raises(archive.Damaged):
            archive.verify(whole)


def test_nothing_can_be_added_behind_the_end(whole: Path) -> None:
    with whole.open("ab") as file:
        file.write(bytes(512))

    with pytest.raises(archive.Damaged):
        archive.verify(whole)


@pytest.mark.parametrize("body", [b"", b"\0" * 20480, b"PK\x03\x04" * 5000])
def test_another_file_is_no_backup(body: bytes, tmp_path: Path) -> None:
    path = tmp_path / "holiday.zip"
    path.write_bytes(body)

    with pytest.raises(archive.Damaged, match="no backup of Marketdesk"):
        archive.verify(path)


def test_a_part_that_is_altered_between_checking_and_reading_is_found(whole: Path) -> None:
    whole.write_bytes(whole.read_bytes().replace(b"a picture", b"a forgery"))

    with pytest.raises(archive.Damaged, match="after it had been checked"):
        list(archive.parts(whole))


def test_a_format_of_later_years_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "later.tar"
    with path.open("wb") as file:
        writer = archive.Writer(file)
        writer.add_bytes(archive.ABOUT, b'{"format": 2, "marketdesk": "9.0"}')
        writer.seal()

    with pytest.raises(archive.Damaged, match=r"made by Marketdesk 9\.0"):
        archive.about(path)


SPARSE = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,0", "GNU.sparse.size": str(10**13)}


@pytest.mark.parametrize(
    "odd",
    [
        {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        {"type": tarfile.LNKTYPE, "linkname": archive.ABOUT},
        {"type": tarfile.FIFOTYPE},
        {"type": tarfile.DIRTYPE},
        {"pax_headers": SPARSE},
    ],
    ids=["a link", "a hard link", "a pipe", "a folder", "ten terabytes of nothing"],
)
def test_what_no_backup_holds_is_refused_unread(odd: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "odd.tar"
    with path.open("wb") as file:
        writer = archive.Writer(file)
        part = tarfile.TarInfo("files/pictures/ab/abc.jpg")
        for name, value in odd.items():
            setattr(part, name, value)
        writer._tar.addfile(part)
        writer.seal()
    archive.verify(path)

    with pytest.raises(archive.Damaged):
        next(archive.parts(path))


@pytest.mark.parametrize("said", [b"[]", b"{}", b"not JSON", b"\xff"])
def test_what_says_nothing_of_itself_is_refused(said: bytes, tmp_path: Path) -> None:
    path = tmp_path / "mute.tar"
    with path.open("wb") as file:
        writer = archive.Writer(file)
        writer.add_bytes(archive.ABOUT, said)
        writer.seal()

    with pytest.raises(archive.Damaged):
        archive.about(path)
