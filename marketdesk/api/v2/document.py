"""The OpenAPI document of API v2, written from the table of its calls."""

import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse

from marketdesk.api.v2 import errors, shapes
from marketdesk.api.v2.calls import BY_GET, CALLS, FAILURES, FAILURES_OF_APPS, OF_TOKENS, Call, Parameter
from marketdesk.version import VERSION

Json = dict[str, Any]

ROOT = "/api/v2/"
WORDS = (
    "The calls that existing clients of merchants speak. Every answer is one line of JSON with code, message and data; "
    "0 is success. Parameters are read from the query and from a form, urlencoded or multipart, and so is the token, "
    "as access_token. Every field of a ticket is a string, and one without a value is left out. All times are UTC."
)
SUCCESS = {
    "message": {"const": ""},
    "code": {"const": 0},
}
PAGING = {
    "type": "object",
    "description": "The pages beside this one, as whole addresses; only those that exist.",
    "properties": {"next": {"type": "string"}, "previous": {"type": "string"}},
    "additionalProperties": False,
}
REFUSAL = {
    "type": "object",
    "properties": {
        "message": {"type": "string", "minLength": 1},
        "code": {"type": "integer", "not": {"const": 0}},
        "data": {"type": ["object", "integer", "string"]},
    },
    "required": ["message", "code", "data"],
    "additionalProperties": False,
}
# Named as in API v3, by how the path begins.
GROUPS = {"auth_test": "Access", "oauth": "Access", "ticket": "Tickets", "order": "Orders"}


def openapi(request: HttpRequest) -> HttpResponse:
    """The document; no token is needed to read it."""
    if request.method not in {"GET", "HEAD"}:
        raise errors.wrong_method("", "GET, HEAD")
    return HttpResponse(_text(), content_type="application/json")


@cache
def _text() -> str:
    return json.dumps(described(), separators=(",", ":"))


@cache
def described() -> Json:
    """The whole document."""
    paths: Json = {}
    for call in CALLS + BY_GET:
        paths.setdefault(ROOT + call.path, {})[call.method.lower()] = _operation(call)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Merchant API v2", "version": VERSION, "description": WORDS},
        "paths": paths,
        "components": {
            "schemas": {**{shape.name: shape.schema() for shape in shapes.SHAPES}, "Refusal": REFUSAL},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(call: Call) -> Json:
    operation: Json = {
        "operationId": f"{call.method.lower()}_{call.path}".replace("/", "_").replace("-", "_"),
        "summary": call.title,
        "description": call.words,
        "tags": [GROUPS[call.path.split("/", maxsplit=1)[0]]],
        "responses": {"200": _success(call), **_failures(call)},
    }
    if call.is_alias:
        operation["deprecated"] = True
    if call.needs_token:
        operation["security"] = [{"token": [call.scope] if call.scope else []}]
    if call.method == "GET":
        operation["parameters"] = [
            {"in": "query", "name": one.name, "required": one.required, "description": one.words,
             "schema": _schema(one), "example": one.example}
            for one in call.parameters
        ]  # fmt: skip
    else:
        form = {"schema": _form(call), "example": {one.name: one.example for one in call.parameters}}
        content = {"application/x-www-form-urlencoded": form, "multipart/form-data": form}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _schema(parameter: Parameter) -> Json:
    return {"type": "string", **(parameter.schema or {})}


def _form(call: Call) -> Json:
    return {
        "type": "object",
        "properties": {one.name: {**_schema(one), "description": one.words} for one in call.parameters},
        "required": [one.name for one in call.parameters if one.required],
    }


def _success(call: Call) -> Json:
    body = {
        "type": "object",
        "properties": {**SUCCESS, "data": call.answer, **({"paging": PAGING} if call.is_list else {})},
        "required": ["message", "code", "data"],
        "additionalProperties": False,
    }
    sample = {"message": "", "code": 0, "data": call.sample}
    return {"description": "Done.", "content": {"application/json": {"schema": body, "example": sample}}}


def _failures(call: Call) -> Json:
    """By HTTP status, with an example of each code."""
    by_status: dict[str, Json] = {}
    known = FAILURES if call.needs_token else {**FAILURES, **FAILURES_OF_APPS}
    for code in (*call.errors, *(OF_TOKENS if call.needs_token else ())):
        failure = known[code]
        value = {"message": "…", "code": code, "data": failure.data}
        by_status.setdefault(str(failure.status), {})[str(code)] = {"summary": failure.words, "value": value}
    answers = {status: _refusal("; ".join(examples), examples) for status, examples in by_status.items()}
    return {**answers, "default": _refusal("Any other refusal.", {})}


def _refusal(words: str, examples: Json) -> Json:
    schema = {"$ref": "#/components/schemas/Refusal"}
    content = {"schema": schema, **({"examples": examples} if examples else {})}
    return {"description": words, "content": {"application/json": content}}
