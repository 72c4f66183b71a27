"""Pictures on a ticket: private, drawn anew on arrival, stored by what they hold."""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import IO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models
from django.utils import timezone

from marketdesk.journal.models import Audience
from marketdesk.lib import images
from marketdesk.lib.ids import PublicIdField
from marketdesk.people.actor import Actor
from marketdesk.tickets.errors import FilesAway
from marketdesk.tickets.models.message import Message

log = logging.getLogger(__name__)

MOST = 6
FOLDER = "pictures"


class Attachments(models.QuerySet["Attachment"]):
    """Pictures, seen through the one gate."""

    def visible_to(self, actor: Actor) -> "Attachments":
        """Pictures of the messages that an actor may read, and their own that are not sent yet."""
        from marketdesk.tickets.models.ticket import Ticket

        sent = models.Q(
            message__audience__in=Audience.readable_by(actor.party),
            message__ticket__in=Ticket.objects.visible_to(actor),
        )
        return self.filter(sent | self._own(actor))

    def on_page(self, actor: Actor, ticket_id: str) -> "Attachments":
        """Pictures that an actor may see on a ticket's page: those of its messages, and their own not sent yet."""
        return self.visible_to(actor).filter(
            models.Q(message__isnull=True) | models.Q(message__ticket__public_id=ticket_id)
        )

    def kept_for(self, actor: Actor, public_ids: Iterable[str]) -> list["Attachment"]:
        """The actor's own pictures that wait to be sent, of these ids; foreign and unknown ids are passed over."""
        # PostgreSQL refuses to look for NUL.
        named = [public_id.replace("\x00", "") for public_id in public_ids]
        return list(self.filter(self._own(actor), public_id__in=named[:MOST]))

    @staticmethod
    def _own(actor: Actor) -> models.Q:
        return models.Q(message__isnull=True, kept=False, uploader=actor.who)


class Attachment(models.Model):
    """One picture. Without a message it waits to be sent, and only its uploader sees it."""

    public_id = PublicIdField()
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="attachments")
    merchant_id = models.BigIntegerField(null=True)
    uploader = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    mime = models.CharField(max_length=20)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    kept = models.BooleanField(default=False)  # it belongs to something else than a message, which shows it

    objects = Attachments.as_manager()

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(fields=["uploader"], name="attachment_waiting", condition=models.Q(message__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def keep(cls, upload: IO[bytes], name: str, *, by: Actor) -> "Attachment":
        """Draw an upload anew and store it. Raises images.BadPicture and FilesAway."""
        return cls.store(images.redraw(upload), name, by=by)

    @classmethod
    def store(cls, picture: images.Picture, name: str, *, by: Actor) -> "Attachment":
        """Store what is drawn already, file before row. Raises FilesAway."""
        attachment = cls(
            uploader=by.who,
            name=_plain(name),
            sha256=picture.sha256,
            mime=picture.mime,
            size=len(picture.body),
            width=picture.width,
            height=picture.height,
            at=by.at,
        )
        with _at_hand():
            for path, body in ((attachment.path, picture.body), (attachment.thumbnail_path, picture.thumbnail)):
                if not default_storage.exists(path):
                    default_storage.save(path, ContentFile(body))
        attachment.save(force_insert=True)
        return attachment

    @property
    def suffix(self) -> str:
        return "png" if self.mime == "image/png" else "jpg"

    @property
    def file_name(self) -> str:
        """What it is saved as: the sender's own name may end with another kind of file's."""
        return f"{self.public_id}.{self.suffix}"

    @property
    def path(self) -> str:
        """Where the picture lies in the storage."""
        return f"{FOLDER}/{self.sha256[:2]}/{self.sha256}.{self.suffix}"

    @property
    def thumbnail_path(self) -> str:
        return f"{FOLDER}/{self.sha256[:2]}/{self.sha256}-small.{self.suffix}"

    def open(self, *, small: bool = False) -> IO[bytes]:
        """The picture's bytes, or its thumbnail's. Raises FileNotFoundError and FilesAway."""
        with _at_hand():
            return default_storage.open(self.thumbnail_path if small else self.path)

    @classmethod
    def sweep(cls, before: datetime) -> int:
        """Forget pictures that were chosen but never sent. Files go when no row names them any more."""
        unsent = cls.objects.filter(message__isnull=True, kept=False, at__lt=before)
        gone = 0
        for attachment in list(unsent):
            # Asked again at the moment of deletion: it may just have been sent.
            gone += unsent.filter(pk=attachment.pk).delete()[0]
            if not cls.objects.filter(sha256=attachment.sha256).exists():
                default_storage.delete(attachment.path)
                default_storage.delete(attachment.thumbnail_path)
        cls._sweep_files(before)
        return gone

    @classmethod
    def _sweep_files(cls, before: datetime) -> None:
        """Files that no row ever named, because what they came with was refused, or a process died in between."""
        for folder in stored_folders():
            _folders, names = default_storage.listdir(f"{FOLDER}/{folder}")
            prints = {name: re.split(r"[-.]", name)[0] for name in names}
            known = set(cls.objects.filter(sha256__in=prints.values()).values_list("sha256", flat=True))
            for name in (name for name, print_ in prints.items() if print_ not in known):
                path = f"{FOLDER}/{folder}/{name}"
                if default_storage.get_modified_time(path) < before:
                    default_storage.delete(path)


def stored_folders() -> list[str]:
    """The folders that hold pictures; none where none was stored yet."""
    try:
        return list(default_storage.listdir(FOLDER)[0])
    except FileNotFoundError:
        return []


@contextmanager
def _at_hand() -> Iterator[None]:
    """A storage that fails is said to be away; what it says of itself is for the operator."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as failure:
        log.error("pictures can be neither stored nor read: %s", failure)
        raise FilesAway from failure


_JOINERS = "\u200c\u200d"


def _plain(name: str) -> str:
    """A file name fit to be shown: no path, no control or direction characters; but what joins letters and emoji."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(letter for letter in last if letter.isprintable() or letter in _JOINERS).strip()[:200] or "picture"
