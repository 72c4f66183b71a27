"""Whose call it is: the marketplace's key, with the scope that the call needs."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja.security import HttpBearer

from marketdesk.api.platform import problems
from marketdesk.api.platform.problems import Problem
from marketdesk.people.actor import Actor
from marketdesk.people.models import PlatformKey, Scope, User
from marketdesk.people.party import Party

MOST_BYTES = 10 * 1024 * 1024


class PlatformRequest(HttpRequest):
    """A request of a known program."""

    auth: PlatformKey


class Keyed(HttpBearer):
    """A valid key with a scope; only then is the body read."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> PlatformKey:
        key = PlatformKey.find(token)
        if key is None:
            raise problems.unauthorized("unauthorized", "This key is not known.")
        if key.revoked_at is not None:
            raise problems.unauthorized("key_revoked", "This key has been revoked.")
        if not key.is_valid(timezone.now()):
            raise problems.unauthorized("key_expired", "This key has expired.")
        if self.scope not in key.scopes:
            raise Problem(403, "scope_missing", f"This key lacks the scope {self.scope}.")
        _read_body(request)
        return key


def _read_body(request: Any) -> None:
    """The body, up to this door's own limit: a batch may be larger than a form."""
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > MOST_BYTES:
        raise problems.too_large()
    body = request.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise problems.too_large()
    request._body = body


def program(key: PlatformKey) -> str:
    """The stable name of the program, the same for both keys of a rotation."""
    return f"platform:{key.name}"


def customers_actor(request: PlatformRequest, customer: User) -> Actor:
    """A customer who acts through the marketplace's own app. Each of its writes claims its key, so a second `ok` is
    not taken for an echo of the first."""
    return Actor(
        Party.CUSTOMER,
        user_id=customer.pk,
        name=customer.name,
        app=program(request.auth),
        is_first=True,
    )
