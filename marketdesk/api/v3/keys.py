"""Whose call it is: the store's token, in the header only, with the scope that the call needs."""

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja.security import HttpBearer

from marketdesk.api import limits
from marketdesk.api.v3 import errors
from marketdesk.merchants import wall
from marketdesk.programs.models import AccessToken, Scope


class ProgramRequest(HttpRequest):
    """A request of a known program."""

    auth: AccessToken


class Bearer(HttpBearer):
    """A living token with a scope (none: any living token)."""

    def __init__(self, scope: Scope | None = None) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> AccessToken:
        found = AccessToken.find(token)
        if found is None:
            limits.count_unknown(request)
            raise errors.unauthorized(errors.TOKEN_MISSING, _("This access token is not known."))
        if found.is_revoked:
            raise errors.unauthorized(errors.TOKEN_REVOKED, _("This access token has been revoked."))
        if found.is_expired():
            raise errors.unauthorized(errors.TOKEN_EXPIRED, _("This access token has expired."))
        limits.count(request, found)
        found.used(timezone.now())
        if self.scope is not None and not found.allows(self.scope):
            raise errors.no_access(self.scope)
        wall.narrow(found.merchant_id)
        return found
