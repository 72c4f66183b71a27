"""The refusals of API v2: the codes are the wire's, the words are for the person who writes the client."""

from marketdesk.api.envelope import Refusal
from marketdesk.programs.models import Scope
from marketdesk.tickets.errors import NotAllowed

BAD_PARAMETER = 1000
MISSING_PARAMETER = 1001
NOT_FOUND = 1004
TICKET_CLOSED = 1010
TOKEN_EXPIRED = 1015
TOKEN_REVOKED = 1016
UNAUTHORIZED = 4000
# Sub-codes, sent as data.
BAD_ID = 2014
NO_ORDER = 2021


def missing(name: str) -> Refusal:
    return Refusal(MISSING_PARAMETER, f"The parameter '{name}' is missing", data=name)


def bad_parameter(message: str) -> Refusal:
    return Refusal(BAD_PARAMETER, message)


def bad_id(value: str) -> Refusal:
    return Refusal(BAD_PARAMETER, f"{value[:50]} is an invalid id", data=BAD_ID)


def no_ticket() -> Refusal:
    """The same for a stranger's ticket, byte for byte (D31): it does not even repeat the id."""
    return Refusal(NOT_FOUND, "No 'Ticket' Found with this id")


def no_order() -> Refusal:
    """The same for a stranger's item."""
    return Refusal(NOT_FOUND, "No 'Order' Found with this id", data=NO_ORDER)


def not_allowed(refused: NotAllowed, *, closed: int = BAD_PARAMETER) -> Refusal:
    """The rules say no (D19). `closed` is the code for a ticket that is closed."""
    if refused.reason == "absent":
        return no_ticket()
    is_closed = refused.reason in {"closed", "closed_for_good"}
    return Refusal(closed if is_closed else BAD_PARAMETER, str(refused))


def unauthorized() -> Refusal:
    return _token(UNAUTHORIZED, "Unauthorized Request")


def no_access(scope: Scope) -> Refusal:
    return _token(UNAUTHORIZED, f"Unauthorized Request: this access token was not given {scope.value}.")


def not_in_address() -> Refusal:
    words = "this app's access tokens are not taken from the address. Send it as 'Authorization: Bearer …'."
    return _token(UNAUTHORIZED, f"Unauthorized Request: {words}")


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
