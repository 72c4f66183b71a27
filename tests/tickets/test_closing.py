"""Closing without a refund: by the merchant, the customer, support, and for good."""

import pytest

from marketdesk.journal.models import Event
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State, Verb
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


def test_a_merchant_closes_a_question_even_unanswered(ticket: Ticket, mehmet: Actor) -> None:
    ticket.close(by=mehmet)

    assert (ticket.state, ticket.closed_by, ticket.closed_how) == (State.CLOSED, Party.MERCHANT, "closed")
    assert ticket.waits.get().counted
    assert Event.objects.filter(ticket_id=ticket.pk, verb=Verb.CLOSE, audience="everyone").count() == 1


def test_a_purchase_is_closed_without_refund_only_after_an_answer(purchase: Ticket, mehmet: Actor) -> None:
    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        purchase.close(by=mehmet)
    assert refusal.value.reason == "answered"

    purchase.reply("Was the box damaged?", by=mehmet)
    purchase.close(by=mehmet)
    assert purchase.state == State.CLOSED


def test_an_answer_before_the_customers_last_message_is_not_enough(purchase: Ticket, mehmet: Actor, ada: Actor) -> None:
    purchase.reply("Was the box damaged?", by=mehmet)
    purchase.reply("Yes, it was.", by=ada)

    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        purchase.close(by=mehmet)

    assert refusal.value.reason == "answered"


def test_an_answer_of_support_is_not_the_merchants(purchase: Ticket, mehmet: Actor, sofia: Actor) -> None:
    """D25 asks for an answer of the merchant's own."""
    purchase.reply("The store will get back to you.", by=sofia)

    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        purchase.close(by=mehmet)

    assert refusal.value.reason == "answered"


def test_a_merchant_cannot_close_what_support_serves(hidden: Ticket, purchase: Ticket, mehmet: Actor) -> None:
    purchase.appeal("I cannot solve this.", by=mehmet)

    for ticket in (hidden, purchase):
        with nothing_changed(), pytest.raises(NotAllowed):
            ticket.close(by=mehmet)


@pytest.mark.parametrize("how", ["solved", "not_needed"])
@pytest.mark.parametrize("kind", ["ticket", "question", "purchase", "hidden"])
def test_a_customer_closes_their_own_ticket_at_any_time(
    how: str, kind: str, request: pytest.FixtureRequest, ada: Actor
) -> None:
    ticket: Ticket = request.getfixturevalue(kind)

    ticket.close(by=ada, how=how)

    assert (ticket.state, ticket.closed_by, ticket.closed_how) == (State.CLOSED, Party.CUSTOMER, how)
    assert not ticket.waits.filter(counted=True).exists()


def test_closing_twice_is_refused(ticket: Ticket, ada: Actor) -> None:
    ticket.close(by=ada)

    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        ticket.close(by=ada)

    assert refusal.value.reason == "closed"


def test_another_customer_cannot_close_it(ticket: Ticket, rival: Actor) -> None:
    stranger = Actor(Party.CUSTOMER, user_id=rival.user_id)

    with nothing_changed(), pytest.raises(NotAllowed):
        ticket.close(by=stranger)


def test_support_closes_for_good_what_was_closed_before(
    ticket: Ticket, mehmet: Actor, ada: Actor, sofia: Actor
) -> None:
    ticket.close(by=mehmet)
    closed_at = ticket.closed_at

    ticket.close_for_good(by=sofia)

    assert (ticket.state, ticket.closed_at, ticket.closed_by) == (State.CLOSED_FOR_GOOD, closed_at, Party.MERCHANT)
    for actor in (mehmet, ada, sofia):
        with nothing_changed(), pytest.raises(NotAllowed) as refusal:
            ticket.reopen("Please.", by=actor)
        assert refusal.value.reason == "closed_for_good"


def test_nobody_but_support_closes_for_good(ticket: Ticket, mehmet: Actor, ada: Actor) -> None:
    for actor in (mehmet, ada):
        with nothing_changed(), pytest.raises(NotAllowed):
            ticket.close_for_good(by=actor)
