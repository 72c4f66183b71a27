"""Files in a folder: each is there whole, or not at all, and stays after a power cut."""

import os
import tempfile
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage


class Folder(FileSystemStorage):
    """A folder of files that are named by what they hold: the same name is the same file."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_overwrite=True, **options)

    def _save(self, name: str, content: "File[bytes]") -> str:
        # Under another name first: of one that was broken off, or met a full disk, nothing is left that has a name.
        path = Path(self.path(name))
        is_first = not path.parent.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".") as folder:
            draft = Path(folder) / path.name
            with draft.open("xb") as file:
                for chunk in content.chunks():
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        sync_names(path.parent)
        if is_first:
            sync_names(path.parent.parent)
        return name


def sync_names(folder: Path) -> None:
    """A new name in a folder survives a power cut once the folder is written as well."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
