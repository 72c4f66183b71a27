"""Ratings: whether the answer helped (M96, D5)."""

from django.db import models

from marketdesk.tickets.models import Excuse, Ticket
from marketdesk.tickets.rules import Desk


class Rating(models.Model):
    """One customer's word on one ticket. It belongs to the desk that closed it; `merchant_id` is empty where the
    merchant had no wait on it, and the rating then is nobody's but the platform's."""

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="rating")
    merchant_id = models.BigIntegerField(null=True)
    desk = models.CharField(max_length=10, choices=Desk)
    helpful = models.BooleanField()
    comment = models.TextField(blank=True, max_length=2000)
    at = models.DateTimeField()
    changeable_until = models.DateTimeField()
    excused = models.CharField(max_length=10, choices=Excuse, blank=True)

    class Meta:
        indexes = [models.Index(fields=["merchant_id", "at"], name="rating_by_merchant")]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {'helpful' if self.helpful else 'not helpful'}"
