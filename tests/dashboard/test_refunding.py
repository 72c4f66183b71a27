"""Refund Checked Orders and returned items, from the page."""

from collections.abc import Callable

import pytest
from django.test import Client

from marketdesk.orders.models import Order
from marketdesk.people.actor import Actor
from marketdesk.refunds.models import Refund
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State
from tests.dashboard.conftest import act, address, form_of, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def both(ask: Callable[..., Ticket], order: Order) -> Ticket:
    """A ticket about both items of the order."""
    return ask("item_problem", "Beides kam kaputt an.", items=list(order.items.all()))


def ids(ticket: Ticket) -> list[str]:
    return [item.public_id for item in ticket.items.order_by("pk")]


def test_the_confirmation_shows_items_and_sum_and_moves_no_money(mehmet_client: Client, both: Ticket) -> None:
    page = act(mehmet_client, both, "refund", item=ids(both)[:1])

    assert page.status_code == 200
    assert "Refund 1 item, 89.90 EUR , to Ada ?" in words(page)
    assert "Not refunded: Linen shade ." in words(page)
    assert "Refund 1 item, 89.90 EUR </button>".replace(" <", "<") in page.content.decode()
    assert not Refund.objects.exists()


def test_the_confirmed_refund_pays_only_what_was_checked_and_closes(mehmet_client: Client, both: Ticket) -> None:
    page = act(mehmet_client, both, "confirm_refund", item=ids(both)[:1])

    both.refresh_from_db()
    assert (page.status_code, both.state, both.closed_how) == (302, State.CLOSED, "refunded")
    assert [refund.amount for refund in Refund.objects.all()] == [8990]
    assert "Refunded. The ticket is closed." in words(mehmet_client.get(address(both)))


def test_two_items_are_said_as_two(mehmet_client: Client, both: Ticket) -> None:
    page = act(mehmet_client, both, "refund", item=ids(both))

    assert "Refund 2 items, 124.80 EUR" in words(page)
    assert "Not refunded" not in words(page)


@pytest.mark.parametrize("name", ["refund", "confirm_refund", "returned"])
@pytest.mark.parametrize("items", [[], ["0" * 24], ["x"]])
def test_nothing_checked_or_somebody_elses_item_is_refused_in_words(
    mehmet_client: Client, both: Ticket, name: str, items: list[str]
) -> None:
    page = act(mehmet_client, both, name, item=items)

    both.refresh_from_db()
    assert (page.status_code, both.state) == (422, State.WITH_MERCHANT)
    assert 'class="error" role="alert"' in page.content.decode()
    assert not Refund.objects.exists()


def test_a_second_click_on_the_confirmation_refunds_once(mehmet_client: Client, both: Ticket) -> None:
    form = {**form_of(mehmet_client.get(address(both)), "items"), "act": "confirm_refund", "item": ids(both)}

    pages = [mehmet_client.post(address(both), form) for _ in range(2)]

    assert [page.status_code for page in pages] == [302, 302]
    assert Refund.objects.count() == 2


def test_an_item_refunded_on_another_screen_is_refused(mehmet_client: Client, both: Ticket, mehmet: Actor) -> None:
    item = both.items.first()
    assert item
    item.refunded = item.paid
    item.save()

    asked = act(mehmet_client, both, "refund", item=ids(both))
    confirmed = act(mehmet_client, both, "confirm_refund", item=ids(both))

    both.refresh_from_db()
    assert (asked.status_code, confirmed.status_code, both.state) == (422, 409, State.WITH_MERCHANT)
    assert "“Table lamp Nara” is refunded already." in words(asked)
    assert "“Table lamp Nara” is refunded already. Nothing was refunded now." in words(confirmed)
    assert not Refund.objects.exists()


def test_an_order_question_refunds_nothing(mehmet_client: Client, ticket: Ticket) -> None:
    for name in ("refund", "confirm_refund"):
        assert act(mehmet_client, ticket, name, item=ids(ticket)).status_code == 409

    assert not Refund.objects.exists()


def test_a_rival_cannot_refund(rival_client: Client, both: Ticket) -> None:
    assert rival_client.post(address(both), {"act": "confirm_refund", "item": ids(both)}).status_code == 404
    assert not Refund.objects.exists()


def test_returned_items_are_marked_open_or_closed(mehmet_client: Client, both: Ticket) -> None:
    act(mehmet_client, both, "returned", item=ids(both)[:1])
    act(mehmet_client, both, "confirm_refund", item=ids(both)[:1])

    page = act(mehmet_client, both, "returned", item=ids(both)[1:])

    assert page.status_code == 302
    assert not both.items.filter(returned_at__isnull=True).exists()
    after = mehmet_client.get(address(both))
    assert "You marked as returned: Linen shade" in words(after)
    assert not after.context["can_return"]


def test_a_purchase_closes_without_money_only_after_an_answer(
    mehmet_client: Client, both: Ticket, mehmet: Actor
) -> None:
    refused = act(mehmet_client, both, "close", text="")
    assert refused.status_code == 409
    assert "Answer the customer" in words(refused)

    both.reply("We sent a new lamp.", by=mehmet)
    closed = act(mehmet_client, both, "close", text="")

    both.refresh_from_db()
    assert (closed.status_code, both.state) == (302, State.CLOSED)
