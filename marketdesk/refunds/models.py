"""Refunds: one row for each time that money was asked to go back."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketdesk.lib import money
from marketdesk.lib.ids import PublicIdField
from marketdesk.orders.models import OrderItem
from marketdesk.tickets.models import Ticket


class RefundStatus(models.TextChoices):
    """The marketplace moves the money; until it answers, a refund is pending (D17)."""

    PENDING = "pending", _("On its way")
    SUCCEEDED = "succeeded", _("Paid back")
    FAILED = "failed", _("Failed")


class Refund(models.Model):
    """Money for one item. The database allows one that has not failed for each item, whoever clicks how often.

    `amount` is in minor units of `currency`. `key` is what the marketplace recognises a repetition by.
    """

    public_id = PublicIdField()
    item = models.ForeignKey(OrderItem, models.PROTECT, related_name="refunds")
    ticket = models.ForeignKey(Ticket, models.PROTECT, null=True, related_name="refunds")
    merchant_id = models.BigIntegerField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=60, blank=True)
    status = models.CharField(max_length=10, choices=RefundStatus, default=RefundStatus.PENDING)
    key = models.CharField(max_length=60, unique=True)
    actor = models.JSONField(default=dict)
    requested_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.JSONField(default=dict)
    settled_note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item"], name="one_refund_per_item", condition=~Q(status="failed")),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_of_something"),
        ]
        indexes = [models.Index(fields=["ticket", "id"], name="refund_by_ticket")]

    def __str__(self) -> str:
        return f"{self.public_id} {self.amount_text}"

    @property
    def amount_text(self) -> str:
        return money.show(self.amount, self.currency)
