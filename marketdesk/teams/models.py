"""Invitations: a mail address may join a team, once, until it expires or is revoked."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketdesk.lib import languages, secret
from marketdesk.lib.ids import PublicIdField
from marketdesk.merchants.models import Merchant
from marketdesk.people.models import User
from marketdesk.people.party import Party


class Post(models.TextChoices):
    """What somebody does in a team: a merchant's has owners and agents, support has administrators and agents."""

    OWNER = "owner", _("Owner")
    ADMINISTRATOR = "administrator", _("Administrator")
    AGENT = "agent", _("Agent")


MERCHANT_POSTS = (Post.OWNER, Post.AGENT)
SUPPORT_POSTS = (Post.ADMINISTRATOR, Post.AGENT)


class Invitations(models.QuerySet["Invitation"]):
    """Every invitation, also those that have ended."""

    def open(self, now: datetime) -> "Invitations":
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=now)

    def to(self, team: Merchant | None) -> "Invitations":
        """Those to a merchant's team; to support where there is no merchant."""
        return self.filter(merchant=team)


class Invitation(models.Model):
    """An invitation to a merchant's team, or to support where it names no merchant. Its token is kept as a hash."""

    public_id = PublicIdField()
    email = models.EmailField()
    merchant = models.ForeignKey(Merchant, models.CASCADE, null=True, related_name="invitations")
    role = models.CharField(max_length=15, choices=Post)
    language = models.CharField(max_length=10, choices=list(languages.LANGUAGES.items()))
    token_hash = models.CharField(max_length=64, unique=True)
    by = models.JSONField(default=dict)
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, models.SET_NULL, null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = Invitations.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="invitation_post_of_its_team",
                condition=Q(merchant=None, role__in=SUPPORT_POSTS) | Q(merchant__isnull=False, role__in=MERCHANT_POSTS),
            )
        ]
        indexes = [models.Index(fields=["email"], name="invitation_by_email")]

    def __str__(self) -> str:
        return f"{self.email} ({self.merchant or Party.SUPPORT.label})"

    @classmethod
    def find(cls, token: str, now: datetime) -> "Invitation | None":
        """The invitation that a token opens now; None alike for what never was, was used, revoked or has expired."""
        return cls.objects.open(now).select_related("merchant").filter(token_hash=secret.hash_of(token)).first()

    @property
    def party(self) -> Party:
        return Party.MERCHANT if self.merchant_id else Party.SUPPORT

    @property
    def inviter(self) -> str:
        """The name of the one who invites; empty for the command line."""
        return str(self.by.get("name", ""))
