"""Exact search: one number or address, and the tickets that belong to it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from marketdesk.orders.models import Order
from marketdesk.people.actor import Actor
from marketdesk.tickets import desk
from marketdesk.tickets.models import Ticket

pytestmark = pytest.mark.django_db


def test_one_hit_goes_straight_to_the_ticket(ticket: Ticket, order: Order, sofia_client: Client) -> None:
    for words in (
        ticket.public_id,
        ticket.public_id.upper(),
        order.external_id,
        order.public_id,
        order.tracking_number,
        "Ada@Example.org",
        f"  {order.external_id} ",
    ):
        answer = sofia_client.get("/support/search", {"q": words})

        assert answer.status_code == 302, words
        assert answer["Location"] == f"/support/tickets/{ticket.public_id}"


def test_several_hits_are_listed(ask: Callable[..., Ticket], sofia_client: Client) -> None:
    tickets = [ask("order_status"), ask("item_problem")]

    page = sofia_client.get("/support/search", {"q": "O-1001"}).content.decode()

    assert all(ticket.public_id in page for ticket in tickets)
    assert "2 tickets" in page


@pytest.mark.parametrize("words", ["", "O-100", "ada@example", "Ada", "\x00", "%", "' OR 1=1 --", "0" * 24, "x" * 5000])
def test_nothing_else_is_found(words: str, ticket: Ticket, sofia_client: Client) -> None:
    answer = sofia_client.get("/support/search", {"q": words})

    assert answer.status_code == 200
    assert ticket.public_id not in answer.content.decode()


def test_the_search_respects_the_gate(ticket: Ticket, rival: Actor, sofia: Actor) -> None:
    assert desk.find("O-1001", sofia) == [ticket]
    assert desk.find("O-1001", rival) == []


def test_no_search_reads_a_whole_table(
    ticket: Ticket, sofia: Actor, django_assert_max_num_queries: Any, settings: Any
) -> None:
    with django_assert_max_num_queries(4) as queries:
        desk.find("ada@example.org", sofia)
    if connection.vendor != "sqlite":
        pytest.skip("EXPLAIN QUERY PLAN is SQLite's")

    for query in queries.captured_queries:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {query['sql']}")
            plan = [row[3] for row in cursor.fetchall()]
        assert not [step for step in plan if step.startswith("SCAN")], plan
