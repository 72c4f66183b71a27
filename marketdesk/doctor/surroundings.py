"""What an installation stands on: its folders, its settings, mail, files and time zones."""

import os
import shutil
import smtplib
import tempfile
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.mail import get_connection

from marketdesk.doctor.finding import Finding, fine, look, mend
from marketdesk.translations import engines

MEGABYTE = 1_000_000
# Of the disk that the home lies on: with less nothing is begun, with less the operator is told.
ROOM_NEEDED = 20 * MEGABYTE
ROOM_WANTED = 1000 * MEGABYTE
NETWORKED = {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs", "fuse.glusterfs"}


def folders_can_be_written() -> Iterator[Finding]:
    """The home, and the pictures in it."""
    for folder in (Path(settings.HOME), Path(settings.MEDIA_ROOT)):
        try:
            if folder.exists():
                tempfile.TemporaryFile(dir=folder).close()
        except OSError as failure:
            words = f"{folder} cannot be written to ({failure.strerror})."
            yield mend("home", words, "Change its permissions, or make room.")
            return
    yield fine("home", f"{settings.HOME} can be written to.")


def disk_has_room() -> Iterator[Finding]:
    """SQLite needs it for each answer, pictures and PostgreSQL's machine too."""
    free = shutil.disk_usage(settings.HOME).free
    words = f"{free // MEGABYTE} MB are free for {settings.HOME}."
    if free < ROOM_NEEDED:
        yield mend("disk", f"The disk is full: {words}", "Make room.")
    elif free < ROOM_WANTED:
        yield look("disk", words, "Make room soon.")
    else:
        yield fine("disk", words)


def home_is_on_this_machine() -> Iterator[Finding]:
    """SQLite's processes talk through shared memory, which no network file system has."""
    if not settings.IS_SQLITE:
        return
    kind = _file_system(Path(settings.DATABASES["default"]["NAME"]))
    if kind in NETWORKED:
        words = f"The SQLite database lies on a network file system ({kind}), where it can be damaged."
        yield mend("home", words, "Move MARKETDESK_HOME to a disk of this machine, or use PostgreSQL.")


def _file_system(path: Path) -> str:
    """The type of the file system that a path lies on; empty where that is not known."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/self/mounts").read_text().splitlines()]
    except OSError:
        return ""
    holding = [(point, kind) for point, kind in mounts if path.is_relative_to(point)]
    return max(holding, key=lambda one: len(one[0]), default=("", ""))[1]


def secret_is_kept() -> Iterator[Finding]:
    """Nobody else on this machine reads the key."""
    kept = Path(settings.HOME) / "secret-key"
    if kept.exists() and kept.stat().st_mode & 0o077:
        yield mend("secret-key", f"{kept} can be read by others.", f"chmod 600 {kept}")
    else:
        yield fine("secret-key", "The secret key is there, and others cannot read it.")


def address_is_right() -> Iterator[Finding]:
    """Links in mails lead here, over TLS, and the desk answers to their host."""
    host = settings.BASE_URL.partition("://")[2].partition("/")[0].rpartition("@")[2]
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and ":" in host else host
    answered = [*settings.ALLOWED_HOSTS]
    if (
        name not in answered
        and "*" not in answered
        and not any(one.startswith(".") and name.endswith(one) for one in answered)
    ):
        words = f"MARKETDESK_URL leads to {name}, which MARKETDESK_HOSTS ({', '.join(answered)}) does not answer."
        yield mend("address", words, "Add it to MARKETDESK_HOSTS.")
    elif "*" in answered:
        yield look("address", "Any host name is answered.", "Name yours in MARKETDESK_HOSTS.")
    elif not settings.SECURE and name not in {"127.0.0.1", "localhost", "[::1]"}:
        words = f"{settings.BASE_URL} is without TLS: passwords and cookies can be read on the way."
        yield look("address", words, "Put a proxy with TLS in front, and write https:// in MARKETDESK_URL.")
    elif settings.SECURE and not settings.SECURE_PROXY_SSL_HEADER:
        words = "MARKETDESK_URL begins with https://, which only a proxy can speak here; its headers are not believed."
        yield mend("address", words, "Set MARKETDESK_BEHIND_PROXY=yes (docs/operating.md, “Behind a proxy”).")
    else:
        yield fine("address", f"People come to {settings.BASE_URL}.")


def mail_is_sent() -> Iterator[Finding]:
    """The mail server takes our connection."""
    backend = settings.EMAIL_BACKEND.split(".")[-2]
    if backend != "smtp":
        words = f"Mails are not sent (MARKETDESK_MAIL={backend})."
        yield (look if settings.SECURE else fine)("mail", words, *(["Set it to smtp."] if settings.SECURE else []))
        return
    try:
        mail = get_connection(timeout=5)
        mail.open()
        mail.close()
    except (OSError, smtplib.SMTPException) as failure:
        where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
        yield mend(
            "mail", f"The mail server {where} cannot be used: {failure}", "Check MARKETDESK_MAIL_HOST and so on."
        )
    else:
        yield fine("mail", f"The mail server {settings.EMAIL_HOST} takes our mails.")


def files_are_kept() -> Iterator[Finding]:
    """Pictures can be written and read back, wherever they are kept."""
    try:
        name = default_storage.save("doctor", ContentFile(b"doctor"))
        with default_storage.open(name) as kept:
            told = kept.read()
        default_storage.delete(name)
    except Exception as failure:  # each storage has errors of its own
        yield mend("files", f"Pictures cannot be kept: {failure}", "Check where files are stored.")
    else:
        good = told == b"doctor"
        yield fine("files", "Pictures can be kept.") if good else mend("files", "Pictures come back as something else.")


def messages_can_be_translated() -> Iterator[Finding]:
    """The chosen engine has its models, or its service answers. Without one readers are told so on the page."""
    engine = engines.current()
    if not engine:
        words = "Messages are not translated (MARKETDESK_TRANSLATION=none); readers' browsers can do it."
        yield fine("translation", words)
    elif wrong := engine.health():
        yield look("translation", f"{engine.name} cannot translate: {wrong}", "See docs/translations.md.")
    else:
        yield fine("translation", f"Messages are translated by {engine.name}.")


def pages_have_their_files() -> Iterator[Finding]:
    """Scripts and styles were collected."""
    if settings.WHITENOISE_USE_FINDERS:
        return
    if (Path(settings.STATIC_ROOT) / "staticfiles.json").exists():
        yield fine("static", "Styles and scripts are there.")
    else:
        yield mend("static", f"Styles and scripts are not in {settings.STATIC_ROOT}.", "Run marketdesk prepare.")


def time_zones_are_known() -> Iterator[Finding]:
    """Times are shown in each reader's zone."""
    if len(zoneinfo.available_timezones()) < 300:
        yield mend("time-zones", "This machine knows no time zones.", "Install tzdata.")
    else:
        yield fine("time-zones", "Time zones are known.")


def is_not_for_developing() -> Iterator[Finding]:
    """What shows a stranger how it is built."""
    if settings.DEBUG and settings.SECURE:
        yield mend("debug", "MARKETDESK_DEBUG shows strangers tracebacks and settings.", "Leave it out.")
    if accepted := sorted(settings.ACCEPTED):
        yield look(
            "accepted", f"MARKETDESK_ACCEPT passes over: {', '.join(accepted)}.", "Leave it out when it is over."
        )
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        yield look("user", "Marketdesk runs as root.", "Give it a user of its own.")
