"""A marketplace brings its data: all of it, repeatedly, in either format; bad rows are said in words."""

import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError

from marketdesk import importing
from marketdesk.importing.running import KINDS
from marketdesk.merchants.models import Membership, Merchant
from marketdesk.orders.models import ItemState, Order, OrderItem, Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.refunds.refunding import refund_items
from marketdesk.tickets.models import Issue, Ticket

EXAMPLES = Path(__file__).parents[2] / "examples" / "marketplace"

MERCHANT = {"id": "M-1", "name": "Anadolu Home", "country": "TR"}
PRODUCT = {"id": "P-1", "merchant": "M-1", "name": "Table lamp Nara", "price": "89.90", "currency": "EUR"}
CUSTOMER = {"id": "C-1", "name": "Ada Lindner", "email": "ada@example.org", "country": "DE"}
ITEM = {"product": "P-1", "color": "brass", "price": "89.90"}
ORDER = {
    "id": "O-1",
    "merchant": "M-1",
    "customer": "C-1",
    "currency": "EUR",
    "placed_at": "2026-10-01T10:00:00Z",
    "country": "DE",
    "items": [ITEM],
}

Bring = Callable[..., tuple[int, str]]


@pytest.fixture
def bring(db: None, tmp_path: Path) -> Bring:
    """`bring(merchants=[…], orders=[…])`: import these rows, answer the exit code and what was said."""

    def _bring(strict: bool = False, **kinds: list[Any]) -> tuple[int, str]:
        paths = []
        for kind, rows in kinds.items():
            path = tmp_path / f"{kind}.jsonl"
            lines = (row if isinstance(row, str) else json.dumps(row) for row in rows)
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            paths.append(path)
        return _run(*paths, strict=strict)

    return _bring


@pytest.fixture
def base(bring: Bring) -> None:
    """A merchant, a product, a customer and an order of one lamp."""
    code, said = bring(merchants=[MERCHANT], products=[PRODUCT], customers=[CUSTOMER], orders=[ORDER])
    assert code == 0, said


def _run(*paths: Path, strict: bool = False) -> tuple[int, str]:
    out = io.StringIO()
    return importing.run(list(paths), strict=strict, out=out), out.getvalue()


def _everything() -> list[Any]:
    """All that an import writes, without the numbers that differ from one installation to the next."""
    dropped = {"id", "public_id", "password", "date_joined", "created_at"}
    refer: dict[str, Any] = {
        "merchant_id": Merchant,
        "customer_id": User,
        "product_id": Product,
        "order_id": Order,
        "user_id": User,
    }
    rows = []
    models: list[Any] = [Merchant, User, Membership, Product, Order, OrderItem]
    for model in models:
        for row in model.objects.order_by("pk").values():
            for name, other in refer.items():
                if row.get(name):
                    row[name] = str(other.objects.get(pk=row[name]))
            rows.append({name: value for name, value in row.items() if name not in dropped})
    return rows


# The examples


def test_the_examples_are_imported_whatever_the_order_of_the_files(db: None) -> None:
    code, said = _run(*sorted(EXAMPLES.glob("*.jsonl"), reverse=True))

    assert code == 0
    assert said.splitlines() == [
        "merchants: 3 created, 0 updated, 0 unchanged, 0 refused",
        "products: 5 created, 0 updated, 0 unchanged, 0 refused",
        "customers: 4 created, 0 updated, 0 unchanged, 0 refused",
        "orders: 4 created, 0 updated, 0 unchanged, 0 refused",
    ]
    lamp = OrderItem.objects.get(order__external_id="O-9001", color="brass")
    assert (lamp.name, lamp.sku, lamp.price, lamp.shipping, lamp.paid) == (
        "Table Lamp Nara",
        "LMP-204",
        8990,
        490,
        9480,
    )
    assert lamp.state == ItemState.SHIPPED
    assert Order.objects.get(external_id="O-9001").delivered_at == datetime(2026, 3, 9, 10, 40, tzinfo=UTC)
    assert Order.objects.get(external_id="O-9004").total == 3 * 1350 + 320 + 200
    assert OrderItem.objects.get(order__external_id="O-9003").state == ItemState.REFUNDED
    assert Product.objects.get(external_id="P-601").price == 1_240_000
    mehmet = User.objects.get(email="mehmet@anadolu-home.example")
    assert (mehmet.party, mehmet.has_usable_password()) == (Party.MERCHANT, False)
    assert Membership.objects.get(user=mehmet).role == "owner"


