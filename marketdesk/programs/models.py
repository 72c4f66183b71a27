"""Apps and what they are let in with. The OAuth server is django-oauth-toolkit; these are its four models, each of
which also knows the store that it is for."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractAccessToken, AbstractApplication, AbstractGrant, AbstractRefreshToken

from marketdesk.lib import prepared, sealing, secret
from marketdesk.lib.ids import PublicIdField
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party

# How exactly the page that lists apps knows when one was used last: no call writes more often.
USE_NOTED_EVERY = timedelta(hours=1)


class Scope(models.TextChoices):
    """What a store can allow an app to do."""

    READ_TICKETS = "tickets:read", _("Read tickets, with what customers wrote and their addresses")
    WRITE_TICKETS = "tickets:write", _("Answer, close, re-open and appeal tickets in the store's name")
    READ_ORDERS = "orders:read", _("Read orders")
    WRITE_ORDERS = "orders:write", _("Refund orders")
    READ_WEBHOOKS = "webhook:read", _("See where the store's messages to programs go")
    WRITE_WEBHOOKS = "webhook:write", _("Have messages about the store sent to programs")
    READ_PENALTIES = "penalties:read", _("Read how the store answers, its warnings and its penalties")


class Reach(models.TextChoices):
    """Who may allow an app."""

    PRIVATE = "private", _("Only this store")
    PUBLIC = "public", _("Other stores too")


class App(AbstractApplication):
    """A program that a merchant registered.

    Its secret is kept sealed, not hashed: webhooks are signed with it. `tokens_in_address` and `needs_pkce` say how it
    was written: old programs put the token into the address and send no code challenge. A token of a sandbox app sees
    the sandbox store, whoever allows it.
    """

    public_id = PublicIdField()
    merchant = models.ForeignKey(Merchant, models.CASCADE, related_name="apps")
    reach = models.CharField(max_length=10, choices=Reach, default=Reach.PRIVATE)
    scopes = models.JSONField(default=list)
    is_sandbox = models.BooleanField(default=False)
    tokens_in_address = models.BooleanField(default=False)
    needs_pkce = models.BooleanField(default=True)
    sealed_secret = models.CharField(max_length=300, blank=True)
    removed_at = models.DateTimeField(null=True)

    class Meta(AbstractApplication.Meta):
        abstract = False

    def __str__(self) -> str:
        return f"{self.name} ({self.public_id})"

    def is_usable(self, request: Any) -> bool:
        """Whether it may still be let in; the toolkit asks."""
        return self.removed_at is None

    @classmethod
    def find(cls, client_id: str) -> "App | None":
        """The app that calls itself so, unless it was removed."""
        if not client_id.isprintable():  # PostgreSQL cannot even look for a NUL
            return None
        return cls.objects.select_related("merchant").filter(client_id=client_id, removed_at=None).first()

    def set_secret(self) -> str:
        """A new client secret; it is answered once, to be shown."""
        new = secret.new("mds")
        self.sealed_secret = sealing.seal(new)
        return new

    @property
    def secret(self) -> str:
        """The client secret. Raises Unreadable where the installation's key has changed."""
        return sealing.unseal(self.sealed_secret)

    def knows(self, secret: str) -> bool:
        """Whether this is its secret; how long the answer takes does not tell how much of it is right."""
        try:
            return constant_time_compare(secret, self.secret)
        except sealing.Unreadable:
            return False

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Letter by letter; the toolkit would let a program on the person's own machine choose its port."""
        return uri in self.redirect_uris.split()


class Grant(AbstractGrant):
    """A code on its way from the page where somebody allowed an app to the app, which changes it for tokens. Kept only
    as a hash; after that it stays a while, so that it is known when it comes again, with the family of its tokens."""

    merchant = models.ForeignKey(Merchant, models.CASCADE, related_name="+")
    token_family = models.UUIDField(default=uuid.uuid4)
    redeemed_at = models.DateTimeField(null=True)

    class Meta(AbstractGrant.Meta):
        abstract = False


class AccessToken(AbstractAccessToken):
    """What a program signs in with, kept only as a hash: nobody can read it back, we neither.

    Tokens that the operator makes have no app, no person and every scope, and may never expire. One that was renewed
    remembers when somebody first allowed the app.
    """

    id_token = None  # of OpenID Connect, which merchants' programs have no use for
    merchant = models.ForeignKey(Merchant, models.CASCADE, related_name="access_tokens")
    name = models.CharField(max_length=100, blank=True)
    expires = models.DateTimeField(null=True)  # type: ignore[assignment]  # the toolkit's must have one
    allowed_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)

    class Meta(AbstractAccessToken.Meta):
        abstract = False
        indexes = [models.Index(fields=["merchant", "application"], name="token_by_merchant")]

    def __str__(self) -> str:
        return f"{self.name} ({self.merchant})"

    @classmethod
    def issue(
        cls,
        merchant: Merchant,
        name: str,
        token: str = "",
        expires_at: datetime | None = None,
        *,
        app: App | None = None,
    ) -> str:
        """Make a token; the answer is the only time that it can be seen. That of an app may do what the app may."""
        token = token or secret.new("md")
        cls.objects.create(
            merchant=merchant,
            name=name,
            token_checksum=secret.hash_of(token),
            expires=expires_at,
            application=app,
            scope=" ".join(app.scopes if app else Scope.values),
        )
        return token

    @classmethod
    def find(cls, token: str) -> "AccessToken | None":
        """The token with its merchant and its app, revoked and expired ones included, or None."""
        return _TOKEN.first(secret.hash_of(token))

    def is_expired(self) -> bool:
        return self.expires is not None and timezone.now() >= self.expires

    @property
    def is_revoked(self) -> bool:
        """Whether somebody took it back, or its app is no more."""
        return self.revoked_at is not None or bool(self.application and self.application.removed_at)

    def revoke(self, at: datetime | None = None) -> None:
        """It opens nothing any more. The row stays, so that the program reads why."""
        self.revoked_at = at or timezone.now()
        self.save(update_fields=["revoked_at"])

    def is_to_be_noted(self, at: datetime) -> bool:
        """Whether it is a while since its use was noted."""
        return self.last_used_at is None or self.last_used_at <= at - USE_NOTED_EVERY

    def used(self, at: datetime) -> None:
        """Note that it was used, once in a while."""
        if self.is_to_be_noted(at):
            stale = Q(last_used_at=None) | Q(last_used_at__lte=at - USE_NOTED_EVERY)
            AccessToken.objects.filter(stale, pk=self.pk).update(last_used_at=at)
            self.last_used_at = at

    def allows(self, scope: Scope) -> bool:
        return scope in self.scope.split()

    def actor(self) -> Actor:
        """The actor of a call made with this token. A program keeps its name when its token is renewed."""
        app = f"app-{self.application_id}" if self.application_id else f"token-{self.pk}"
        return Actor(Party.MERCHANT, merchant_id=self.merchant_id, name=self.merchant.name, app=app)


_TOKEN = prepared.Prepared(
    lambda checksum: AccessToken.objects.select_related("merchant", "application").filter(token_checksum=checksum)
)


class RefreshToken(AbstractRefreshToken):
    """What an app renews its access with, kept only as a hash."""

    merchant = models.ForeignKey(Merchant, models.CASCADE, related_name="+")

    class Meta(AbstractRefreshToken.Meta):
        abstract = False
