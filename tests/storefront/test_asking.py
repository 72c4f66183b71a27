"""Ada asks: from a product, a store or an order, about each of the nine issues."""

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.storefront.answering import by_when
from marketdesk.tickets.models import Attachment, Ticket
from marketdesk.tickets.rules import Desk
from tests.conftest import NOW, make_order, signed_in

pytestmark = pytest.mark.django_db

ORDER_ISSUES = [
    "return_or_refund",
    "item_problem",
    "change_product",
    "remove_item",
    "change_address",
    "order_status",
    "tracking",
]
TEXT = "Guten Tag, die Lampe flackert. Was kann ich tun?"


def picture(name: str = "lamp.png") -> SimpleUploadedFile:
    drawn = io.BytesIO()
    Image.new("RGB", (40, 30), "orange").save(drawn, "PNG")
    return SimpleUploadedFile(name, drawn.getvalue(), "image/png")


def about_order(order: Order, issue: str, items: bool = True) -> str:
    picked = f"&item={order.items.all()[0].public_id}" if items else ""
    return f"{reverse('storefront:ask-order', args=[order.public_id])}?issue={issue}{picked}"


def send(client: Client, address: str, **fields: Any) -> Any:
    return client.post(address, {"text": TEXT, "key": "k-1", **fields})


# From each start


@pytest.mark.parametrize("issue", ORDER_ISSUES)
def test_each_issue_of_an_order_becomes_a_ticket(ada_client: Client, order: Order, issue: str) -> None:
    wants = {"wants": "return"} if issue == "return_or_refund" else {}

    answer = send(ada_client, about_order(order, issue), **wants)

    ticket = Ticket.objects.get()
    assert answer.url == reverse("storefront:ticket", args=[ticket.public_id])
    assert (ticket.issue_id, ticket.order, ticket.category) == (issue, order, ticket.issue.category)
    assert ticket.wants == wants.get("wants", "")
    assert [item.name for item in ticket.items.all()] == ["Table lamp Nara"]
    assert ticket.subject == "Guten Tag, die Lampe flackert."
    assert ticket.messages.get().language == "en"


def test_a_question_about_a_product(ada_client: Client, product: Product) -> None:
    address = reverse("storefront:ask-product", args=[product.public_id])

    answer = send(ada_client, address, subject="Farbe der Lampe")

    ticket = Ticket.objects.get()
    assert answer.url == reverse("storefront:ticket", args=[ticket.public_id])
    assert (ticket.issue_id, ticket.product, ticket.merchant) == ("product_question", product, product.merchant)
    assert ticket.subject == "Farbe der Lampe"


def test_a_question_to_a_store(ada_client: Client, store: Merchant, product: Product) -> None:
    address = reverse("storefront:ask-store", args=[store.public_id])

    page = ada_client.get(address)
    send(ada_client, address)

    assert product.name in page.text
    ticket = Ticket.objects.get()
    assert (ticket.issue_id, ticket.product, ticket.order) == ("store_question", None, None)


def test_the_marketplace_links_with_its_own_ids(ada_client: Client, order: Order) -> None:
    for kind, name in (("order", "O-1001"), ("product", "p-1"), ("store", "m-1")):
        assert ada_client.get(reverse(f"storefront:ask-{kind}", args=[name])).status_code == 200


def test_no_item_checked_means_the_whole_order(ada_client: Client, order: Order) -> None:
    send(ada_client, about_order(order, "order_status", items=False))

    assert Ticket.objects.get().items.count() == 2


# Who answers, and by when, before sending


def test_every_choice_says_who_answers_and_when(ada_client: Client, ada_user: User, product: Product) -> None:
    small = make_order(ada_user, product, "O-2", total=2000)

    page = ada_client.get(reverse("storefront:ask-order", args=[small.public_id])).text

    assert page.count('name="issue"') == len(ORDER_ISSUES)
    assert page.count("Anadolu Home answers within 48 hours.") == 5
    assert page.count("the platform Support answers within 48 hours.") == 2


def test_before_sending_the_page_says_by_when(now: Any, ada_client: Client, order: Order) -> None:
    page = ada_client.get(about_order(order, "item_problem")).text

    assert "Anadolu Home answers by" in page
    assert by_when(NOW + timedelta(hours=48)) in page
    assert "the platform Support takes over." in page


