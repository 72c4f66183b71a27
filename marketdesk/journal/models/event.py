"""What happened: written in the transaction that did it, never changed afterwards."""

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketdesk.journal.models.job import Job
from marketdesk.lib import prepared


class Audience(models.TextChoices):
    """Who may read an event or a message."""

    EVERYONE = "everyone", _("Everyone on this ticket")
    STAFF = "staff", _("Merchant and platform support")
    PLATFORM = "platform", _("Platform support only")

    @classmethod
    def readable_by(cls, party: str) -> list["Audience"]:
        """The audiences whose words a party may read. The clock reads everything."""
        return {
            "customer": [cls.EVERYONE],
            "merchant": [cls.EVERYONE, cls.STAFF],
        }.get(party, [cls.EVERYONE, cls.STAFF, cls.PLATFORM])


class Event(models.Model):
    """One thing that happened. Timeline, mail and audit read events; ids of tickets and merchants are bare
    numbers because this room knows nothing of the rooms above it."""

    verb = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.BigIntegerField()
    merchant_id = models.BigIntegerField(null=True)
    ticket_id = models.BigIntegerField(null=True)
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.EVERYONE)
    actor = models.JSONField(default=dict)
    data = models.JSONField(default=dict)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["ticket_id", "id"], name="event_by_ticket"),
            models.Index(fields=["subject_id"], name="event_of_refund", condition=Q(subject_kind="refund")),
            models.Index(fields=["ticket_id"], name="event_of_reopening", condition=Q(verb="reopen")),
        ]

    def __str__(self) -> str:
        return f"{self.verb} {self.subject_kind} {self.subject_id}"

    @classmethod
    def tell(cls, **fields: Any) -> "Event":
        """Write an event, and in the same transaction the job that tells people of it."""
        event = cls(**fields)
        prepared.insert(event)
        Job.put("tell", {"event": event.pk}, merchant_id=event.merchant_id)
        return event
