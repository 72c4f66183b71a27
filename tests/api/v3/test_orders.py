"""A program reads an order, and refunds it once."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import ItemState, Order, OrderItem
from marketdesk.people.actor import Actor, clock
from marketdesk.programs.models import AccessToken, Scope
from marketdesk.refunds import reasons, refunding
from marketdesk.refunds.models import Refund
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State
from tests.api.v3.conftest import Program
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db
DAMAGED = {"refund_reason": "ITEM_IS_DAMAGED", "refund_reason_note": "Broken glass."}


@pytest.fixture
def item(now: Any, order: Order) -> OrderItem:
    """The lamp."""
    return order.items.all()[0]


def test_an_order_in_the_wires_words(item: OrderItem, order: Order, program: Program) -> None:
    order.phone, order.region, order.street2 = "+49 228 000000", "NRW", "2nd floor"
    order.save()
    OrderItem.objects.filter(pk=item.pk).update(cost=7000, shipping_cost=300, shipping=499, quantity=2)

    told = program.get(f"orders/{item.public_id}").data

    assert item.product
    assert told == {
        "id": item.public_id,
        "transaction_id": order.public_id,
        "state": "SHIPPED",
        "released_at": "2026-04-22T10:00:00.000Z",
        "updated_at": "2026-05-02T10:00:00.000Z",
        "product_information": {
            "id": item.product.public_id,
            "name": "Table lamp Nara",
            "sku": "LMP-204",
            "color": "brass",
        },
        "order_payment": {
            "general_payment_details": {
                "product_quantity": 2,
                "product_price": {"amount": 89.9, "currency_code": "EUR"},
                "product_shipping_price": {"amount": 4.99, "currency_code": "EUR"},
                "product_merchant_payment": {"amount": 70.0, "currency_code": "EUR"},
                "shipping_merchant_payment": {"amount": 3.0, "currency_code": "EUR"},
                "payment_total": {"amount": 146.0, "currency_code": "EUR"},
            }
        },
        "full_address": {
            "shipping_detail": {
                "name": "Ada Lovelace",
                "street_address1": "Lindenweg 4",
                "street_address2": "2nd floor",
                "city": "Bonn",
                "state": "NRW",
                "zipcode": "53111",
                "country_code": "DE",
                "phone_number": {"number": "+49 228 000000"},
            }
        },
        "tracking_information": [{"tracking_number": "TR-O-1001", "shipping_provider": {"name": "DHL"}}],
        "fulfillment_records": [
            {"event_type": "ORDER_RELEASED", "event_time": "2026-04-22T10:00:00.000Z"},
            {"event_type": "MARK_SHIPPED", "event_time": "2026-04-24T10:00:00.000Z"},
            {"event_type": "CONFIRMED_DELIVERED", "event_time": "2026-05-02T10:00:00.000Z"},
        ],
        "refunds": [],
    }
    assert program.get(f"orders/{item.public_id}", fields="id,refunds").data == {"id": item.public_id, "refunds": []}


def test_an_order_of_which_little_is_known(item: OrderItem, order: Order, program: Program) -> None:
    Order.objects.update(shipped_at=None, delivered_at=None, tracking_number="", recipient="", street1="", city="")
    OrderItem.objects.update(product=None, color="", sku="", state=ItemState.APPROVED)

    told = program.get(f"orders/{item.public_id}").data

    assert told["product_information"] == {"name": "Table lamp Nara"}
    assert told["tracking_information"] == []
    assert told["full_address"]["shipping_detail"] == {"zipcode": "53111", "country_code": "DE"}
    assert told["updated_at"] == told["released_at"]


def test_a_program_refunds_an_order_that_no_ticket_is_about(item: OrderItem, program: Program) -> None:
    answer = program.put(f"orders/{item.public_id}/refund", DAMAGED)

    refund = Refund.objects.get()
    assert (refund.reason, refund.reason_note, refund.ticket) == ("item_is_damaged", "Broken glass.", None)
    assert answer.data["state"] == "REFUNDED"
    assert answer.data["refunds"] == [
        {
            "refund_reason": "ITEM_IS_DAMAGED",
            "refund_reason_note": "Broken glass.",
            "refund_source": "MERCHANT",
            "refund_time": "2026-11-18T10:00:00.000Z",
            "refund_amount": {"amount": 89.9, "currency_code": "EUR"},
            "status": "PENDING",
        }
    ]
    assert answer.data["updated_at"] == "2026-11-18T10:00:00.000Z"
    assert program.get(f"orders/{item.public_id}").data == answer.data


def test_a_refund_closes_the_ticket_that_is_about_the_order(purchase: Ticket, program: Program) -> None:
    (order,) = program.get(f"tickets/{purchase.public_id}").data["orders"]

    program.put(f"orders/{order['id']}/refund", DAMAGED)

    purchase.refresh_from_db()
    assert purchase.state == State.CLOSED
    assert Refund.objects.get().ticket == purchase


def test_asked_for_again_it_is_refunded_once(now: Any, item: OrderItem, program: Program) -> None:
    path = f"orders/{item.public_id}/refund"
    keyed = program.put(path, DAMAGED, idempotency_key="k-1")
    again = program.put(path, DAMAGED, idempotency_key="k-1")
    echo = program.put(path, DAMAGED)  # without a key: a retry within the minute
    now.shift(timedelta(minutes=2))

    with nothing_changed():
        late = program.put(path, DAMAGED)
        other = program.put(path, {"refund_reason": "EMPTY_PACKAGE"}, idempotency_key="k-1")

    assert keyed.body == again.body
    assert echo.data == keyed.data
    assert late.refusal == (409, 1000)
    assert "refunded already" in late.message
    assert other.refusal == (422, 422)
    assert Refund.objects.count() == 1


def test_a_refund_that_failed_is_no_refund(item: OrderItem, program: Program) -> None:
    program.put(f"orders/{item.public_id}/refund", DAMAGED)
    refunding.settle(Refund.objects.get(), succeeded=False, by=clock())

    told = program.get(f"orders/{item.public_id}").data

    assert (told["state"], told["refunds"]) == ("SHIPPED", [])
    assert program.get(f"orders/{item.public_id}/refund_reasons").data == list(reasons.BY_V3)


def test_who_asked_for_a_refund_is_said(purchase: Ticket, sofia: Actor, program: Program) -> None:
    refunding.refund_items(purchase, list(purchase.items.all()), by=sofia)
    refunding.settle(Refund.objects.get(), succeeded=True, by=clock())

    (refund,) = program.get(f"orders/{purchase.items.get().public_id}").data["refunds"]

    assert (refund["refund_source"], refund["status"]) == ("WISH", "SUCCEEDED")
    assert "refund_reason" not in refund


def test_the_reasons_are_listed_while_there_is_something_to_refund(item: OrderItem, program: Program) -> None:
    before = program.get(f"orders/{item.public_id}/refund_reasons").data
    program.put(f"orders/{item.public_id}/refund", {"refund_reason": "UNABLE_TO_SHIP"})

    assert (len(before), before[0], before[-1]) == (22, "UNABLE_TO_SHIP", "MERCHANT_REPORTED_BUYER_FRAUD")
    assert program.get(f"orders/{item.public_id}/refund_reasons").data == []


@pytest.mark.parametrize(
    "body",
    [{}, {"refund_reason": "BECAUSE"}, {"refund_reason": "OTHER"}, {"refund_reason": None}, [], "",
     {"refund_reason": "ITEM_IS_DAMAGED", "refund_reason_note": "x" * 501},
     {"refund_reason": "ITEM_IS_DAMAGED", "refund_reason_note": 7}],
)  # fmt: skip
def test_what_is_no_reason_is_refused_and_nothing_refunded(item: OrderItem, program: Program, body: Any) -> None:
    with nothing_changed():
        refused = program.put(f"orders/{item.public_id}/refund", body)

    assert refused.refusal == (400, 1000)


def test_another_stores_order_is_as_if_absent(item: OrderItem, rival_program: Program) -> None:
    with nothing_changed():
        for path in ("orders/{}", "orders/{}/refund_reasons", "orders/{}/refund"):
            answers = [
                rival_program.put(path.format(named), DAMAGED)
                if path.endswith("refund")
                else rival_program.get(path.format(named))
                for named in (item.public_id, "0" * 24, "nonsense")
            ]
            assert {answer.refusal for answer in answers} == {(404, 1004)}
            assert len({answer.body for answer in answers}) == 1


def test_another_key_is_another_refund_and_there_is_only_one(item: OrderItem, program: Program) -> None:
    path = f"orders/{item.public_id}/refund"
    first, again = (program.put(path, DAMAGED, idempotency_key="k-1") for _ in range(2))

    with nothing_changed():
        other = program.put(path, DAMAGED, idempotency_key="k-2")

    assert (first.status, again.body, other.status) == (200, first.body, 409)
    assert Refund.objects.count() == 1


def test_reading_and_refunding_take_their_scopes(item: OrderItem, store: Merchant, program: Program) -> None:
    AccessToken.objects.update(scope=Scope.READ_ORDERS)
    with nothing_changed():
        refused = program.put(f"orders/{item.public_id}/refund", DAMAGED)
    read = program.get(f"orders/{item.public_id}")
    AccessToken.objects.update(scope=Scope.WRITE_ORDERS)

    told = program.put(f"orders/{item.public_id}/refund", DAMAGED)

    assert (refused.refusal, read.code) == ((403, 1006), 0)
    assert program.get(f"orders/{item.public_id}").refusal == (403, 1006)
    assert (told.data["state"], "full_address" in read.data, "full_address" in told.data) == ("REFUNDED", True, False)


@pytest.mark.parametrize("ticket", ["purchase", None])
def test_calls_stay_within_their_budget(
    item: OrderItem, program: Program, ticket: str | None, request: pytest.FixtureRequest
) -> None:
    if ticket:
        request.getfixturevalue(ticket)

    with CaptureQueriesContext(connection) as reading:
        program.get(f"orders/{item.public_id}")
    with CaptureQueriesContext(connection) as refunding:
        program.put(f"orders/{item.public_id}/refund", DAMAGED, idempotency_key="k-1")
    written = [one["sql"] for one in refunding if "SAVEPOINT" not in one["sql"]]

    assert len(reading) <= 6
    # Two deeds in one where a ticket closes with it.
    assert len(written) <= (25 if ticket else 17), "\n".join(written)
