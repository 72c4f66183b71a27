"""The OpenAPI document says all that somebody needs who has never seen the API."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from django.test import Client

from marketdesk.programs.models import Scope
from marketdesk.tickets.models import Ticket
from tests.api.v3.conftest import Program

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    response = Client().get("/api/v3/openapi.json")
    assert response.headers["Content-Type"] == "application/json"
    found: Json = json.loads(response.content)
    return found


def calls(document: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            yield f"{method.upper()} {path}", call


def models(document: Json) -> dict[str, Json]:
    """What these calls take and answer."""
    schemas = document["components"]["schemas"]
    found: dict[str, Json] = {}
    wanted = [dict(calls(document))]
    while wanted:
        for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(wanted.pop())):
            if name not in found:
                found[name] = schemas[name]
                wanted.append(schemas[name])
    return found


def test_every_call_says_what_it_does_and_every_parameter_what_it_means(document: Json) -> None:
    for name, call in calls(document):
        assert call["summary"], name
        assert call["operationId"], name
        assert call["tags"], name
        for parameter in call["parameters"]:
            assert parameter["description"], (name, parameter["name"])
            assert "examples" not in parameter, (name, parameter["name"])
        for content in call.get("requestBody", {}).get("content", {}).values():
            for field, described in content["schema"].get("properties", {}).items():
                assert described["description"], (name, field)


def test_every_field_says_what_it_means(document: Json) -> None:
    assert {"TicketOut", "Reply", "Turn", "Said", "EventOut", "Refusal"} <= models(document).keys()
    for name, schema in models(document).items():
        assert schema["description"], name
        for field, described in schema.get("properties", {}).items():
            assert described.get("description") or "$ref" in described, (name, field)


def test_every_refusal_is_described_as_one(document: Json) -> None:
    for name, call in calls(document):
        for status, answer in call["responses"].items():
            if status[0] not in "23":
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Refusal"}, (name, status)


def test_calls_with_a_token_name_their_scope_and_their_refusals(document: Json) -> None:
    for name, call in calls(document):
        if "security" not in call:
            continue
        (scopes,) = [one["Bearer"] for one in call["security"]]
        assert set(scopes) <= set(Scope.values), name
        assert {"400", "401", "429", "default"} <= call["responses"].keys(), name
        assert ("403" in call["responses"]) == bool(scopes), name
        headers = {one["name"] for one in call["parameters"] if one["in"] == "header"}
        writes = not name.startswith("GET")
        assert ("Idempotency-Key" in headers) == writes == ("422" in call["responses"]), name
        for status, answer in call["responses"].items():
            assert answer["description"], (name, status)


def test_examples_are_as_the_document_says(document: Json) -> None:
    definitions = {"components": document["components"]}

    def check(schema: Json, place: str) -> None:
        for example in schema.get("examples", []):
            jsonschema_rs.validate({**schema, **definitions}, example)
        for name, inner in schema.get("properties", {}).items():
            check(inner, f"{place}.{name}")

    for name, schema in models(document).items():
        check(schema, name)


@pytest.mark.django_db
def test_a_ticket_has_no_field_that_the_document_lacks(document: Json, ticket: Ticket, program: Program) -> None:
    told = program.get(f"tickets/{ticket.public_id}").data
    whole = {"$ref": "#/components/schemas/TicketOut", "components": document["components"]}

    jsonschema_rs.validate(whole, told)
    assert told.keys() <= document["components"]["schemas"]["TicketOut"]["properties"].keys()
