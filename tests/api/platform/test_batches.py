"""Batches: every row is answered for itself, and repeating one changes nothing."""

from typing import Any

import pytest

from marketdesk.journal.models import Deed
from marketdesk.merchants.models import Membership, Merchant
from marketdesk.orders.models import Order, OrderItem, Product
from marketdesk.people.models import User
from tests.api.platform.conftest import Program

pytestmark = pytest.mark.django_db

MERCHANT = {
    "id": "m-1",
    "name": "Anadolu Home",
    "country": "TR",
    "staff": [{"email": "mehmet@example.org", "name": "Mehmet Demir", "role": "owner"}],
}
PRODUCT = {"id": "p-1", "merchant": "m-1", "name": "Table lamp Nara", "sku": "LMP-204", "price": 89.9}
CUSTOMER = {"id": "c-1", "name": "Ada Lovelace", "email": "ada@example.org", "country": "DE", "language": "de"}


def an_order(number: int = 1, **fields: Any) -> dict[str, Any]:
    order = {
        "id": f"o-{number}",
        "merchant": "m-1",
        "customer": "c-1",
        "currency": "EUR",
        "placed_at": "2026-11-01T10:00:00Z",
        "country": "DE",
        "street1": "Lindenweg 4",
        "items": [{"product": "p-1", "price": 89.9, "quantity": 2, "shipping": "4.90"}],
    }
    return order | fields


@pytest.fixture
def filled(shop: Program) -> Program:
    for kind, row in (("merchants", MERCHANT), ("products", PRODUCT), ("customers", CUSTOMER), ("orders", an_order())):
        assert shop.post(kind, {"rows": [row]}).data["results"] == [{"id": row["id"], "result": "created"}]
    return shop


def words(answer: Any) -> list[str]:
    return [one["result"] for one in answer.data["results"]]


def test_a_marketplace_pushes_what_it_has(filled: Program) -> None:
    order = Order.objects.get()

    assert Membership.objects.get().user.email == "mehmet@example.org"
    assert (order.merchant.name, order.customer.name, order.street1) == ("Anadolu Home", "Ada Lovelace", "Lindenweg 4")
    assert order.total == 2 * 8990 + 490, "the sums keep every cent"
    assert Product.objects.get().price == 8990


def test_pushing_it_again_changes_nothing(filled: Program) -> None:
    for kind, row in (("merchants", MERCHANT), ("products", PRODUCT), ("customers", CUSTOMER), ("orders", an_order())):
        assert words(filled.post(kind, {"rows": [row]})) == ["unchanged"]


def test_shipments_deliveries_returns_and_refunds_made_elsewhere(filled: Program) -> None:
    shipped = {"id": "o-1", "shipped_at": "2026-11-02T10:00:00Z", "carrier": "DHL", "tracking_number": "TR-1"}
    delivered = {"id": "o-1", "delivered_at": "2026-11-05T10:00:00Z"}
    item = {"product": "p-1", "price": 89.9, "quantity": 2, "shipping": "4.90"}
    returned = {"id": "o-1", "items": [item | {"returned_at": "2026-11-10T10:00:00Z", "refunded": "184.70"}]}

    answers = [filled.post("orders", {"rows": [row]}) for row in (shipped, delivered, returned)]

    order, item_now = Order.objects.get(), OrderItem.objects.get()
    assert [words(answer) for answer in answers] == [["updated"]] * 3
    assert (order.carrier, order.tracking_number) == ("DHL", "TR-1")
    assert order.delivered_at
    assert (item_now.refunded, item_now.state) == (18470, "REFUNDED")
    assert item_now.returned_at


