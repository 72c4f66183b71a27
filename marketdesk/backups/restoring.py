"""Restoring: a backup becomes a desk in an empty place, and nothing goes out from it until somebody says so."""

import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.utils.version import get_version_tuple
from tqdm import tqdm

from marketdesk import home
from marketdesk.backups import UNFINISHED, archive, databases
from marketdesk.backups.databases import Impossible
from marketdesk.backups.writing import print_of
from marketdesk.tickets.models.attachment import stored_folders
from marketdesk.version import VERSION

# Nothing else is ever written, whoever made the archive.
PICTURE = re.compile(r"pictures/[0-9a-f]{2}/[0-9a-f]{64}(-small)?\.(jpg|png)")


def refuse(about: dict[str, Any]) -> None:
    """Raise Impossible unless this archive, which is whole, can be restored in this place. Writes nothing."""
    kind = about["database"]["kind"]
    if kind != databases.kind():
        raise Impossible(
            f"The backup holds a database of {_name(kind)}, and DATABASE_URL names one of {_name(databases.kind())}. "
            "Restore it to its own kind."
        )
    unknown = _unknown(about["migrations"])
    if unknown or get_version_tuple(about["marketdesk"]) > get_version_tuple(VERSION):
        raise Impossible(
            f"The backup was made by Marketdesk {about['marketdesk']}, which is newer than this one "
            f"({unknown or VERSION}). Install that version, or a later one, and restore with it."
        )
    if about["key_print"] != print_of(settings.SECRET_KEY):
        raise Impossible(
            "MARKETDESK_SECRET_KEY is not the key that the backup was made with: what it sealed could not be read. "
            "Set that key, or none where the backup holds it."
        )
    if settings.HOME.exists() and any(settings.HOME.iterdir()):
        raise Impossible(f"{settings.HOME} is not empty. Restore into an empty folder (--into), or move that one away.")
    if not databases.is_empty():
        raise Impossible("The database is not empty. Make an empty one, and name it in DATABASE_URL.")
    if stored_folders():
        raise Impossible("The storage of files (MARKETDESK_FILES) holds pictures already. Name an empty place.")


def restore(path: Path, about: dict[str, Any]) -> int:
    """Make the desk of an archive that was not refused; how many files it has. A home where this was broken off
    serves nobody."""
    settings.HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = settings.HOME / UNFINISHED
    unfinished.touch(exist_ok=False)
    home.pause()
    files = 0
    for name, body in tqdm(archive.parts(path), desc="Restoring", disable=None, leave=False):
        if name == archive.KEY:
            _write(settings.HOME / "secret-key", body)
        elif name in archive.DATABASES.values():
            _fill(body)
        elif name.startswith(archive.FILES):
            _keep(name.removeprefix(archive.FILES), body)
            files += 1
    rows = databases.now().rows()
    if rows != about["rows"]:
        differing = sorted(table for table, number in about["rows"].items() if rows.get(table) != number)
        raise Impossible(f"The database is not what the backup says of it: {', '.join(differing)}.")
    connection.close()
    os.sync()  # done means that it survives a power cut
    unfinished.unlink()
    return files


def _fill(body: archive.Summed) -> None:
    # Beside the database, so that SQLite's becomes it by a renaming.
    place = Path(connection.settings_dict["NAME"]).parent if databases.kind() == "sqlite" else settings.HOME
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place, prefix=".restoring.") as folder:
        source = Path(folder) / "database"
        _write(source, body)
        databases.fill(source)


def _write(target: Path, body: archive.Summed) -> None:
    with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        shutil.copyfileobj(body, file, archive.CHUNK)


def _keep(path: str, body: archive.Summed) -> None:
    if not PICTURE.fullmatch(path):
        raise archive.Damaged(f"It holds what no backup holds: {path}")
    default_storage.save(path, ContentFile(body.read()))


def _unknown(migrations: dict[str, list[str]]) -> str:
    """The first migration that this version does not have; nothing where it has all."""
    loader = MigrationLoader(None)
    unknown = [
        f"it lacks {app}.{name}"
        for app in migrations.keys() & loader.migrated_apps
        for name in migrations[app]
        if (app, name) not in loader.disk_migrations
    ]
    return min(unknown, default="")


def _name(kind: str) -> str:
    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(kind, kind)
