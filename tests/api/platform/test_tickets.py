"""The marketplace's own app: customers ask and answer through it, and see what is theirs."""

import base64
import io
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from PIL import Image

from marketdesk.journal.models import Event
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, OrderItem, Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.performance.models import Rating
from marketdesk.tickets.issue_types import ISSUES
from marketdesk.tickets.models import Attachment, Ticket
from marketdesk.tickets.rules import Category, State
from tests.api.platform.conftest import Program
from tests.conftest import NOW, make_order
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


def a_picture() -> str:
    body = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(body, "JPEG")
    return base64.b64encode(body.getvalue()).decode()


@pytest.fixture
def asked(order: Order) -> dict[str, Any]:
    return {"customer": "c-1", "issue": "order_status", "order": "O-1001", "text": "Wo ist sie?", "language": "de"}


def test_a_customer_asks_about_an_order(shop: Program, asked: dict[str, Any]) -> None:
    answer = shop.post("tickets", asked)

    ticket = Ticket.objects.get()
    message = ticket.messages.get()
    assert answer.status == 201
    assert (answer.data["id"], answer.data["state"], answer.data["order"]) == (
        ticket.public_id,
        "with_merchant",
        "O-1001",
    )
    assert (ticket.customer.name, ticket.state, ticket.language) == ("Ada Lovelace", State.WITH_MERCHANT, "de")
    assert ticket.items.count() == 2, "the whole order"
    assert (message.author, message.body) == ("customer", "Wo ist sie?")
    assert Event.objects.get(verb="open").actor["app"] == "platform:shop"
    assert b"Wo ist" not in answer.body, "what a key remembers holds no words of people"


def test_a_customer_asks_about_a_product_and_a_store(shop: Program, ada_user: User, product: Product) -> None:
    about_product = {"customer": "c-1", "issue": "product_question", "product": "p-1", "text": "How tall?"}
    about_store = {"customer": "c-1", "issue": "store_question", "merchant": "m-1", "text": "Open on Sunday?"}

    answers = [shop.post("tickets", about_product), shop.post("tickets", about_store)]

    assert [(one.status, one.data["merchant"], one.data["product"]) for one in answers] == [
        (201, "m-1", "p-1"),
        (201, "m-1", ""),
    ]


def test_a_return_names_its_items_and_comes_with_a_picture(shop: Program, asked: dict[str, Any]) -> None:
    asked |= {"issue": "return_or_refund", "wants": "return", "items": ["Linen shade"]}
    asked["pictures"] = [{"name": "shade.jpg", "content": a_picture()}]

    answer = shop.post("tickets", asked)
    seen = shop.get(f"tickets/{answer.data['id']}", customer="c-1")
    (picture,) = seen.data["messages"][0]["pictures"]
    address = f"/platform/v1/tickets/{answer.data['id']}/pictures/{picture['id']}"
    fetched = shop.client.get(address, {"customer": "c-1"}, headers=shop.headers())

    ticket = Ticket.objects.get()
    assert ([item.name for item in ticket.items.all()], ticket.wants) == (["Linen shade"], "return")
    assert fetched.headers["Content-Type"] == "image/jpeg"
    assert b"".join(fetched.streaming_content) == Attachment.objects.get().open().read()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"customer": "c-9"}, "customer"),
        ({"issue": "weather"}, "issue"),
        ({"order": "O-9"}, "order"),
        ({"order": ""}, "order"),
        ({"items": ["Umbrella"]}, "items.0"),
        ({"issue": "item_problem"}, "items"),
        ({"issue": "return_or_refund", "items": ["LMP-204"]}, "wants"),
        ({"issue": "product_question", "product": "p-9"}, "product"),
        ({"issue": "store_question"}, "merchant"),
        ({"follows": "0" * 24}, "follows"),
        ({"text": "  "}, "text"),
        ({"text": "x" * 10_001}, "text"),
        ({"wants": "money"}, "wants"),
        ({"subject": "x" * 121}, "subject"),
        ({"pictures": [{"content": "%%%"}]}, "pictures"),
        ({"pictures": [{"content": base64.b64encode(b"no picture").decode()}]}, "pictures"),
        ({"pictures": [{"content": ""}] * 7}, "pictures"),
        ({"customer": "c-1\x00", "order": "\ud800"}, "order"),
    ],
)
def test_a_question_that_cannot_be_asked(
    change: dict[str, Any], field: str, shop: Program, asked: dict[str, Any]
) -> None:
    answer = shop.post("tickets", asked | change)

    assert (answer.status, answer.code, list(answer.fields)) == (422, "bad_fields", [field])
    assert not Ticket.objects.exists()
    assert not Attachment.objects.exists()


