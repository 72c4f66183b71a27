"""The token calls as both versions of the API have them: a code or a refresh token comes in, new tokens go out.

Programs send what they send by GET or POST, in the query, a form or JSON, and their secret also as RFC 6749 prefers it,
in the header. Whatever they put into the address is in no log; see docs/decisions.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from urllib.parse import unquote_plus

from django.http import HttpRequest

from marketdesk.api import limits
from marketdesk.api.envelope import Refusal
from marketdesk.api.v2.parameters import Parameters
from marketdesk.programs import exchanging
from marketdesk.programs.exchanging import Tokens
from marketdesk.programs.refusals import NoTokens, Why

METHODS = ("GET", "POST")
FIELDS = (*exchanging.KNOWN, "client_secret", "grant_type")
# What a version says to each: its code and the HTTP status.
Codes = Mapping[Why, tuple[int, int]]


def tokens(request: HttpRequest, usual: str, codes: Codes) -> Tokens:
    """What an app gets. `usual` is the grant type of this call, for apps that do not name one; a library that knows but
    one address of ours may send both there. Raises Refusal."""
    if request.method not in METHODS:
        allowed = ", ".join(METHODS)
        raise Refusal(405, f"This call answers to {allowed}.", status=405, headers={"Allow": allowed})
    said = _said(request)
    try:
        return exchanging.tokens(said["grant_type"] or usual, said, address=limits.address(request))
    except NoTokens as refused:
        code, status = codes[refused.why]
        headers = {"WWW-Authenticate": "Basic"} if status == 401 else {"Retry-After": "60"} if status == 429 else {}
        raise Refusal(code, str(refused), status=status, data=refused.parameter or {}, headers=headers) from None


def _said(request: HttpRequest) -> dict[str, str]:
    """Every field that counts, empty where it was not sent."""
    parameters = Parameters.of(request)
    found = {name: parameters.get(name) for name in FIELDS}
    if request.content_type == "application/json":
        found |= _json(request.body)
    return found | _basic(request.headers.get("Authorization", ""))


def _json(body: bytes) -> dict[str, str]:
    """The fields of a JSON object. A value that is no text is refused: a list is never taken for its first or last."""
    unreadable = Refusal(1000, "The body must be one JSON object whose values are text.")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise unreadable from None
    if not isinstance(said, dict):
        raise unreadable
    found = {name: said[name] for name in FIELDS if said.get(name) is not None}
    if not all(isinstance(value, str) and _is_utf8(value) for value in found.values()):
        raise unreadable
    return found


def _is_utf8(text: str) -> bool:
    """Whether it can be written down: JSON can name half a letter."""
    return not any("\ud800" <= letter <= "\udfff" for letter in text)


def _basic(header: str) -> dict[str, str]:
    """The app's id and secret in a header (RFC 6749, 2.3.1); one that cannot be read is none."""
    kind, _, sent = header.partition(" ")
    if kind.lower() != "basic":
        return {}
    try:
        client_id, separator, client_secret = base64.b64decode(sent, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return {}
    if not separator:
        return {}
    return {"client_id": unquote_plus(client_id), "client_secret": unquote_plus(client_secret)}
