"""Reply & Resolve sends and closes, where a question allows it."""

import pytest

from marketdesk.journal.models import Event
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.tickets import queues
from marketdesk.tickets.errors import BadText, NotAllowed
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.queues import Queue
from marketdesk.tickets.rules import State, Verb
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["ticket", "question"])
def test_reply_and_resolve_sends_and_closes(kind: str, request: pytest.FixtureRequest, mehmet: Actor) -> None:
    ticket: Ticket = request.getfixturevalue(kind)

    message = ticket.resolve("Yes, in brass too.", by=mehmet)

    event = Event.objects.filter(ticket_id=ticket.pk).latest("id")
    assert (ticket.state, ticket.closed_by, ticket.closed_how) == (State.CLOSED, Party.MERCHANT, "resolved")
    assert (ticket.closed_at, ticket.due_at, ticket.excerpt) == (mehmet.at, None, "Yes, in brass too.")
    assert (event.verb, event.data["message"]) == (Verb.RESOLVE, message.pk)
    assert ticket.waits.get().counted
    assert queues.counts(mehmet).by_queue[Queue.CLOSED] == 1
    assert queues.waiting(mehmet) == 0


def test_a_purchase_cannot_be_resolved_with_words(purchase: Ticket, mehmet: Actor) -> None:
    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        purchase.resolve("Sorry for that.", by=mehmet)

    assert refusal.value.reason == "category"


def test_what_awaits_the_user_is_not_resolved_again(ticket: Ticket, mehmet: Actor) -> None:
    ticket.reply("It is on its way.", by=mehmet)

    with nothing_changed(), pytest.raises(NotAllowed):
        ticket.resolve("Done.", by=mehmet)


def test_resolving_needs_words(ticket: Ticket, mehmet: Actor) -> None:
    with nothing_changed(), pytest.raises(BadText):
        ticket.resolve(" ", by=mehmet)
