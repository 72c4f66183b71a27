"""A suspended merchant answers what is open; new questions before buying go to the platform (D8)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import Desk, State, Verb
from tests.conftest import make_administrator
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

Ask = Callable[..., Ticket]


def suspend(store: Merchant) -> None:
    store.suspended_at = timezone.now()
    store.save()


def test_open_tickets_are_answered_as_before(ask: Ask, store: Merchant, mehmet: Actor) -> None:
    question, purchase = ask("order_status"), ask("item_problem")
    before = question.can(mehmet), purchase.can(mehmet)
    suspend(store)

    assert (question.can(mehmet), purchase.can(mehmet)) == before
    question.resolve("It is on its way.", by=mehmet)
    purchase.reply("We send another.", by=mehmet)
    assert (question.state, purchase.state) == (State.CLOSED, State.WITH_CUSTOMER)


def test_a_closed_ticket_is_re_opened_by_its_customer_but_not_by_the_merchant(
    ticket: Ticket, store: Merchant, mehmet: Actor, ada: Actor
) -> None:
    ticket.resolve("It is there.", by=mehmet)
    assert Verb.REOPEN in ticket.can(mehmet)
    suspend(store)
    ticket = Ticket.objects.get(pk=ticket.pk)

    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        ticket.reopen("One more thing.", by=mehmet)
    assert refusal.value.reason == "trading"
    assert Verb.REOPEN not in ticket.can(mehmet)
    ticket.reopen("It is not.", by=ada)
    assert ticket.state == State.WITH_MERCHANT
    ticket.reply("Sorry.", by=mehmet)
    assert ticket.state == State.WITH_CUSTOMER


@pytest.mark.parametrize(
    ("issue", "desk"),
    [
        ("product_question", Desk.PLATFORM),
        ("store_question", Desk.PLATFORM),
        ("order_status", Desk.MERCHANT),
        ("item_problem", Desk.MERCHANT),
    ],
)
def test_new_questions_before_buying_go_to_the_platform_and_no_others(
    issue: str, desk: Desk, ask: Ask, store: Merchant
) -> None:
    suspend(store)

    assert ask(issue).desk == desk


def test_it_says_why(ask: Ask, store: Merchant) -> None:
    suspend(store)
    ticket = ask("product_question")

    assert ticket.routed_by == {"rule": "suspended_merchant"}
    assert ticket.why_here == "Platform support answers questions before buying while the store is suspended."


def test_what_is_handed_back_says_that_it_was_handed_on(ask: Ask, store: Merchant, sofia: Actor) -> None:
    suspend(store)
    ticket = ask("product_question")

    ticket.hand_back(by=replace(sofia, at=timezone.now() + timedelta(hours=1)))

    assert "handed this ticket to Anadolu Home" in ticket.why_here


def test_trying_the_rules_says_it_too(store: Merchant, sofia: Actor, sofia_client: Client) -> None:
    make_administrator(User.objects.get(pk=sofia.user_id or 0))
    suspend(store)

    page = sofia_client.get("/support/routing/try?issue=product_question&merchant=m-1&country=DE").content.decode()

    assert "It goes to: platform support" in page
    assert "while the store is suspended" in page
    assert "Decides" not in page


def test_after_the_end_it_is_as_before(ask: Ask, store: Merchant) -> None:
    suspend(store)
    store.suspended_at = None
    store.save()

    assert ask("product_question").desk == Desk.MERCHANT
