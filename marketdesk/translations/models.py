"""Stored translations of messages: the original is never replaced (M69, M70, D18)."""

from django.db import models
from django.utils import timezone

from marketdesk.tickets.models import Message


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
