"""`marketdesk backup`, `restore` and `resume`: everything in one file, and back."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django

from marketdesk.cli.starting import Commands, Refused, check_home, prepare, say, start
from marketdesk.lib import env

GUIDE = "docs/backups.md"


def add(commands: Commands) -> None:
    """Name the commands."""
    backup = commands.add_parser("backup", help="write everything into one file, while the desk runs")
    backup.add_argument("file", metavar="FILE", type=Path)
    backup.add_argument("--force", action="store_true", help="replace a file that is there")
    backup.add_argument("--without-key", action="store_true", help="leave the secret key out: you keep it elsewhere")
    backup.add_argument("--check", action="store_true", help="look whether a backup is whole; write nothing")
    backup.set_defaults(run=_backup)
    restore = commands.add_parser("restore", help="make the desk of a backup, in an empty home and database")
    restore.add_argument("file", metavar="FILE", type=Path)
    restore.add_argument("--into", metavar="HOME", type=Path, help="the empty home (default: MARKETDESK_HOME)")
    restore.set_defaults(run=_restore)
    resume = commands.add_parser("resume", help="let a restored desk send again, and keep its deadlines")
    resume.set_defaults(run=_resume)


def _backup(options: argparse.Namespace) -> int:
    file: Path = options.file
    if options.check:
        about = _checked(file)
        held = "" if about["key"] else ", without its secret key"
        say(f"{file} is whole: {_made(about)}{held}.")
        return 0
    if file.is_dir() or (file.exists() and not options.force):
        raise Refused(f"{file} is there already. Name another file, or replace it with --force.")
    home = env.folder("MARKETDESK_HOME", "var")
    if not env.text("MARKETDESK_SECRET_KEY") and not (home / "secret-key").exists():
        # The settings would make a new key, which opens nothing of what is backed up.
        raise Refused(f"There is no desk in {home}, or not its key. Name its home with MARKETDESK_HOME.")
    # No preparing: a backup comes before an upgrade, and changes nothing.
    check_home()
    django.setup()
    from marketdesk.backups import writing

    with _in_words(file):
        made = writing.back_up(file, with_key=not options.without_key)
    say(f"{file}: {made.size / 1e6:.1f} MB, {made.files} files.")
    for paths, why in (
        (made.erased, "were erased while the backup was made, and are not in it"),
        (made.lost, "are named by the database, but the storage does not have them"),
        (made.altered, "are not what was stored"),
    ):
        if paths:
            say(f"{len(paths)} files {why}: {', '.join(paths[:3])}{' …' if len(paths) > 3 else ''}")
    return 0


def _restore(options: argparse.Namespace) -> int:
    file: Path = options.file
    about = _checked(file)
    if options.into:
        os.environ["MARKETDESK_HOME"] = str(options.into)
    # Before the settings are read: without a key they would make one, in a place that is to stay empty.
    key = env.text("MARKETDESK_SECRET_KEY") or about["key"]
    if not key:
        raise Refused("The backup holds no secret key. Set MARKETDESK_SECRET_KEY to the one that it was made with.")
    os.environ["MARKETDESK_SECRET_KEY"] = key
    django.setup()
    from marketdesk.backups import restoring

    with _in_words(file):
        restoring.refuse(about)
        check_home()
        files = restoring.restore(file, about)
    start()
    prepare()
    from django.conf import settings

    say(f"Restored into {settings.HOME}: {_made(about)}, {files} files.")
    say(f"It is paused: it sends nothing until `marketdesk resume`. First see {GUIDE}.")
    return 0


def _resume(_options: argparse.Namespace) -> int:
    start()
    from marketdesk import home

    if not home.resume():
        raise Refused("It is not paused.")
    say("The worker does what is due again.")
    return 0


def _checked(file: Path) -> dict[str, Any]:
    """What an archive says of itself, once it is known to be whole."""
    from marketdesk.backups import archive

    with _in_words(file):
        archive.verify(file)
        for _part in archive.parts(file):
            pass
        return archive.about(file)


def _made(about: dict[str, Any]) -> str:
    kind = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[about["database"]["kind"]]
    return f"made {about['made_at']} by Marketdesk {about['marketdesk']}, {kind}"


@contextmanager
def _in_words(file: Path) -> Iterator[None]:
    from marketdesk.backups import archive, databases

    try:
        yield
    except archive.Damaged as damaged:
        raise Refused(f"{file} cannot be used. {damaged}") from None
    except databases.Impossible as impossible:
        raise Refused(str(impossible)) from None
    except OSError as failure:
        raise Refused(f"{failure.filename or file}: {failure.strerror or failure}.") from None
