"""Lists that an operator orders: every version, append-only, and what somebody is changing and has not saved yet."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketdesk.people.models import User


class ListKind(models.TextChoices):
    """Which list it is."""

    ROUTING = "routing", _("Routing rules")
    ISSUES = "issues", _("Issue types")


class ListChange(models.Model):
    """One change of a list: all of it before and after, who made it and why."""

    kind = models.CharField(max_length=10, choices=ListKind)
    before = models.JSONField(default=list)
    rows = models.JSONField(default=list)
    reason = models.CharField(max_length=500)
    actor = models.JSONField(default=dict)
    made_at = models.DateTimeField(default=timezone.now)
    # The change whose `before` it brought back.
    undoes = models.ForeignKey("self", models.PROTECT, null=True, related_name="undone_by")

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["kind", "id"], name="list_change_by_kind")]

    def __str__(self) -> str:
        return f"{self.kind} at {self.made_at:%Y-%m-%d %H:%M}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Only ever a new row: what was decided is never rewritten."""
        if self.pk:
            raise TypeError("A change of a list is never edited: make another one.")
        super().save(force_insert=True)


class ListDraft(models.Model):
    """A list as somebody would have it; `seen` is the edition that they began with."""

    kind = models.CharField(max_length=10, choices=ListKind)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    rows = models.JSONField(default=list)
    seen = models.BigIntegerField(default=0)
    touched_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "user"], name="list_draft_once")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.user}"
