"""A file is there whole, or not at all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from marketdesk.lib.files import Folder


class Breaking(ContentFile):  # type: ignore[type-arg]  # not subscriptable when it runs
    """What arrives on a disk that becomes full."""

    def chunks(self, chunk_size: int | None = None) -> Iterator[Any]:
        yield b"half of"
        raise OSError(28, "No space left on device")


def test_of_a_file_that_could_not_be_finished_nothing_is_left(tmp_path: Path) -> None:
    folder = Folder(location=tmp_path)

    with pytest.raises(OSError, match="No space left"):
        folder.save("ab/picture.png", Breaking(b""))

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert not folder.exists("ab/picture.png")


def test_the_same_file_twice_is_one(tmp_path: Path) -> None:
    folder = Folder(location=tmp_path)

    names = {folder.save("ab/picture.png", ContentFile(b"a lamp")) for _ in range(2)}

    assert names == {"ab/picture.png"}
    assert [path.name for path in (tmp_path / "ab").iterdir()] == ["picture.png"]
    assert folder.open("ab/picture.png").read() == b"a lamp"
