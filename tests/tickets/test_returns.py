"""Items that came back (D28)."""

import pytest

from marketdesk.journal.models import Event
from marketdesk.people.actor import Actor
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State
from tests.moments import later
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("who", ["mehmet", "sofia"])
def test_merchant_and_support_mark_items_as_returned(
    who: str, request: pytest.FixtureRequest, purchase: Ticket
) -> None:
    actor: Actor = request.getfixturevalue(who)
    item = purchase.items.get()

    purchase.mark_returned([item], by=actor)

    item.refresh_from_db()
    assert item.returned_at == actor.at
    assert purchase.state == State.WITH_MERCHANT
    assert purchase.waits.filter(ended_at__isnull=True).count() == 1, "it answers nothing"
    assert Event.objects.filter(ticket_id=purchase.pk).latest("id").data["items"] == ["Table lamp Nara"]


def test_marking_twice_keeps_the_first_moment(purchase: Ticket, mehmet: Actor, ada: Actor) -> None:
    purchase.mark_returned([purchase.items.get()], by=mehmet)
    purchase.close(by=ada)

    purchase.mark_returned([purchase.items.get()], by=later(mehmet, days=3))

    assert purchase.items.get().returned_at == mehmet.at


def test_questions_know_no_returns(ticket: Ticket, mehmet: Actor) -> None:
    with nothing_changed(), pytest.raises(NotAllowed):
        ticket.mark_returned(list(ticket.items.all()), by=mehmet)


def test_a_customer_marks_nothing(purchase: Ticket, ada: Actor) -> None:
    with nothing_changed(), pytest.raises(NotAllowed):
        purchase.mark_returned([purchase.items.get()], by=ada)
