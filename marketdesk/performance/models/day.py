"""Roll-ups: what happened on a day, for the platform's overview alone. Days are UTC, and whole."""

from django.db import models

from marketdesk.merchants.models import Merchant


class MerchantDay(models.Model):
    """A merchant's day."""

    # Without an index of its own: SQLite would walk all days there ever were by it, to have merchants in order.
    merchant = models.ForeignKey(Merchant, models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    opened = models.PositiveIntegerField(default=0)
    answers = models.PositiveIntegerField(default=0)  # that count
    late = models.PositiveIntegerField(default=0)
    ratings = models.PositiveIntegerField(default=0)
    helpful = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["day", "merchant"], name="merchant_day_once")]

    def __str__(self) -> str:
        return f"{self.merchant_id} {self.day}"


class GroupDay(models.Model):
    """A day of all merchants' tickets of one country, category and language of their customers."""

    day = models.DateField()
    country = models.CharField(max_length=2, blank=True)
    category = models.CharField(max_length=30)
    language = models.CharField(max_length=10, blank=True)
    opened = models.PositiveIntegerField(default=0)
    answers = models.PositiveIntegerField(default=0)
    late = models.PositiveIntegerField(default=0)
    ratings = models.PositiveIntegerField(default=0)
    helpful = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["day", "country", "category", "language"], name="group_day_once")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.country} {self.category} {self.language}"


class CountedDay(models.Model):
    """A day that is over, and whether it is counted: empty, it is counted (again) by the worker. Whoever counts a day
    locks its row, so that no count is written over a newer one."""

    day = models.DateField(primary_key=True)
    counted_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["day"], name="day_to_count", condition=models.Q(counted_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.day}"