@pytest.mark.parametrize(("first", "second"), [("jsonl", "csv"), ("csv", "jsonl"), ("csv", "csv")])
def test_both_formats_say_the_same_and_a_second_run_changes_nothing(db: None, first: str, second: str) -> None:
    _run(*EXAMPLES.glob(f"*.{first}"))
    before = _everything()

    code, said = _run(*EXAMPLES.glob(f"*.{second}"))

    assert code == 0
    assert "orders: 0 created, 0 updated, 4 unchanged, 0 refused" in said
    assert "merchants: 0 created, 0 updated, 3 unchanged, 0 refused" in said
    assert _everything() == before


def test_every_field_is_documented() -> None:
    chapters = (EXAMPLES / "README.md").read_text(encoding="utf-8").split("\n## ")[1:]
    told = {chapter.split("\n", 1)[0]: chapter for chapter in chapters}

    for kind in KINDS:
        for field in kind.fields:
            for name in (field.name, *(part.name for part in field.parts)):
                assert f"\n| `{name}` |" in told[kind.kind], f"{kind.kind}: {name}"


# Updating


def test_a_known_id_is_updated_and_a_field_left_out_stays(base: None, bring: Bring) -> None:
    code, said = bring(
        products=[{"id": "P-1", "price": "79.90"}],
        customers=[{"id": "C-1", "email": ""}],
        orders=[{"id": "O-1", "delivered_at": "2026-10-09T08:00:00+02:00"}],
    )

    assert code == 0
    assert said.count("0 created, 1 updated, 0 unchanged") == 3
    product, order = Product.objects.get(), Order.objects.get()
    assert (product.name, product.price) == ("Table lamp Nara", 7990)
    assert User.objects.get(external_id="C-1").email is None
    assert order.delivered_at == datetime(2026, 10, 9, 6, 0, tzinfo=UTC)
    assert (order.total, order.items.count()) == (8990, 1)


def test_an_id_that_comes_twice_in_a_file_is_one_record(base: None, bring: Bring) -> None:
    code, _said = bring(customers=[{**CUSTOMER, "name": "Ada L."}, {**CUSTOMER, "name": "Ada Lovelace"}])

    assert code == 0
    assert User.objects.get(external_id="C-1").name == "Ada Lovelace"


def test_the_items_of_an_order_follow_the_file(base: None, bring: Bring) -> None:
    lamp = OrderItem.objects.get()
    shade = {"name": "Linen shade", "sku": "SHD", "price": "34.90", "quantity": 2}

    bring(orders=[{**ORDER, "items": [shade, ITEM]}])
    assert {item.name: item.paid for item in OrderItem.objects.all()} == {"Table lamp Nara": 8990, "Linen shade": 6980}
    assert OrderItem.objects.get(name="Table lamp Nara").pk == lamp.pk
    assert Order.objects.get().total == 8990 + 6980

    bring(orders=[{**ORDER, "items": [shade]}])
    assert [item.name for item in OrderItem.objects.all()] == ["Linen shade"]


