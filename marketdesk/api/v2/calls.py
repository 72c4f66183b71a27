"""Every call of API v2 in one table: its OpenAPI document, its pages and the tests read it."""

from dataclasses import dataclass, replace
from typing import Any

from marketdesk.api.v2 import errors, shapes
from marketdesk.api.v2.shapes import Shape
from marketdesk.programs.models import Scope

Json = dict[str, Any]


@dataclass(frozen=True)
class Failure:
    """A code that a call may answer, with the HTTP status it comes with."""

    status: int
    words: str
    data: Any


FAILURES = {
    errors.BAD_PARAMETER: Failure(400, "A parameter holds something that does not fit; the message says what.", {}),
    errors.MISSING_PARAMETER: Failure(400, "A required parameter is missing; data is its name.", "id"),
    errors.NOT_FOUND: Failure(400, "There is no such ticket or order in this store.", {}),
    errors.TICKET_CLOSED: Failure(400, "The ticket is closed. Re-open it to write.", {}),
    errors.TOKEN_EXPIRED: Failure(401, "The access token has expired. Refresh it.", {}),
    errors.TOKEN_REVOKED: Failure(401, "The access token has been revoked.", {}),
    errors.UNAUTHORIZED: Failure(
        401, "There is no token, nobody knows it, or it lacks the scope: the message says.", {}
    ),
    404: Failure(404, "There is no such call.", {}),
    405: Failure(405, "The call answers to the other method.", {}),
    413: Failure(413, "The request is too large.", {}),
    429: Failure(429, "Too many calls. Wait as long as Retry-After says.", {}),
    500: Failure(500, "Our fault. The message holds a number to name to the operator.", {}),
    503: Failure(503, "Not available for a moment. Wait as long as Retry-After says.", {}),
}
# What some of them mean where an app asks for tokens.
FAILURES_OF_APPS = {
    errors.BAD_PARAMETER: Failure(400, "The code, the refresh token or another parameter is none that fits.", {}),
    errors.TOKEN_EXPIRED: Failure(400, "The refresh token has expired.", {}),
    errors.TOKEN_REVOKED: Failure(400, "The code or the refresh token has been used already, or is over.", {}),
    errors.UNAUTHORIZED: Failure(401, "client_id and client_secret do not belong together.", {}),
}
# What every call with a token may answer.
OF_TOKENS = (errors.TOKEN_EXPIRED, errors.TOKEN_REVOKED, errors.UNAUTHORIZED, 429)


@dataclass(frozen=True)
class Parameter:
    """What a call takes, with a value for the examples; `$NAME` is read from the environment there."""

    name: str
    example: str
    words: str
    required: bool = True
    schema: Json | None = None


@dataclass(frozen=True)
class Call:
    """One call. `answer` is the schema of `data`, `sample` what it looks like. Any token will do where there is no
    `scope`; `needs_token` says whether it takes one at all."""

    path: str
    method: str
    title: str
    words: str
    answer: Json
    sample: Any
    parameters: tuple[Parameter, ...] = ()
    errors: tuple[int, ...] = ()
    scope: Scope | None = Scope.READ_TICKETS
    needs_token: bool = True
    is_list: bool = False
    is_alias: bool = False


DONE = {
    "type": "object",
    "properties": {"success": {"const": True}},
    "required": ["success"],
    "additionalProperties": False,
}
TOKENS = {
    "type": "object",
    "properties": {
        "access_token": {"type": "string"},
        "refresh_token": {"type": "string"},
        "expires_in": {"type": "integer", "description": "In seconds."},
        "expiry_time": {"type": "integer", "description": "In seconds since 1970."},
    },
    "required": ["access_token", "refresh_token", "expires_in", "expiry_time"],
}
TOKENS_SAMPLE = {
    "access_token": "8f2c…",
    "refresh_token": "b71d…",
    "expires_in": 2_592_000,
    "expiry_time": 1_625_133_600,
}
TICKET_ID = Parameter("id", shapes.TICKET.sample()["id"], "The ticket's id.", schema=shapes.KINDS["id"])
ORDER_ID = Parameter("id", shapes.ORDER.sample()["order_id"], "The order_id.", schema=shapes.KINDS["id"])
APP = (
    Parameter("client_id", "$CLIENT_ID", "Of your app."),
    Parameter("client_secret", "$CLIENT_SECRET", "Of your app."),
)


def _deed(path: str, title: str, words: str, *parameters: Parameter, errors: tuple[int, ...] = ()) -> Call:
    """A call that changes a ticket."""
    found = (TICKET_ID, *parameters)
    return Call(path, "POST", title, words, DONE, {"success": True}, found, (*REFUSED, *errors), Scope.WRITE_TICKETS)


def _one(shape: Shape) -> Json:
    return shapes.wrapped(shape)


