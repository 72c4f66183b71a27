"""A token is taken from any of the three places; without a good one nothing is answered."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from marketdesk.merchants.models import Merchant
from marketdesk.programs.models import AccessToken
from marketdesk.tickets.models import Ticket
from tests.api.conftest import Program, opened

pytestmark = pytest.mark.django_db


def test_the_query_carries_it(client: Client, token: str) -> None:
    assert opened(client.get("/api/v2/auth_test", {"access_token": token})).code == 0


def test_a_form_field_carries_it(client: Client, token: str, ticket: Ticket) -> None:
    fields = {"access_token": token, "id": ticket.public_id}

    assert opened(client.post("/api/v2/ticket/close", fields)).code == 0


def test_an_urlencoded_field_carries_it(client: Client, token: str, ticket: Ticket) -> None:
    body = f"id={ticket.public_id}&access_token={token}"

    found = opened(client.post("/api/v2/ticket/close", body, content_type="application/x-www-form-urlencoded"))

    assert found.code == 0


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
def test_the_header_carries_it(client: Client, token: str, scheme: str) -> None:
    assert opened(client.get("/api/v2/auth_test", headers={"Authorization": f"{scheme} {token}"})).code == 0


def test_an_empty_field_is_no_token(client: Client, token: str) -> None:
    header = {"Authorization": f"Bearer {token}"}

    assert opened(client.get("/api/v2/auth_test?access_token=", headers=header)).code == 0
    empty = {"Authorization": "Bearer "}
    assert opened(client.get("/api/v2/auth_test", {"access_token": token}, headers=empty)).code == 0


@pytest.mark.parametrize("field", ["key", "access_token"])
def test_the_older_base_calls_it_key(client: Client, token: str, field: str) -> None:
    assert opened(client.get("/api/v1/auth_test", {field: token})).code == 0


def test_the_newer_base_knows_no_key(client: Client, token: str) -> None:
    assert opened(client.get("/api/v2/auth_test", {"key": token})).code == 4000


@pytest.mark.parametrize("sent", ["", " ", "x", "md_", "\x00", "null", "é", "x" * 5000])
def test_no_token_and_an_unknown_one_are_unauthorized(client: Client, token: str, sent: str) -> None:
    found = opened(client.get("/api/v2/auth_test", {"access_token": sent}))

    assert (found.status, found.code, found.data) == (401, 4000, {})
    assert found.message == "Unauthorized Request"
    assert opened(client.get("/api/v2/auth_test")).body == found.body


@pytest.mark.parametrize("query", ["access_token=%ff%fe", "access_token[]=x", "access_token"])
def test_a_token_that_is_no_text_is_unauthorized(client: Client, query: str) -> None:
    assert opened(client.get(f"/api/v2/auth_test?{query}")).code == 4000


def test_another_scheme_is_no_token(client: Client, token: str) -> None:
    assert opened(client.get("/api/v2/auth_test", headers={"Authorization": f"Basic {token}"})).code == 4000


def test_an_expired_token(now: Any, store: Merchant, ticket: Ticket) -> None:
    program = Program(AccessToken.issue(store, "old", expires_at=datetime.now(UTC) + timedelta(days=30)))
    assert program.get("auth_test").code == 0

    now.shift(timedelta(days=30))

    found = program.post("ticket/close", id=ticket.public_id)
    assert (found.status, found.code, found.data) == (401, 1015, {})
    ticket.refresh_from_db()
    assert ticket.is_open


def test_a_revoked_token(program: Program, ticket: Ticket) -> None:
    AccessToken.objects.get().revoke(datetime.now(UTC))

    found = program.post("ticket/close", id=ticket.public_id)

    assert (found.status, found.code, found.data) == (401, 1016, {})
    assert found.message == "This access token has been revoked."
    ticket.refresh_from_db()
    assert ticket.is_open
