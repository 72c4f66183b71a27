"""Problems: every answer under /platform/ that is no success says a stable word, a sentence and the fields at fault."""

import json
from typing import Any

from django.core.exceptions import BadRequest, DisallowedHost, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse, UnreadablePostError
from django.urls import Resolver404
from ninja.errors import AuthenticationError, HttpError, ValidationError

from marketdesk.journal.models import KeyReused
from marketdesk.lib.images import BadPicture
from marketdesk.tickets.errors import BadText, FilesAway, NotAllowed

# Seconds after which a program may try again when the database was away.
RETRY_AFTER = 5
# What a problem is, for the OpenAPI document.
SCHEMA = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "a stable word"},
                "message": {"type": "string", "description": "for a person"},
                "fields": {"type": "object", "additionalProperties": {"type": "string"}},
            },
        }
    },
}


class Problem(Exception):
    """Raised wherever a call cannot be answered. Nothing was changed."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        fields: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.fields, self.headers = status, code, fields or {}, headers or {}

    @property
    def data(self) -> dict[str, Any]:
        """As it stands on the wire."""
        error: dict[str, Any] = {"code": self.code, "message": str(self)}
        return {"error": error | ({"fields": self.fields} if self.fields else {})}

    def response(self) -> HttpResponse:
        return HttpResponse(
            json.dumps(self.data), status=self.status, content_type="application/json", headers=self.headers
        )


def unauthorized(code: str, message: str) -> Problem:
    return Problem(401, code, message, headers={"WWW-Authenticate": "Bearer"})


def no_ticket() -> Problem:
    """The same for another customer's ticket, byte for byte (D31)."""
    return Problem(404, "not_found", "There is no such ticket.")


def bad_fields(**fields: str) -> Problem:
    return Problem(422, "bad_fields", "Some fields cannot be taken.", fields)


def too_large() -> Problem:
    return Problem(413, "too_large", "The request is too large: 10 MB are possible.")


def wrong_method(allowed: str) -> Problem:
    return Problem(405, "wrong_method", f"This call answers to {allowed}.", headers={"Allow": allowed})


def of(failure: Exception, number: str) -> Problem:
    """What a failure is on the wire; whatever is not known is our own fault, and named by the request's number."""
    match failure:
        case Problem():
            return failure
        case NotAllowed(reason="absent"):
            return no_ticket()
        case NotAllowed():
            return Problem(409, failure.reason, str(failure))
        case KeyReused():
            return Problem(422, "key_reused", "This Idempotency-Key came before with another request.")
        case BadText():
            return bad_fields(text=str(failure))
        case BadPicture():
            return bad_fields(pictures=str(failure))
    return _of_request(failure, number)


def _of_request(failure: Exception, number: str) -> Problem:
    match failure:
        case ValidationError():
            return bad_fields(**{_place(one["loc"]): str(one["msg"]) for one in failure.errors})
        case AuthenticationError():
            return unauthorized("unauthorized", "Send a platform key: Authorization: Bearer mdp_…")
        case Resolver404():
            return Problem(404, "no_such_call", "There is no such call.")
        case DisallowedHost():
            return Problem(400, "wrong_host", "This installation does not answer under that host name.")
        case RequestDataTooBig():
            return too_large()
        case HttpError() | BadRequest() | SuspiciousOperation() | UnreadablePostError():
            return Problem(400, "unreadable", "The request could not be read: send one JSON object in UTF-8.")
        case OperationalError() | InterfaceError() | FilesAway():
            words = "The service is not available for a moment. Try again."
            return Problem(503, "unavailable", words, headers={"Retry-After": str(RETRY_AFTER)})
    return Problem(500, "failed", f"Something went wrong here. Name this number to the operator: {number}")


def _place(loc: tuple[Any, ...]) -> str:
    """Where a value stands, without the names that only our code knows: `items.2`."""
    return ".".join(str(part) for part in loc[2:] or loc[1:]) or "body"
