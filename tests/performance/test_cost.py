"""What one merchant's figures cost does not grow with what others do."""

from datetime import UTC, timedelta

import pytest
from django.db import connection

from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance.figures import figures
from marketdesk.performance.models import Rating
from marketdesk.performance.periods import Period
from marketdesk.policy import promises
from marketdesk.tickets.models import Issue, Ticket, Wait
from tests.conftest import NOW

pytestmark = [pytest.mark.heavy, pytest.mark.many, pytest.mark.django_db]

MINE, OTHERS = 300, 3_000


def a_busy_quarter(store: Merchant, customer: User, tickets: int) -> None:
    """So many tickets, answers, ratings and orders, evenly over ninety days."""
    issue = Issue.objects.get(pk="order_status")
    moments = [NOW - timedelta(days=90) * number / tickets for number in range(1, tickets + 1)]
    made = Ticket.objects.bulk_create(
        [
            Ticket(
                merchant=store, customer=customer, issue=issue, category=issue.category, subject="Where?",
                state="closed", desk="merchant", shared=True, opened_at=at, turned_at=at, public_updated_at=at,
                closed_at=at,
            )
            for at in moments
        ],
        batch_size=1_000,
    )  # fmt: skip
    Wait.objects.bulk_create(
        [
            Wait(
                ticket=one, merchant_id=store.pk, started_at=one.opened_at, hours=48, ended_by=Party.MERCHANT,
                due_at=one.opened_at + timedelta(hours=48), ended_at=one.opened_at + timedelta(hours=one.pk % 50),
            )
            for one in made
        ],
        batch_size=1_000,
    )  # fmt: skip
    Rating.objects.bulk_create(
        [
            Rating(
                ticket=one, merchant_id=store.pk, desk="merchant", helpful=True, at=one.opened_at,
                changeable_until=one.opened_at,
            )
            for one in made
        ],
        batch_size=1_000,
    )  # fmt: skip
    Order.objects.bulk_create(
        [
            Order(
                external_id=f"{store.pk}-{number}", merchant=store, customer=customer, total=1, currency="EUR",
                placed_at=at, country="DE",
            )
            for number, at in enumerate(moments)
        ],
        batch_size=1_000,
    )  # fmt: skip


def steps(store: Merchant) -> int:
    """How many steps SQLite takes for the figures of a quarter: the same every time, unlike its time."""
    promises.current()
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    connection.ensure_connection()
    connection.connection.set_progress_handler(count, 1)
    try:
        figures(store.pk, Period(90), NOW, UTC)
    finally:
        connection.connection.set_progress_handler(None, 1)
    return taken


def test_ten_times_as_many_tickets_of_others_cost_nothing(
    store: Merchant, rival_store: Merchant, ada_user: User
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("counts the steps of SQLite")
    a_busy_quarter(store, ada_user, MINE)
    alone = steps(store)

    a_busy_quarter(rival_store, ada_user, OTHERS)

    assert alone > 10 * MINE
    assert steps(store) <= alone * 1.01
