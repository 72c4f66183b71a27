"""Merchants, their staff and their programs' tokens."""

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketdesk.lib import languages, secret
from marketdesk.lib.ids import PublicIdField
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party


class Merchant(models.Model):
    """A store on the marketplace. `selected` merchants handle their own refunds (M26);
    routing rules may look at `tags`."""

    public_id = PublicIdField()
    external_id = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=150)
    country = models.CharField(max_length=2, blank=True)
    selected = models.BooleanField(default=False)
    tags = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    staff = models.ManyToManyField(User, through="Membership", related_name="merchants")

    def __str__(self) -> str:
        return self.name

    @property
    def language(self) -> str:
        """The language that a new member of its staff probably reads."""
        return languages.of_country(self.country)


class Role(models.TextChoices):
    """What a member of the staff may do: an owner also looks after the team and its tokens."""

    OWNER = "owner", _("Owner")
    AGENT = "agent", _("Agent")


class Membership(models.Model):
    """A person's place in a merchant's team."""

    user = models.ForeignKey(User, models.CASCADE)
    merchant = models.ForeignKey(Merchant, models.CASCADE)
    role = models.CharField(max_length=10, choices=Role, default=Role.AGENT)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "merchant"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} ({self.merchant})"


class AccessToken(models.Model):
    """A merchant's token for API v2, kept only as a hash: nobody can read it back, we neither."""

    merchant = models.ForeignKey(Merchant, models.CASCADE, related_name="access_tokens")
    name = models.CharField(max_length=100)
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.merchant})"

    @classmethod
    def issue(cls, merchant: Merchant, name: str, token: str = "", expires_at: datetime | None = None) -> str:
        """Make a token; the answer is the only time that it can be seen."""
        token = token or secret.new("md")
        cls.objects.create(merchant=merchant, name=name, token_hash=secret.hash_of(token), expires_at=expires_at)
        return token

    @classmethod
    def find(cls, token: str) -> "AccessToken | None":
        """The token with its merchant, revoked and expired ones included, or None."""
        return cls.objects.select_related("merchant").filter(token_hash=secret.hash_of(token)).first()

    def revoke(self, at: datetime) -> None:
        self.revoked_at = at
        self.save(update_fields=["revoked_at"])

    def actor(self) -> Actor:
        """The actor of a call made with this token."""
        return Actor(Party.MERCHANT, merchant_id=self.merchant_id, name=self.merchant.name, app=f"token-{self.pk}")
