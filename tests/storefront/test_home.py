"""Ada's questions and orders."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.storefront.home import SIZE
from marketdesk.tickets.models import Ticket
from tests.conftest import make_order, signed_in

pytestmark = pytest.mark.django_db

HOME = reverse("storefront:home")


def test_each_question_says_whose_turn_it_is(
    ada_client: Client, ask: Callable[..., Ticket], mehmet: Actor, ada: Actor
) -> None:
    ask("order_status", "Erste Frage.")
    ask("tracking", "Zweite Frage.").reply("Here it is.", by=mehmet)
    ask("change_address", "Dritte Frage.").close(by=ada, how="solved")

    page = ada_client.get(HOME).text

    assert "Anadolu Home answers next" in page
    assert "It is your turn" in page
    assert "Solved" in page


def test_the_latest_change_is_on_top(ada_client: Client, ask: Callable[..., Ticket], mehmet: Actor) -> None:
    first, second = ask("order_status", "Erste Frage."), ask("tracking", "Zweite Frage.")
    first.reply("Here it is.", by=mehmet)

    page = ada_client.get(HOME).text

    assert page.index(first.public_id) < page.index(second.public_id)


def test_every_order_can_be_asked_about(ada_client: Client, order: Order) -> None:
    page = ada_client.get(HOME).text

    assert reverse("storefront:ask-order", args=[order.public_id]) in page
    assert "Table lamp Nara" in page


def test_older_orders_are_one_page_further(ada_client: Client, ada_user: User, product: Product) -> None:
    placed = datetime.now(UTC) - timedelta(days=300)
    orders = [make_order(ada_user, product, f"O-{n}", placed_at=placed + timedelta(days=n)) for n in range(SIZE + 1)]

    page = ada_client.get(HOME)
    older = ada_client.get(f"{HOME}?orders={page.context['orders'].after}")

    assert orders[0].public_id not in page.text
    assert orders[0].public_id in older.text
    assert orders[-1].public_id not in older.text


def test_strangers_see_nothing_of_it(ticket: Ticket, order: Order) -> None:
    bob = User.objects.create_user("bob@example.org", "bob-password", name="Bob Stone", country="DE")

    page = signed_in(bob).get(HOME).text

    assert ticket.public_id not in page
    assert order.public_id not in page


def test_the_stores_that_one_bought_from(ada_client: Client, order: Order, rival_store: Merchant) -> None:
    page = ada_client.get(reverse("storefront:ask")).text

    assert reverse("storefront:ask-store", args=[order.merchant.public_id]) in page
    assert rival_store.name not in page


def test_the_list_stays_within_its_queries(
    ada_client: Client,
    ada_user: User,
    product: Product,
    ask: Callable[..., Ticket],
    django_assert_max_num_queries: Callable[[int], object],
) -> None:
    for n in range(5):
        make_order(ada_user, product, f"O-{n}")
        ask("tracking", f"Frage {n}")

    with django_assert_max_num_queries(12):  # type: ignore[attr-defined]
        ada_client.get(HOME)
