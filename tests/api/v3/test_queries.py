"""How many questions a call puts to the database, and that the list is read through an index."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketdesk.people.actor import Actor
from marketdesk.tickets.models import Ticket
from tests.api.test_queries import rich
from tests.api.v3.conftest import Program

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("prepaid")]

Count = Callable[..., CaptureQueriesContext]


def test_a_list_of_fifty_costs_what_a_list_of_one_costs(
    ask: Callable[..., Ticket], ada: Actor, mehmet: Actor, program: Program, django_assert_max_num_queries: Count
) -> None:
    rich(ask, ada, mehmet)
    with django_assert_max_num_queries(8) as alone:
        program.get("tickets")
    rich(ask, ada, mehmet)
    for number in range(49):
        ask("order_status").reply(f"Parcel {number} is on its way.", by=mehmet)

    with django_assert_max_num_queries(8) as fifty:
        following = program.get("tickets").next
    with django_assert_max_num_queries(8):
        assert len(program.follow(following).data) == 1
    assert len(fifty) == len(alone)


def test_one_ticket_and_its_events(
    ask: Callable[..., Ticket], ada: Actor, mehmet: Actor, program: Program, django_assert_max_num_queries: Count
) -> None:
    ticket = rich(ask, ada, mehmet)

    with django_assert_max_num_queries(6):
        tag = program.get(f"tickets/{ticket.public_id}").headers["ETag"]
    with django_assert_max_num_queries(6):
        assert program.get(f"tickets/{ticket.public_id}", headers={"If-None-Match": tag}).status == 304
    with django_assert_max_num_queries(6):
        program.get(f"tickets/{ticket.public_id}/events")


# A key costs three more: to claim it, to keep the answer, and a transaction around both.
@pytest.mark.parametrize(("key", "most"), [({}, 15), ({"idempotency_key": "k-1"}, 18)])
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/replies", {"message": "On its way."}),
        ("PUT", "", {"state": "CLOSED"}),
        ("PUT", "", {"state": "AWAITING_MERCHANT"}),
        ("PUT", "", {"state": "AWAITING_WISH", "reason": "It was used."}),
    ],
)
def test_a_write(
    method: str,
    path: str,
    body: dict[str, Any],
    key: dict[str, str],
    most: int,
    ask: Callable[..., Ticket],
    ada: Actor,
    mehmet: Actor,
    program: Program,
    django_assert_max_num_queries: Count,
) -> None:
    ticket = rich(ask, ada, mehmet)
    if body.get("state") in {"CLOSED", "AWAITING_MERCHANT"}:
        ticket.reply("So.", by=mehmet)
    if body.get("state") == "AWAITING_MERCHANT":
        ticket.close(by=mehmet)

    with django_assert_max_num_queries(most):
        assert program.send(method, f"tickets/{ticket.public_id}{path}", body, **key).status == 200


def test_the_list_is_read_through_an_index_whatever_its_order(ticket: Ticket, program: Program) -> None:
    """Ten thousand tickets of other stores are not looked at: both databases enter by store and moment."""
    for sort_by in ("updated_at.asc", "updated_at.desc"):
        with CaptureQueriesContext(connection) as asked:
            program.get("tickets", sort_by=sort_by, limit=1, updated_at_min="2026-01-01T00:00:00Z")
        (statement,) = [one["sql"] for one in asked if "ORDER BY" in one["sql"] and "public_updated_at" in one["sql"]]
        plan = explained(statement)
        assert "ticket_by_update" in plan, plan
        assert "TEMP B-TREE" not in plan, plan


def explained(statement: str) -> str:
    """How the database would answer; PostgreSQL reads a table of a few rows whole unless it is asked not to."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
            cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{statement}")
        return "\n".join(str(row) for row in cursor.fetchall())
