"""Whose call it is: the merchant's token, from any of the three places where clients put it."""

from dataclasses import dataclass, field

from django.http import HttpRequest
from django.utils import timezone

from marketdesk.api import limits
from marketdesk.api.v2 import errors
from marketdesk.api.v2.parameters import Parameters
from marketdesk.programs.models import AccessToken, Scope

FIELDS = ("access_token",)


@dataclass(frozen=True)
class Sent:
    """A token as it was sent; `address` holds it by its field where it stood in the address."""

    token: str
    address: dict[str, str] = field(default_factory=dict)


def of(
    request: HttpRequest, parameters: Parameters, fields: tuple[str, ...], scope: Scope | None
) -> tuple[AccessToken, Sent]:
    """The living token of a call, which must have the scope. Raises Refusal, also where it is a call too many."""
    sent = _sent(request, parameters, fields)
    token = AccessToken.find(sent.token) if sent.token else None
    if token is None:
        if sent.token:
            limits.count_unknown(request)
        raise errors.unauthorized()
    if token.is_revoked:
        raise errors.revoked()
    if token.is_expired():
        raise errors.expired()
    limits.count(request, token)
    token.used(timezone.now())
    if sent.address and token.application and not token.application.tokens_in_address:
        raise errors.not_in_address()
    if scope is not None and not token.allows(scope):
        raise errors.no_access(scope)
    return token, sent


def _sent(request: HttpRequest, parameters: Parameters, fields: tuple[str, ...]) -> Sent:
    """The header's, else the first field's that is not empty, the body's before the address's."""
    if token := _bearer(request):
        return Sent(token)
    for name in fields:
        if token := parameters.token(name):
            return Sent(token)
    for name in fields:
        if token := parameters.query_token(name):
            return Sent(token, {name: token})
    return Sent("")


def _bearer(request: HttpRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
