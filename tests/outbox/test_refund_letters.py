"""Support is told of refunds without an answer, in one letter; and of two answers (D17)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.utils import timezone

from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Product
from marketdesk.outbox import mail as letters
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.refunds import reconciling
from marketdesk.refunds.models import Refund
from marketdesk.refunds.refunding import refund_items, settle
from marketdesk.tickets.models import Issue, Ticket
from tests.conftest import make_order

pytestmark = pytest.mark.django_db

Told = Callable[[], list[EmailMessage]]


@pytest.fixture
def silent(ada_user: User, ada: Actor, sofia: Actor, store: Merchant, product: Product, told: Told) -> None:
    """Six refunds that the marketplace has not answered for 80 hours."""
    for number in range(6):
        order = make_order(ada_user, product, f"O-{number}")
        items = list(order.items.all()[:1])
        issue = Issue.objects.get(pk="item_problem")
        ticket = Ticket.open(
            customer=ada_user, merchant=store, issue=issue, text="Broken.", by=ada, order=order, items=items
        )
        refund_items(ticket, items, by=sofia)
    told()
    Refund.objects.update(requested_at=timezone.now() - timedelta(hours=80))


def test_support_gets_one_letter_about_all_that_waits(
    silent: None, sofia_user: User, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "NAMED", 3)
    reconciling.sweep_unanswered({})
    settle(Refund.objects.all()[0], succeeded=True, by=clock())

    found = [one for one in told() if one.to == [sofia_user.email]]

    assert [one.subject for one in found] == ["5 refunds have no answer yet"]
    assert str(found[0].body).count("/support/refunds/") == 4
    assert "and 2 more" in found[0].body
    assert "not to pay again" in found[0].body


def test_answered_meanwhile_there_is_nothing_to_write(silent: None, sofia_user: User, told: Told) -> None:
    reconciling.sweep_unanswered({})
    for refund in Refund.objects.all():
        settle(refund, succeeded=True, by=clock())

    assert [one for one in told() if one.to == [sofia_user.email]] == []


def test_support_is_told_of_two_answers(silent: None, sofia_user: User, told: Told) -> None:
    refund = Refund.objects.all()[0]
    reconciling.hear(refund, succeeded=True, by=clock())
    reconciling.hear(refund, succeeded=False, by=clock(), note="Bank 17")

    (letter,) = [one for one in told() if one.to == [sofia_user.email]]

    assert "Two answers" in letter.subject
    assert "is noted as paid, and the marketplace says now that it failed" in letter.body
    assert "Bank 17" in letter.body
