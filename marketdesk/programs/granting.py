"""An app asks a store to let it in: what it asks for, and where the person is sent with the answer.

Only an address that the app registered is ever sent anywhere. What is wrong with anything else is told to the app
there; what is wrong with the app or the address itself is told to the person, who goes nowhere.
"""

import re
from dataclasses import dataclass
from urllib.parse import parse_qs

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from oauthlib.common import Request, add_params_to_uri
from oauthlib.oauth2.rfc6749 import errors

from marketdesk.lib import secret
from marketdesk.merchants.models import Merchant, Role
from marketdesk.people.actor import Actor
from marketdesk.programs import sandbox
from marketdesk.programs.errors import AppRefusal
from marketdesk.programs.models import App, Grant, Reach, Scope
from marketdesk.programs.oauth import CODE_LIFE, CODES
from marketdesk.programs.recording import record
from marketdesk.programs.registering import for_owners

KNOWN = ("client_id", "redirect_uri", "response_type", "scope", "state", "code_challenge", "code_challenge_method")
S256 = "S256"
CHALLENGE = re.compile(r"[\w-]{43}", re.ASCII)  # a SHA-256 in base64url


@dataclass(frozen=True)
class Asked:
    """What an app asks a store for. It may be shown: the app, its store (`app.merchant`) and what it would do."""

    app: App
    scopes: tuple[Scope, ...]
    redirect_uri: str
    state: str = ""
    code_challenge: str = ""


class CannotAsk(AppRefusal):
    """Nobody knows to whom this would go; the text says why, to the person."""


class SendBack(Exception):
    """The app asked wrongly; it is told at its own address, if the person has a store that could allow it."""

    def __init__(self, app: App, address: str) -> None:
        super().__init__(address)
        self.app, self.address = app, address


def read(query: str) -> Asked:
    """What the query of an address asks for. Raises CannotAsk and SendBack.

    Apps that were written for API v2 may leave out everything but `client_id`: they mean the one address that they
    registered, all that they may do, and a code.
    """
    request = Request("", "GET", {"response_type": "code", **_parameters(query)})
    try:
        scopes, _credentials = CODES.validate_authorization_request(request)
        if request.code_challenge and not _is_s256(request):
            raise errors.InvalidRequestError("code_challenge is S256 only.", request=request)
    except errors.FatalClientError as bad:
        raise CannotAsk(_words(bad)) from None
    except errors.OAuth2Error as bad:
        app = request.client
        raise SendBack(app, _back(app, request.redirect_uri, bad.twotuples)) from None
    return Asked(
        request.client,
        tuple(scope for scope in Scope if scope in scopes),
        request.redirect_uri,
        request.state or "",
        request.code_challenge or "",
    )


def stores(app: App, person: int) -> list[Merchant]:
    """The stores for which a person may allow it: they own them, and a private app is for its own store only. Raises
    CannotAsk where there is none: the app is as if absent, and leads nobody anywhere."""
    owned = Merchant.objects.filter(membership__user=person, membership__role=Role.OWNER, sandbox_of=None)
    if app.reach == Reach.PRIVATE:
        owned = owned.filter(pk=app.merchant_id)
    found = list(owned.order_by("name", "pk"))
    if not found:
        raise CannotAsk(_("There is no such app here. It may have been removed."))
    return found


@transaction.atomic
def allow(asked: Asked, store: Merchant, *, by: Actor) -> str:
    """Let the app in, and answer the address with its code. Raises AppRefusal.

    Allowing twice makes two codes, each for a family of its own: no harm, so a form needs no key. The token belongs to
    the store: it stays when the person who allowed it leaves the team.
    """
    for_owners(store, by)
    app = App.objects.select_for_update(no_key=True).get(pk=asked.app.pk)
    if app.removed_at or not set(asked.scopes) <= set(app.scopes) or not app.redirect_uri_allowed(asked.redirect_uri):
        raise AppRefusal(_("The app has changed since it asked. Go back to it and begin again."))
    if store.sandbox_of_id or (app.reach == Reach.PRIVATE and store.pk != app.merchant_id):
        raise AppRefusal(_("This app is not for this store."))
    code = secret.new("mdc")
    Grant.objects.create(
        application=app,
        merchant=sandbox.store_of(store) if app.is_sandbox else store,
        user_id=by.user_id or 0,
        code=secret.hash_of(code),
        expires=by.at + CODE_LIFE,
        redirect_uri=asked.redirect_uri,
        scope=" ".join(asked.scopes),
        code_challenge=asked.code_challenge,
        code_challenge_method=S256 if asked.code_challenge else "",
    )
    record("app_allowed", app, store, by, scopes=list(asked.scopes))
    return _back(app, asked.redirect_uri, [("code", code), *_state(asked)])


def refuse(asked: Asked) -> str:
    """The address that tells the app that it is not let in; it carries no code."""
    return _back(asked.app, asked.redirect_uri, [("error", "access_denied"), *_state(asked)])


def _parameters(query: str) -> dict[str, str]:
    """What we know of a query; an empty value is none. Raises CannotAsk where something stands there twice."""
    try:
        said = parse_qs(query, max_num_fields=100)
    except ValueError:
        raise CannotAsk(_("The app sent an address that cannot be read.")) from None
    known = {name: values for name, values in said.items() if name in KNOWN}
    if any(len(values) > 1 for values in known.values()):
        raise CannotAsk(_("The app sent an address that cannot be read."))
    found = {name: value for name, (value,) in known.items()}
    if "scope" in found:  # names of calls that are not here are left out; the answer says which scopes were given
        found["scope"] = " ".join(scope for scope in found["scope"].split() if scope in Scope) or found["scope"]
    return found


def _is_s256(request: Request) -> bool:
    return request.code_challenge_method == S256 and bool(CHALLENGE.fullmatch(request.code_challenge))


def _state(asked: Asked) -> list[tuple[str, str]]:
    return [("state", asked.state)] if asked.state else []


def _back(app: App, address: str, said: list[tuple[str, str]]) -> str:
    """Its own address, with what it is told. A program of today also learns who tells it (RFC 9207); one that was
    written for API v2 gets what it always got."""
    return str(add_params_to_uri(address, [*said, ("iss", settings.BASE_URL)] if app.needs_pkce else said))


def _words(bad: errors.FatalClientError) -> str:
    match bad:
        case errors.MissingClientIdError() | errors.InvalidClientIdError():
            return _("There is no such app here. It may have been removed.")
        case errors.MissingRedirectURIError():
            return _("The app did not say where to send you back to.")
    return _(
        "The app wants you sent to an address that it has not registered. Do not trust the page that you came from."
    )