def test_staff_join_and_are_renamed_but_never_leave(bring: Bring) -> None:
    mehmet = {"email": "Mehmet@example.org", "name": "Mehmet Demir", "role": "owner"}
    elif_ = {"email": "elif@example.org", "name": "Elif Kaya"}
    bring(merchants=[{**MERCHANT, "staff": [mehmet]}])

    _code, said = bring(merchants=[{**MERCHANT, "staff": [{**elif_, "role": "agent"}]}])
    assert "1 updated" in said
    bring(merchants=[{**MERCHANT, "staff": [{**mehmet, "name": "Mehmet D.", "role": "agent"}, elif_]}])

    assert set(Membership.objects.values_list("user__name", "role")) == {("Mehmet D.", "agent"), ("Elif Kaya", "agent")}


# Refunds and tickets are safe


@pytest.fixture
def refunded(base: None) -> OrderItem:
    """The lamp was refunded through a ticket."""
    customer, merchant, order = User.objects.get(external_id="C-1"), Merchant.objects.get(), Order.objects.get()
    ada = Actor(Party.CUSTOMER, user_id=customer.pk, name=customer.name)
    ticket = Ticket.open(
        customer=customer,
        merchant=merchant,
        issue=Issue.objects.get(pk="item_problem"),
        text="Kaputt.",
        by=ada,
        order=order,
        items=list(order.items.all()),
    )
    refund_items(ticket, list(order.items.all()), by=Actor(Party.SUPPORT))
    return OrderItem.objects.get()


def test_paid_cannot_fall_below_what_was_refunded(refunded: OrderItem, bring: Bring) -> None:
    code, said = bring(orders=[{**ORDER, "items": [{**ITEM, "paid": "50.00"}]}])

    assert code == 1
    assert "orders.jsonl, line 1, item paid: is less than what was refunded for “Table lamp Nara”" in said
    refunded.refresh_from_db()
    assert (refunded.paid, refunded.refunded, refunded.state) == (8990, 8990, ItemState.REFUNDED)


def test_an_import_never_forgets_a_refund(refunded: OrderItem, bring: Bring) -> None:
    code, said = bring(orders=[{**ORDER, "shipped_at": "2026-10-02T10:00:00Z", "items": [{**ITEM, "refunded": "0"}]}])

    assert code == 0, said
    refunded.refresh_from_db()
    assert (refunded.refunded, refunded.state) == (8990, ItemState.REFUNDED)


def test_an_item_that_a_ticket_names_is_not_taken_away(refunded: OrderItem, bring: Bring) -> None:
    code, said = bring(orders=[{**ORDER, "items": [{"name": "Something else", "price": "1.00"}]}])

    assert code == 1
    assert "line 1, items: “Table lamp Nara” cannot be left out" in said
    assert OrderItem.objects.get() == refunded


def test_the_currency_of_refunded_items_stays(refunded: OrderItem, bring: Bring) -> None:
    code, said = bring(orders=[{**ORDER, "currency": "USD"}])

    assert code == 1
    assert "currency: cannot change" in said
    assert Order.objects.get().currency == "EUR"


# Bad rows

