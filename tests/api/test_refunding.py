"""`order` and `order/refund`: one item, seen and paid back."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, OrderItem
from marketdesk.people.actor import Actor
from marketdesk.programs.models import AccessToken
from marketdesk.refunds import reasons, refunding
from marketdesk.refunds.models import Refund
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State
from tests.api.conftest import Program
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db
REFUND = "order/refund"


@pytest.fixture
def lamp(order: Order) -> OrderItem:
    return order.items.get(name="Table lamp Nara")


def test_an_item_is_refunded_outside_a_ticket(lamp: OrderItem, program: Program) -> None:
    answer = program.post(REFUND, id=lamp.public_id, reason_code="25", reason_note=" Glass. ")

    assert (answer.status, answer.data) == (200, {"success": True})
    refund = Refund.objects.get()
    assert (refund.item, refund.ticket, refund.amount) == (lamp, None, lamp.paid)
    assert (refund.reason, refund.reason_note) == ("item_is_damaged", "Glass.")


def test_the_ticket_about_it_closes(ask: Callable[..., Ticket], lamp: OrderItem, program: Program) -> None:
    ticket = ask("item_problem", items=[lamp])

    program.post(REFUND, id=lamp.public_id, reason_code="25")

    told = program.get("ticket", id=ticket.public_id).data["Ticket"]
    assert (told["state"], told["closed_by"]) == ("Closed", "merchant")
    (item,) = told["items"]
    assert item["Order"]["refunded_by"] == "REFUNDED BY MERCHANT"
    assert item["Order"]["refunded_reason"] == "The item is damaged"


@pytest.mark.parametrize("code", sorted(reasons.BY_V2))
def test_every_code_of_both_lists_is_known(code: str, lamp: OrderItem, program: Program) -> None:
    assert program.post(REFUND, id=lamp.public_id, reason_code=code, reason_note="So.").code == 0
    assert Refund.objects.get().reason == reasons.BY_V2[code].code


@pytest.mark.parametrize("code", ["99", "x", "1.0", "+1", "٣", "true", "1e3", "-2", "2" * 5000, "OTHER"])
def test_an_unknown_code_is_refused_with_those_that_are_known(code: str, lamp: OrderItem, program: Program) -> None:
    with nothing_changed():
        answer = program.post(REFUND, id=lamp.public_id, reason_code=code)

    assert (answer.status, answer.code) == (400, 1000)
    assert "must be one of -1, 0, 1, 2, 3, 7" in answer.message


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ({"reason_code": "25"}, "id"),
        ({"id": "lamp"}, "reason_code"),
        ({"id": "lamp", "reason_code": "-1"}, "reason_note"),
        ({"id": "lamp", "reason_code": "-1", "reason_note": ""}, "reason_note"),
    ],
)
def test_what_is_missing_is_named(fields: dict[str, str], missing: str, lamp: OrderItem, program: Program) -> None:
    if "id" in fields:
        fields = fields | {"id": lamp.public_id}

    with nothing_changed():
        answer = program.post(REFUND, **fields)

    assert (answer.status, answer.code, answer.data) == (400, 1001, missing)


@pytest.mark.parametrize(("note", "words"), [(" ", "Say in a note"), ("x" * 501, "501 characters")])
def test_a_note_that_will_not_do(note: str, words: str, lamp: OrderItem, program: Program) -> None:
    with nothing_changed():
        answer = program.post(REFUND, id=lamp.public_id, reason_code="-1", reason_note=note)

    assert (answer.status, answer.code) == (400, 1000)
    assert words in answer.message


def test_the_same_call_again_is_success_once(now: Any, lamp: OrderItem, program: Program, store: Merchant) -> None:
    fields = {"id": lamp.public_id, "reason_code": "25"}
    program.post(REFUND, **fields)

    with nothing_changed():
        assert program.post(REFUND, **fields).data == {"success": True}
        for again in (fields | {"reason_code": "20"}, fields | {"reason_note": "Glass."}):
            answer = program.post(REFUND, **again)
            assert (answer.status, answer.code) == (400, 1000)
            assert "is refunded already" in answer.message
    other = Program(AccessToken.issue(store, "another program"))
    with nothing_changed():
        assert other.post(REFUND, **fields).code == 1000
    now.shift(timedelta(seconds=61))
    with nothing_changed():
        assert program.post(REFUND, **fields).code == 1000


def test_not_while_support_handles_it(
    ask: Callable[..., Ticket], lamp: OrderItem, program: Program, sofia: Actor
) -> None:
    ticket = ask("item_problem", items=[lamp])
    ticket.take_over(by=sofia)

    with nothing_changed():
        answer = program.post(REFUND, id=lamp.public_id, reason_code="25")

    assert (answer.status, answer.code) == (400, 1000)
    assert answer.message == "Platform support is handling this ticket now."


def test_an_item_reads_as_in_a_ticket(
    ask: Callable[..., Ticket], lamp: OrderItem, program: Program, mehmet: Actor
) -> None:
    ticket = ask("item_problem", items=[lamp])
    assert ticket.state == State.WITH_MERCHANT
    for _ in range(2):
        told = program.get("ticket", id=ticket.public_id).data["Ticket"]["items"]
        assert program.get("order", id=lamp.public_id).data == told[0]
        if not lamp.refunds.exists():
            refunding.refund_item(lamp, by=mehmet, reason=reasons.DAMAGED)


@pytest.mark.parametrize(("call", "method"), [("order", "get"), (REFUND, "post")])
def test_a_rivals_program_cannot_tell_an_item_from_none(
    call: str, method: str, lamp: OrderItem, rival_program: Program
) -> None:
    with nothing_changed():
        answers = [getattr(rival_program, method)(call, id=one, reason_code="25") for one in (lamp.public_id, "0" * 24)]

    assert answers[0].body == answers[1].body
    assert (answers[0].status, answers[0].code, answers[0].data) == (400, 1004, 2021)


@pytest.mark.usefixtures("prepaid")
def test_costs_little(
    ask: Callable[..., Ticket], lamp: OrderItem, program: Program, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(3):
        program.get("order", id=lamp.public_id)
    ask("item_problem", items=[lamp])
    with CaptureQueriesContext(connection) as asked:
        assert program.post(REFUND, id=lamp.public_id, reason_code="25").code == 0
    assert len([one for one in asked if "SAVEPOINT" not in one["sql"]]) <= 15
