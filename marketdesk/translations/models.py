"""Stored translations of messages: the original is never replaced (M69, M70, D18)."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone

from marketdesk.journal.models import Job
from marketdesk.lib.ids import PublicIdField
from marketdesk.people.actor import Actor
from marketdesk.tickets.models import Message, Ticket
from marketdesk.translations.engines import WHY

JOB = "translate"
# After so long nobody waits for it any more: whoever asks again, asks the engine again.
LOST = timedelta(minutes=2)


class Translation(models.Model):
    """A message in another language. `engine` names who made it; `human` for a person."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="translations")
    language = models.CharField(max_length=10)
    engine = models.CharField(max_length=40)
    body = models.TextField()
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "language", "engine"], name="translation_once")]

    def __str__(self) -> str:
        return f"{self.message_id} in {self.language} by {self.engine}"

    @property
    def by_machine(self) -> bool:
        return self.engine != "human"


class Wanted(models.Model):
    """A translation that somebody has asked for: of a message, or of a reply that is not sent yet (`body` holds it
    then, once it is there). The worker makes it; `failure` says why it could not (engines.WHY)."""

    public_id = PublicIdField()
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="+")
    asker = models.CharField(max_length=60)
    source = models.CharField(max_length=10)
    target = models.CharField(max_length=10)
    text = models.TextField(blank=True)
    body = models.TextField(blank=True)
    engine = models.CharField(max_length=40, blank=True)
    failure = models.CharField(max_length=10, blank=True)
    asked_at = models.DateTimeField(default=timezone.now, db_index=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["message", "target"], name="wanted_once", condition=Q(message__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} from {self.source} into {self.target}"

    @classmethod
    def of_message(cls, message: Message, target: str, *, by: Actor) -> "Wanted":
        """Ask for a message in a language; who asks while it is being made asks nothing new."""
        asked, is_new = cls.objects.get_or_create(
            message=message,
            target=target,
            defaults={"ticket_id": message.ticket_id, "asker": by.who, "source": message.language, "asked_at": by.at},
        )
        if is_new or asked.done_at or asked.asked_at < by.at - LOST:
            asked.source, asked.failure, asked.asked_at, asked.done_at = message.language, "", by.at, None
            asked.save(update_fields=["source", "failure", "asked_at", "done_at"])
            asked._put()
        return asked

    @classmethod
    def of_text(cls, text: str, ticket: Ticket, source: str, target: str, *, by: Actor) -> "Wanted":
        """Ask for a reply that is not sent yet in the language of who is to read it."""
        asked = cls.objects.create(ticket=ticket, asker=by.who, source=source, target=target, text=text, asked_at=by.at)
        asked._put()
        return asked

    def _put(self) -> None:
        Job.put(JOB, {"wanted": self.pk}, merchant_id=self.ticket.merchant_id)

    @property
    def is_working(self) -> bool:
        return self.done_at is None and self.asked_at >= timezone.now() - LOST

    @property
    def why(self) -> str:
        """Why there is none, for its reader."""
        return str(WHY.get(self.failure, WHY["slow"]))
