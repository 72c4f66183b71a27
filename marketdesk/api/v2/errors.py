"""The refusals of API v2: the codes are the wire's, the words are for the person who writes the client."""

from marketdesk.api.envelope import Refusal
from marketdesk.tickets.errors import NotAllowed

BAD_PARAMETER = 1000
MISSING_PARAMETER = 1001
NOT_FOUND = 1004
TICKET_CLOSED = 1010
TOKEN_EXPIRED = 1015
TOKEN_REVOKED = 1016
UNAUTHORIZED = 4000
# A sub-code, sent as data.
BAD_ID = 2014


def missing(name: str) -> Refusal:
    return Refusal(MISSING_PARAMETER, f"The parameter '{name}' is missing", data=name)


def bad_parameter(message: str) -> Refusal:
    return Refusal(BAD_PARAMETER, message)


def bad_id(value: str) -> Refusal:
    return Refusal(BAD_PARAMETER, f"{value[:50]} is an invalid id", data=BAD_ID)


def no_ticket() -> Refusal:
    """The same for a stranger's ticket, byte for byte (D31): it does not even repeat the id."""
    return Refusal(NOT_FOUND, "No 'Ticket' Found with this id")


def not_allowed(refused: NotAllowed, *, closed: int = BAD_PARAMETER) -> Refusal:
    """The rules say no (D19). `closed` is the code for a ticket that is closed."""
    if refused.reason == "absent":
        return no_ticket()
    is_closed = refused.reason in {"closed", "closed_for_good"}
    return Refusal(closed if is_closed else BAD_PARAMETER, str(refused))


def unauthorized() -> Refusal:
    return _token(UNAUTHORIZED, "Unauthorized Request")


def expired() -> Refusal:
    return _token(TOKEN_EXPIRED, "This access token has expired.")


def revoked() -> Refusal:
    return _token(TOKEN_REVOKED, "This access token has been revoked.")


def _token(code: int, message: str) -> Refusal:
    return Refusal(code, message, status=401, headers={"WWW-Authenticate": "Bearer"})


def wrong_method(used: str, allowed: str) -> Refusal:
    words = f"This call answers to {allowed}."
    if used in {"GET", "POST"}:
        words += f" {used} is answered only where the operator has switched on API_V2_LEGACY_METHODS."
    return Refusal(405, words, status=405, headers={"Allow": allowed})