def test_while_the_gate_is_closed_the_platform_answers_and_says_so(
    ada_client: Client, ada_user: User, ada: Actor, product: Product
) -> None:
    promises.change({"refund_help_url": "https://bazario.example/refunds"}, reason="test", by=ada)
    promises.forget()
    young = make_order(ada_user, product, "O-3", placed_at=datetime.now(UTC) - timedelta(days=15))

    page = ada_client.get(about_order(young, "order_status")).text
    send(ada_client, about_order(young, "order_status"))

    assert "Support answers questions about this order." in page
    assert "https://bazario.example/refunds" in page
    ticket = Ticket.objects.get()
    assert (ticket.desk, ticket.shared) == (Desk.PLATFORM, False)
    assert ticket.routed_by["rule"] == "before_gate"


@pytest.mark.parametrize(
    ("age", "bounds", "desk"),
    [
        (15, {"opens_after": 120, "closes_after": None}, Desk.PLATFORM),
        (400, {"opens_after": 120, "closes_after": None}, Desk.MERCHANT),
        (15, {"opens_after": None, "closes_after": 120}, Desk.MERCHANT),
        (400, {"opens_after": None, "closes_after": 120}, Desk.PLATFORM),
    ],
)
def test_both_readings_of_the_120_days(
    ada_client: Client,
    ada_user: User,
    ada: Actor,
    product: Product,
    age: int,
    bounds: dict[str, int | None],
    desk: Desk,
) -> None:
    promises.change(bounds, reason="test", by=ada)
    promises.forget()
    bought = make_order(ada_user, product, "O-4", placed_at=datetime.now(UTC) - timedelta(days=age))

    page = ada_client.get(about_order(bought, "tracking")).text
    send(ada_client, about_order(bought, "tracking"))

    assert Ticket.objects.get().desk == desk
    assert ("Anadolu Home answers by" in page) == (desk == Desk.MERCHANT)


def test_a_customer_outside_europe_is_answered_by_the_platform(db: None, product: Product, store: Merchant) -> None:
    tom = User.objects.create_user("tom@example.org", "tom-password", name="Tom Boyd", country="US", language="en")
    client = signed_in(tom)
    address = reverse("storefront:ask-product", args=[product.public_id])

    page = client.get(address).text
    send(client, address)

    assert "For customers in United States, the platform Support answers in place of the store." in page
    ticket = Ticket.objects.get()
    assert (ticket.desk, ticket.shared, ticket.routed_by["rule"]) == (Desk.PLATFORM, False, "other_country")


# What is refused, and that nothing is lost


def test_empty_text_is_refused_and_the_pictures_are_kept(ada_client: Client, order: Order) -> None:
    address = about_order(order, "item_problem")

    page = send(ada_client, address, text="  ", subject="Lampe", pictures=[picture()])

    assert page.status_code == 422
    assert "Write a message first." in page.text
    assert "lamp.png" in page.text
    assert 'value="Lampe"' in page.text
    assert Ticket.objects.count() == 0

    kept = Attachment.objects.get()
    send(ada_client, address, kept=[kept.public_id])

    assert Ticket.objects.get().messages.get().attachments.get() == kept


def test_a_wrong_file_is_refused_and_the_text_is_kept(ada_client: Client, order: Order) -> None:
    page = send(ada_client, about_order(order, "tracking"), pictures=[SimpleUploadedFile("virus.exe", b"MZ")])

    assert page.status_code == 422
    assert "virus.exe" in page.text
    assert TEXT in page.text
    assert Ticket.objects.count() == 0


def test_too_long_text_is_refused_and_kept(ada_client: Client, order: Order) -> None:
    page = send(ada_client, about_order(order, "tracking"), text="a" * 10_001)

    assert page.status_code == 422
    assert "a" * 10_001 in page.text
    assert Ticket.objects.count() == 0


def test_a_return_or_refund_says_which(ada_client: Client, order: Order) -> None:
    page = send(ada_client, about_order(order, "return_or_refund"))

    assert page.status_code == 422
    assert TEXT in page.text
    assert Ticket.objects.count() == 0


@pytest.mark.parametrize("issue", ["return_or_refund", "item_problem", "change_product", "remove_item"])
def test_a_question_about_items_needs_one(ada_client: Client, order: Order, issue: str) -> None:
    address = about_order(order, issue, items=False)

    page = ada_client.get(address + "&go=1")
    sent = send(ada_client, address)

    assert (page.status_code, sent.status_code) == (422, 422)
    assert 'id="item"' in page.text
    assert Ticket.objects.count() == 0


