"""Notices: warnings and penalty notices, each with what it was given for (M45, M46, D7)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from marketdesk.lib.ids import PublicIdField
from marketdesk.merchants.models import Merchant
from marketdesk.people.models import User
from marketdesk.performance.models.gate import OfMerchants
from marketdesk.tickets.models import Wait


class NoticeKind(models.TextChoices):
    """What a merchant is told."""

    WARNING = "warning", _("Warning")
    PENALTY = "penalty", _("Penalty notice")


class Withdrawal(models.TextChoices):
    """Why a notice was withdrawn."""

    CONTEST = "contest", _("It was contested, and the contest was granted.")
    CAUSES = "causes", _("Too little of what it was given for still counts.")


class Notice(models.Model):
    """What was told, by which rule and figures: a later policy rewrites nothing. A contest can withdraw it."""

    public_id = PublicIdField()
    merchant = models.ForeignKey(Merchant, models.PROTECT, related_name="notices")
    kind = models.CharField(max_length=10, choices=NoticeKind)
    rule = models.JSONField(default=dict)  # the policy's values by which it was given
    figures = models.JSONField(default=dict)  # what was counted then
    given_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    read_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_how = models.CharField(max_length=20, blank=True)

    objects = OfMerchants.as_manager()

    class Meta:
        ordering = ["-given_at", "-id"]
        indexes = [models.Index(fields=["merchant", "kind", "given_at"], name="notice_by_merchant")]

    def __str__(self) -> str:
        return f"{self.kind} {self.merchant_id} {self.given_at:%Y-%m-%d}"

    @property
    def is_warning(self) -> bool:
        return self.kind == NoticeKind.WARNING

    @property
    def why_withdrawn(self) -> str:
        """In words; empty while it stands."""
        return str(Withdrawal(self.withdrawn_how).label) if self.withdrawn_how else ""


class NoticeCause(models.Model):
    """A wait, or an earlier warning, for which a notice was given: each feeds at most one notice of a kind (D7)."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="causes")
    kind = models.CharField(max_length=10, choices=NoticeKind)  # of the notice
    wait = models.ForeignKey(Wait, models.PROTECT, null=True, related_name="caused")
    warning = models.ForeignKey(Notice, models.PROTECT, null=True, related_name="caused")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "wait"], name="wait_feeds_one_notice"),
            models.UniqueConstraint(fields=["kind", "warning"], name="warning_feeds_one_notice"),
            models.CheckConstraint(
                condition=models.Q(wait__isnull=False, warning__isnull=True)
                | models.Q(wait__isnull=True, warning__isnull=False),
                name="notice_has_one_cause",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.wait_id or self.warning_id}"
