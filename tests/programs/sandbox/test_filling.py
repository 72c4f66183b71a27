"""The sandbox of a store: everything that a program can meet, made once, and made anew."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from marketdesk.journal.models import AlreadyDone, Event, Job
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.policy import promises
from marketdesk.programs import sandbox
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.tickets.models import Attachment, Issue, Ticket, Wait
from marketdesk.tickets.rules import Category, Desk, State
from marketdesk.translations.models import Translation

pytestmark = pytest.mark.django_db


def test_a_fresh_sandbox_holds_something_of_everything(store: Merchant, now: Any) -> None:
    Merchant.objects.filter(pk=store.pk).update(selected=True, tags=["gold"])
    tickets = Ticket.objects.filter(merchant=sandbox.store_of(store))
    waiting = tickets.filter(state=State.WITH_MERCHANT)
    here, moment = sandbox.store_of(store), timezone.now()

    assert (here.country, here.selected, here.tags) == (store.country, True, ["gold"])
    assert here.name == "Anadolu Home (Sandbox)"
    assert tickets.count() >= 12
    assert {one.category for one in waiting} == set(Category)
    assert {one.state for one in tickets} == set(State)
    assert {one.issue_id for one in tickets} == {one.pk for one in Issue.objects.all()}
    assert {one.language for one in tickets} >= {"en", "de", "fr", "es", "it", "ar"}
    assert waiting.filter(due_at__lt=moment).exists()
    assert waiting.filter(due_at__range=(moment, moment + timedelta(hours=3))).exists()
    assert tickets.filter(state=State.CLOSED, closed_at__gt=moment - timedelta(days=7)).exists()
    assert tickets.filter(has_pictures=True).exists()
    assert Attachment.objects.filter(message__ticket__in=tickets)[0].open().read()
    assert Translation.objects.filter(message__ticket__in=tickets).exists()
    assert any(one.items.count() == 2 for one in tickets)
    assert Refund.objects.get(ticket__in=tickets).status == RefundStatus.SUCCEEDED
    assert not Event.objects.filter(at__gt=moment).exists()


def test_everything_in_it_is_marked_and_stands_with_the_merchant_first(store: Merchant) -> None:
    here = sandbox.store_of(store)

    assert not Ticket.objects.filter(merchant=here, is_sandbox=False).exists()
    assert {one["rule"] for one in Ticket.objects.values_list("routed_by", flat=True)} == {"direct_country"}
    assert not Ticket.objects.filter(shared=False).exists()


def test_its_customers_can_be_reached_by_nobody(store: Merchant) -> None:
    sandbox.store_of(store)

    for customer in User.objects.all():
        assert (customer.email, customer.external_id, customer.is_active) == (None, None, False)
        assert not customer.has_usable_password()


def test_times_left_follow_the_policy(store: Merchant, few: Callable[..., None], now: Any, sofia: Actor) -> None:
    few("store_question")
    promises.change({"reply_hours": 24}, reason="Faster.", by=sofia)
    promises.forget()

    here = sandbox.store_of(store)

    assert Wait.objects.get(merchant_id=here.pk).due_at == timezone.now() + timedelta(hours=1)


def test_it_is_made_once(store: Merchant, few: Callable[..., None]) -> None:
    few("store_question")
    here = sandbox.store_of(store)

    assert sandbox.store_of(store) == here
    assert sandbox.store_of(here) == here
    assert Ticket.objects.count() == 1


def test_what_is_made_up_is_told_to_nobody(store: Merchant, few: Callable[..., None]) -> None:
    few("item_problem")
    sandbox.store_of(store)

    assert not Job.objects.exists()


def test_it_is_filled_anew(
    store: Merchant, few: Callable[..., None], ticket: Ticket, mehmet: Actor, program: Callable[[], Actor]
) -> None:
    few("item_problem", "return_or_refund")
    here = sandbox.store_of(store)
    before = set(Ticket.objects.filter(merchant=here).values_list("public_id", flat=True))
    products = set(Product.objects.filter(merchant=here).values_list("public_id", flat=True))
    Ticket.objects.filter(merchant=here).first().reply("Hello.", by=program())  # type: ignore[union-attr]
    store.name = "Anadolu Home & Garden"
    store.save()

    sandbox.refill(store, by=mehmet)

    here.refresh_from_db()
    after = set(Ticket.objects.filter(merchant=here).values_list("public_id", flat=True))
    assert len(after) == 2
    assert not before & after
    assert set(Product.objects.filter(merchant=here).values_list("public_id", flat=True)) == products
    assert here.name == "Anadolu Home & Garden (Sandbox)"
    assert Order.objects.filter(merchant=here).count() == 2
    assert User.objects.filter(is_active=False).count() == 2
    assert not Job.objects.filter(merchant_id=here.pk).exists()
    # What is real stays.
    assert Ticket.objects.filter(merchant=store).get() == ticket
    assert Event.objects.filter(ticket_id=ticket.pk).exists()
    assert Order.objects.filter(merchant=store).exists()


def test_a_second_click_fills_nothing(store: Merchant, few: Callable[..., None], mehmet: Actor) -> None:
    few("store_question")
    by = mehmet.with_form("key-1", None)
    here = sandbox.refill(store, by=by)
    made = Ticket.objects.get(merchant=here)

    with pytest.raises(AlreadyDone):
        sandbox.refill(store, by=by)

    assert Ticket.objects.get(merchant=here) == made
    assert made.desk == Desk.MERCHANT


def test_a_very_long_name_keeps_its_mark(store: Merchant, few: Callable[..., None]) -> None:
    few("store_question")
    store.name = "A" * 150
    store.save()

    assert sandbox.store_of(store).name.endswith("A (Sandbox)")
    assert len(sandbox.store_of(store).name) == 150
