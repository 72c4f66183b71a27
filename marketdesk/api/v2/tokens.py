"""Whose call it is: the merchant's token, from any of the three places where clients put it."""

from django.http import HttpRequest

from marketdesk.api import limits
from marketdesk.api.v2 import errors
from marketdesk.api.v2.parameters import Parameters
from marketdesk.programs.models import AccessToken

FIELDS = ("access_token",)


def of(request: HttpRequest, parameters: Parameters, fields: tuple[str, ...] = FIELDS) -> AccessToken:
    """The valid token of a call: the header's, else the first field's that is not empty. Raises Refusal, also where
    it is a call too many."""
    sent = _bearer(request) or next(filter(None, map(parameters.token, fields)), "")
    token = AccessToken.find(sent) if sent else None
    if token is None:
        if sent:
            limits.count_unknown(request)
        raise errors.unauthorized()
    if token.is_revoked:
        raise errors.revoked()
    if token.is_expired():
        raise errors.expired()
    limits.count(request, token)
    return token


def _bearer(request: HttpRequest) -> str:
    scheme, _, token = request.headers.get("Authorization", "").strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
