"""What a store allowed, and taking it back."""

import json
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from marketdesk.journal.models import Deed
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.programs.models import AccessToken, App, Grant, RefreshToken, Scope
from marketdesk.programs.oauth import REFRESH_LIFE
from marketdesk.programs.recording import record
from marketdesk.programs.registering import for_owners


@dataclass(frozen=True)
class Allowed:
    """An app that a store lets in: what it may do, since when it is there, and when it came last."""

    app: App
    scopes: tuple[Scope, ...]
    since: datetime
    last_used_at: datetime | None


def allowed_by(store: Merchant, now: datetime | None = None) -> list[Allowed]:
    """The apps that a store lets in, the newest first; in one query."""
    now = now or timezone.now()
    lives = Q(expires=None) | Q(expires__gt=now)
    renewable = Q(refresh_token__created__gt=now - REFRESH_LIFE, refresh_token__revoked=None)
    tokens = AccessToken.objects.filter(_stores(store), lives | renewable, revoked_at=None)
    by_app: dict[App, list[AccessToken]] = defaultdict(list)
    for token in tokens.filter(application__removed_at=None).select_related("application__merchant"):
        if token.application:  # the operator made the others
            by_app[token.application].append(token)
    found = [_summed_up(app, given) for app, given in by_app.items()]
    return sorted(found, key=lambda one: (one.since, one.app.pk), reverse=True)


@transaction.atomic
def revoke(app: App, store: Merchant, *, by: Actor) -> None:
    """Take back all that a store gave an app: from this moment it is let in nowhere there, not even with a code that is
    on its way. Raises NotAnOwner."""
    if by.key:
        Deed.begin(by.who, by.key, json.dumps(["revoke", app.pk, store.pk]))
    for_owners(store, by)
    App.objects.select_for_update(no_key=True).get(pk=app.pk)  # nothing of it is being renewed
    stores = _stores(store)
    Grant.objects.filter(stores, application=app, redeemed_at=None).delete()
    RefreshToken.objects.filter(stores, application=app, revoked=None).update(revoked=by.at)
    if AccessToken.objects.filter(stores, application=app, revoked_at=None).update(revoked_at=by.at):
        record("app_revoked", app, store, by)


def _stores(store: Merchant) -> Q:
    """The store, and its sandbox: what it gave to a sandbox app is for that one."""
    return Q(merchant=store) | Q(merchant__sandbox_of=store)


def _summed_up(app: App, given: list[AccessToken]) -> Allowed:
    scopes = {scope for token in given for scope in token.scope.split()}
    return Allowed(
        app,
        tuple(scope for scope in Scope if scope in scopes),
        min(token.allowed_at or token.created for token in given),
        max((token.last_used_at for token in given if token.last_used_at), default=None),
    )
