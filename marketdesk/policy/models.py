"""The history of the policy: append-only; of the rows that nobody withdrew, the last valid one counts."""

from django.db import models
from django.utils import timezone


class PolicyChange(models.Model):
    """One change: only the values that it changed, who made it and why."""

    values = models.JSONField(default=dict)
    reason = models.CharField(max_length=500)
    actor = models.JSONField(default=dict)
    valid_from = models.DateTimeField(default=timezone.now, db_index=True)
    made_at = models.DateTimeField(default=timezone.now)
    # A row that takes back another one before it became valid; that one then never counts.
    withdraws = models.OneToOneField("self", models.PROTECT, null=True, related_name="withdrawn_by")

    class Meta:
        ordering = ["valid_from", "id"]

    def __str__(self) -> str:
        return f"{', '.join(self.values)} from {self.valid_from:%Y-%m-%d %H:%M}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Only ever a new row: what was promised is never rewritten."""
        if self.pk:
            raise TypeError("A policy change is never edited: make another one.")
        super().save(force_insert=True)
