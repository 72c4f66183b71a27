"""Reply templates: provided by the platform, in several languages, by category (M63-M67)."""

from django.db import models
from django.utils import timezone

from marketdesk.lib import languages
from marketdesk.merchants.models import Merchant
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


class ReplyUse(models.Model):
    """How often a store's people have sent a template."""

    merchant = models.ForeignKey(Merchant, models.CASCADE, related_name="+")
    template = models.ForeignKey(ReplyTemplate, models.CASCADE, related_name="uses")
    times = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "template"], name="reply_use_once")]

    def __str__(self) -> str:
        return f"{self.template} {self.times} times"


class ReplyChange(models.Model):
    """One change of a template: all of it before and after, who made it and why. Nothing before a new one."""

    template = models.ForeignKey(ReplyTemplate, models.CASCADE, related_name="changes")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=500)
    actor = models.JSONField(default=dict)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.template} at {self.made_at:%Y-%m-%d %H:%M}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Only ever a new row: what was decided is never rewritten."""
        if self.pk:
            raise TypeError("A change of a template is never edited: make another one.")
        super().save(force_insert=True)
