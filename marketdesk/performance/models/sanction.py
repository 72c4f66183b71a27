"""Sanctions: impressions blocked, account suspended; proposed by the clock or a person, decided by people (D8)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketdesk.lib.ids import PublicIdField
from marketdesk.merchants.models import Merchant
from marketdesk.people.models import User
from marketdesk.performance.models.gate import OfMerchants


class SanctionKind(models.TextChoices):
    """What is taken away (M93, M94): each by itself, each reversible."""

    IMPRESSIONS = "impressions", _("Impressions blocked")
    SUSPENSION = "suspension", _("Account suspended")


class SanctionState(models.TextChoices):
    """How far it has come."""

    PROPOSED = "proposed", _("Proposed")
    CONFIRMED = "confirmed", _("In force")
    DECLINED = "declined", _("Declined")
    WITHDRAWN = "withdrawn", _("Withdrawn")  # its reasons fell before anybody decided
    ENDED = "ended", _("Ended")


class Sanction(models.Model):
    """One sanction from its proposal to its end. Of each kind a merchant has at most one that is not over."""

    public_id = PublicIdField()
    merchant = models.ForeignKey(Merchant, models.PROTECT, related_name="sanctions")
    kind = models.CharField(max_length=12, choices=SanctionKind)
    state = models.CharField(max_length=10, choices=SanctionState, default=SanctionState.PROPOSED)
    reasons = models.JSONField(default=dict)  # figures, the policy's values, the waits and ratings behind them
    proposed_at = models.DateTimeField()
    proposed_by = models.JSONField(default=dict)
    hear_until = models.DateTimeField()
    answer = models.TextField(max_length=5000, blank=True)  # what the merchant says to it
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")  # null: the policy's switch
    decision = models.TextField(max_length=5000, blank=True)
    statement = models.JSONField(default=dict)  # the statement of reasons, as it was when it was decided
    ends_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_how = models.CharField(max_length=20, blank=True)  # date, recovery, lifted, contest
    ended_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    objects = OfMerchants.as_manager()

    class Meta:
        ordering = ["-proposed_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["merchant", "kind"],
                name="one_sanction_of_a_kind",
                condition=Q(state__in=["proposed", "confirmed"]),
            )
        ]
        indexes = [
            models.Index(fields=["merchant", "-proposed_at"], name="sanction_by_merchant"),
            models.Index(fields=["state", "proposed_at"], name="sanction_not_over", condition=Q(ended_at__isnull=True)),
            models.Index(fields=["ends_at"], name="sanction_ending", condition=Q(state="confirmed")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.merchant_id}: {self.state}"
