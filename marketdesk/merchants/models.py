"""Merchants and their staff."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketdesk.lib import languages, prepared
from marketdesk.lib.ids import PublicIdField
from marketdesk.people.models import User


class Merchants(models.QuerySet["Merchant"]):
    """Stores, with and without those that only programs are tried on."""

    def real(self) -> "Merchants":
        """The marketplace's own: what people and the marketplace's programs are shown."""
        return self.filter(sandbox_of__isnull=True)

    def sandboxes(self) -> "Merchants":
        """The sandbox stores."""
        return self.filter(sandbox_of__isnull=False)

    def is_sandbox(self, pk: int | None) -> bool:
        """Whether the store of this number is one: an event knows no more of its store."""
        return pk is not None and _SANDBOX.first(pk) is not None


class Merchant(models.Model):
    """A store on the marketplace. `selected` merchants handle their own refunds (M26);
    routing rules may look at `tags`. A sandbox store is what a store's programs are tried on."""

    public_id = PublicIdField()
    external_id = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=150)
    country = models.CharField(max_length=2, blank=True)
    selected = models.BooleanField(default=False)
    tags = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    impressions_blocked_at = models.DateTimeField(null=True)  # by a sanction, as is the next
    suspended_at = models.DateTimeField(null=True)
    sandbox_of = models.OneToOneField("self", models.CASCADE, null=True, related_name="sandbox")
    staff = models.ManyToManyField(User, through="Membership", related_name="merchants")

    objects = Merchants.as_manager()

    def __str__(self) -> str:
        return self.name

    @property
    def is_sandbox(self) -> bool:
        return self.sandbox_of_id is not None

    @property
    def language(self) -> str:
        """The language that a new member of its staff probably reads."""
        return languages.of_country(self.country)


_SANDBOX = prepared.Prepared(lambda pk: Merchant.objects.sandboxes().filter(pk=pk))


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
