"""What somebody began to write, on a ticket or before there is one: kept until it is sent."""

from datetime import datetime
from typing import Any

from django.db import IntegrityError, models
from django.utils import timezone

from marketdesk.lib.prepared import Prepared, Question
from marketdesk.people.actor import Actor
from marketdesk.tickets.models.message import MAX_TEXT, Message


class Draft(models.Model):
    """One draft for each person and ticket."""

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="drafts")
    who = models.CharField(max_length=60)
    body = models.TextField()
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["ticket", "who"], name="one_draft")]

    def __str__(self) -> str:
        return self.body[:60]

    @classmethod
    def keep(cls, ticket_id: int, body: str, *, by: Actor) -> None:
        """Keep what was typed; an emptied field forgets the draft."""
        body = body.replace("\x00", "")[: MAX_TEXT * 2]
        if body.strip():
            cls.objects.update_or_create(ticket_id=ticket_id, who=by.who, defaults={"body": body, "changed_at": by.at})
        else:
            cls.forget(ticket_id, by=by)

    @classmethod
    def keep_unsent(cls, ticket_id: int, body: str, *, by: Actor) -> None:
        """Keep what a page saves while somebody types. A save that arrives after its text was sent keeps nothing, nor
        does one whose ticket is emptied away with its sandbox at this very moment."""
        last = Message.objects.filter(ticket_id=ticket_id, user_id=by.user_id or 0).order_by("-pk").first()
        was_sent = last is not None and last.body.split() == body.split()
        try:
            cls.keep(ticket_id, "" if was_sent else body, by=by)
        except IntegrityError:
            tickets: Any = cls._meta.get_field("ticket").related_model
            if tickets.objects.filter(pk=ticket_id).exists():
                raise

    @classmethod
    def forget(cls, ticket_id: int, *, by: Actor) -> None:
        if not by.is_program:  # which begins nothing on a page
            cls.objects.filter(ticket_id=ticket_id, who=by.who).delete()

    @classmethod
    def of(cls, ticket_id: int, *, by: Actor) -> str:
        """What was typed so far."""
        return _DRAFT.first(ticket_id, by.who) or ""

    @classmethod
    def questions(cls, ticket_id: int, *, by: Actor) -> list[Question]:
        """What `of` asks."""
        return [_DRAFT.question(ticket_id, by.who)]


def _draft(ticket: int, who: str) -> models.QuerySet[Draft, str]:
    return Draft.objects.filter(ticket_id=ticket, who=who).values_list("body", flat=True)


_DRAFT = Prepared(_draft)


class Beginning(models.Model):
    """What a customer began to ask, by where they began: there is no ticket yet, and their next visit is another
    session."""

    MOST = 5

    who = models.CharField(max_length=60)
    page = models.CharField(max_length=200)
    body = models.TextField()
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["who", "page"], name="one_beginning")]

    def __str__(self) -> str:
        return self.body[:60]

    @classmethod
    def keep(cls, page: str, body: str, *, by: Actor) -> None:
        """Keep what was typed; an emptied field is forgotten, and so are all but the latest pages."""
        body = body.replace("\x00", "")[: MAX_TEXT * 2]
        if not body.strip():
            return cls.forget(page, by=by)
        cls.objects.update_or_create(who=by.who, page=_name(page), defaults={"body": body, "changed_at": by.at})
        latest = cls.objects.filter(who=by.who).order_by("-changed_at", "-pk").values_list("pk", flat=True)
        cls.objects.filter(pk__in=list(latest[cls.MOST :])).delete()
        return None

    @classmethod
    def forget(cls, page: str, *, by: Actor) -> None:
        cls.objects.filter(who=by.who, page=_name(page)).delete()

    @classmethod
    def of(cls, page: str, *, by: Actor) -> str:
        """What was typed there so far."""
        found = cls.objects.filter(who=by.who, page=_name(page))
        return found.values_list("body", flat=True).first() or ""

    @classmethod
    def sweep(cls, before: datetime) -> None:
        """Forget what nobody went on with."""
        cls.objects.filter(changed_at__lt=before).delete()


def _name(page: str) -> str:
    """A page's name as every database takes it."""
    return page.replace("\x00", "")[:200]