LONG = "x" * 300
BAD_ROWS: list[tuple[str, Any, str, str]] = [
    ("merchants", "{not json", "", "This is not JSON"),
    ("merchants", "[1, 2]", "", "must be one JSON object"),
    ("merchants", '{"id": "M-2", "name": NaN}', "", "This is not JSON: NaN"),
    ("merchants", "[" * 100_000, "", "This is not JSON"),
    ("merchants", {"name": "Nobody"}, "id", "is missing"),
    ("merchants", {"id": "", "name": "Nobody"}, "id", "must not be empty"),
    ("merchants", {"id": "M-2"}, "name", "is missing"),
    ("merchants", {"id": "M-2", "name": " "}, "name", "must not be empty"),
    ("merchants", {"id": "M-2", "name": LONG}, "name", "has 300 characters; 150 are possible"),
    ("merchants", {"id": "M-2", "name": "a\x00b"}, "name", "holds the control character U+0000"),
    ("merchants", {"id": "M-2", "name": "a\nb"}, "name", "holds the control character U+000A"),
    ("merchants", {"id": "M-2", "name": "a\u202eb"}, "name", "holds the control character U+202E"),
    ("merchants", '{"id": "M-2", "name": "\\ud800"}', "name", "is not UTF-8"),
    ("merchants", {"id": "M-2", "name": ["x"]}, "name", "must be text"),
    ("merchants", {"id": "M-2", "name": "x", "country": "Germany"}, "country", "“GERMANY” is not a country code"),
    ("merchants", {"id": "M-2", "name": "x", "selected": "maybe"}, "selected", "is neither true nor false"),
    ("merchants", {"id": "M-2", "name": "x", "colour": "red"}, "colour", "is not a known field"),
    ("merchants", {"id": "M-2", "name": "x", "staff": "me"}, "staff", "must be a list of objects"),
    ("merchants", {"id": "M-2", "name": "x", "staff": [{"name": "Y"}]}, "staff email", "is missing"),
    (
        "merchants",
        {"id": "M-2", "name": "x", "staff": [{"email": "y", "name": "Y"}]},
        "staff email",
        "not a mail address",
    ),
    (
        "merchants",
        {"id": "M-2", "name": "x", "staff": [{"email": "y@example.org", "name": "Y", "role": "boss"}]},
        "staff role",
        "“boss” is not one of: owner, agent",
    ),
    (
        "merchants",
        {"id": "M-2", "name": "x", "staff": [{"email": "ada@example.org", "name": "Ada"}]},
        "staff email",
        "not a merchant's",
    ),
    ("products", {"id": "P-2", "merchant": "M-9", "name": "x"}, "merchant", "“M-9” is not known: import it first"),
    ("products", {"id": "P-2", "merchant": "M-1", "name": "x", "price": "1,50"}, "price", "“1,50” is not an amount"),
    ("products", {"id": "P-2", "merchant": "M-1", "name": "x", "price": "-1"}, "price", "“-1” is not an amount"),
    ("products", {"id": "P-2", "merchant": "M-1", "name": "x", "price": "1e3"}, "price", "is not an amount"),
    (
        "products",
        {"id": "P-2", "merchant": "M-1", "name": "x", "price": "1.505"},
        "price",
        "1.505 has more decimal places",
    ),
    (
        "products",
        {"id": "P-2", "merchant": "M-1", "name": "x", "price": "1.50", "currency": "VND"},
        "price",
        "more decimal places than VND knows",
    ),
    ("products", {"id": "P-2", "merchant": "M-1", "name": "x", "currency": "EURO"}, "currency", "not a currency code"),
    ("products", {"id": "P-1", "currency": "VND"}, "currency", "cannot change without the price"),
    (
        "products",
        {"id": "P-2", "merchant": "M-1", "name": "x", "image_url": "javascript:alert(1)"},
        "image_url",
        "is not an address that begins with https://",
    ),
    ("customers", {"id": "C-2", "name": "x", "email": "ada@example.org"}, "email", "belongs to another account"),
    ("customers", {"id": "C-2", "name": "x", "email": "not a mail"}, "email", "is not a mail address"),
    ("customers", {"id": "C-2", "name": "x", "language": "klingon"}, "language", "“klingon” is not one of: en, de"),
    ("customers", {"id": "C-2", "name": "x", "time_zone": "Mars/Base"}, "time_zone", "is not a time zone"),
    ("orders", {**ORDER, "id": "O-2", "customer": "C-9"}, "customer", "“C-9” is not known"),
    ("orders", {**ORDER, "id": "O-2", "placed_at": "yesterday"}, "placed_at", "is not a moment with its time zone"),
    ("orders", {**ORDER, "id": "O-2", "placed_at": "2026-10-01T10:00:00"}, "placed_at", "time zone"),
    ("orders", {**ORDER, "id": "O-2", "placed_at": "0001-01-01T00:00:00+14:00"}, "placed_at", "time zone"),
    ("orders", {**ORDER, "id": "O-2", "country": None}, "country", "must not be empty"),
    ("orders", {**ORDER, "id": "O-2", "tracking_url": "ftp://x"}, "tracking_url", "begins with https://"),
    ("orders", {**ORDER, "id": "O-2", "items": []}, "items", "must not be empty"),
    ("orders", {**ORDER, "id": "O-2", "items": [{"product": "P-1"}]}, "item price", "is missing"),
    ("orders", {**ORDER, "id": "O-2", "items": [{"price": "1.00"}]}, "item name", "no product is named"),
    ("orders", {**ORDER, "id": "O-2", "items": [{**ITEM, "product": "P-9"}]}, "item product", "is not known"),
    ("orders", {**ORDER, "id": "O-2", "items": [{**ITEM, "quantity": 0}]}, "item quantity", "whole number"),
    (
        "orders",
        {**ORDER, "id": "O-2", "items": [{**ITEM, "refunded": "100.00"}]},
        "item paid",
        "less than what was refunded",
    ),
    ("orders", {**ORDER, "id": "O-2", "items": [{**ITEM, "state": "REFUNDED"}]}, "item state", "say the sum"),
    (
        "orders",
        {**ORDER, "id": "O-2", "items": [{**ITEM, "price": "9" * 12, "quantity": 1_000_000}]},
        "item paid",
        "too much to be true",
    ),
]


