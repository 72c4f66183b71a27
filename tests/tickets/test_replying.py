"""Answers move a ticket between the queues."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from marketdesk.journal.models import Audience, Event, Job
from marketdesk.people.actor import Actor
from marketdesk.tickets import queues
from marketdesk.tickets.errors import BadText, NotAllowed
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.queues import Queue
from marketdesk.tickets.rules import Desk, State, Verb
from tests.moments import later
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


def test_a_question_stands_with_the_merchant_and_counts(ticket: Ticket, mehmet: Actor) -> None:
    assert ticket.state == State.WITH_MERCHANT
    assert queues.waiting(mehmet) == 1
    assert ticket.due_at is not None


def test_a_reply_moves_the_ticket_to_awaiting_user(ticket: Ticket, mehmet: Actor) -> None:
    message = ticket.reply("It is on its way.", by=mehmet)

    event = Event.objects.get(ticket_id=ticket.pk, verb=Verb.REPLY)
    assert ticket.state == State.WITH_CUSTOMER
    assert (ticket.excerpt, ticket.answered, ticket.due_at) == ("It is on its way.", True, None)
    assert queues.counts(mehmet).by_queue[Queue.AWAITING_USER] == 1
    assert queues.waiting(mehmet) == 0
    assert event.audience == Audience.EVERYONE
    assert event.data["message"] == message.pk
    assert Job.objects.filter(kind="tell", payload={"event": event.pk}).exists()
    wait = ticket.waits.get()
    assert (wait.ended_how, wait.ended_by, wait.counted, wait.is_late) == ("reply", "merchant", True, False)


def test_the_customers_answer_brings_it_back_with_a_new_wait(ticket: Ticket, mehmet: Actor, ada: Actor) -> None:
    ticket.reply("It is on its way.", by=mehmet)

    ticket.reply("Still nothing here.", by=later(ada, hours=5))

    assert ticket.state == State.WITH_MERCHANT
    assert ticket.answered is False
    assert ticket.due_at == ada.at + timedelta(hours=53)
    assert ticket.waits.count() == 2
    assert ticket.waits.filter(ended_at__isnull=True).count() == 1


def test_a_second_message_of_the_customer_does_not_start_the_time_anew(ticket: Ticket, ada: Actor) -> None:
    due = ticket.due_at

    ticket.reply("I forgot to say: order O-1001.", by=later(ada, hours=10))

    assert ticket.state == State.WITH_MERCHANT
    assert ticket.due_at == due
    assert ticket.waits.get().started_at == ada.at


def test_an_addition_of_the_merchant_stays_in_awaiting_user(ticket: Ticket, mehmet: Actor) -> None:
    ticket.reply("It is on its way.", by=mehmet)
    turned = ticket.turned_at

    ticket.reply("Tracking: TR-1.", by=later(mehmet, hours=1))

    assert (ticket.state, ticket.turned_at) == (State.WITH_CUSTOMER, turned)
    assert ticket.waits.count() == 1
    assert ticket.messages.count() == 3


def test_an_addition_of_the_merchant_leaves_a_ticket_with_support(purchase: Ticket, mehmet: Actor) -> None:
    purchase.appeal("I cannot solve this.", by=mehmet)

    purchase.reply("One more photo follows.", by=mehmet)

    assert (purchase.state, purchase.desk) == (State.WITH_SUPPORT, Desk.PLATFORM)


def test_an_answer_of_the_customer_returns_to_the_platforms_desk(hidden: Ticket, sofia: Actor, ada: Actor) -> None:
    hidden.reply("Which shade?", by=sofia)
    assert (hidden.state, hidden.desk) == (State.WITH_CUSTOMER, Desk.PLATFORM)

    hidden.reply("The linen one.", by=ada)

    assert (hidden.state, hidden.desk) == (State.WITH_SUPPORT, Desk.PLATFORM)
    assert not hidden.waits.exists()


def test_an_answer_of_support_ends_the_wait_but_leaves_the_ticket_at_the_merchants_desk(
    ticket: Ticket, sofia: Actor, ada: Actor
) -> None:
    ticket.reply("The parcel left Bonn today.", by=sofia)

    assert (ticket.state, ticket.desk) == (State.WITH_CUSTOMER, Desk.MERCHANT)
    assert ticket.waits.get().counted is False

    ticket.reply("Thank you, but when?", by=ada)
    assert ticket.state == State.WITH_MERCHANT


def test_nobody_replies_on_a_closed_ticket(ticket: Ticket, mehmet: Actor, ada: Actor, sofia: Actor) -> None:
    ticket.close(by=ada, how="solved")

    for actor in (mehmet, ada, sofia):
        with nothing_changed(), pytest.raises(NotAllowed) as refusal:
            ticket.reply("One more thing.", by=actor)
        assert refusal.value.reason == "closed"


@pytest.mark.parametrize("text", ["", " \n\t", "x" * 10_001])
def test_an_empty_or_endless_answer_is_refused(ticket: Ticket, mehmet: Actor, text: str) -> None:
    with nothing_changed(), pytest.raises(BadText):
        ticket.reply(text, by=mehmet)


def test_a_rival_cannot_reply(ticket: Ticket, rival: Actor) -> None:
    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        ticket.reply("Buy from us instead.", by=rival)

    assert refusal.value.reason == "absent"
    assert str(refusal.value)
    assert Ticket.objects.visible_to(rival).count() == 0


def test_a_late_answer_counts_as_late(now: Any, ask: Callable[..., Ticket], mehmet: Actor) -> None:
    ticket = ask("order_status")

    ticket.reply("Sorry.", by=later(mehmet, hours=48, microseconds=1))

    assert ticket.waits.get().is_late


def test_an_answer_in_the_last_moment_is_in_time(now: Any, ask: Callable[..., Ticket], mehmet: Actor) -> None:
    ticket = ask("order_status")

    ticket.reply("Here I am.", by=later(mehmet, hours=48))

    assert not ticket.waits.get().is_late


def test_the_language_of_the_customers_last_message_is_kept(ticket: Ticket, ada: Actor, mehmet: Actor) -> None:
    ticket.reply("It is on its way.", by=mehmet, language="en")
    assert ticket.language == "de"

    ticket.reply("Where is it?", by=ada, language="en")
    assert ticket.language == "en"
