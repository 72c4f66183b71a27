"""How many questions a call puts to the database: the same for one ticket and for fifty."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketdesk.api import limits
from marketdesk.orders.models import Order
from marketdesk.people.actor import Actor
from marketdesk.refunds import refunding
from marketdesk.tickets.models import Ticket
from marketdesk.translations.models import Translation
from tests.api.conftest import Program
from tests.api.test_wire_format import a_picture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("prepaid")]

Count = Callable[..., CaptureQueriesContext]
LIST = "ticket/get-action-required"


def test_limits_cost_one_question_for_many_calls(program: Program, django_assert_num_queries: Count) -> None:
    with django_assert_num_queries(limits.LARGEST_SHARE - 1):
        for _ in range(limits.LARGEST_SHARE - 1):
            program.get("auth_test")
    with django_assert_num_queries(2):
        program.get("auth_test")


def test_a_reply_is_six_statements_or_nine(ticket: Ticket, program: Program, django_assert_num_queries: Count) -> None:
    """Of which one looks for the token and two begin and end. An answer that comes a minute after the last deed need
    not be told from a repetition. PostgreSQL is told in one statement what changes, and asked for numbers before."""
    Ticket.objects.update(public_updated_at=ticket.opened_at - timedelta(hours=1))

    with django_assert_num_queries(6 if connection.vendor == "postgresql" else 9):
        assert program.post("ticket/reply", id=ticket.public_id, reply="On its way.").code == 0


def rich(ask: Callable[..., Ticket], ada: Actor, mehmet: Actor) -> Ticket:
    """A ticket with items, pictures, translations and a conversation, waiting for the merchant."""
    ticket = ask("item_problem", pictures=[a_picture(ada), a_picture(ada)])
    ticket.reply("Sorry.", by=mehmet, pictures=[a_picture(mehmet)])
    answer = ticket.reply("Und jetzt?", by=ada)
    Translation.objects.create(message=answer, language="en", engine="human", body="What now?")
    return ticket


def test_a_list_of_fifty_costs_what_a_list_of_one_costs(
    ask: Callable[..., Ticket], ada: Actor, mehmet: Actor, program: Program, django_assert_max_num_queries: Count
) -> None:
    rich(ask, ada, mehmet)
    with django_assert_max_num_queries(8) as alone:
        program.get(LIST)
    for _ in range(50):
        rich(ask, ada, mehmet)

    with django_assert_max_num_queries(8) as fifty:
        assert len(program.get(LIST).data) == 50
    assert len(fifty) == len(alone)


def test_past_the_end_is_cheap(ticket: Ticket, program: Program, django_assert_max_num_queries: Count) -> None:
    with django_assert_max_num_queries(3):
        program.get(LIST, start=1000)


def test_one_ticket(
    ask: Callable[..., Ticket],
    ada: Actor,
    mehmet: Actor,
    order: Order,
    program: Program,
    django_assert_max_num_queries: Count,
) -> None:
    ticket = rich(ask, ada, mehmet)
    refunding.refund_items(ticket, list(order.items.all()), by=mehmet)

    with django_assert_max_num_queries(6):
        program.get("ticket", id=ticket.public_id)


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        ("reply", {"reply": "On its way."}),
        ("close", {}),
        ("appeal-to-wish-support", {}),
        ("re-open", {"reply": "More."}),
    ],
)
def test_a_write(
    call: str,
    fields: dict[str, Any],
    ask: Callable[..., Ticket],
    ada: Actor,
    mehmet: Actor,
    program: Program,
    django_assert_max_num_queries: Count,
) -> None:
    ticket = rich(ask, ada, mehmet)
    if call != "reply":
        ticket.reply("So.", by=mehmet)
    if call == "re-open":
        ticket.close(by=mehmet)

    with django_assert_max_num_queries(15):
        assert program.post(f"ticket/{call}", id=ticket.public_id, **fields).code == 0
