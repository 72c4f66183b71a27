"""Making a backup: the database as it is at one moment, then the files that it names, while everybody writes on."""

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone
from tqdm import tqdm

from marketdesk.backups import archive, databases
from marketdesk.lib.files import sync_names
from marketdesk.tickets.models import Attachment
from marketdesk.version import VERSION


@dataclass
class Made:
    """What went into a backup, and which files did not: `erased` meanwhile, `lost` before."""

    size: int = 0
    files: int = 0
    erased: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)


def back_up(target: Path, *, with_key: bool = True) -> Made:
    """Write a backup: whole under its name, or not at all. Raises databases.Impossible and OSError."""
    made = Made()
    # Beside the target, so that the last step is a renaming; and for the owner alone.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as folder:
        draft = Path(folder) / "archive"
        with draft.open("xb") as file:
            os.fchmod(file.fileno(), 0o600)
            _write(archive.Writer(file), Path(folder) / "database", made, with_key=with_key)
            file.flush()
            os.fsync(file.fileno())
            made.size = file.tell()
        os.replace(draft, target)
    sync_names(target.parent)
    return made


def _write(to: archive.Writer, copy: Path, made: Made, *, with_key: bool) -> None:
    # The database first: a file is stored before the row that names it, so every file that the copy names is there.
    with databases.copied(copy) as database:
        named = database.pictures()
        about = {
            "format": archive.FORMAT,
            "marketdesk": VERSION,
            "made_at": timezone.now().isoformat(timespec="seconds"),
            "database": {"kind": databases.kind(), "version": databases.version()},
            "migrations": database.migrations(),
            "rows": database.rows(),
            "key_print": print_of(settings.SECRET_KEY),
        }
    to.add_bytes(archive.ABOUT, json.dumps(about, indent=1).encode())
    if with_key:
        to.add_bytes(archive.KEY, settings.SECRET_KEY.encode())
    with copy.open("rb") as body:
        to.add(archive.DATABASES[databases.kind()], body, copy.stat().st_size)
    copy.unlink()
    for sha256, mime in tqdm(named, desc="Pictures", disable=None, leave=False):
        _add_picture(to, Attachment(sha256=sha256, mime=mime), made)
    to.seal()


def _add_picture(to: archive.Writer, picture: Attachment, made: Made) -> None:
    """The picture and its thumbnail."""
    for path in (picture.path, picture.thumbnail_path):
        try:
            with default_storage.open(path) as body:
                sha256 = to.add(archive.FILES + path, body, body.size)
        except FileNotFoundError:
            is_named = Attachment.objects.filter(sha256=picture.sha256).exists()
            (made.lost if is_named else made.erased).append(path)
            continue
        made.files += 1
        if path == picture.path and sha256 != picture.sha256:
            made.altered.append(path)


def print_of(key: str) -> str:
    """What tells a secret key from others, and nothing of it."""
    return hashlib.sha256(f"backup:{key}".encode()).hexdigest()
