"""Tokens for apps, and whom a token is for."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from marketdesk.api import oauth
from marketdesk.api.v3 import errors
from marketdesk.api.v3.keys import Bearer, ProgramRequest
from marketdesk.programs import exchanging
from marketdesk.programs.refusals import Why

router = Router(tags=["Access"])

BAD_GRANT_TYPE = 1001
BAD_CREDENTIALS, CODE_USED, CODE_EXPIRED, BAD_CODE = 10001, 10002, 10004, 10008
CODES: oauth.Codes = {
    Why.BAD_GRANT_TYPE: (BAD_GRANT_TYPE, 400),
    Why.MISSING: (errors.BAD_PARAMETER, 400),
    Why.BAD_REQUEST: (errors.BAD_PARAMETER, 400),
    Why.BAD_CREDENTIALS: (BAD_CREDENTIALS, 400),
    Why.NOT_FOR_APP: (errors.NO_ACCESS, 400),
    Why.BAD_SCOPE: (errors.NO_ACCESS, 400),
    Why.BAD_VERIFIER: (BAD_CODE, 400),
    Why.BAD_ADDRESS: (BAD_CODE, 400),
    Why.BAD_CODE: (BAD_CODE, 400),
    Why.CODE_EXPIRED: (CODE_EXPIRED, 400),
    Why.CODE_USED: (CODE_USED, 400),
    Why.BAD_TOKEN: (BAD_CODE, 400),
    Why.TOKEN_EXPIRED: (errors.TOKEN_EXPIRED, 400),
    Why.TOKEN_USED: (errors.TOKEN_REVOKED, 400),
    Why.TOO_MANY: (429, 429),
}


class Whose(Schema):
    merchant_id: str


class Given(Schema):
    """`expiry_time` is when the access token ends: 30 days from now."""

    access_token: str
    refresh_token: str
    merchant_id: str
    scopes: list[str]
    expiry_time: str


def _described(*names: str) -> dict[str, dict[str, Any]]:
    """What a call takes, for its description: in the query by GET, as a form by POST."""
    fields = {name: {"type": "string"} for name in names}
    query = [{"in": "query", "name": name, "schema": schema} for name, schema in fields.items()]
    form = {"schema": {"type": "object", "properties": fields}}
    kinds = ("application/x-www-form-urlencoded", "application/json")
    return {"get": {"parameters": query}, "post": {"requestBody": {"content": dict.fromkeys(kinds, form)}}}


CLIENT = ("client_id", "client_secret", "grant_type")
EXCHANGE = _described(*CLIENT, "code", "redirect_uri", "code_verifier")
RENEWAL = _described(*CLIENT, "refresh_token")


@router.get("/oauth/test", auth=Bearer(), response=Whose, summary="Test an access token")
def test(request: ProgramRequest) -> Whose:
    """Answers the id of the store that the token is for."""
    return Whose(merchant_id=request.auth.merchant.public_id)


@router.get("/oauth/access_token", response=Given, operation_id="get_access_token", openapi_extra=EXCHANGE["get"])
@router.post("/oauth/access_token", response=Given, operation_id="post_access_token", openapi_extra=EXCHANGE["post"])
def access_token(request: HttpRequest) -> Given:
    """Changes the code that came to your redirect address for tokens: once, within five minutes."""
    return _given(request, exchanging.CODE)


@router.get("/oauth/refresh_token", response=Given, operation_id="get_refresh_token", openapi_extra=RENEWAL["get"])
@router.post("/oauth/refresh_token", response=Given, operation_id="post_refresh_token", openapi_extra=RENEWAL["post"])
def refresh_token(request: HttpRequest) -> Given:
    """Changes a refresh token for new tokens; the old ones end at once. Keep the new refresh token: one that comes
    again later ends all that were renewed from it."""
    return _given(request, exchanging.RENEWAL)


def _given(request: HttpRequest, usual: str) -> Given:
    given = oauth.tokens(request, usual, CODES)
    return Given(
        access_token=given.access_token,
        refresh_token=given.refresh_token,
        merchant_id=given.store.public_id,
        scopes=given.scopes,
        expiry_time=given.expires_at.isoformat(timespec="milliseconds"),
    )