def test_an_empty_name_is_no_item_without_a_sku(shop: Program, asked: dict[str, Any]) -> None:
    OrderItem.objects.update(sku="")

    answer = shop.post("tickets", asked | {"items": [""]})

    assert (answer.status, list(answer.fields)) == (422, ["items.0"])
    assert not Ticket.objects.exists()


def test_another_customers_order_cannot_be_told_from_none(
    shop: Program, asked: dict[str, Any], bob_user: User, product: Product
) -> None:
    make_order(bob_user, product, "O-bob")

    theirs, nobodys = (shop.post("tickets", asked | {"order": name}) for name in ("O-bob", "O-none"))

    assert theirs.body == nobodys.body
    assert not Ticket.objects.exists()


def test_a_conversation_to_its_end(shop: Program, ticket: Ticket, mehmet: Actor) -> None:
    path = f"tickets/{ticket.public_id}"
    ticket.reply("It is on its way.", by=mehmet)

    answered = shop.post(f"{path}/replies", {"customer": "c-1", "text": "ok"})
    again = shop.post(f"{path}/replies", {"customer": "c-1", "text": "ok"})
    closed = shop.post(f"{path}/close", {"customer": "c-1", "how": "solved"})
    rated = shop.post(f"{path}/rating", {"customer": "c-1", "helpful": True, "comment": "Thanks"})
    reopened = shop.post(f"{path}/reopen", {"customer": "c-1", "text": "It is not here yet."})

    assert [one.data["state"] for one in (answered, again, closed, rated, reopened)] == [
        "with_merchant", "with_merchant", "closed", "closed", "with_merchant",
    ]  # fmt: skip
    assert "reply" in answered.data["can"]
    assert closed.data["can"] == ["reopen"]
    assert [one.body for one in ticket.messages.all()][2:] == ["ok", "ok", "It is not here yet."]
    assert Rating.objects.get().comment == "Thanks"


def test_one_reply_sent_twice_is_one_message(shop: Program, ticket: Ticket) -> None:
    said = {"customer": "c-1", "text": "Any news?"}

    first, second = (shop.post(f"tickets/{ticket.public_id}/replies", said, once="once") for _ in range(2))

    assert first.body == second.body
    assert ticket.messages.filter(body="Any news?").count() == 1


def test_what_the_rules_refuse(shop: Program, ticket: Ticket) -> None:
    path = f"tickets/{ticket.public_id}"
    open_already = shop.post(f"{path}/reopen", {"customer": "c-1", "text": "Hello"})
    too_early = shop.post(f"{path}/rating", {"customer": "c-1", "helpful": False})
    shop.post(f"{path}/close", {"customer": "c-1"})
    too_late = shop.post(f"{path}/replies", {"customer": "c-1", "text": "Hello"})

    found = [(one.status, one.code) for one in (open_already, too_early, too_late)]
    assert found == [(409, "open"), (409, "rating"), (409, "closed")]
    assert ticket.messages.count() == 1


