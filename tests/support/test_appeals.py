"""An appeal, as support sees and decides it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from marketdesk.people.actor import Actor
from marketdesk.policy import promises
from marketdesk.refunds import refunding
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import Desk, State
from tests.support.conftest import Press, address

pytestmark = pytest.mark.django_db


def test_the_page_shows_what_a_decision_needs(at_desk: Ticket, sofia_client: Client) -> None:
    page = sofia_client.get(address(at_desk)).content.decode()

    assert "Anadolu Home" in page
    assert "The foot is out of stock." in page
    assert "High-value order" in page
    assert "Appealed" in page
    assert "In time" in page
    assert "Lindenweg 4" in page


def test_a_late_wait_is_shown_as_late(now: Any, purchase: Ticket, sofia: Actor, sofia_client: Client) -> None:
    now.shift(timedelta(hours=50))
    assert "Overdue" in sofia_client.get(address(purchase)).content.decode()

    purchase.take_over(by=Actor(sofia.party, user_id=sofia.user_id))

    assert "<td>Late</td>" in sofia_client.get(address(purchase)).content.decode()


def test_the_customers_other_tickets_are_a_click_away(
    at_desk: Ticket, ask: Callable[..., Ticket], sofia_client: Client
) -> None:
    later = ask("order_status", "Is it on its way again?", follows=at_desk)

    page = sofia_client.get(address(at_desk)).content.decode()
    assert later.public_id in page
    assert "Follows this ticket" in page

    page = sofia_client.get(address(later)).content.decode()
    assert "This ticket follows an earlier one" in page
    assert at_desk.public_id in page


def test_a_refund_is_asked_back_with_items_and_sum(at_desk: Ticket, press: Press) -> None:
    item = at_desk.items.get()

    answer = press(at_desk, "refund", item=[item.public_id])

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Refund 1 item, 89.90 EUR" in page
    assert f'<input type="hidden" name="item" value="{item.public_id}">' in page
    assert not Refund.objects.exists()
    at_desk.refresh_from_db()
    assert at_desk.state == State.WITH_SUPPORT


def test_an_appeal_decided_by_a_refund(at_desk: Ticket, press: Press, ada: Actor, sofia_client: Client) -> None:
    item = at_desk.items.get()

    answer = press(at_desk, "confirm_refund", item=[item.public_id])

    assert answer.status_code == 302
    refund = Refund.objects.get()
    assert (refund.amount, refund.status, refund.ticket) == (8990, RefundStatus.PENDING, at_desk)
    at_desk.refresh_from_db()
    assert (at_desk.state, at_desk.closed_how) == (State.CLOSED, "refunded")
    assert "Refund Details" in sofia_client.get(address(at_desk)).content.decode()


def test_what_is_refunded_already_is_not_offered_for_a_refund(
    at_desk: Ticket, sofia: Actor, sofia_client: Client
) -> None:
    refunding.refund_items(at_desk, list(at_desk.items.all()), by=sofia)
    at_desk.reopen("", by=sofia)

    assert 'value="refund"' not in sofia_client.get(address(at_desk)).text


def test_an_appeal_decided_against_a_refund(at_desk: Ticket, press: Press) -> None:
    press(at_desk, "close")

    at_desk.refresh_from_db()
    assert at_desk.state == State.CLOSED
    assert not Refund.objects.exists()


def test_an_appeal_handed_back(at_desk: Ticket, press: Press) -> None:
    press(at_desk, "send", voice="reply", text="Please send the foot with the next delivery.")
    at_desk.refresh_from_db()
    assert at_desk.state == State.WITH_CUSTOMER
    refused = press(at_desk, "hand_back")
    assert refused.status_code == 409

    at_desk.reply("Yes please.", by=Actor(at_desk.customer.party, user_id=at_desk.customer_id))  # type: ignore[arg-type]
    press(at_desk, "hand_back")

    at_desk.refresh_from_db()
    assert (at_desk.state, at_desk.desk) == (State.WITH_MERCHANT, Desk.MERCHANT)


def test_nothing_checked_is_said_beside_the_items(at_desk: Ticket, press: Press) -> None:
    for act in ("refund", "confirm_refund", "returned"):
        answer = press(at_desk, act)

        assert answer.status_code == 422
        assert "Check at least one item first." in answer.content.decode()
    assert not Refund.objects.exists()


def test_an_item_of_another_ticket_is_as_if_absent(at_desk: Ticket, order: Any, press: Press) -> None:
    foreign = order.items.exclude(pk=at_desk.items.get().pk).get()

    answer = press(at_desk, "confirm_refund", item=[foreign.public_id])

    assert answer.status_code == 422
    assert not Refund.objects.exists()


def test_the_same_item_is_never_refunded_twice(at_desk: Ticket, press: Press, sofia: Actor) -> None:
    item = at_desk.items.get()
    seen = at_desk.last_seen_by(sofia)

    answers = [press(at_desk, "confirm_refund", item=[item.public_id], key="k", seen=seen) for _ in range(2)]
    at_desk.refresh_from_db()
    at_desk.reopen("", by=sofia)
    again = press(at_desk, "confirm_refund", item=[item.public_id])

    assert [answer.status_code for answer in answers] == [302, 302]
    assert again.status_code == 409
    assert "refunded already" in again.content.decode()
    assert Refund.objects.count() == 1
    at_desk.refresh_from_db()
    assert at_desk.state == State.WITH_SUPPORT


@pytest.fixture
def refunded(at_desk: Ticket, sofia: Actor) -> Refund:
    return refunding.refund_items(at_desk, list(at_desk.items.all()), by=sofia)[0]


def settle(client: Client, refund: Refund, **fields: Any) -> Any:
    assert refund.ticket
    return client.post(f"{address(refund.ticket)}/refunds/{refund.public_id}", {"key": fields.get("outcome"), **fields})


def test_a_refund_is_noted_as_paid(refunded: Refund, sofia_client: Client) -> None:
    answer = settle(sofia_client, refunded, outcome="paid", note="Bank reference 77")

    assert answer.status_code == 302
    refunded.refresh_from_db()
    assert (refunded.status, refunded.settled_note) == (RefundStatus.SUCCEEDED, "Bank reference 77")


def test_a_failed_refund_says_why_and_returns_to_the_desk(refunded: Refund, sofia_client: Client) -> None:
    assert settle(sofia_client, refunded, outcome="failed").status_code == 422
    reloaded = sofia_client.get(f"{address(refunded.ticket)}/refunds/{refunded.public_id}")  # type: ignore[arg-type]
    assert reloaded["Location"].startswith(address(refunded.ticket))  # type: ignore[arg-type]
    refunded.refresh_from_db()
    assert refunded.status == RefundStatus.PENDING

    answer = settle(sofia_client, refunded, outcome="failed", note="The card was closed.")

    assert answer.status_code == 302
    refunded.refresh_from_db()
    assert refunded.status == RefundStatus.FAILED
    assert refunded.ticket
    refunded.ticket.refresh_from_db()
    assert refunded.ticket.state == State.WITH_SUPPORT
    assert 'value="refund"' in sofia_client.get(address(refunded.ticket)).content.decode()


def test_a_settled_refund_is_not_settled_otherwise(refunded: Refund, sofia_client: Client) -> None:
    settle(sofia_client, refunded, outcome="paid", note="Seen in the bank's list.")

    answer = settle(sofia_client, refunded, outcome="failed", note="No.")

    assert answer.status_code == 409
    assert "settled already" in answer.content.decode()
    refunded.refresh_from_db()
    assert refunded.status == RefundStatus.SUCCEEDED


def test_a_refund_is_settled_on_its_own_ticket_only(refunded: Refund, ticket: Ticket, sofia_client: Client) -> None:
    answer = sofia_client.post(f"{address(ticket)}/refunds/{refunded.public_id}", {"outcome": "paid"})

    assert answer.status_code == 404
    refunded.refresh_from_db()
    assert refunded.status == RefundStatus.PENDING


def test_the_page_stays_within_twenty_queries(
    at_desk: Ticket,
    ask: Callable[..., Ticket],
    press: Press,
    sofia: Actor,
    ada: Actor,
    sofia_client: Client,
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(12):
        ask("order_status", f"Question {number}", follows=at_desk).take_over(by=sofia)
        at_desk.reply(f"And {number}?", by=ada)
        at_desk.note(f"Note {number}", by=sofia)
    refunding.refund_items(at_desk, list(at_desk.items.all()), by=sofia)
    at_desk.reopen("", by=sofia)

    message = at_desk.messages.earliest("id").pk
    promises.forget()

    with django_assert_max_num_queries(20):
        answer = sofia_client.get(f"{address(at_desk)}?queue=with-support&view={message}")

    assert answer.status_code == 200
