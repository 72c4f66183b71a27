"""The refusals of API v3: the codes are the wire's (the HTTP status where it has none), the words are for the person
who writes the client, in the language that the program asked for."""

import re
from collections.abc import Callable
from typing import Any

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from ninja.errors import AuthenticationError, HttpError, ValidationError

from marketdesk.api.envelope import Refusal
from marketdesk.api.once import HEADER, StillRunning
from marketdesk.api.v3.choosing import BadFields
from marketdesk.journal.models import KeyReused
from marketdesk.lib.images import BadPicture
from marketdesk.tickets.errors import BadText, NotAllowed

BAD_PARAMETER = 1000
NOT_FOUND = 1004
NO_ACCESS = 1006
TOKEN_EXPIRED = 1007
TOKEN_REVOKED = 1008
TOKEN_MISSING = 1012


def bad_parameter(**fields: str) -> Refusal:
    """What is wrong with which parameter."""
    words = "; ".join(f"{name}: {message}" for name, message in fields.items())
    return Refusal(BAD_PARAMETER, words, data=fields)


def no_ticket() -> Refusal:
    """The same for a stranger's ticket, byte for byte (D31)."""
    return Refusal(NOT_FOUND, _("There is no such ticket."), status=404)


def no_order() -> Refusal:
    """The same for a stranger's order, byte for byte (D31)."""
    return Refusal(NOT_FOUND, _("There is no such order."), status=404)


def no_penalty() -> Refusal:
    """The same for a stranger's penalty, byte for byte (D31)."""
    return Refusal(NOT_FOUND, _("There is no such warning or penalty."), status=404)


def no_subscription() -> Refusal:
    """The same for another app's subscription, byte for byte (D31)."""
    return Refusal(NOT_FOUND, _("There is no such subscription."), status=404)


def no_app() -> Refusal:
    words = _("Only an app can subscribe: its secret signs the messages. This access token belongs to none.")
    return Refusal(NO_ACCESS, words, status=403)


def changed() -> Refusal:
    return Refusal(412, _("The ticket has changed since you read it. Nothing was done."), status=412)


def bad_key() -> Refusal:
    return bad_parameter(**{HEADER: _("must be 1 to 80 visible ASCII characters")})


def no_access(scope: str) -> Refusal:
    return Refusal(NO_ACCESS, _("This access token lacks the scope %(scope)s.") % {"scope": scope}, status=403)


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
            return bad_parameter(message=str(failure))
        case BadPicture():
            return bad_parameter(pictures=str(failure))
        case BadFields():
            return bad_parameter(fields=str(failure))
        case KeyReused():
            return Refusal(422, _("This Idempotency-Key came before with another request."), status=422)
        case StillRunning():
            words = _("The first request with this Idempotency-Key is still being worked on. Ask again.")
            return Refusal(409, words, status=409, headers={"Retry-After": "5"})
        case ValidationError():
            return bad_parameter(**{_place(one["loc"]): _wrong(one) for one in failure.errors})
        case AuthenticationError():
            return unauthorized(TOKEN_MISSING, _("Send an access token: Authorization: Bearer …"))
        case HttpError():
            return Refusal(BAD_PARAMETER, _("The request could not be read: send one JSON object in UTF-8."))
    return failure


def _place(loc: tuple[Any, ...]) -> str:
    """Where a value stands, without the names that only our code knows: `items.2`."""
    inside = loc[2:] if loc[0] == "body" else loc[2:] or loc[1:]
    return ".".join(map(str, inside)) or "body"


def _wrong(one: dict[str, Any]) -> str:
    """What is wrong with a value; what is rare in the words of the library that found it."""
    say, about = _WRONG.get(one["type"]), dict(one.get("ctx", {}))
    if "expected" in about:  # one after the other, with an English word before the last
        about["expected"] = get_text_list(re.findall(r"'[^']*'", about["expected"]))
    return say() % about if say else str(one["msg"])


_WRONG: dict[str, Callable[[], str]] = {
    "missing": lambda: _("is missing"),
    "literal_error": lambda: _("must be %(expected)s"),
    "int_parsing": lambda: _("must be a whole number"),
    "greater_than_equal": lambda: _("must be %(ge)s or more"),
    "less_than_equal": lambda: _("must be %(le)s or less"),
    "string_type": lambda: _("must be text"),
    "string_too_long": lambda: _("must have %(max_length)s characters or fewer"),
    "bool_type": lambda: _("must be true or false"),
    "bool_parsing": lambda: _("must be true or false"),
    "list_type": lambda: _("must be a list"),
    "model_attributes_type": lambda: _("must be an object"),
    "model_type": lambda: _("must be an object"),
}
