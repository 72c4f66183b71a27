"""Tickets change desks: taken over, handed back (D3, D14, D22, D23)."""

import pytest

from marketdesk.people.actor import Actor, clock
from marketdesk.tickets import queues
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.queues import Queue
from marketdesk.tickets.rules import Desk, State, Verb
from tests.moments import later
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


def test_support_takes_a_live_ticket_over_and_the_wait_does_not_count(
    ticket: Ticket, sofia: Actor, mehmet: Actor
) -> None:
    ticket.take_over(by=sofia)

    wait = ticket.waits.get()
    assert (ticket.state, ticket.desk, ticket.due_at) == (State.WITH_SUPPORT, Desk.PLATFORM, None)
    assert (wait.ended_how, wait.counted) == ("take_over", False)
    assert queues.waiting(mehmet) == 0
    assert Ticket.objects.visible_to(mehmet).filter(pk=ticket.pk).exists(), "what was seen once stays visible"


def test_a_takeover_after_the_due_time_counts_as_late(ticket: Ticket, sofia: Actor) -> None:
    ticket.take_over(by=later(sofia, hours=49))

    wait = ticket.waits.get()
    assert wait.counted
    assert wait.is_late


def test_the_clock_takes_over_only_what_is_overdue(purchase: Ticket, ada: Actor) -> None:
    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        purchase.take_over(by=clock(later(ada, hours=48).at))
    assert refusal.value.reason == "overdue"

    purchase.take_over(by=clock(later(ada, hours=48, microseconds=1).at))
    assert purchase.state == State.WITH_SUPPORT
    assert purchase.waits.get().counted


def test_the_clock_never_takes_a_question_over(ticket: Ticket, ada: Actor) -> None:
    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        ticket.take_over(by=clock(later(ada, hours=100).at))

    assert refusal.value.reason == "category"


def test_handing_back_shows_a_hidden_ticket_to_the_merchant_and_starts_a_wait(
    hidden: Ticket, sofia: Actor, mehmet: Actor
) -> None:
    hidden.assign(None, by=sofia)
    hidden.note("Looks like the store's mistake.", by=sofia)

    hidden.hand_back(by=later(sofia, hours=2))

    assert (hidden.state, hidden.desk, hidden.shared) == (State.WITH_MERCHANT, Desk.MERCHANT, True)
    assert hidden.due_at == later(sofia, hours=50).at
    assert [message.body for message in hidden.messages_for(mehmet)] == ["Der Schirm fehlt."]
    assert queues.waiting(mehmet) == 1


def test_handing_back_frees_the_ticket_of_its_agent(hidden: Ticket, sofia: Actor, sofia_user: object) -> None:
    hidden.assign(sofia_user, by=sofia)  # type: ignore[arg-type]
    assert hidden.assignee == sofia_user

    hidden.hand_back(by=sofia)

    assert hidden.assignee is None


def test_a_merchant_neither_takes_over_nor_hands_back(ticket: Ticket, hidden: Ticket, mehmet: Actor) -> None:
    for verb, one in ((Verb.TAKE_OVER, ticket), (Verb.HAND_BACK, hidden)):
        with nothing_changed(), pytest.raises(NotAllowed):
            getattr(one, verb)(by=mehmet)


def test_what_support_answered_at_its_desk_is_with_support_for_the_merchant(
    purchase: Ticket, mehmet: Actor, sofia: Actor
) -> None:
    """D23: the merchant's Awaiting User holds only what the merchant serves."""
    purchase.appeal("I cannot solve this.", by=mehmet)
    purchase.reply("We are looking into it.", by=sofia)

    numbers = queues.counts(mehmet).by_queue

    assert (purchase.state, purchase.desk) == (State.WITH_CUSTOMER, Desk.PLATFORM)
    assert (numbers[Queue.AWAITING_USER], numbers[Queue.WITH_SUPPORT]) == (0, 1)
    assert Queue.of(purchase) == Queue.WITH_SUPPORT
    assert list(queues.tickets(Queue.WITH_SUPPORT, mehmet)) == [purchase]
