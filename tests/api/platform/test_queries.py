"""How many questions a call puts to the database."""

from collections.abc import Callable
from typing import Any

import pytest

from marketdesk.journal import backlog
from marketdesk.orders.models import Order
from marketdesk.people.models import User
from marketdesk.policy import promises
from marketdesk.tickets import routes
from tests.api.platform.conftest import Program

pytestmark = pytest.mark.django_db


def test_a_new_ticket_is_sixteen_statements(
    order: Order, ada_user: User, shop: Program, django_assert_num_queries: Callable[..., Any]
) -> None:
    """Five look for what it names, two begin and end, two claim and finish its key, and one more for each item."""
    promises.current()
    routes.current()
    backlog.is_longer_than(promises.current().waiting_jobs)
    asked = {"customer": "c-1", "order": "O-1001", "issue": "order_status", "text": "Where is it?"}

    with django_assert_num_queries(16):
        assert shop.post("tickets", {**asked, "items": ["Linen shade"]}).status == 201


def test_a_customers_answer_is_twelve_statements(
    order: Order, ada_user: User, shop: Program, django_assert_num_queries: Callable[..., Any]
) -> None:
    promises.current()
    asked = {"customer": "c-1", "order": "O-1001", "issue": "order_status", "text": "Where is it?"}
    ticket = shop.post("tickets", {**asked, "items": ["Linen shade"]}).data["id"]

    with django_assert_num_queries(12):
        assert shop.post(f"tickets/{ticket}/replies", {"customer": "c-1", "text": "Well?"}).status == 200
