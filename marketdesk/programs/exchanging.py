"""An app changes its code for tokens, and later its refresh token for new ones."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from oauthlib.common import Request

from marketdesk.merchants.models import Merchant
from marketdesk.programs import guesses
from marketdesk.programs.models import App
from marketdesk.programs.oauth import BEARER, CODES, RENEWALS
from marketdesk.programs.refusals import NoTokens, Why

CODE, RENEWAL = "authorization_code", "refresh_token"
# What an app changes, by grant type; what it must send besides, and what it may.
NEEDED = {CODE: "code", RENEWAL: "refresh_token"}
KNOWN = ("client_id", "code", "code_verifier", "redirect_uri", "refresh_token", "scope")


@dataclass(frozen=True)
class Tokens:
    """What an app gets. Both can be seen this once."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime
    lives: int
    store: Merchant
    scopes: list[str]


def tokens(grant_type: str, asked: Mapping[str, str], *, address: str) -> Tokens:
    """Tokens for what an app sends. Raises NoTokens. `address` is where it comes from, for who guesses secrets.

    All of it happens in one transaction that holds the app's row. Of those who send one code or refresh token at once,
    one finds it fresh; and what is revoked because something came again stays revoked although the call is refused.
    """
    if grant_type not in NEEDED:
        raise NoTokens(Why.BAD_GRANT_TYPE)
    said = {name: asked[name] for name in KNOWN if asked.get(name)}
    for name in ("client_id", NEEDED[grant_type]):
        if name not in said:
            raise NoTokens(Why.MISSING, f"The parameter '{name}' is missing", name)
    app = _app(said["client_id"], asked.get("client_secret", ""), address)
    request = Request("", "POST", {**said, "grant_type": grant_type})
    server = CODES if grant_type == CODE else RENEWALS
    with transaction.atomic():
        request.client = App.objects.select_for_update(no_key=True).filter(pk=app.pk, removed_at=None).first()
        _headers, body, status = server.create_token_response(request, BEARER)
    answer = json.loads(body)
    if status != 200:
        why = Why(answer["error"])
        raise NoTokens(why, _words(why, answer.get("error_description", "")))
    token = request.issued
    return Tokens(
        answer["access_token"],
        answer["refresh_token"],
        token.expires,
        answer["expires_in"],
        token.merchant,
        token.scope.split(),
    )


def _app(client_id: str, secret: str, address: str) -> App:
    """The app, if this is its secret. Every try counts until it was the right one."""
    app = App.find(client_id)
    counted = guesses.begin(app, address)
    if counted is None:
        raise NoTokens(Why.TOO_MANY)
    if app is None or not app.knows(secret):
        raise NoTokens(Why.BAD_CREDENTIALS)
    guesses.was_right(counted)
    return app


def _words(why: Why, described: str) -> str:
    """What the server found for itself is described by it."""
    return f"{why}: {described}" if described else ""
