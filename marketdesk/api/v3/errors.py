"""The refusals of API v3: the codes are the wire's, the words are for the person who writes the client."""

from typing import Any

from ninja.errors import AuthenticationError, HttpError, ValidationError

from marketdesk.api.envelope import Refusal
from marketdesk.tickets.errors import BadText, NotAllowed

BAD_PARAMETER = 1000
NOT_FOUND = 1004
NO_ACCESS = 1006
TOKEN_EXPIRED = 1007
TOKEN_REVOKED = 1008
TOKEN_MISSING = 1012


def no_ticket() -> Refusal:
    """The same for a stranger's ticket, byte for byte (D31)."""
    return Refusal(NOT_FOUND, "There is no such ticket.", status=404)


def no_access(scope: str) -> Refusal:
    return Refusal(NO_ACCESS, f"This access token lacks the scope {scope}.", status=403)


def unauthorized(code: int, message: str) -> Refusal:
    return Refusal(code, message, status=401, headers={"WWW-Authenticate": "Bearer"})


def of(failure: Exception) -> Exception:
    """What a failure is on this wire; what is the same on every wire stays as it is."""
    match failure:
        case NotAllowed(reason="absent"):
            return no_ticket()
        case NotAllowed():
            return Refusal(BAD_PARAMETER, str(failure), status=409)
        case BadText():
            return Refusal(BAD_PARAMETER, str(failure))
        case ValidationError():
            fields = {_place(one["loc"]): str(one["msg"]) for one in failure.errors}
            words = "; ".join(f"{name}: {message}" for name, message in fields.items())
            return Refusal(BAD_PARAMETER, words, data=fields)
        case AuthenticationError():
            return unauthorized(TOKEN_MISSING, "Send an access token: Authorization: Bearer …")
        case HttpError():
            return Refusal(BAD_PARAMETER, "The request could not be read: send one JSON object in UTF-8.")
    return failure


def _place(loc: tuple[Any, ...]) -> str:
    """Where a value stands, without the names that only our code knows: `items.2`."""
    return ".".join(str(part) for part in loc[2:] or loc[1:]) or "body"
