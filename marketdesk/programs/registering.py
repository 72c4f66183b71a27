"""What owners of a store do with the apps that they register: register, change, make a new secret, get a token, remove.
Each is written in the journal."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _

from marketdesk.journal.models import Deed
from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.people.actor import Actor
from marketdesk.programs import sandbox
from marketdesk.programs.errors import AppMoved, AppRefusal, BadAddress, NotAnOwner
from marketdesk.programs.models import AccessToken, App, Reach, RefreshToken
from marketdesk.programs.recording import record

MOST_APPS = 50  # of one store
MOST_ADDRESSES = 10  # of one app
LONGEST_ADDRESS = 500
LOOPBACK = {"127.0.0.1", "localhost"}  # as the rule about forms of the page that asks names them


@dataclass(frozen=True)
class Facts:
    """What a store says about its app. Whom it sees (`is_sandbox`) stays as it was registered."""

    name: str
    reach: Reach
    addresses: Sequence[str]
    scopes: Sequence[str]
    is_sandbox: bool = False
    tokens_in_address: bool = False
    needs_pkce: bool = True


@transaction.atomic
def register(store: Merchant, facts: Facts, *, by: Actor) -> tuple[App, str]:
    """A new app and its secret, which can be seen this once. Raises AppRefusal."""
    _once(by, {"register": _as_json(facts), "store": store.pk})
    for_owners(store, by)
    if App.objects.filter(merchant=store, removed_at=None).count() >= MOST_APPS:
        raise AppRefusal(_("A store has at most %(most)s apps. Remove one first.") % {"most": MOST_APPS})
    app = App(
        merchant=store,
        is_sandbox=facts.is_sandbox,
        client_type=App.CLIENT_CONFIDENTIAL,
        authorization_grant_type=App.GRANT_AUTHORIZATION_CODE,
        client_secret="",  # kept sealed instead
        hash_client_secret=False,
    )
    _describe(app, facts)
    secret = app.set_secret()
    app.save()
    record("app_registered", app, app.merchant, by, reach=app.reach, scopes=app.scopes, sandbox=app.is_sandbox)
    return app, secret


@transaction.atomic
def change(app: App, facts: Facts, *, by: Actor) -> None:
    """Describe it anew. What stores allowed before stays as they allowed it. Raises AppRefusal."""
    _begin(app, by, {"change": _as_json(facts)})
    _describe(app, facts)
    app.save()
    record("app_changed", app, app.merchant, by, reach=app.reach, scopes=app.scopes)


@transaction.atomic
def new_secret(app: App, *, by: Actor) -> str:
    """Another secret, which can be seen this once; the old one is good for nothing from now on."""
    _begin(app, by, {"secret": app.pk})
    secret = app.set_secret()
    app.save()
    record("app_secret_made", app, app.merchant, by)
    return secret


@transaction.atomic
def get_token(app: App, *, by: Actor) -> str:
    """A token for the app's own store, or for its sandbox, without the way over the page that asks. It does not expire;
    it can be seen this once."""
    _begin(app, by, {"token": app.pk})
    store = sandbox.store_of(app.merchant) if app.is_sandbox else app.merchant
    token = AccessToken.issue(store, app.name, app=app)
    record("app_token_made", app, app.merchant, by)
    return token


@transaction.atomic
def remove(app: App, *, by: Actor) -> None:
    """It is let in nowhere any more: every token that any store gave it is dead."""
    _begin(app, by, {"remove": app.pk})
    app.removed_at = by.at
    app.save()
    RefreshToken.objects.filter(application=app, revoked=None).update(revoked=by.at)
    AccessToken.objects.filter(application=app, revoked_at=None).update(revoked_at=by.at)
    record("app_removed", app, app.merchant, by)


def edition(app: App) -> int:
    """A number that is another one after every change; forms carry it as what the person had seen."""
    return round(app.updated.timestamp() * 1_000_000)


def for_owners(store: Merchant, by: Actor) -> None:
    """Nobody leaves the owners of this store until we are done. Raises NotAnOwner when `by` is none of them."""
    Merchant.objects.select_for_update(no_key=True).get(pk=store.pk)
    if not Membership.objects.filter(merchant=store, user=by.user_id, role=Role.OWNER).exists():
        raise NotAnOwner


def check_address(address: str) -> str:
    """An address that a browser can be led back to. Raises BadAddress.

    Only the web: an address with a scheme of its own can be taken by any program on the person's phone. Plain http
    stays on the person's own machine.
    """
    if len(address) > LONGEST_ADDRESS:
        raise BadAddress(_("An address has at most %(most)s characters.") % {"most": LONGEST_ADDRESS})
    if not address.isascii() or not address.isprintable() or any(sign in address for sign in " \\*<>\"'"):
        raise BadAddress(_("%(address)s: write spaces and special letters percent-encoded.") % {"address": address})
    try:
        parts = urlsplit(address)
        _port = parts.port
    except ValueError:
        raise BadAddress(_("%(address)s is no address.") % {"address": address}) from None
    if parts.scheme not in {"https", "http"}:
        words = _("%(address)s does not begin with https://. Addresses that open an app on a phone are not taken.")
        raise BadAddress(words % {"address": address})
    if not parts.hostname or ":" in parts.hostname or "@" in parts.netloc or "#" in address:
        words = _("%(address)s: write https://, the name of a host and a path, nothing else.")
        raise BadAddress(words % {"address": address})
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        words = _("%(address)s begins with http://, which is only for 127.0.0.1 and localhost. Use https://.")
        raise BadAddress(words % {"address": address})
    return address


def _describe(app: App, facts: Facts) -> None:
    if len(facts.addresses) > MOST_ADDRESSES:
        raise BadAddress(_("An app has at most %(most)s addresses.") % {"most": MOST_ADDRESSES})
    app.name = facts.name
    app.reach = facts.reach
    app.redirect_uris = " ".join(check_address(one) for one in facts.addresses)
    app.scopes = list(facts.scopes)
    app.tokens_in_address = facts.tokens_in_address
    app.needs_pkce = facts.needs_pkce


def _begin(app: App, by: Actor, body: dict[str, Any]) -> None:
    """Lock and re-read it: once for each sending of a form, by an owner, and only as they had it before them."""
    _once(by, {**body, "app": app.pk})
    for_owners(app.merchant, by)
    app.refresh_from_db(from_queryset=App.objects.select_for_update().select_related("merchant"))
    if app.removed_at or (by.seen is not None and by.seen != edition(app)):
        raise AppMoved


def _once(by: Actor, body: dict[str, Any]) -> None:
    if by.key:
        Deed.begin(by.who, by.key, json.dumps(body, sort_keys=True))


def _as_json(facts: Facts) -> dict[str, Any]:
    return {**asdict(facts), "addresses": list(facts.addresses), "scopes": list(facts.scopes)}
