"""Contests: a merchant says that a late mark, a rating or a notice is not right, and a person decides."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketdesk.lib.ids import PublicIdField
from marketdesk.merchants.models import Merchant
from marketdesk.people.models import User
from marketdesk.performance.models.gate import OfMerchants
from marketdesk.performance.models.notice import Notice
from marketdesk.performance.models.rating import Rating
from marketdesk.tickets.models import Attachment, Wait


class ContestKind(models.TextChoices):
    """What is contested; also the name of the field that holds it."""

    WAIT = "wait", _("Late answer")
    RATING = "rating", _("Rating")
    NOTICE = "notice", _("Notice")


class Outcome(models.TextChoices):
    """What was decided."""

    GRANTED = "granted", _("Granted")
    DECLINED = "declined", _("Declined")


class Contest(models.Model):
    """One contest of one thing. What is open has no outcome; nothing is contested twice."""

    public_id = PublicIdField()
    merchant = models.ForeignKey(Merchant, models.PROTECT, related_name="contests")
    kind = models.CharField(max_length=10, choices=ContestKind)
    wait = models.OneToOneField(Wait, models.PROTECT, null=True, related_name="contest")
    rating = models.OneToOneField(Rating, models.PROTECT, null=True, related_name="contest")
    notice = models.OneToOneField(Notice, models.PROTECT, null=True, related_name="contest")
    reason = models.TextField(max_length=5000)
    pictures = models.ManyToManyField(Attachment, related_name="+")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    decision = models.TextField(max_length=5000, blank=True)

    objects = OfMerchants.as_manager()

    class Meta:
        ordering = ["-made_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="wait", wait__isnull=False, rating__isnull=True, notice__isnull=True)
                | Q(kind="rating", wait__isnull=True, rating__isnull=False, notice__isnull=True)
                | Q(kind="notice", wait__isnull=True, rating__isnull=True, notice__isnull=False),
                name="contest_of_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(outcome="", decided_at__isnull=True) | (~Q(outcome="") & Q(decided_at__isnull=False)),
                name="contest_decided_at",
            ),
        ]
        indexes = [
            models.Index(fields=["merchant", "-made_at"], name="contest_by_merchant"),
            models.Index(fields=["made_at", "id"], name="contest_open", condition=Q(outcome="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.merchant_id}: {self.outcome or 'open'}"
