"""People with an account: customers, merchants' staff and the platform's support team. And the marketplace's own
programs, which come with a key, and its signatures, with which it sends customers here."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import DEFAULT_DB_ALIAS, models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from marketdesk.lib import languages, prepared, sealing, secret
from marketdesk.lib.ids import PublicIdField
from marketdesk.people.party import Party


class People(BaseUserManager["User"]):
    """Accounts by mail address, whose case never matters."""

    def create_user(self, email: str | None, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.lower() if email else None, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """The operator: a member of support."""
        fields = {"party": Party.SUPPORT, "is_staff": True, "is_superuser": True, **fields}
        return self.create_user(email, password, **fields)

    def get(self, *args: Any, **known: Any) -> "User":
        """By number alone, as who is signed in is found for every page, by a statement that is put into words once."""
        number = known.get("pk")
        if type(self) is not People or args or len(known) != 1 or type(number) is not int:
            return super().get(*args, **known)
        found = _PERSON.first(number)
        if found is None:
            raise User.DoesNotExist
        return found

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractUser):
    """A person. A customer whom the marketplace sent has no mail address of ours."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]

    public_id = PublicIdField()
    external_id = models.CharField(max_length=100, unique=True, null=True, blank=True)
    email = models.EmailField(unique=True, null=True, blank=True)  # type: ignore[assignment]
    name = models.CharField(_("name"), max_length=150)
    party = models.CharField(
        max_length=10, choices=[(p.value, p.label) for p in Party if p is not Party.CLOCK], default=Party.CUSTOMER
    )
    language = models.CharField(_("language"), max_length=10, choices=list(languages.LANGUAGES.items()), blank=True)
    time_zone = models.CharField(_("time zone"), max_length=50, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)  # forgotten: only the numbers are left

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    objects: ClassVar[People] = People()  # type: ignore[assignment]

    class Meta:
        indexes = [models.Index(fields=["name", "id"], name="user_of_support", condition=Q(party=Party.SUPPORT))]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_any_case", condition=Q(email__isnull=False))
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        # Django turns a missing address into an empty one, which only one account could have.
        self.email = self.email.lower() if self.email else None

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.given_name

    @property
    def given_name(self) -> str:
        """The part of the name that a greeting uses; Vietnamese names end with it, Chinese ones are used whole."""
        parts = self.name.split() or [""]
        return {"vi": parts[-1], "zh-hant": self.name}.get(self.reading_language, parts[0])

    @property
    def short_name(self) -> str:
        """`Ada L.`: enough to know a customer by, and no more than a merchant needs."""
        parts = self.name.split()
        if len(parts) < 2 or self.reading_language == "zh-hant":
            return self.given_name
        family = parts[0] if self.reading_language == "vi" else parts[-1]
        return f"{self.given_name} {family[0]}."

    @property
    def reading_language(self) -> str:
        """The language that they read: their own choice, else their country's (D18)."""
        return self.language or languages.of_country(self.country)


def _person(number: int) -> models.QuerySet[User]:
    return User.objects.using(DEFAULT_DB_ALIAS).filter(pk=number)


_PERSON = prepared.Prepared(_person)


class Scope(models.TextChoices):
    """What a key may be used for."""

    CATALOGUE = "catalogue:write"
    ORDERS = "orders:write"
    TICKETS_READ = "tickets:read"
    TICKETS_WRITE = "tickets:write"
    REFUNDS = "refunds:write"
    ERASE = "customers:erase"
    STANDINGS = "standings:read"


class PlatformKey(models.Model):
    """A key of the marketplace's own programs, kept only as a hash. Keys of one name are one program's: the old and
    the new one of a rotation, which share what they have done once."""

    name = models.CharField(max_length=40)
    scopes = models.JSONField(default=list)
    key_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.pk})"

    @classmethod
    def issue(cls, name: str, scopes: Iterable[str], expires_at: datetime | None = None) -> str:
        """Make a key; the answer is the only time that it can be seen."""
        key = secret.new("mdp")
        known = [scope for scope in Scope.values if scope in set(scopes)]
        cls.objects.create(name=name, scopes=known, key_hash=secret.hash_of(key), expires_at=expires_at)
        return key

    @classmethod
    def find(cls, key: str) -> "PlatformKey | None":
        """The key, also one that has ended, or None."""
        return _KEY.first(secret.hash_of(key))

    @classmethod
    @transaction.atomic
    def rotate(cls, name: str, now: datetime, overlap: timedelta) -> str:
        """A new key beside the valid ones of a name, which end after the overlap. Raises DoesNotExist."""
        valid = [key for key in cls.objects.select_for_update().filter(name=name) if key.is_valid(now)]
        if not valid:
            raise cls.DoesNotExist
        for old in valid:
            old.expires_at = min(old.expires_at or now + overlap, now + overlap)
            old.save(update_fields=["expires_at"])
        return cls.issue(name, valid[-1].scopes)

    def is_valid(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def revoke(self, at: datetime) -> None:
        """End it at once; once ended, it stays so."""
        self.revoked_at = self.revoked_at or at
        self.save(update_fields=["revoked_at"])


_KEY = prepared.Prepared(lambda key_hash: PlatformKey.objects.filter(key_hash=key_hash))


class Algorithm(models.TextChoices):
    """How the marketplace signs (RFC 7518): with a key pair, or with a secret that both sides know."""

    EDDSA = "EdDSA"
    RS256 = "RS256"
    HS256 = "HS256"


class ArrivalKey(models.Model):
    """What a customer's arrival is checked with. It decides the algorithm, never the token that names it. Several are
    valid at once while the marketplace goes from one to the next."""

    public_id = PublicIdField()  # the `kid` of a token
    name = models.CharField(max_length=40)
    algorithm = models.CharField(max_length=5, choices=Algorithm.choices)
    public_key = models.TextField(blank=True)  # PEM
    sealed_secret = models.TextField(blank=True)  # of HS256
    created_at = models.DateTimeField(default=timezone.now)
    retires_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.public_id})"

    def is_valid(self, now: datetime) -> bool:
        return self.retires_at is None or now < self.retires_at

    @property
    def material(self) -> str:
        """What a signature is checked with. Raises sealing.Unreadable."""
        return self.public_key or sealing.unseal(self.sealed_secret)

    def retire(self, at: datetime) -> None:
        """Nothing that it signed lets anybody in from then on."""
        self.retires_at = at
        self.save(update_fields=["retires_at"])


class Arrival(models.Model):
    """A token that let somebody in. It never does again: the row is unique, whoever is first."""

    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"until {self.expires_at:%Y-%m-%d %H:%M:%S}"
