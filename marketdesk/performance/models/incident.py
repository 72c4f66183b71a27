"""Incidents: times in which something that no merchant answers for kept answers from coming."""

from django.db import models
from django.db.models import Q

from marketdesk.lib.ids import PublicIdField
from marketdesk.merchants.models import Merchant


class Incident(models.Model):
    """A late answer whose time to reply ran while an incident lasted does not count. Of one merchant, or of all."""

    public_id = PublicIdField()
    words = models.CharField(max_length=200)  # what happened, as merchants read it
    merchant = models.ForeignKey(Merchant, models.PROTECT, null=True, related_name="incidents")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)  # it still lasts
    by = models.JSONField(default=dict)
    at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-starts_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=models.F("starts_at")), name="incident_ends_later"
            )
        ]

    def __str__(self) -> str:
        return f"{self.words} from {self.starts_at:%Y-%m-%d %H:%M}"
