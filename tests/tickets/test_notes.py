"""Notes and assignments are the platform's own: nobody else sees or feels them."""

import pytest

from marketdesk.journal.models import Audience, Event
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.tickets import thread
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket
from tests.moments import later
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


def test_a_note_is_read_by_support_alone(ticket: Ticket, sofia: Actor, mehmet: Actor, ada: Actor) -> None:
    before = (ticket.state, ticket.excerpt, ticket.answered, ticket.public_updated_at)

    ticket.note("Third complaint this month.", by=later(sofia, hours=1))

    assert (ticket.state, ticket.excerpt, ticket.answered, ticket.public_updated_at) == before
    assert ticket.messages_for(sofia).count() == 2
    for actor in (mehmet, ada):
        assert ticket.messages_for(actor).count() == 1
        assert ticket.events_for(actor).count() == 1
        assert "Third complaint" not in str(thread.entries(ticket, actor))
    assert Event.objects.filter(ticket_id=ticket.pk).latest("id").audience == Audience.PLATFORM


def test_a_note_is_possible_on_a_closed_ticket(ticket: Ticket, sofia: Actor, ada: Actor) -> None:
    ticket.close(by=ada)

    ticket.note("Customer was happy.", by=sofia)

    assert ticket.closed_by == "customer"


def test_assigning_and_putting_back(hidden: Ticket, sofia: Actor, sofia_user: User) -> None:
    hidden.assign(sofia_user, by=sofia)
    assert hidden.assignee == sofia_user

    hidden.assign(None, by=sofia)
    assert hidden.assignee is None
    words = [entry.words for entry in thread.entries(hidden, sofia)]
    assert "You assigned it to Sofia Rossi" in words
    assert "You put it back in the queue" in words


def test_nobody_else_notes_or_assigns(ticket: Ticket, mehmet: Actor, ada: Actor, sofia_user: User) -> None:
    for actor in (mehmet, ada):
        with nothing_changed(), pytest.raises(NotAllowed):
            ticket.note("psst", by=actor)
        with nothing_changed(), pytest.raises(NotAllowed):
            ticket.assign(sofia_user, by=actor)