@pytest.mark.parametrize(("kind", "row", "field", "reason"), BAD_ROWS)
def test_a_bad_row_is_refused_in_words_and_the_rest_is_imported(
    base: None, bring: Bring, kind: str, row: Any, field: str, reason: str
) -> None:
    before = _everything()
    goods: dict[str, Any] = {"merchants": MERCHANT, "products": PRODUCT, "customers": CUSTOMER, "orders": ORDER}
    other = {"email": "new@example.org"} if kind == "customers" else {}

    code, said = bring(**{kind: [row, {**goods[kind], **other, "id": "new"}]})

    line = said.splitlines()[0]
    assert code == 1
    assert line.startswith(f"{kind}.jsonl, line 1, {field}: " if field else f"{kind}.jsonl, line 1: ")
    assert reason in line
    assert f"{kind}: 1 created, 0 updated, 0 unchanged, 1 refused" in said
    after = _everything()
    assert all(one in after for one in before)


def test_an_order_stays_with_its_merchant_and_customer(base: None, bring: Bring) -> None:
    code, said = bring(
        merchants=[{"id": "M-2", "name": "Rival"}],
        customers=[{"id": "C-2", "name": "Bob"}],
        products=[{"id": "P-1", "merchant": "M-2"}],
        orders=[
            {"id": "O-1", "merchant": "M-2"},
            {"id": "O-1", "customer": "C-2"},
            {**ORDER, "id": "O-2", "merchant": "M-2"},
        ],
    )

    assert code == 1
    assert "products.jsonl, line 1, merchant: cannot change: the product is another merchant's" in said
    assert "orders.jsonl, line 1, merchant: cannot change: the order is another merchant's" in said
    assert "orders.jsonl, line 2, customer: cannot change: the order is another customer's" in said
    assert "orders.jsonl, line 3, item product: is another merchant's" in said
    order = Order.objects.get()
    assert (order.merchant.external_id, order.customer.external_id) == ("M-1", "C-1")


def test_two_new_customers_cannot_share_an_address(bring: Bring) -> None:
    code, said = bring(customers=[CUSTOMER, {**CUSTOMER, "id": "C-2", "email": "ADA@example.org"}])

    assert code == 1
    assert "customers.jsonl, line 2, email: belongs to another account" in said
    assert User.objects.count() == 1


def test_strict_imports_nothing_when_a_row_is_bad(bring: Bring) -> None:
    code, said = bring(strict=True, merchants=[MERCHANT], customers=[CUSTOMER, {"id": "C-2"}])

    assert code == 1
    assert "customers.jsonl, line 2, name: is missing" in said
    assert "customers: 0 created, 0 updated, 0 unchanged, 1 refused" in said
    assert "Nothing was imported" in said
    assert not Merchant.objects.exists()
    assert not User.objects.exists()


