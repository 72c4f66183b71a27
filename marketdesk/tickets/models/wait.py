"""Waits: each stretch of time in which a ticket stood with the merchant (D1, D3, D4)."""

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce, Least
from django.utils.translation import gettext_lazy as _

from marketdesk.lib import prepared
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.tickets import clock

if TYPE_CHECKING:
    from marketdesk.tickets.models.ticket import Ticket


class Excuse(models.TextChoices):
    """Why something of a merchant's does not count, although it would."""

    CONTEST = "contest", _("Contested and granted")


class Wait(models.Model):
    """One stretch with the merchant. It keeps the hours with which it started: a later policy rewrites nothing.

    `counted` says whether it can count in the late response rate: always when the merchant ended it or when it was
    late; `counts_at` is the moment to which it belongs, of an open one the moment when it would be late (D4).
    """

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="waits")
    merchant_id = models.BigIntegerField()
    started_at = models.DateTimeField()
    due_at = models.DateTimeField()
    hours = models.PositiveSmallIntegerField()
    late_told_at = models.DateTimeField(null=True)
    reminded = models.JSONField(default=list)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=10, choices=Party, blank=True)
    ended_how = models.CharField(max_length=20, blank=True)
    counted = models.BooleanField(default=True)
    excused = models.CharField(max_length=10, choices=Excuse, blank=True)
    counts_at = models.GeneratedField(
        expression=Least("due_at", Coalesce("ended_at", "due_at")), output_field=models.DateTimeField(), db_persist=True
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["ticket"], name="one_open_wait", condition=Q(ended_at__isnull=True))
        ]
        indexes = [
            models.Index(fields=["due_at"], name="wait_due", condition=Q(ended_at__isnull=True)),
            models.Index(fields=["merchant_id", "counts_at"], name="wait_by_merchant"),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} until {self.due_at:%Y-%m-%d %H:%M}"

    @property
    def is_late(self) -> bool:
        """Whether an ended wait ended after its due moment."""
        return self.ended_at is not None and clock.is_late(self.due_at, self.ended_at)

    @classmethod
    def end(cls, ticket: "Ticket", how: str, by: Actor) -> None:
        """The ticket leaves the merchant. Ended by somebody else in time, the wait does not count (D3)."""
        counted = by.party == Party.MERCHANT or ticket.is_overdue(by.at)
        running = {"ticket_id": ticket.pk, "ended_at": None}
        prepared.change(cls, running, ended_at=by.at, ended_by=by.party, ended_how=how, counted=counted)
