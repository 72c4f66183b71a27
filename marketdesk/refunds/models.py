"""Refunds: one row for each time that money was asked to go back."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from marketdesk.lib import money
from marketdesk.lib.ids import PublicIdField
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import OrderItem
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.refunds.reasons import LONGEST_NOTE
from marketdesk.tickets.models import Ticket


class RefundStatus(models.TextChoices):
    """The marketplace moves the money; until it answers, a refund is pending (D17)."""

    PENDING = "pending", _("On its way")
    SUCCEEDED = "succeeded", _("Paid back")
    FAILED = "failed", _("Failed")


# Two answers of the marketplace that nobody of support has looked into yet.
CONTRADICTED = Q(contradicted_at__isnull=False, acknowledged_at__isnull=True)


class Refunds(models.QuerySet["Refund"]):
    """Refunds, seen through the gate of their tickets, or of their items where there is no ticket."""

    def visible_to(self, actor: Actor) -> "Refunds":
        """The refunds of the tickets that this actor may see, and those outside a ticket of the items."""
        if actor.party in (Party.SUPPORT, Party.CLOCK):  # all but the sandboxes', without reading every ticket
            return self.exclude(merchant_id__in=Merchant.objects.sandboxes().values("pk"))
        outside = Q(ticket__isnull=True, item__in=OrderItem.objects.visible_to(actor))
        return self.filter(outside | Q(ticket__in=Ticket.objects.visible_to(actor)))


class Refund(models.Model):
    """Money for one item. The database allows one that has not failed for each item, whoever clicks how often.

    Without a `ticket` it was asked for where no open ticket is about the item. `reason` is a code of `reasons`.
    `amount` is in minor units of `currency`. `key` is what the marketplace recognises a repetition by. `told_at` is
    when it was last told that nothing came back; `contradicted_at` when the marketplace first said the opposite of
    what is noted here, and `acknowledged_at` when a person of support had looked into that.
    """

    public_id = PublicIdField()
    item = models.ForeignKey(OrderItem, models.PROTECT, related_name="refunds")
    ticket = models.ForeignKey(Ticket, models.PROTECT, null=True, related_name="refunds")
    merchant_id = models.BigIntegerField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    reason = models.CharField(max_length=60, blank=True)
    reason_note = models.CharField(max_length=LONGEST_NOTE, blank=True)
    status = models.CharField(max_length=10, choices=RefundStatus, default=RefundStatus.PENDING)
    key = models.CharField(max_length=60, unique=True)
    actor = models.JSONField(default=dict)
    requested_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    settled_by = models.JSONField(default=dict)
    settled_note = models.CharField(max_length=500, blank=True)
    told_at = models.DateTimeField(null=True)
    contradicted_at = models.DateTimeField(null=True)
    contradicted_note = models.CharField(max_length=500, blank=True)
    acknowledged_at = models.DateTimeField(null=True)

    objects = Refunds.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item"], name="one_refund_per_item", condition=~Q(status="failed")),
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_of_something"),
        ]
        indexes = [
            models.Index(fields=["ticket", "id"], name="refund_by_ticket"),
            models.Index(fields=["status", "requested_at", "id"], name="refund_by_status"),
            models.Index(fields=["contradicted_at", "id"], name="refund_contradicted", condition=CONTRADICTED),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.amount_text}"

    @property
    def amount_text(self) -> str:
        return money.show(self.amount, self.currency)

    @property
    def is_contradicted(self) -> bool:
        """Whether the marketplace said two things, and nobody of support has looked into it yet."""
        return self.contradicted_at is not None and self.acknowledged_at is None
