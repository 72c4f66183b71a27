"""Tokens for apps, and whom a token is for."""

from typing import Any

from django.http import HttpRequest
from ninja import Field, Router, Schema

from marketdesk.api import oauth
from marketdesk.api.v2.calls import CALLS, Parameter
from marketdesk.api.v3 import errors
from marketdesk.api.v3.keys import Bearer, ProgramRequest
from marketdesk.api.v3.schemas import A_STORE
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


# What each field means stands in the table of API v2, which has the same two calls.
AS_IN_V2 = {call.path: call for call in CALLS if not call.needs_token}
EXCHANGING, RENEWING = AS_IN_V2["oauth/access_token"], AS_IN_V2["oauth/refresh_token"]
VERIFIER = Parameter("code_verifier", "", "What the code challenge was made of, where you sent one.", required=False)
REFUSED = (
    "No tokens: a parameter is missing (code 1000), the grant type is none of ours (1001), the app may not have them "
    "(1006), client_id and client_secret do not belong together (10001), "
)
WHY_NO_EXCHANGE = REFUSED + "or the code was used already (10002), has expired (10004) or is not known (10008)."
WHY_NO_RENEWAL = (
    REFUSED + "or the refresh token has expired (1007), was used or revoked (1008) or is not known (10008)."
)


class Whose(Schema):
    """Whom a token is for."""

    merchant_id: str = Field(description="The store.", examples=[A_STORE])


class Given(Schema):
    """New tokens. Both can be read this once."""

    access_token: str = Field(description="For the header `Authorization: Bearer …`.", examples=["md_8f2c…"])
    refresh_token: str = Field(description="For new tokens, once the access token has ended.", examples=["mdr_b71d…"])
    merchant_id: str = Field(description="The store that allowed the app.", examples=[A_STORE])
    scopes: list[str] = Field(description="What the app may do.", examples=[["tickets:read", "tickets:write"]])
    expiry_time: str = Field(
        description="When the access token ends: 30 days from now.", examples=["2026-07-01T10:00:00.000+00:00"]
    )


def _described(why_not: str, *parameters: Parameter) -> dict[str, dict[str, Any]]:
    """What a call takes, for its description: in the query by GET, as a form by POST."""
    text = {"type": "string"}
    query = [{"in": "query", "name": one.name, "description": one.words, "schema": text} for one in parameters]
    fields = {one.name: {**text, "description": one.words} for one in parameters}
    form = {"schema": {"type": "object", "properties": fields}}
    kinds = ("application/x-www-form-urlencoded", "application/json")
    refused = {"responses": {400: {"description": why_not}}}
    body = {"requestBody": {"content": dict.fromkeys(kinds, form)}}
    return {"get": {"parameters": query, **refused}, "post": {**body, **refused}}


EXCHANGE = _described(WHY_NO_EXCHANGE, *EXCHANGING.parameters, VERIFIER)
RENEWAL = _described(WHY_NO_RENEWAL, *RENEWING.parameters)


@router.get("/oauth/test", auth=Bearer(), response=Whose, summary="Test an access token")
def test(request: ProgramRequest) -> Whose:
    """Answers the id of the store that the token is for."""
    return Whose(merchant_id=request.auth.merchant.public_id)


@router.get(
    "/oauth/access_token",
    response=Given,
    operation_id="get_access_token",
    summary=EXCHANGING.title,
    deprecated=True,  # secrets do not belong into addresses
    openapi_extra=EXCHANGE["get"],
)
@router.post(
    "/oauth/access_token",
    response=Given,
    operation_id="post_access_token",
    summary=EXCHANGING.title,
    openapi_extra=EXCHANGE["post"],
)
def access_token(request: HttpRequest) -> Given:
    """Changes the code that came to your redirect address for tokens: once, within five minutes."""
    return _given(request, exchanging.CODE)


@router.get(
    "/oauth/refresh_token",
    response=Given,
    operation_id="get_refresh_token",
    summary=RENEWING.title,
    deprecated=True,  # secrets do not belong into addresses
    openapi_extra=RENEWAL["get"],
)
@router.post(
    "/oauth/refresh_token",
    response=Given,
    operation_id="post_refresh_token",
    summary=RENEWING.title,
    openapi_extra=RENEWAL["post"],
)
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
