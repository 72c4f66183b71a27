"""A ticket on the wire, key by key: what merchants' clients were written against."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from marketdesk.api.v2.schemas import decimal
from marketdesk.journal.models import Audience
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, OrderItem, Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.refunds import refunding
from marketdesk.refunds.models import Refund
from marketdesk.refunds.reasons import DAMAGED
from marketdesk.tickets.models import Attachment, Message, Ticket
from marketdesk.translations.models import Translation
from tests.api.conftest import Program
from tests.conftest import NOW

pytestmark = pytest.mark.django_db

ALWAYS_TICKET = {
    *("id", "merchant_id", "transaction_id", "state", "state_id", "label", "sublabel", "subject", "open_date"),
    *("last_update_date", "photo_proof", "items", "replies", "UserInfo"),
}
ALWAYS_REPLY = {"date", "sender", "message", "image_urls"}
ALWAYS_ORDER = {
    *("order_id", "product_id", "variant_id", "transaction_id", "sku", "product_name", "product_image_url", "price"),
    *("state", "is_wish_express", "shipping_cost", "tracking_confirmed", "order_time", "last_updated"),
    "ShippingDetail",
}
ALWAYS_ADDRESS = {"name", "phone_number", "city", "state", "zipcode", "street_address1", "street_address2"}


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for one in value.values() for leaf in leaves(one)]
    if isinstance(value, list):
        return [leaf for one in value for leaf in leaves(one)]
    return [value]


def a_picture(actor: Actor, name: str = "broken.png") -> Attachment:
    file = BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, "PNG")
    file.seek(0)
    return Attachment.keep(file, name, by=actor)


def read(program: Program, ticket: Ticket) -> dict[str, Any]:
    data: dict[str, Any] = program.get("ticket", id=ticket.public_id).data["Ticket"]
    return data


def test_a_ticket_reads_as_in_the_sample(
    now: Any, ask: Callable[..., Ticket], order: Order, store: Merchant, ada_user: User, mehmet: Actor, program: Program
) -> None:
    User.objects.filter(pk=ada_user.pk).update(date_joined=datetime(2019, 2, 3, 4, 5, 6, 789, tzinfo=UTC))
    order.delivered_at = datetime(2021, 5, 23, tzinfo=UTC)
    order.placed_at = datetime(2021, 5, 20, 2, 55, 27, tzinfo=UTC)
    order.shipped_at = datetime(2021, 5, 22, 2, 55, 27, tzinfo=UTC)
    order.phone, order.region, order.carrier, order.tracking_number = "1", "NW", "USPS", "TR1"
    order.save()
    item = order.items.get(name="Table lamp Nara")
    item.price, item.cost, item.shipping, item.shipping_cost = 640, 544, 300, 255
    item.color, item.size, item.image_url = "blue", "M", "https://img.example/p.jpg"
    item.save()
    ticket = ask("tracking", "Wo ist meine Bestellung?", items=[item])
    asked = ticket.messages.get()
    for language, body in (("en", "Where is my order?"), ("zh-hant", "我的訂單在哪裡？")):
        Translation.objects.create(message=asked, language=language, engine="human", body=body)
    ticket.reply("On its way.", by=replace(mehmet, at=NOW + timedelta(hours=2)))

    answer = program.get("ticket", id=ticket.public_id)

    assert answer.data == {
        "Ticket": {
            "id": ticket.public_id,
            "merchant_id": store.public_id,
            "transaction_id": order.public_id,
            "state": "Awaiting buyer response",
            "state_id": "2",
            "category": "post_customer_support",
            "label": "Shipping Status or ETA Inquiry",
            "sublabel": "",
            "subject": "Wo ist meine Bestellung?",
            "open_date": "2026-11-18T10:00:00",
            "last_update_date": "2026-11-18T12:00:00",
            "photo_proof": "False",
            "default_refund_reason": "20",
            "UserInfo": {
                "id": ada_user.public_id,
                "name": "Ada L.",
                "locale": "de",
                "joined_date": "2019-02-03T04:05:06",
            },
            "items": [
                {
                    "Order": {
                        "order_id": item.public_id,
                        "transaction_id": order.public_id,
                        "buyer_id": ada_user.public_id,
                        "product_id": item.product and item.product.public_id,
                        "variant_id": "",
                        "sku": "LMP-204",
                        "product_name": "Table lamp Nara",
                        "product_image_url": "https://img.example/p.jpg",
                        "color": "blue",
                        "size": "M",
                        "quantity": "1",
                        "price": "6.4",
                        "cost": "5.44",
                        "shipping": "3.0",
                        "shipping_cost": "2.55",
                        "order_total": "7.99",
                        "state": "SHIPPED",
                        "order_time": "2021-05-20T02:55:27",
                        "last_updated": "2021-05-23T00:00:00",
                        "shipped_date": "2021-05-22",
                        "shipping_provider": "USPS",
                        "tracking_number": "TR1",
                        "tracking_confirmed": "True",
                        "tracking_confirmed_date": "2021-05-23T00:00:00",
                        "is_wish_express": "False",
                        "ShippingDetail": {
                            "name": "Ada Lovelace",
                            "phone_number": "1",
                            "street_address1": "Lindenweg 4",
                            "street_address2": "",
                            "city": "Bonn",
                            "state": "NW",
                            "zipcode": "53111",
                            "country": "DE",
                        },
                    }
                }
            ],
            "replies": [
                {
                    "Reply": {
                        "date": "2026-11-18T10:00:00",
                        "sender": "user",
                        "message": "Wo ist meine Bestellung?",
                        "image_urls": "[]",
                        "translated_message": "Where is my order?",
                        "translated_message_zh": "我的訂單在哪裡？",
                    }
                },
                {
                    "Reply": {
                        "date": "2026-11-18T12:00:00",
                        "sender": "merchant",
                        "message": "On its way.",
                        "image_urls": "[]",
                    }
                },
            ],
        }
    }
    assert answer.paging is None


def test_the_list_holds_the_same_wrapped_tickets(ticket: Ticket, program: Program) -> None:
    one = program.get("ticket", id=ticket.public_id).data

    assert program.get("ticket/get-action-required").data == [one]
    assert (one["Ticket"]["state"], one["Ticket"]["state_id"]) == ("Awaiting your response", "4")


def test_every_leaf_is_a_string_and_what_clients_read_unguarded_is_always_there(
    ask: Callable[..., Ticket], order: Order, program: Program
) -> None:
    Order.objects.update(
        shipped_at=None,
        delivered_at=None,
        carrier="",
        tracking_number="",
        recipient="",
        street1="",
        postcode="",
        city="",
    )
    OrderItem.objects.update(product=None, sku="", color="", image_url="")
    for issue in ("order_status", "item_problem", "store_question", "product_question"):
        ask(issue)

    tickets = [one["Ticket"] for one in program.get("ticket/get-action-required").data]

    assert len(tickets) == 4
    assert all(type(leaf) is str for leaf in leaves(tickets))
    for one in tickets:
        assert set(one) >= ALWAYS_TICKET
        assert set(one["UserInfo"]) >= {"id", "name", "locale"}
        assert all(set(reply["Reply"]) >= ALWAYS_REPLY for reply in one["replies"])
        for item in one["items"]:
            assert set(item["Order"]) >= ALWAYS_ORDER
            assert set(item["Order"]["ShippingDetail"]) >= ALWAYS_ADDRESS
            left_out = {"shipped_date", "tracking_number", "shipping_provider", "tracking_confirmed_date", "color"}
            assert not left_out & set(item["Order"])


def test_a_pre_purchase_question_has_no_transaction(ask: Callable[..., Ticket], program: Program) -> None:
    told = read(program, ask("product_question", "Gibt es sie in Blau?"))

    assert (told["transaction_id"], told["items"], told["label"]) == ("", [], "Product Question")
    assert told["category"] == "pre_purchase"
    assert "default_refund_reason" not in told


def test_a_closed_ticket_says_when_and_by_whom(
    now: Any, ask: Callable[..., Ticket], ada: Actor, sofia: Actor, mehmet: Actor, program: Program
) -> None:
    for who, word in ((ada, "user"), (mehmet, "merchant"), (sofia, "wish support")):
        ticket = ask("order_status")
        assert "close_date" not in read(program, ticket)

        ticket.close(by=who)

        told = read(program, ticket)
        assert (told["state"], told["state_id"], told["close_date"]) == ("Closed", "1", "2026-11-18T10:00:00")
        assert told["closed_by"] == word


def test_the_ids_of_other_states_are_never_four(
    ask: Callable[..., Ticket], mehmet: Actor, sofia: Actor, program: Program
) -> None:
    appealed, for_good = ask("item_problem"), ask("order_status")
    appealed.appeal("The parcel is lost.", by=mehmet)
    for_good.close_for_good(by=sofia)

    assert read(program, appealed)["state"] == "Awaiting support response"
    assert (read(program, appealed)["state_id"], read(program, for_good)["state_id"]) == ("3", "5")


def test_a_refunded_item_says_who_why_and_when(
    now: Any, purchase: Ticket, mehmet: Actor, order: Order, program: Program
) -> None:
    purchase.items.set(order.items.all())
    lamp = order.items.get(name="Table lamp Nara")
    refunding.refund_items(purchase, [lamp], by=mehmet, reason=DAMAGED)

    refunded, kept = (item["Order"] for item in read(program, purchase)["items"])

    assert refunded["state"] == "REFUNDED"
    assert (refunded["refunded_by"], refunded["refunded_reason"]) == ("REFUNDED BY MERCHANT", "The item is damaged")
    assert refunded["refunded_time"] == "2026-11-18"
    assert not {"refunded_by", "refunded_reason", "refunded_time"} & set(kept)


def test_a_failed_refund_is_none(purchase: Ticket, mehmet: Actor, sofia: Actor, order: Order, program: Program) -> None:
    refunding.refund_items(purchase, list(purchase.items.all()), by=mehmet)
    refunding.settle(Refund.objects.get(), succeeded=False, by=sofia)

    (item,) = read(program, purchase)["items"]

    assert item["Order"]["state"] == "SHIPPED"
    assert "refunded_by" not in item["Order"]


def test_an_item_is_listed_once_however_often_it_was_refunded_or_asked_about(
    purchase: Ticket, ask: Callable[..., Ticket], mehmet: Actor, sofia: Actor, order: Order, program: Program
) -> None:
    (item,) = purchase.items.all()
    for _attempt in range(3):
        refunding.refund_items(purchase, [item], by=mehmet)
        refunding.settle(Refund.objects.order_by("id").reverse()[0], succeeded=False, by=sofia)
        purchase.hand_back(by=sofia)
    other = ask("order_status", items=[item])

    listed = {one["Ticket"]["id"]: one["Ticket"] for one in program.get("ticket/get-action-required").data}

    assert set(listed) == {purchase.public_id, other.public_id}
    assert all([row["Order"]["order_id"] for row in one["items"]] == [item.public_id] for one in listed.values())


def test_the_merchants_program_reads_what_the_merchant_may_read(
    now: Any, purchase: Ticket, mehmet: Actor, sofia: Actor, program: Program
) -> None:
    purchase.appeal("The parcel is lost.", by=mehmet)
    purchase.note("Looks like carrier fraud.", by=sofia)
    purchase.reply("We are looking into it.", by=sofia)

    replies = [(one["Reply"]["sender"], one["Reply"]["message"]) for one in read(program, purchase)["replies"]]

    assert replies == [
        ("user", "Die Lampe kam kaputt an."),
        ("merchant", "The parcel is lost."),
        ("wish support", "We are looking into it."),
    ]


def test_replies_stand_oldest_first_even_when_they_were_stored_late(ticket: Ticket, program: Program) -> None:
    Message.objects.create(
        ticket=ticket,
        merchant_id=ticket.merchant_id,
        author=Party.CUSTOMER,
        audience=Audience.EVERYONE,
        body="Imported afterwards",
        at=ticket.opened_at - timedelta(days=1),
    )

    first = read(program, ticket)["replies"][0]["Reply"]

    assert first["message"] == "Imported afterwards"


def test_pictures_come_as_one_string_that_holds_json(ask: Callable[..., Ticket], ada: Actor, program: Program) -> None:
    ticket = ask("item_problem", pictures=[a_picture(ada), a_picture(ada)])

    told = read(program, ticket)

    links = told["replies"][0]["Reply"]["image_urls"]
    assert isinstance(links, str)
    assert len(json.loads(links)) == 2
    assert all(link.startswith("http://testserver/api/files/") for link in json.loads(links))
    assert told["photo_proof"] == "True"


def test_a_merchants_own_picture_is_no_proof(ticket: Ticket, mehmet: Actor, program: Program) -> None:
    ticket.reply("Like this one?", by=mehmet, pictures=[a_picture(mehmet)])

    assert read(program, ticket)["photo_proof"] == "False"


def test_a_translation_in_the_merchants_language_stands_in_for_english(ticket: Ticket, program: Program) -> None:
    asked = ticket.messages.get()
    Translation.objects.create(message=asked, language="tr", engine="human", body="Siparişim nerede?")

    first = read(program, ticket)["replies"][0]["Reply"]

    assert first["translated_message"] == "Siparişim nerede?"
    assert "translated_message_zh" not in first


def test_a_merchants_own_message_is_never_translated(ticket: Ticket, mehmet: Actor, program: Program) -> None:
    said = ticket.reply("Yolda.", by=mehmet)
    Translation.objects.create(message=said, language="en", engine="human", body="On its way.")

    assert "translated_message" not in read(program, ticket)["replies"][1]["Reply"]


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (640, "EUR", "6.4"),
        (300, "EUR", "3.0"),
        (799, "USD", "7.99"),
        (0, "EUR", "0.0"),
        (10000, "EUR", "100.0"),
        (250000, "VND", "250000.0"),
        (1234, "KWD", "1.234"),
        (123456789012345, "EUR", "1234567890123.45"),
    ],
)
def test_money_is_a_decimal_string_in_its_shortest_form(minor: int, currency: str, text: str) -> None:
    assert decimal(minor, currency) == text


def test_what_a_merchant_earns_is_left_out_where_the_marketplace_never_said(ticket: Ticket, program: Program) -> None:
    (item,) = read(program, ticket)["items"]

    assert not {"cost", "order_total"} & set(item["Order"])
    assert item["Order"]["price"] == "89.9"


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("https://img.example/lamp.jpg", "https://img.example/lamp.jpg"),
        ("/static/lamp.svg", "http://127.0.0.1:8000/static/lamp.svg"),  # the demo's are our own
        ("", ""),
    ],
)
def test_the_products_picture_stands_in_for_the_items(
    kept: str, told: str, ticket: Ticket, product: Product, program: Program, settings: Any
) -> None:
    settings.BASE_URL = "http://127.0.0.1:8000"
    Product.objects.update(image_url=kept)

    (item,) = read(program, ticket)["items"]

    assert item["Order"]["product_image_url"] == told


def test_auth_test_says_whose_token_it_is(store: Merchant, program: Program) -> None:
    assert program.get("auth_test").data == {
        "success": True,
        "merchant_id": store.public_id,
        "merchant_username": "Anadolu Home",
    }