def test_nothing_picked_is_said_in_words(ada_client: Client, order: Order) -> None:
    page = ada_client.get(reverse("storefront:ask-order", args=[order.public_id]) + "?go=1")

    assert page.status_code == 422
    assert 'href="#issue"' in page.text


def test_a_double_click_opens_one_ticket(ada_client: Client, order: Order) -> None:
    first = send(ada_client, about_order(order, "tracking"))
    second = send(ada_client, about_order(order, "tracking"))

    assert first.url == second.url
    assert Ticket.objects.count() == 1


def test_a_used_key_with_other_words_is_refused(ada_client: Client, order: Order) -> None:
    send(ada_client, about_order(order, "tracking"))

    page = send(ada_client, about_order(order, "tracking"), text="Something else.")

    assert page.status_code == 409
    assert "Something else." in page.text
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_strangers_order_is_as_if_absent(ada_client: Client, db: None, product: Product, method: str) -> None:
    bob = User.objects.create_user("bob@example.org", "bob-password", name="Bob Stone", country="DE")
    foreign = make_order(bob, product, "O-9")

    ask = getattr(ada_client, method)
    strange = ask(reverse("storefront:ask-order", args=[foreign.public_id]) + "?issue=tracking", {"text": TEXT})
    missing = ask(reverse("storefront:ask-order", args=["0" * 24]) + "?issue=tracking", {"text": TEXT})

    assert strange.status_code == missing.status_code == 404
    assert strange.content == missing.content
    assert Ticket.objects.count() == 0


def test_an_item_of_another_order_is_passed_over(ada_client: Client, ada_user: User, order: Order) -> None:
    other = make_order(ada_user, order.items.all()[0].product, "O-5")  # type: ignore[arg-type]
    address = reverse("storefront:ask-order", args=[order.public_id])

    page = send(ada_client, f"{address}?issue=item_problem&item={other.items.all()[0].public_id}")

    assert page.status_code == 422
    assert Ticket.objects.count() == 0


# The same again, and after the end


def test_a_live_ticket_about_the_same_is_shown(ada_client: Client, order: Order, ask: Callable[..., Ticket]) -> None:
    live = ask("tracking")

    page = ada_client.get(about_order(order, "tracking"))
    other = ada_client.get(about_order(order, "order_status"))
    send(ada_client, about_order(order, "tracking"))

    link = reverse("storefront:ticket", args=[live.public_id])
    assert link in page.text
    assert link not in other.text
    assert Ticket.objects.count() == 2


def test_a_new_question_is_linked_to_the_old(ada_client: Client, order: Order, ticket: Ticket, ada: Actor) -> None:
    ticket.close(by=ada, how="solved")

    send(ada_client, about_order(order, "tracking") + f"&follows={ticket.public_id}")

    assert Ticket.objects.exclude(pk=ticket.pk).get().follows == ticket


def test_nobody_continues_a_strangers_question(ada_client: Client, order: Order, store: Merchant) -> None:
    from marketdesk.tickets.models import Issue

    bob = User.objects.create_user("bob@example.org", "bob-password", name="Bob Stone", country="DE")
    foreign = Ticket.open(
        customer=bob,
        merchant=store,
        issue=Issue.objects.get(pk="store_question"),
        text="Hallo",
        by=Actor(Party.CUSTOMER, user_id=bob.pk),
    )

    send(ada_client, reverse("storefront:ask-store", args=[store.public_id]) + f"?follows={foreign.public_id}")

    assert Ticket.objects.get(customer__email="ada@example.org").follows is None


# Nothing typed is lost


def test_what_is_typed_survives_a_reload(ada_client: Client, order: Order) -> None:
    saved = ada_client.post(reverse("storefront:ask-draft", args=["order", order.public_id]), {"text": TEXT})

    page = ada_client.get(about_order(order, "tracking"))

    assert saved.status_code == 204
    assert TEXT in page.text
    send(ada_client, about_order(order, "tracking"))
    assert TEXT not in ada_client.get(about_order(order, "order_status")).text


def test_a_session_that_ended_keeps_the_text(client: Client, order: Order, ada_user: User) -> None:
    address = about_order(order, "tracking")

    turned_away = send(client, address)
    sign_in = client.get(turned_away.url)
    client.post(turned_away.url, {"login": "ada@example.org", "password": "ada-password"})
    page = client.get(address)

    assert turned_away.url.startswith(reverse("account_login"))
    assert "nothing was sent" in sign_in.text
    assert TEXT in page.text
    assert Ticket.objects.count() == 0