def test_a_customer_sees_what_is_meant_for_them(
    shop: Program, purchase: Ticket, mehmet: Actor, sofia: Actor, store: Merchant
) -> None:
    purchase.reply("We look into it.", by=mehmet)
    purchase.appeal("They broke it themselves.", by=mehmet)
    purchase.note("Careful.", by=sofia)
    purchase.reply("We decide today.", by=sofia)

    seen = shop.get(f"tickets/{purchase.public_id}", customer="c-1").data

    said = [(one["author"], one["author_name"], one["text"]) for one in seen["messages"]]
    assert said == [
        ("customer", "Ada Lovelace", "Die Lampe kam kaputt an."),
        ("merchant", store.name, "We look into it."),
        ("support", "the platform Support", "We decide today."),
    ]
    assert (seen["state"], [item["name"] for item in seen["items"]]) == ("with_customer", ["Table lamp Nara"])
    assert b"Careful" not in shop.get(f"tickets/{purchase.public_id}", customer="c-1").body


def test_a_customers_tickets_page_by_page(shop: Program, ask: Any) -> None:
    tickets = [ask("order_status", f"Question {number}") for number in range(5)]

    pages, after = [], ""
    while True:
        answer = shop.get("customers/c-1/tickets", limit=2, after=after)
        pages.append([one["id"] for one in answer.data["tickets"]])
        after = answer.data["after"]
        if not after:
            break

    assert [len(page) for page in pages] == [2, 2, 1]
    assert {one for page in pages for one in page} == {ticket.public_id for ticket in tickets}
    assert shop.get("customers/nobody/tickets").status == 404
    assert shop.get("customers/c-1/tickets", limit=101).fields.keys() == {"limit"}


def test_a_marketplace_whose_ids_hold_slashes(shop: Program, ada_user: User, ticket: Ticket) -> None:
    User.objects.filter(pk=ada_user.pk).update(external_id="gid://shop/Customer/1")

    found = shop.get("customers/gid%3A%2F%2Fshop%2FCustomer%2F1/tickets")
    erased = shop.delete("customers/gid%3A%2F%2Fshop%2FCustomer%2F1")

    assert [one["id"] for one in found.data["tickets"]] == [ticket.public_id]
    assert erased.data["customer"] == "gid://shop/Customer/1"


def test_a_link_for_a_mail_of_the_shops_own(now: Any, shop: Program, ticket: Ticket) -> None:
    before = shop.get(f"tickets/{ticket.public_id}/link", customer="c-2")
    with nothing_changed():
        answer = shop.get(f"tickets/{ticket.public_id}/link", customer="c-1")

    assert before.status == 404
    assert answer.data["ends_at"] == (NOW + timedelta(days=120)).isoformat().replace("+00:00", "Z")
    page = Client().get(answer.data["url"].removeprefix(settings.BASE_URL), follow=True)
    assert page.status_code == 200
    assert ticket.public_id in page.text


@pytest.mark.parametrize("category", Category)
def test_an_operators_own_issue_type_goes_from_asking_to_closing(
    category: Category, shop: Program, asked: dict[str, Any], ada_user: User, product: Product, sofia: Actor
) -> None:
    own = {"code": "gift_wrap", "category": str(category), "labels": {"en": "Gift"}, "v2_label": "Gift", "active": True}
    ISSUES.change([*ISSUES.read(), own], reason="Christmas.", by=sofia)
    about = {**asked, "issue": "gift_wrap", "items": []}
    if category == Category.PRE_PURCHASE:
        about = {"customer": "c-1", "issue": "gift_wrap", "product": "p-1", "text": "Can you wrap it?"}
    if category == Category.POST_PURCHASE:
        about["items"] = [str(item.public_id) for item in Order.objects.get().items.all()[:1]]

    answer = shop.post("tickets", about)
    closed = shop.post(f"tickets/{answer.data['id']}/close", {"customer": "c-1"})

    assert (answer.status, answer.data["issue"], answer.data["category"]) == (201, "gift_wrap", category)
    assert (closed.status, Ticket.objects.get().state) == (200, State.CLOSED)


def test_an_issue_type_that_is_switched_off_is_refused(shop: Program, asked: dict[str, Any], sofia: Actor) -> None:
    rows = [{**row, "active": row["code"] != "order_status"} for row in ISSUES.read()]
    ISSUES.change(rows, reason="Not now.", by=sofia)

    assert shop.post("tickets", asked).status == 422
    assert not Ticket.objects.exists()
