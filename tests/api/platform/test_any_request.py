"""Whatever a program sends: no failure of ours, and every answer as the OpenAPI document says (F1)."""

import itertools
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from marketdesk.people.actor import Actor
from marketdesk.people.models import PlatformKey, Scope, User
from marketdesk.refunds.refunding import refund_items
from marketdesk.tickets.models import Ticket
from marketdesk.wsgi import application
from tests.results import cases

pytestmark = [pytest.mark.heavy, pytest.mark.many, pytest.mark.django_db]

CASES = cases(100, release=1_000)

schema = schemathesis.openapi.from_wsgi("/platform/v1/openapi.json", application)
_numbers = itertools.count(1)
# What fits the document may still be refused: a customer is not known, a ticket is closed. A row that does not is
# answered in its place, with 200 for the batch. That a key is needed is shown by the tenancy matrix.
_EXCLUDED = [positive_data_acceptance, negative_data_rejection, ignored_auth]


@pytest.fixture
def known(purchase: Ticket, ticket: Ticket, ada_user: User, mehmet: Actor) -> dict[str, list[str]]:
    """Names that lead somewhere, for some of the requests."""
    User.objects.filter(pk=ada_user.pk).update(external_id="c-1")
    (refund,) = refund_items(purchase, list(purchase.items.all()), by=mehmet)
    return {
        "ticket": [purchase.public_id, ticket.public_id],
        "refund": [refund.public_id, refund.key],
        "customer": ["c-1"],
        "issue": ["order_status", "item_problem"],
        "order": ["O-1001"],
        "product": ["p-1"],
        "merchant": ["m-1"],
    }


@pytest.fixture
def token(db: None) -> str:
    return PlatformKey.issue("shop", Scope.values)


@schema.parametrize()
@settings(
    max_examples=CASES,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
def test_any_request_is_answered_as_the_document_says(
    case: "schemathesis.Case[Any]", known: dict[str, list[str]], token: str
) -> None:
    _make_it_matter(case, known, token)

    response = case.call()

    case.validate_response(response, excluded_checks=_EXCLUDED)


def _make_it_matter(case: "schemathesis.Case[Any]", known: dict[str, list[str]], token: str) -> None:
    """With a good key; and, for two in three, with names that lead somewhere and a write that is none's twin."""
    number = next(_numbers)
    case.headers["Authorization"] = f"Bearer {token}"
    if number % 3 == 0:
        return
    if case.headers.get("Idempotency-Key"):
        case.headers["Idempotency-Key"] = f"k-{number}"
    for given in (case.path_parameters, case.query, case.body):
        if isinstance(given, dict):
            for name in known.keys() & given.keys():
                given[name] = known[name][number % len(known[name])]
