"""Apps in tests: one that is registered, and the way of a code to it."""

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.programs import granting
from marketdesk.programs.models import App, Scope

BACK = "https://erp.example/back"
VERIFIER = "a-verifier-of-43-letters-or-more-and-not-one-less"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
TODAYS = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


def make_app(store: Merchant, **fields: Any) -> tuple[App, str]:
    """A private app that was written for API v2, unless said otherwise, and its secret."""
    app = App(
        **{
            "merchant": store,
            "name": "ERP",
            "scopes": [Scope.READ_TICKETS, Scope.WRITE_TICKETS],
            "redirect_uris": BACK,
            "needs_pkce": False,
            "client_type": App.CLIENT_CONFIDENTIAL,
            "authorization_grant_type": App.GRANT_AUTHORIZATION_CODE,
            "client_secret": "",
            "hash_client_secret": False,
            **fields,
        }
    )
    secret = app.set_secret()
    app.save()
    return app, secret


def asking(app: App, **said: str) -> str:
    """The query with which an app asks."""
    return urlencode({"client_id": app.client_id, **said})


def told(address: str) -> dict[str, str]:
    """What an app is told at its own address."""
    return {name: value for name, (value,) in parse_qs(urlsplit(address).query).items()}


def code_of(app: App, store: Merchant, by: Actor, **said: str) -> str:
    """A fresh code, from asking to allowing."""
    return told(granting.allow(granting.read(asking(app, **said)), store, by=by))["code"]