def test_a_batch_with_37_bad_rows_answers_exactly_those_37_and_keeps_the_rest(
    filled: Program, caplog: pytest.LogCaptureFixture
) -> None:
    bad = {
        0: ("currency", {"currency": "XXZ"}),
        1: ("merchant", {"merchant": "m-unknown"}),
        2: ("customer", {"customer": "c-unknown"}),
        3: ("placed_at", {"placed_at": "yesterday"}),
        4: ("items", {"items": []}),
        5: ("item price", {"items": [{"product": "p-1", "price": "a lot"}]}),
        6: ("colour", {"colour": "red"}),
    }
    rows: list[Any] = [an_order(number) for number in range(2, 1002)]
    expected: dict[int, str] = {}
    for number in range(37):
        place = number * 27
        field, change = bad[number % len(bad)]
        rows[place] = rows[place] | change
        expected[place] = field

    answer = filled.post("orders", {"rows": rows})

    results = answer.data["results"]
    refused = {place: one["field"] for place, one in enumerate(results) if one["result"] == "refused"}
    assert answer.status == 200
    assert refused == expected
    assert all(one["reason"] for place, one in enumerate(results) if place in expected)
    assert all(one["result"] == "created" for place, one in enumerate(results) if place not in expected)
    assert [one["id"] for one in results] == [row["id"] for row in rows]
    assert Order.objects.count() == 1 + 1000 - 37
    assert "37 of 1000 orders refused" in caplog.text
    assert "yesterday" not in caplog.text


def test_rows_that_are_no_records_are_refused_alone(shop: Program) -> None:
    answer = shop.post("merchants", {"rows": ["m-1", None, 5, [], {}, {"id": ["x"]}, {"id": "\ud800"}, MERCHANT]})

    assert words(answer) == ["refused"] * 7 + ["created"]


def test_an_id_that_comes_twice_is_written_twice_in_its_order(shop: Program) -> None:
    answer = shop.post("merchants", {"rows": [MERCHANT, MERCHANT | {"name": "Anadolu Ev"}]})

    assert words(answer) == ["created", "updated"]
    assert Merchant.objects.get().name == "Anadolu Ev"


def test_a_customer_of_another_kind_is_refused(filled: Program) -> None:
    User.objects.filter(email="mehmet@example.org").update(external_id="u-9")

    assert filled.post("customers", {"rows": [CUSTOMER | {"id": "u-9"}]}).data["results"][0]["field"] == "id"


@pytest.mark.parametrize("rows", [[], [MERCHANT] * 1001, "all", None, {"0": MERCHANT}])
def test_too_many_none_or_no_list(rows: Any, shop: Program) -> None:
    answer = shop.post("merchants", {"rows": rows})

    assert (answer.status, answer.code, set(answer.fields)) == (422, "bad_fields", {"rows"})
    assert not Merchant.objects.exists()


def test_a_long_id_is_answered_whole(shop: Program) -> None:
    ident = "c-" + "9" * 98

    answer = shop.post("customers", {"rows": [{"id": ident, "name": "Ada"}, {"id": ident + "9", "name": "Ada"}]})

    assert answer.data["results"][0] == {"id": ident, "result": "created"}
    assert len(answer.data["results"][1]["id"]) == 100


def test_a_mail_address_that_is_refused_is_not_kept(filled: Program) -> None:
    rows = [{"id": "c-2", "name": "x", "email": email} for email in ("ada@example.org", "ada@example@org")]

    answer = filled.post("customers", {"rows": rows})

    assert [one["field"] for one in answer.data["results"]] == ["email", "email"]
    assert not Deed.objects.filter(answer__icontains="ada@").exists()


def test_a_batch_that_would_hold_up_everybody_is_refused_whole(filled: Program) -> None:
    items = [{"name": f"Lamp {number}", "price": 1} for number in range(1000)]
    rows = [an_order(number, items=items) for number in range(2, 13)]

    refused = filled.post("orders", {"rows": rows})
    taken = filled.post("orders", {"rows": rows[:1]})

    assert (refused.status, refused.fields) == (422, {"rows": "hold more than 10000 items or staff in all"})
    assert words(taken) == ["created"]
    assert Order.objects.count() == 2
