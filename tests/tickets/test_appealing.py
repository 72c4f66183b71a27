"""A merchant who cannot solve a purchase brings platform support in."""

import pytest

from marketdesk.journal.models import Audience, Event
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.tickets import queues
from marketdesk.tickets.errors import BadText, NotAllowed
from marketdesk.tickets.models import Draft, Ticket
from marketdesk.tickets.queues import Queue
from marketdesk.tickets.rules import Desk, State, Verb
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


def test_an_appeal_brings_in_support(purchase: Ticket, mehmet: Actor) -> None:
    excerpt = purchase.excerpt

    purchase.appeal("The parcel is lost.", by=mehmet)

    event = Event.objects.filter(ticket_id=purchase.pk).latest("id")
    assert (purchase.state, purchase.desk, purchase.due_at) == (State.WITH_SUPPORT, Desk.PLATFORM, None)
    assert (event.verb, event.audience) == (Verb.APPEAL, Audience.STAFF)
    assert purchase.excerpt == excerpt, "the customer's list never shows the reason"
    assert purchase.waits.get().counted
    assert queues.counts(mehmet).by_queue[Queue.WITH_SUPPORT] == 1


def test_the_customer_does_not_read_the_reason(purchase: Ticket, mehmet: Actor, ada: Actor, sofia: Actor) -> None:
    purchase.appeal("She wants too much.", by=mehmet)

    assert "She wants too much." not in [message.body for message in purchase.messages_for(ada)]
    assert Verb.APPEAL not in [event.verb for event in purchase.events_for(ada)]
    for actor in (mehmet, sofia):
        assert "She wants too much." in [message.body for message in purchase.messages_for(actor)]


def test_an_appeal_is_possible_while_the_user_is_awaited(purchase: Ticket, mehmet: Actor) -> None:
    purchase.reply("Was the box damaged?", by=mehmet)

    purchase.appeal("No answer for days.", by=mehmet)

    assert purchase.state == State.WITH_SUPPORT


def test_an_appeal_after_the_merchants_answer_counts_no_second_wait(purchase: Ticket, mehmet: Actor) -> None:
    purchase.reply("Was the box damaged?", by=mehmet)
    purchase.appeal("No answer for days.", by=mehmet)

    assert purchase.waits.get().ended_how == "reply"


def test_a_person_must_give_a_reason_and_a_program_need_not(purchase: Ticket, mehmet: Actor, store: object) -> None:
    with nothing_changed(), pytest.raises(BadText):
        purchase.appeal("", by=mehmet)

    purchase.appeal("", by=Actor(Party.MERCHANT, merchant_id=purchase.merchant_id, app="token-1"))
    assert purchase.state == State.WITH_SUPPORT
    assert purchase.messages.count() == 1


def test_questions_cannot_be_appealed(ticket: Ticket, question: Ticket, mehmet: Actor) -> None:
    for one in (ticket, question):
        with nothing_changed(), pytest.raises(NotAllowed) as refusal:
            one.appeal("Please help.", by=mehmet)
        assert refusal.value.reason == "category"


def test_nothing_is_appealed_twice_or_after_the_end(purchase: Ticket, mehmet: Actor, sofia: Actor) -> None:
    purchase.appeal("The parcel is lost.", by=mehmet)
    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        purchase.appeal("Again.", by=mehmet)
    assert refusal.value.reason == "with_support"

    purchase.close(by=sofia)
    with nothing_changed(), pytest.raises(NotAllowed):
        purchase.appeal("Again.", by=mehmet)


def test_an_answer_that_was_begun_survives_the_appeal(purchase: Ticket, mehmet: Actor) -> None:
    Draft.keep(purchase.pk, "Dear Ada, I", by=mehmet)

    purchase.appeal("The parcel is lost.", by=mehmet)

    assert Draft.of(purchase.pk, by=mehmet) == "Dear Ada, I"
