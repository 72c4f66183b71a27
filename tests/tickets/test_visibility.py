"""Who sees a ticket at all, and what of it (D22, D31)."""

import pytest

from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.tickets import queues
from marketdesk.tickets.models import Ticket

pytestmark = pytest.mark.django_db


def test_everyone_sees_their_own(ticket: Ticket, hidden: Ticket, ada: Actor, mehmet: Actor, sofia: Actor) -> None:
    assert set(Ticket.objects.visible_to(ada)) == {ticket, hidden}
    assert set(Ticket.objects.visible_to(mehmet)) == {ticket}
    assert set(Ticket.objects.visible_to(sofia)) == {ticket, hidden}
    assert set(Ticket.objects.visible_to(clock())) == {ticket, hidden}


def test_a_rival_and_a_stranger_see_nothing(ticket: Ticket, hidden: Ticket, rival: Actor, rival_user: User) -> None:
    assert not Ticket.objects.visible_to(rival).exists()
    assert not Ticket.objects.visible_to(Actor(Party.CUSTOMER, user_id=rival_user.pk)).exists()
    assert sum(queues.counts(rival).by_queue.values()) == 0


def test_who_is_nobody_sees_nothing(ticket: Ticket, hidden: Ticket) -> None:
    for party in (Party.CUSTOMER, Party.MERCHANT):
        assert not Ticket.objects.visible_to(Actor(party)).exists()


def test_a_platform_ticket_stays_hidden_whatever_happens_at_the_platform(
    hidden: Ticket, mehmet: Actor, sofia: Actor, ada: Actor
) -> None:
    hidden.reply("Which shade?", by=sofia)
    hidden.reply("The linen one.", by=ada)
    hidden.close(by=sofia)
    hidden.reopen("No, wait.", by=ada)

    assert not Ticket.objects.visible_to(mehmet).exists()
    assert sum(queues.counts(mehmet).by_queue.values()) == 0


def test_once_shared_always_shared(hidden: Ticket, mehmet: Actor, sofia: Actor) -> None:
    hidden.hand_back(by=sofia)
    hidden.take_over(by=sofia)
    hidden.close_for_good(by=sofia)

    assert list(Ticket.objects.visible_to(mehmet)) == [hidden]


def test_when_it_comes_to_the_merchant_all_messages_meant_for_them_are_there(
    hidden: Ticket, mehmet: Actor, sofia: Actor, ada: Actor
) -> None:
    hidden.reply("Which shade?", by=sofia)
    hidden.note("Sounds like the store.", by=sofia)
    hidden.reply("The linen one.", by=ada)
    hidden.hand_back(by=sofia)

    assert [message.body for message in hidden.messages_for(mehmet)] == [
        "Der Schirm fehlt.",
        "Which shade?",
        "The linen one.",
    ]