def test_strict_imports_all_when_every_row_is_good(bring: Bring) -> None:
    code, _said = bring(strict=True, merchants=[MERCHANT], products=[PRODUCT], customers=[CUSTOMER], orders=[ORDER])

    assert code == 0
    assert OrderItem.objects.count() == 1


def test_what_the_database_refuses_costs_only_its_row(bring: Bring, monkeypatch: pytest.MonkeyPatch) -> None:
    from marketdesk.records.customers import Customers

    def _racing(self: Customers, plans: list[Any]) -> None:
        if any(plan.record.name == "Late" for plan in plans):
            raise IntegrityError("somebody was quicker")
        for plan in plans:
            plan.record.save()

    monkeypatch.setattr(Customers, "store", _racing)

    code, said = bring(customers=[{"id": "C-1", "name": "Early"}, {"id": "C-2", "name": "Late"}])

    assert code == 1
    assert "customers.jsonl, line 2: the database refused it: somebody was quicker" in said
    assert [user.name for user in User.objects.all()] == ["Early"]


def test_many_bad_rows_are_counted_not_all_said(bring: Bring) -> None:
    code, said = bring(merchants=[{"id": f"M-{number}"} for number in range(1000)])

    assert code == 1
    assert said.count("name: is missing") == 200
    assert "merchants.jsonl: 800 more rows were refused." in said
    assert "1000 refused" in said


def test_a_file_longer_than_a_batch_is_imported_whole(bring: Bring) -> None:
    rows = [{"id": f"C-{number}", "name": f"Customer {number}"} for number in range(1203)]

    code, said = bring(customers=rows)

    assert (code, User.objects.count()) == (0, 1203)
    assert "customers: 1203 created" in said


def test_what_is_printed_of_a_file_obeys_no_terminal(bring: Bring) -> None:
    _code, said = bring(merchants=[{"id": "M-1", "name": "x", "\x1b[2J": 1, "country": "\x1b"}])

    assert "\x1b" not in said


# Files


def test_a_file_of_an_unknown_kind_stops_everything(db: None, tmp_path: Path) -> None:
    good, odd = tmp_path / "merchants.jsonl", tmp_path / "people.jsonl"
    good.write_text(json.dumps(MERCHANT))
    odd.write_text("{}")

    code, said = _run(good, odd)

    assert code == 2
    assert "people.jsonl: a file's name must begin with one of merchants, products, customers, orders" in said
    assert _run(tmp_path / "merchants-missing.csv")[0] == 2
    assert not Merchant.objects.exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_spreadsheets_write_csv_in_many_ways(db: None, tmp_path: Path, encoding: str, delimiter: str) -> None:
    path = tmp_path / "Customers-2026.CSV"
    rows = (["id", "name", "country"], ["C-1", "Jürgen “J” Weiß", "DE"], ["C-2", "林佑安", "TW"], ["", "", ""])
    path.write_bytes("\r\n".join(delimiter.join(row) for row in rows).encode(encoding))

    code, said = _run(path)

    assert code == 0, said
    assert [user.name for user in User.objects.order_by("external_id")] == ["Jürgen “J” Weiß", "林佑安"]


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_other_encodings_are_said_in_words(db: None, tmp_path: Path, suffix: str) -> None:
    text = (
        "id,name\nC-1,Jürgen\nC-2,Bob\n"
        if suffix == "csv"
        else '{"id":"C-1","name":"Jürgen"}\n{"id":"C-2","name":"Bob"}\n'
    )
    latin, wide = tmp_path / f"customers-latin.{suffix}", tmp_path / f"customers-wide.{suffix}"
    latin.write_bytes(text.encode("latin-1"))
    wide.write_bytes(text.encode("utf-16"))

    code, said = _run(latin, wide)

    assert code == 1
    assert (
        f"line {2 if suffix == 'csv' else 1}, name: holds a character that is not UTF-8. Save the file as UTF-8."
        in said
    )
    assert f"customers-wide.{suffix}, line 1: The file is in UTF-16. Save it as UTF-8." in said
    assert [user.name for user in User.objects.all()] == ["Bob"]


