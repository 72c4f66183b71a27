"""The apps that a store registered: how many stores let each in, and when each was last used."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q

from marketdesk.merchants.models import Merchant
from marketdesk.programs.models import AccessToken, App
from marketdesk.programs.oauth import REFRESH_LIFE


@dataclass(frozen=True)
class Registered:
    """An app of a store's own."""

    app: App
    stores: int
    last_used_at: datetime | None


def by(store: Merchant, now: datetime) -> list[Registered]:
    """Every app of this store, by name."""
    tokens = AccessToken.objects.filter(application__merchant=store).values_list("application")
    stores = dict(tokens.filter(_living(now)).annotate(Count("merchant", distinct=True)))
    used = dict(tokens.annotate(Max("last_used_at")))
    apps = App.objects.filter(merchant=store, removed_at=None).order_by("name", "pk")
    return [Registered(app, stores.get(app.pk, 0), used.get(app.pk)) for app in apps]


def stores_with(app: App, now: datetime) -> int:
    """How many stores let this app in."""
    return AccessToken.objects.filter(_living(now), application=app).values("merchant").distinct().count()


def _living(now: datetime) -> Q:
    """Tokens that open something, or that can still be changed for one that does."""
    lasting = Q(expires=None) | Q(expires__gt=now)
    renewable = Q(refresh_token__revoked=None, refresh_token__created__gt=now - REFRESH_LIFE)
    return (lasting | renewable) & Q(revoked_at=None)
