"""How many questions a call puts to the database."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from marketdesk.journal import backlog
from marketdesk.orders.models import Order
from marketdesk.people.models import User
from marketdesk.policy import promises
from marketdesk.tickets import routes
from tests.api.platform.conftest import Program

pytestmark = pytest.mark.django_db


def test_a_new_ticket_is_nine_statements_or_fourteen(
    order: Order, ada_user: User, shop: Program, django_assert_num_queries: Callable[..., Any]
) -> None:
    """Three look for what it names, two begin and end, two claim and finish its key, and one more for each item. What
    it writes is one statement on PostgreSQL, and one before it asks for the numbers."""
    promises.current()
    routes.current()
    backlog.is_longer_than(promises.current().waiting_jobs)
    asked = {"customer": "c-1", "order": "O-1001", "issue": "order_status", "text": "Where is it?"}

    with django_assert_num_queries(9 if connection.vendor == "postgresql" else 14):
        assert shop.post("tickets", {**asked, "items": ["Linen shade"]}).status == 201


def test_a_customers_answer_is_nine_statements_or_twelve(
    order: Order, ada_user: User, shop: Program, django_assert_num_queries: Callable[..., Any]
) -> None:
    promises.current()
    asked = {"customer": "c-1", "order": "O-1001", "issue": "order_status", "text": "Where is it?"}
    ticket = shop.post("tickets", {**asked, "items": ["Linen shade"]}).data["id"]

    with django_assert_num_queries(9 if connection.vendor == "postgresql" else 12):
        assert shop.post(f"tickets/{ticket}/replies", {"customer": "c-1", "text": "Well?"}).status == 200
