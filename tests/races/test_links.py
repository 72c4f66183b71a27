"""The links of a ticket are stopped while somebody answers by one: what comes after the stop is not done."""

from functools import partial

from marketdesk.journal.models import Event
from marketdesk.people.actor import Actor, Link
from marketdesk.people.party import Party
from marketdesk.performance.models import Rating
from marketdesk.performance.rating import rate
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import Verb
from tests.races.conftest import RACERS, Arena, race

ROUNDS = 10


def answer(ticket: Ticket, number: int, by: Actor) -> None:
    Ticket.objects.get(pk=ticket.pk).reply(f"Answer {number}", by=by)


def stop(ticket: Ticket, by: Actor) -> None:
    Ticket.objects.get(pk=ticket.pk).end_links(by=by)


def test_stopping_and_answering_at_once(arena: Arena) -> None:
    refused = 0
    for _round in range(ROUNDS):
        ticket = arena.ticket("order_status")
        guest = Actor(Party.CUSTOMER, user_id=arena.cast.ada.pk, link=Link(ticket.pk, 0))
        writing = [partial(answer, ticket, number, guest) for number in range(RACERS - 1)]

        came = race(*writing[:3], partial(stop, ticket, arena.cast.sofia), *writing[3:])

        stopped = Event.objects.get(ticket_id=ticket.pk, verb=Verb.END_LINKS).pk
        written = Event.objects.filter(ticket_id=ticket.pk, verb=Verb.REPLY)
        turned_away = [one for one in came if isinstance(one, NotAllowed)]
        assert {one.reason for one in turned_away} <= {"absent"}
        assert written.filter(pk__gt=stopped).count() == 0
        assert written.count() + len(turned_away) == RACERS - 1
        assert ticket.messages.count() == 1 + written.count()
        refused += len(turned_away)
    assert refused > 0, "no answer ever came after the stop: this race races nothing"


def test_stopping_and_rating_at_once(arena: Arena) -> None:
    for _round in range(ROUNDS):
        ticket = arena.ticket("order_status")
        ticket.close(by=arena.ada, how="solved")
        guest = Actor(Party.CUSTOMER, user_id=arena.cast.ada.pk, link=Link(ticket.pk, 0))

        race(
            partial(stop, ticket, arena.cast.sofia),
            partial(rate, Ticket.objects.get(pk=ticket.pk), helpful=True, comment="", by=guest),
        )

        stopped = Event.objects.get(ticket_id=ticket.pk, verb=Verb.END_LINKS).pk
        rated = Event.objects.filter(ticket_id=ticket.pk, verb="rated")
        assert rated.filter(pk__gt=stopped).count() == 0
        assert rated.count() == Rating.objects.filter(ticket=ticket).count()
        ticket.refresh_from_db()
        assert ticket.link_generation == 1
