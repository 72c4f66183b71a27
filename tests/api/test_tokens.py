"""A token is taken from any of the three places; without a good one nothing is answered."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from marketdesk.lib import ids
from marketdesk.merchants.models import Merchant
from marketdesk.programs.models import AccessToken, App, Scope
from marketdesk.tickets.models import Ticket
from tests.api.conftest import Program, opened
from tests.unchanged import nothing_changed

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


# What a token may do


@pytest.fixture
def app(store: Merchant) -> App:
    return App.objects.create(merchant=store, name="ERP", scopes=Scope.values)


@pytest.mark.parametrize(
    ("call", "method", "scope"),
    [
        ("ticket", "get", Scope.READ_TICKETS),
        ("ticket/get-action-required", "get", Scope.READ_TICKETS),
        ("ticket/reply", "post", Scope.WRITE_TICKETS),
        ("ticket/close", "post", Scope.WRITE_TICKETS),
        ("ticket/appeal-to-support", "post", Scope.WRITE_TICKETS),
        ("ticket/appeal-to-wish-support", "post", Scope.WRITE_TICKETS),
        ("ticket/re-open", "post", Scope.WRITE_TICKETS),
        ("order", "get", Scope.READ_ORDERS),
        ("order/refund", "post", Scope.WRITE_ORDERS),
    ],
)
def test_a_token_without_the_scope_is_told_which_it_needs(
    call: str, method: str, scope: Scope, app: App, store: Merchant, ticket: Ticket
) -> None:
    app.scopes = [one for one in Scope.values if one != scope]
    without = Program(AccessToken.issue(store, "without", app=app))
    app.scopes = [scope]
    with_it = Program(AccessToken.issue(store, "with", app=app))

    with nothing_changed():
        answer = getattr(without, method)(call, id=ticket.public_id, reply="Hello", reason_code="25")

    assert (answer.status, answer.code) == (401, 4000)
    assert answer.message == f"Unauthorized Request: this access token was not given {scope.value}."
    assert getattr(with_it, method)(call, id=ids.new_public_id(), reply="Hello", reason_code="25").code != 4000


def test_every_living_token_may_ask_whose_it_is(app: App, store: Merchant) -> None:
    app.scopes = []

    assert Program(AccessToken.issue(store, "nothing", app=app)).get("auth_test").code == 0


@pytest.mark.parametrize("base", ["/api/v2/auth_test?access_token=", "/api/v1/auth_test?key="])
def test_an_apps_token_in_the_address_only_where_the_app_is_written_so(
    base: str, app: App, store: Merchant, client: Client
) -> None:
    token = AccessToken.issue(store, "ERP", app=app)

    refused = opened(client.get(base + token))
    assert (refused.status, refused.code) == (401, 4000)
    assert "not taken from the address" in refused.message
    assert token not in refused.message
    assert opened(client.get(base + token, headers={"Authorization": f"Bearer {token}"})).code == 0

    App.objects.update(tokens_in_address=True)
    assert opened(client.get(base + token)).code == 0


def test_an_empty_field_of_the_body_hides_no_token_in_the_address(client: Client, token: str, ticket: Ticket) -> None:
    address = f"/api/v2/ticket/close?access_token={token}"

    assert opened(client.post(address, {"id": ticket.public_id, "access_token": ""})).code == 0


def test_the_merchants_id_beside_it_changes_nothing(client: Client, token: str, rival_store: Merchant) -> None:
    fields = {"access_token": token, "merchant_id": rival_store.public_id, "format": "json"}

    assert opened(client.get("/api/v2/auth_test", fields)).data["merchant_username"] == "Anadolu Home"
