"""Whatever a merchant's program sends to API v2: no failure of ours, every answer as the OpenAPI document says, and
nothing without a token. Every phase of schemathesis but the one that follows links: the wire of v2 has none."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.programs.models import AccessToken
from marketdesk.tickets.models import Ticket
from marketdesk.wsgi import application
from tests.results import cases

pytestmark = [pytest.mark.heavy, pytest.mark.many, pytest.mark.django_db]


schema = schemathesis.openapi.from_wsgi("/api/v2/openapi.json", application)
# In all: what examples and coverage add to it is more. A fifth of it on PostgreSQL.
CASES = cases(3_000, release=30_000) // len(list(schema.get_all_operations()))
ON_POSTGRESQL = 5
NEEDS_POSTGRESQL = pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
_numbers = itertools.count(1)
# What fits the document may still be refused: there is no such ticket, it is closed. Parameters that no call knows are
# ignored, and so is what a known one holds where nothing depends on it. Calls without a token are sent below.
_EXCLUDED = [positive_data_acceptance, negative_data_rejection, ignored_auth]


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """A request leaves the test's connection open, as those of Django's own client do."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def known(ask: Callable[..., Ticket], mehmet: Actor) -> list[str]:
    """Ids that lead somewhere, for some of the requests."""
    purchase, question, closed = ask("item_problem"), ask("product_question"), ask("order_status")
    closed.close(by=mehmet)
    items = [item.public_id for item in purchase.items.all()]
    return [purchase.public_id, question.public_id, closed.public_id, *items]


@pytest.fixture
def token(store: Merchant) -> str:
    return AccessToken.issue(store, "any request")


def settled(cases: int) -> settings:
    return settings(
        max_examples=cases,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )


@schema.parametrize()
@settled(CASES)
def test_any_request_is_answered_as_the_document_says(
    case: "schemathesis.Case[Any]", known: list[str], token: str
) -> None:
    _make_it_matter(case, known, token)

    _check(case.call(), case)


@pytest.mark.postgres
@NEEDS_POSTGRESQL
@schema.parametrize()
@settled(CASES // ON_POSTGRESQL)
def test_any_request_on_postgresql(case: "schemathesis.Case[Any]", known: list[str], token: str) -> None:
    _make_it_matter(case, known, token)

    _check(case.call(), case)


def _make_it_matter(case: "schemathesis.Case[Any]", known: list[str], token: str) -> None:
    """With a good token, but for one in five; and, for two in three, with an id that leads somewhere."""
    number = next(_numbers)
    case.headers.pop("Authorization", None)
    if number % 5:
        case.headers["Authorization"] = f"Bearer {token}"
    for given in (case.query, case.body):
        if isinstance(given, dict):
            given.pop("access_token", None)
            if number % 3 and "id" in given:
                given["id"] = known[number % len(known)]


def _check(response: Any, case: "schemathesis.Case[Any]") -> None:
    case.validate_response(response, excluded_checks=_EXCLUDED)
    if case.operation.definition.raw.get("security") and not response.request.headers.get("Authorization"):
        assert response.status_code in {401, 405, 413}, "nothing is answered without a token"
