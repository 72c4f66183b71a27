"""Whatever a program sends: no failure of ours, every answer as the OpenAPI document says, and nothing without a token
(F1). All phases of schemathesis: examples, coverage, fuzzing, and calls that follow from each other."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from marketdesk.lib import calling
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order
from marketdesk.outbox.models import Subscription, Topic
from marketdesk.outbox.webhooks import subscribing
from marketdesk.people.actor import clock
from marketdesk.performance.models import Notice, NoticeKind
from marketdesk.programs.models import AccessToken, App, Scope
from marketdesk.tickets.models import Ticket
from marketdesk.wsgi import application
from tests.results import cases

pytestmark = [pytest.mark.heavy, pytest.mark.many, pytest.mark.django_db]


schema = schemathesis.openapi.from_wsgi("/api/v3/openapi.json", application)
CALLS = len(list(schema.get_all_operations()))
# In all: what examples and coverage add to it is more. A fifth of it on PostgreSQL.
CASES, SEQUENCES, STEPS = cases(6_000, release=60_000) // CALLS, cases(200, release=2_000), 5
ON_POSTGRESQL = 5
NEEDS_POSTGRESQL = pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")

_numbers = itertools.count(1)
# What fits the document may still be refused: a ticket is closed, a list of fields cannot be read. And more than the
# document says is taken: `types=ORDER,PRE_PURCHASE`. That a token is needed is checked below.
_EXCLUDED = [positive_data_acceptance, negative_data_rejection, ignored_auth]


def settled(cases: int, **more: Any) -> settings:
    return settings(
        max_examples=cases,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
        **more,
    )


@pytest.fixture(autouse=True)
def _keeps_its_connection() -> Iterator[None]:
    """A request of the real application ends with its connection to the database; here that is the test's own."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture(autouse=True)
def _knows_no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asks a name server for what is made up."""

    def look_up(*_: Any) -> None:
        raise calling.NoAnswer("There is no name server.")

    monkeypatch.setattr(calling, "_look_up", look_up)


@pytest.fixture
def app(store: Merchant) -> App:
    app = App(merchant=store, name="ERP", scopes=Scope.values)
    app.set_secret()
    app.save()
    return app


@pytest.fixture
def known(purchase: Ticket, ticket: Ticket, app: App, order: Order) -> dict[str, list[str]]:
    """Names that lead somewhere, for some of the requests."""
    subscriptions = [
        subscribing.subscribe(app, app.merchant, Topic.ORDER_REFUND, f"https://erp.example/{number}", by=clock())
        for number in range(2)
    ]
    subscribing.stop(subscriptions[1], "dead", timezone.now())
    given = Notice.objects.create(merchant=app.merchant, kind=NoticeKind.WARNING, given_at=timezone.now())
    return {
        "ticket": [purchase.public_id, ticket.public_id],
        "order": [item.public_id for item in order.items.all()],
        "penalty": [given.public_id],
        "subscription": [one.public_id for one in subscriptions],
        "topic_id": list(Topic.values),
        "endpoint": ["https://erp.example/1", "https://erp.example/2"],
    }


@pytest.fixture
def token(store: Merchant, app: App) -> str:
    return AccessToken.issue(store, "ERP", app=app)


@schema.parametrize()
@settled(CASES)
def test_any_request_is_answered_as_the_document_says(
    case: "schemathesis.Case[Any]", known: dict[str, list[str]], token: str
) -> None:
    _make_it_matter(case, known, token, next(_numbers))

    _check(case.call(), case, token)


@pytest.mark.postgres
@NEEDS_POSTGRESQL
@schema.parametrize()
@settled(CASES // ON_POSTGRESQL)
def test_any_request_on_postgresql(case: "schemathesis.Case[Any]", known: dict[str, list[str]], token: str) -> None:
    _make_it_matter(case, known, token, next(_numbers))

    _check(case.call(), case, token)


@pytest.mark.parametrize(
    "sequences",
    [SEQUENCES, pytest.param(SEQUENCES // ON_POSTGRESQL, marks=[pytest.mark.postgres, NEEDS_POSTGRESQL])],
)
@pytest.mark.usefixtures("known", "unlimited")
def test_any_calls_that_follow_from_each_other(sequences: int, token: str) -> None:
    class Program(schema.as_state_machine()):  # type: ignore[misc]
        """A program that goes on with what it was answered. Hypothesis tells its runs apart by their answers: each
        begins with the same rows and the same numbers, and no minute ends in it that a limit counts for."""

        def setup(self) -> None:
            self.numbers = itertools.count(1)
            self.undone = transaction.atomic()
            self.undone.__enter__()
            # Those that are there stand in the way of what it makes.
            Subscription.objects.all().delete()

        def before_call(self, case: "schemathesis.Case[Any]") -> None:
            _make_it_matter(case, {}, token, next(self.numbers))

        def teardown(self) -> None:
            transaction.set_rollback(True)
            self.undone.__exit__(None, None, None)
            super().teardown()

        def validate_response(self, response: Any, case: "schemathesis.Case[Any]", **_: Any) -> None:
            _check(response, case, token)

    Program.run(settings=settled(sequences, stateful_step_count=STEPS))


def _make_it_matter(case: "schemathesis.Case[Any]", known: dict[str, list[str]], token: str, number: int) -> None:
    """With a good token, unless one is left out on purpose; and, for two in three, with names that lead somewhere and
    a write that is none's twin."""
    case.headers["Authorization"] = f"Bearer {token}"
    if number % 3 == 0:
        return
    if case.headers.get("Idempotency-Key"):
        case.headers["Idempotency-Key"] = f"k-{number}"
    for given in (case.path_parameters, case.query, case.body):
        if isinstance(given, dict):
            for name in known.keys() & given.keys():
                given[name] = known[name][number % len(known[name])]


def _check(response: Any, case: "schemathesis.Case[Any]", token: str) -> None:
    if response.request.headers.get("Authorization") != f"Bearer {token}":
        assert response.status_code in {401, 405}, "nothing is answered without a token"
    case.validate_response(response, excluded_checks=_EXCLUDED)