@pytest.mark.parametrize(
    ("content", "said_of_it"),
    [
        ("id,name,colour\nM-1,x,red\n", "line 1, colour: is not a known column"),
        ("id,name,name\nM-1,x,y\n", "line 1, name: is named twice"),
        ("name\nx\n", "line 1, id: is missing from the first line"),
        ("", "line 1, id: is missing from the first line"),
        ("id,name\nM-1\n", "line 2: The row has 1 cells, and the first line of the file names 2 columns."),
        ('id,name\nM-1,"x\n', "line 2: This is not CSV"),
        (
            f"id,name\nM-1,{'x' * 1_100_000}\n",
            "line 2: The line is longer than a million bytes. The rest of the file was not read.",
        ),
        (
            "id,name,staff_email,staff_name\nM-1,Anadolu,a@example.org,A\nM-1,Other,b@example.org,B\n",
            "line 2: line 3 has the same id, and another “name”",
        ),
    ],
)
def test_broken_tables_are_said_in_words(db: None, tmp_path: Path, content: str, said_of_it: str) -> None:
    path = tmp_path / "merchants.csv"
    path.write_text(content)

    code, said = _run(path)

    assert code == 1
    assert said_of_it in said
    assert not Merchant.objects.exists()


def test_a_bad_item_is_named_by_its_own_line(base: None, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "id,merchant,customer,currency,placed_at,country,item_product,item_price\n"
        "O-7,M-1,C-1,EUR,2026-10-01T10:00:00Z,DE,P-1,89.90\n"
        "O-7,,,,,,P-1,much\n"
        "O-8,M-1,C-1,EUR,2026-10-01T10:00:00Z,DE,P-1,89.90\n"
    )

    code, said = _run(path)

    assert code == 1
    assert "orders.csv, line 3, item price: “much” is not an amount" in said
    assert set(Order.objects.values_list("external_id", flat=True)) == {"O-1", "O-8"}


def test_a_line_without_end_costs_only_itself(bring: Bring) -> None:
    code, said = bring(customers=["x" * 2_500_000, CUSTOMER])

    assert code == 1
    assert "customers.jsonl, line 1: The line is longer than a million bytes." in said
    assert User.objects.get().name == "Ada Lindner"


def test_an_empty_file_is_no_mistake(bring: Bring) -> None:
    code, said = bring(customers=[])

    assert code == 0
    assert "The files hold no rows." in said


def test_progress_goes_to_standard_error(bring: Bring, capsys: pytest.CaptureFixture[str]) -> None:
    _code, said = bring(customers=[CUSTOMER])

    printed = capsys.readouterr()
    assert "customers.jsonl" in printed.err
    assert "100%" in printed.err
    assert printed.out == ""
    assert "1 created" in said


@pytest.mark.parametrize("given", [["local", " home", "home", ""], "home;local", "local ; home"])
def test_tags_tell_merchants_apart(given: Any, bring: Bring) -> None:
    bring(merchants=[{**MERCHANT, "tags": given}])
    assert Merchant.objects.get().tags == ["home", "local"]

    _code, said = bring(merchants=[MERCHANT])
    assert "1 unchanged" in said
    bring(merchants=[{**MERCHANT, "tags": ""}])

    assert Merchant.objects.get().tags == []


@pytest.mark.parametrize("given", [{"a": 1}, 5, [["a"]], ["x" * 41], [str(one) for one in range(51)]])
def test_tags_that_are_none_are_refused(given: Any, bring: Bring) -> None:
    _code, said = bring(merchants=[{**MERCHANT, "tags": given}])

    assert "tags" in said
    assert not Merchant.objects.exists()