OLD_APPEAL = "ticket/appeal-to-wish-support"
REFUSED = (errors.BAD_PARAMETER, errors.MISSING_PARAMETER, errors.NOT_FOUND)
NO_TOKENS = (
    errors.BAD_PARAMETER,
    errors.MISSING_PARAMETER,
    errors.TOKEN_EXPIRED,
    errors.TOKEN_REVOKED,
    errors.UNAUTHORIZED,
    429,
)
APPEAL = _deed(
    "ticket/appeal-to-support",
    "Appeal to support",
    "Bring the platform's support team into the conversation, where a customer asks for what you cannot decide. "
    "From then on the ticket waits for support.",
)
CALLS = (
    Call(
        "auth_test",
        "GET",
        "Test a token",
        "Whose token this is. A good first call: it changes nothing.",
        {
            "type": "object",
            "properties": {
                "success": {"const": True},
                "merchant_id": {"type": "string"},
                "merchant_username": {"type": "string"},
            },
            "required": ["success", "merchant_id", "merchant_username"],
        },
        {"success": True, "merchant_id": "60c0a1b2c3d4e5f600000001", "merchant_username": "Anadolu Home"},
        scope=None,
    ),
    Call(
        "ticket/get-action-required",
        "GET",
        "List the tickets that wait for you",
        "Every ticket that you have to answer, soonest due first. A ticket leaves the list as soon as you have "
        "replied, closed it or appealed: begin at 0 again after a round of answers.",
        {"type": "array", "items": _one(shapes.TICKET)},
        [{"Ticket": shapes.TICKET.sample()}],
        (
            Parameter(
                "start", "0", "How many tickets to skip.", False, {"type": "integer", "minimum": 0, "default": 0}
            ),
            Parameter(
                "limit",
                "50",
                "How many to send.",
                False,
                {"type": "integer", "minimum": 1, "maximum": 500, "default": 50},
            ),
        ),
        (errors.BAD_PARAMETER,),
        is_list=True,
    ),
    Call(
        "ticket/count-action-required",
        "GET",
        "Count the tickets that wait for you",
        "How many tickets you have to answer: the red number of the dashboard. Cheaper than the list, for a program "
        "that asks often.",
        {
            "type": "object",
            "properties": {"success": {"const": True}, "count": {"type": "string", **shapes.KINDS["number"]}},
            "required": ["success", "count"],
            "additionalProperties": False,
        },
        {"success": True, "count": "12"},
    ),
    Call(
        "ticket",
        "GET",
        "Read a ticket",
        "One ticket with its customer, its affected items and everything that was said.",
        _one(shapes.TICKET),
        {"Ticket": shapes.TICKET.sample()},
        (TICKET_ID,),
        REFUSED,
    ),
    _deed(
        "ticket/reply",
        "Reply to a ticket",
        "Answer the customer. The ticket then waits for them; their next message brings it back to you.",
        Parameter("reply", "It is on its way and arrives on Friday.", "Plain text, at most 10,000 characters."),
        errors=(errors.TICKET_CLOSED,),
    ),
    _deed("ticket/close", "Close a ticket", "Close a question without a refund. The customer can re-open it."),
    APPEAL,
    replace(APPEAL, path=OLD_APPEAL, words=f"The old name of {APPEAL.path}.", is_alias=True),
    _deed(
        "ticket/re-open",
        "Re-open a ticket",
        "Open a closed ticket again, with a message to the customer.",
        Parameter("reply", "I have found your parcel.", "Plain text, at most 10,000 characters."),
    ),
    Call(
        "order",
        "GET",
        "Read an order",
        "One item of what a customer bought.",
        _one(shapes.ORDER),
        {"Order": shapes.ORDER.sample()},
        (ORDER_ID,),
        REFUSED,
        Scope.READ_ORDERS,
    ),
    Call(
        "order/refund",
        "POST",
        "Refund an order",
        "Give the money for an item back. A ticket whose affected items are all refunded is closed.",
        DONE,
        {"success": True},
        (
            ORDER_ID,
            Parameter("reason_code", "25", "A refund reason code.", schema={"type": "integer"}),
            Parameter("reason_note", "The cup arrived in pieces.", "Why; needed with the code -1.", False),
        ),
        REFUSED,
        Scope.WRITE_ORDERS,
    ),
    Call(
        "oauth/access_token",
        "POST",
        "Get a token for a code",
        "Exchange the code that came back to your redirect address. A code lives for five minutes and works once.",
        TOKENS,
        TOKENS_SAMPLE,
        (
            *APP,
            Parameter("code", "$CODE", "What came back to your redirect address."),
            Parameter("grant_type", "authorization_code", "Always authorization_code."),
            Parameter("redirect_uri", "$REDIRECT_URI", "The same address again."),
            Parameter("code_verifier", "", "What the code challenge was made of, where you sent one.", required=False),
        ),
        NO_TOKENS,
        scope=None,
        needs_token=False,
    ),
    Call(
        "oauth/refresh_token",
        "POST",
        "Refresh a token",
        "Exchange a refresh token for a new pair. The old pair ends.",
        TOKENS,
        TOKENS_SAMPLE,
        (
            *APP,
            Parameter("refresh_token", "$REFRESH_TOKEN", "The one that came with the access token."),
            Parameter("grant_type", "refresh_token", "Always refresh_token."),
        ),
        NO_TOKENS,
        scope=None,
        needs_token=False,
    ),
)
# The token calls are answered by GET too, for clients that can do no other: secrets do not belong into addresses.
BY_GET = tuple(replace(call, method="GET", is_alias=True) for call in CALLS if not call.needs_token)
