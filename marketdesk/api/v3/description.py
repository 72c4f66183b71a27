"""The OpenAPI document: what ninja knows of each call, and what all calls have in common: the envelope, the scopes,
the refusals, the headers."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from ninja import NinjaAPI

from marketdesk.api.once import HEADER, KEY
from marketdesk.api.v3.keys import Bearer

Json = dict[str, Any]

ABOUT = """For merchants' programs.

Every answer is `{message, code, data}`: `code` is 0 and `message` empty on success; otherwise `message` says what is
wrong, in the language of `Accept-Language`. Send an access token with each call: `Authorization: Bearer …`.
Times are UTC, to the millisecond. A field without a value is left out. New fields may come at any time."""

REFUSED: dict[int, str] = {
    400: "A parameter is missing or cannot be taken (code 1000); `data` says which, and why.",
    401: "No living access token: there is none or it is not known (code 1012), it has expired (1007) or was revoked "
    "(1008).",
    403: "The access token lacks the scope (code 1006).",
    404: "There is no such thing in this store (code 1004).",
    405: "The call answers to another method (code 405); `Allow` says which.",
    409: "The rules do not allow it now (code 1000; `message` says why), or the first request with this "
    "Idempotency-Key is not done yet (code 409).",
    412: "The ticket has changed since (code 412). Nothing was done.",
    413: "The request is too large (code 413).",
    422: "This Idempotency-Key came before with another request (code 422).",
    429: "Too many calls (code 429). The headers say when to go on.",
    500: "Our fault (code 500). `message` holds a number to name to the operator.",
    503: "Not available for a moment (code 503). Wait as long as `Retry-After` says.",
}
REFUSAL: Json = {
    "type": "object",
    "description": "A refusal: nothing was changed.",
    "required": ["message", "code", "data"],
    "properties": {
        "message": {
            "type": "string",
            "description": "What is wrong, for a person.",
            "examples": ["The ticket is closed"],
        },
        "code": {"type": "integer", "description": "What is wrong, for a program; never 0.", "examples": [1000]},
        "data": {"description": "By parameter, what is wrong with it; `{}` where it is none's fault."},
    },
}


def _header(name: str, meaning: str, example: str, **schema: Any) -> Json:
    text = {"type": "string", "examples": [example], **schema}
    return {"name": name, "in": "header", "required": False, "description": meaning, "schema": text}


LANGUAGE = _header("Accept-Language", "The language of words that are ours.", "de")
ONCE = _header(
    HEADER,
    "Names this write, for 30 days. Send it again, unchanged, when no answer came: it is done once, however often it "
    "comes, and answered alike.",
    "7f3a9c52-reply",
    pattern=f"^{KEY.pattern}$",
)
_A_TAG = '"0f1e2d3c4b5a69788796a5b4.en"'
IF_NONE_MATCH = _header("If-None-Match", "The `ETag` of the answer that you have.", _A_TAG)
IF_MATCH = _header("If-Match", "The `ETag` of the ticket as you read it: write only if it is still the same.", _A_TAG)
NOT_CHANGED: Json = {"description": "Nothing has changed: you have this answer already."}


def describe(api: NinjaAPI, root: str, *, may_choose: bool = True) -> Json:
    """The whole document; unless a reader `may_choose` fields, it says which of them are always there."""
    # What the calls themselves add to it is ninja's for the next time too.
    document: Json = deepcopy(dict(api.get_openapi_schema(path_prefix=f"/{root}")))
    schemas = document["components"].setdefault("schemas", {})
    bearers = dict(_bearers(api))
    for methods in document["paths"].values():
        for method, call in methods.items():
            _complete(call, method, bearers.get(call["operationId"]))
            if may_choose and any(one["name"] == "fields" for one in call["parameters"]):
                _leave_open(call["responses"], schemas)
    schemas["Refusal"] = REFUSAL
    _never_null(document)
    return document


def _bearers(api: NinjaAPI) -> Iterator[tuple[str, Bearer]]:
    """Whom each call lets in, by its id."""
    for router in api._get_bound_routers():
        for view in router.path_operations.values():
            for call in view.operations:
                for auth in call.auth_callbacks:
                    if isinstance(auth, Bearer):
                        yield call.operation_id or api.get_openapi_operation_id(call), auth


def _complete(call: Json, method: str, bearer: Bearer | None) -> None:
    named = call["parameters"] = call.get("parameters", [])
    for one in named:
        # ninja writes the examples of the schema here too, where they would have to be named.
        one.pop("examples", None)
        one.setdefault("description", one["schema"].get("description", ""))
    is_paged = any(one["name"] == "cursor" for one in named)
    for answer in [one for status, one in call["responses"].items() if int(status) < 300]:
        for content in answer.get("content", {}).values():
            content["schema"] = _enveloped(content["schema"], is_paged)
        answer["description"] = "Done."
    if any(one["name"] == "If-None-Match" for one in named):
        call["responses"][304] = NOT_CHANGED
    statuses = {400, 429}
    if any(one["in"] == "path" for one in named):
        statuses.add(404)
    if bearer:
        named.append(LANGUAGE)
        call["security"] = [{"Bearer": [bearer.scope] if bearer.scope else []}]
        statuses |= {401, 403} if bearer.scope else {401}
        if method != "get":
            named.append(ONCE)
            statuses |= {409, 422}
    if IF_MATCH in named:
        statuses.add(412)
    refusal = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    for status in sorted(statuses):
        answer = call["responses"].setdefault(status, {"description": REFUSED[status]})
        answer["content"] = refusal
    call["responses"]["default"] = {"description": "Refused: nothing was changed.", "content": refusal}


def _enveloped(data: Json, is_paged: bool) -> Json:
    properties: Json = {"message": {"const": ""}, "code": {"const": 0}, "data": data}
    if is_paged:
        following = {"type": "string", "format": "uri", "description": "The address of the next page."}
        properties["paging"] = {
            "type": "object",
            "description": "Only where there is a next page.",
            "required": ["next"],
            "properties": {"next": following},
        }
    return {"type": "object", "required": ["message", "code", "data"], "properties": properties}


def _leave_open(part: Any, schemas: Json) -> None:
    """Of an answer from which a program may choose fields, none must be there."""
    if isinstance(part, list):
        for one in part:
            _leave_open(one, schemas)
    elif isinstance(part, dict):
        name = str(part.get("$ref", "")).rpartition("/")[2]
        if name != "Refusal" and schemas.get(name, {}).pop("required", None):
            _leave_open(schemas[name], schemas)
        for one in part.values():
            _leave_open(one, schemas)


def _never_null(part: Any) -> None:
    """What has no value is left out, on either way."""
    if isinstance(part, list):
        for one in part:
            _never_null(one)
    elif isinstance(part, dict):
        choices = part.get("anyOf", [])
        if {"type": "null"} in choices:
            (part["anyOf"],) = [[one for one in choices if one != {"type": "null"}]]
            if len(part["anyOf"]) == 1:
                part |= part.pop("anyOf")[0]
        for one in part.values():
            _never_null(one)
