"""Standings: how a merchant stood when it was last judged. One row each: whoever judges a merchant locks it."""

from django.db import models

from marketdesk.merchants.models import Merchant
from marketdesk.performance.levels import Level


class Standing(models.Model):
    """What every page of the merchant's shows without counting. The figures' own page counts."""

    merchant = models.OneToOneField(Merchant, models.CASCADE, primary_key=True, related_name="standing")
    level = models.CharField(max_length=10, choices=Level, default=Level.NORMAL)
    answers = models.PositiveIntegerField(default=0)  # that count
    late = models.PositiveIntegerField(default=0)
    ratings = models.PositiveIntegerField(default=0)
    helpful = models.PositiveIntegerField(default=0)
    changed_at = models.DateTimeField(null=True)  # since when this level
    judged_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["judged_at"], name="standing_not_normal", condition=~models.Q(level=Level.NORMAL)),
        ]

    def __str__(self) -> str:
        return f"{self.merchant_id}: {self.level}"

    @staticmethod
    def lock(merchant_id: int) -> "Standing":
        """The row of a merchant, kept from everybody else until the end of the transaction."""
        Standing.objects.bulk_create([Standing(merchant_id=merchant_id)], ignore_conflicts=True)
        return Standing.objects.select_for_update().get(pk=merchant_id)
