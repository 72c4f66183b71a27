"""The OpenAPI documents say what there is, and what comes back."""

import json
import re
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest
from django.test import Client

from marketdesk.api.documentation import reference
from marketdesk.api.documentation.reference import DOCUMENTS
from marketdesk.api.middleware import URLCONF as PROGRAMS
from marketdesk.api.v2 import shapes
from marketdesk.api.v2.calls import CALLS
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.refunds import refunding
from marketdesk.tickets.models import Ticket
from tests.api.conftest import Program
from tests.test_tenancy import routes

pytestmark = pytest.mark.django_db


def fits(version: str, call: str, status: str, answer: Any) -> None:
    """Whether an answer is as the document says. Raises jsonschema_rs.ValidationError."""
    document = DOCUMENTS[version]()
    path, method = call.split()
    described = document["paths"][path][method]["responses"]
    schema = described.get(status, described.get("default"))["content"]["application/json"]["schema"]
    jsonschema_rs.validate({**schema, "components": document["components"]}, answer)


@pytest.mark.parametrize("version", DOCUMENTS)
def test_anybody_can_read_the_document(version: str, client: Client) -> None:
    answer = client.get(f"/api/{version}/openapi.json")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(answer.content)["openapi"] == "3.1.0"
    assert client.post(f"/api/{version}/openapi.json").status_code == 405


@pytest.mark.parametrize("version", DOCUMENTS)
def test_every_call_stands_in_the_document(version: str) -> None:
    there = {re.sub(r"<(?:\w+:)?(\w+)>", "{}", one.path) for one in routes(PROGRAMS)}
    calls = {f"/{path}" for path in there if path.startswith(f"api/{version}/")} - {f"/api/{version}/openapi.json"}

    assert {re.sub(r"{\w+}", "{}", path) for path in DOCUMENTS[version]()["paths"]} == calls


@pytest.mark.parametrize("version", DOCUMENTS)
def test_every_call_says_what_it_does_and_what_it_needs(version: str) -> None:
    names = [call.name for call in reference.calls(version)]

    assert len(set(names)) == len(names)
    for call in reference.calls(version):
        assert call.title, call.name
        assert not call.words or call.words.endswith("."), call.name
        assert call.needs_token == ("oauth/" not in call.path or call.path.endswith("test")), call.name
        assert call.scope or not call.needs_token or call.name in {"get-auth-test", "get-oauth-test"}, call.name
        for one in call.parameters:
            assert one.words, (call.name, one.name)
        for shape in call.shapes:
            assert all(one.kind for one in shape.fields if one.name != "success"), (call.name, shape.name)


def test_the_example_answers_fit_the_document() -> None:
    for call in reference.calls("v2"):
        fits("v2", f"{call.path} {call.method.lower()}", call.status, call.answer)


@pytest.fixture
def full(ask: Callable[..., Ticket], ada: Actor, mehmet: Actor) -> Ticket:
    """A ticket with everything on it: messages of all sides, a refund, an end."""
    ticket = ask("item_problem")
    ticket.reply("Which one?", by=mehmet)
    ticket.reply("The blue one.", by=ada)
    refunding.refund_items(ticket, list(ticket.items.all()), by=mehmet)
    return ticket


def test_tickets_come_as_the_document_says(
    full: Ticket, ask: Callable[..., Ticket], program: Program, store: Merchant
) -> None:
    asked = [full, ask("product_question"), ask("order_status")]

    for ticket in asked:
        answer = json.loads(program.get("ticket", id=ticket.public_id).body)
        fits("v2", "/api/v2/ticket get", "200", answer)
        undescribed = set(answer["data"]["Ticket"]) - {field.name for field in shapes.TICKET.fields}
        assert undescribed == set()
    listed = json.loads(program.get("ticket/get-action-required", limit=1).body)
    fits("v2", "/api/v2/ticket/get-action-required get", "200", listed)
    assert listed["paging"]
    fits("v2", "/api/v2/auth_test get", "200", json.loads(program.get("auth_test").body))


def test_what_is_wrong_does_not_fit(full: Ticket, program: Program) -> None:
    answer = json.loads(program.get("ticket", id=full.public_id).body)

    for key, wrong in (("id", "x"), ("photo_proof", True), ("open_date", None), ("state", "Lost"), ("extra", 1)):
        with pytest.raises(jsonschema_rs.ValidationError):
            fits(
                "v2",
                "/api/v2/ticket get",
                "200",
                {**answer, "data": {"Ticket": {**answer["data"]["Ticket"], key: wrong}}},
            )


def test_refusals_come_as_the_document_says(full: Ticket, program: Program, stranger: Program) -> None:
    asked = [
        (program.post("ticket/reply", id=full.public_id), "/api/v2/ticket/reply post", 1001),
        (program.post("ticket/reply", id=full.public_id, reply="Hello"), "/api/v2/ticket/reply post", 1010),
        (program.get("ticket", id="x"), "/api/v2/ticket get", 1000),
        (program.get("ticket", id="0" * 24), "/api/v2/ticket get", 1004),
        (stranger.get("ticket", id=full.public_id), "/api/v2/ticket get", 4000),
    ]

    for answer, call, code in asked:
        assert answer.code == code
        fits("v2", call, str(answer.status), json.loads(answer.body))
        path, method = call.split()
        named = DOCUMENTS["v2"]()["paths"][path][method]["responses"][str(answer.status)]["content"]["application/json"]
        assert str(code) in named["examples"]


def test_every_call_of_v2_refuses_the_other_method(program: Program) -> None:
    for call in CALLS:
        if call.needs_token:
            answer = program.get(call.path) if call.method == "POST" else program.post(call.path)
            assert (answer.status, answer.headers["Allow"]) == (405, call.method)
