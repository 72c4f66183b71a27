"""Reply templates: provided by the platform, in several languages, by category (M63-M67)."""

from django.db import models

from marketdesk.lib import languages
from marketdesk.tickets.rules import Category


class ReplyTemplate(models.Model):
    """One template. An empty category means every category; an empty issue every issue of it."""

    code = models.CharField(max_length=60, unique=True)
    category = models.CharField(max_length=30, choices=Category, blank=True)
    issues = models.JSONField(default=list, blank=True)
    position = models.PositiveSmallIntegerField(default=0)
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["position", "code"]

    def __str__(self) -> str:
        return self.code


class ReplyText(models.Model):
    """A template in one language: the words on its button and the reply itself, with placeholders such as
    `{customer}` and `{order}`."""

    template = models.ForeignKey(ReplyTemplate, models.CASCADE, related_name="texts")
    language = models.CharField(max_length=10, choices=list(languages.LANGUAGES.items()))
    title = models.CharField(max_length=60)
    body = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["template", "language"], name="reply_text_once")]

    def __str__(self) -> str:
        return f"{self.title} ({self.language})"
