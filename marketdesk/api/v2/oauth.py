"""The token calls of API v2: numbers where typed clients read numbers."""

from django.http import HttpRequest, HttpResponse

from marketdesk.api import envelope, oauth
from marketdesk.api.v2 import errors
from marketdesk.programs import exchanging
from marketdesk.programs.refusals import Why

CODES: oauth.Codes = {
    Why.BAD_GRANT_TYPE: (errors.BAD_PARAMETER, 400),
    Why.MISSING: (errors.MISSING_PARAMETER, 400),
    Why.BAD_REQUEST: (errors.BAD_PARAMETER, 400),
    Why.BAD_CREDENTIALS: (errors.UNAUTHORIZED, 401),
    Why.NOT_FOR_APP: (errors.UNAUTHORIZED, 401),
    Why.BAD_SCOPE: (errors.BAD_PARAMETER, 400),
    Why.BAD_VERIFIER: (errors.BAD_PARAMETER, 400),
    Why.BAD_ADDRESS: (errors.BAD_PARAMETER, 400),
    Why.BAD_CODE: (errors.BAD_PARAMETER, 400),
    Why.CODE_EXPIRED: (errors.TOKEN_REVOKED, 400),  # the wire has one code for both
    Why.CODE_USED: (errors.TOKEN_REVOKED, 400),
    Why.BAD_TOKEN: (errors.BAD_PARAMETER, 400),
    Why.TOKEN_EXPIRED: (errors.TOKEN_EXPIRED, 400),
    Why.TOKEN_USED: (errors.TOKEN_REVOKED, 400),
    Why.TOO_MANY: (429, 429),
}


def access_token(request: HttpRequest, **_: object) -> HttpResponse:
    """A code for tokens."""
    return _answer(request, exchanging.CODE)


def refresh_token(request: HttpRequest, **_: object) -> HttpResponse:
    """A refresh token for new ones."""
    return _answer(request, exchanging.RENEWAL)


def _answer(request: HttpRequest, usual: str) -> HttpResponse:
    given = oauth.tokens(request, usual, CODES)
    return envelope.success(
        {
            "access_token": given.access_token,
            "refresh_token": given.refresh_token,
            "expires_in": given.lives,
            "expiry_time": int(given.expires_at.timestamp()),
        }
    )
