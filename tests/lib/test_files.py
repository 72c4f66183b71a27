"""A file is there whole or not at all."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile, File
from django.core.files.storage import FileSystemStorage

from marketdesk.lib.files import Folder


@pytest.fixture
def files(tmp_path: Path) -> Folder:
    return Folder(location=tmp_path)


class Cut(ContentFile):  # type: ignore[type-arg]  # not subscriptable when it runs
    """An upload that breaks off in the middle."""

    def __init__(self, code: int) -> None:
        super().__init__(b"half")
        self.code = code

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        yield b"half"
        raise OSError(self.code, os.strerror(self.code))


def all_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_file_is_stored_under_its_name_alone(files: Folder, tmp_path: Path) -> None:
    files.save("pictures/ab/abc.png", ContentFile(b"whole"))

    assert all_in(tmp_path) == [tmp_path / "pictures" / "ab" / "abc.png"]
    assert (tmp_path / "pictures" / "ab" / "abc.png").read_bytes() == b"whole"


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_fails_leaves_nothing_of_it(files: Folder, tmp_path: Path, code: int) -> None:
    with pytest.raises(OSError, match=os.strerror(code)):
        files.save("pictures/ab/abc.png", Cut(code))

    assert all_in(tmp_path) == []
    files.save("pictures/ab/abc.png", ContentFile(b"whole"))
    assert files.open("pictures/ab/abc.png").read() == b"whole"


def test_control_a_storage_that_writes_in_place_leaves_half_a_file(tmp_path: Path) -> None:
    """And takes it for the whole one when the same picture comes again, because names are made of what is inside."""
    with pytest.raises(OSError, match="No space left"):
        FileSystemStorage(tmp_path).save("pictures/ab/abc.png", Cut(errno.ENOSPC))

    assert (tmp_path / "pictures" / "ab" / "abc.png").read_bytes() == b"half"


def test_a_file_is_on_the_disk_before_it_has_its_name(
    files: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A power cut must not leave the name with nothing behind it."""
    synced, real = [], os.fsync

    def fsync(file: int) -> None:
        named = Path(os.readlink(f"/proc/self/fd/{file}"))
        synced.append((named.is_file(), (tmp_path / "a" / "b.png").exists()))
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)

    files.save("a/b.png", ContentFile(b"whole"))

    assert synced == [(True, False), (False, True), (False, True)]


def test_two_that_store_the_same_at_once_store_it_once(files: Folder, tmp_path: Path) -> None:
    class Twin(ContentFile):  # type: ignore[type-arg]
        def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
            other: File[Any] = ContentFile(b"whole")
            files.save("a/b.png", other)  # in the middle of the first one
            yield b"whole"

    files.save("a/b.png", Twin(b"whole"))

    assert all_in(tmp_path) == [tmp_path / "a" / "b.png"]
