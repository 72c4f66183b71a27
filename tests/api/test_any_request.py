"""Whatever a merchant's program sends to API v2: no failure of ours, every answer as the OpenAPI document says, and
nothing without a token."""

import itertools
import os
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from django.db import connection
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.programs.models import AccessToken
from marketdesk.tickets.models import Ticket
from marketdesk.wsgi import application

pytestmark = [pytest.mark.heavy, pytest.mark.postgres, pytest.mark.django_db]

schema = schemathesis.openapi.from_wsgi("/api/v2/openapi.json", application)
ALL = 3000 if connection.vendor == "sqlite" else 600
CASES = ALL * int(os.environ.get("SOAK", "1")) // len(list(schema.get_all_operations()))
_numbers = itertools.count(1)
# What fits the document may still be refused: there is no such ticket, it is closed. Parameters that no call knows are
# ignored, and so is what a known one holds where nothing depends on it. Calls without a token are sent below.
_EXCLUDED = [positive_data_acceptance, negative_data_rejection, ignored_auth]


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


@schema.parametrize()
@settings(
    max_examples=CASES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)  # fmt: skip
def test_any_request_is_answered_as_the_document_says(
    case: "schemathesis.Case[Any]", known: list[str], token: str
) -> None:
    number = next(_numbers)
    needs_token = bool(case.operation.definition.raw.get("security"))
    has_token = number % 5 != 0
    case.headers.pop("Authorization", None)
    if has_token:
        case.headers["Authorization"] = f"Bearer {token}"
    for given in (case.query, case.body):
        if isinstance(given, dict):
            given.pop("access_token", None)
            if number % 3 and "id" in given:
                given["id"] = known[number % len(known)]

    response = case.call()

    case.validate_response(response, excluded_checks=_EXCLUDED)
    if needs_token and not has_token:
        assert response.status_code in {401, 405, 413}
