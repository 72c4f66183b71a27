"""A closed ticket opens again, for a while (D16)."""

from dataclasses import replace
from typing import Any

import pytest

from marketdesk.people.actor import Actor, clock
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.tickets.errors import BadText, NotAllowed
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import Desk, State, Verb
from tests.moments import later
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


def test_the_customer_writes_again_and_a_new_wait_runs(ticket: Ticket, mehmet: Actor, ada: Actor) -> None:
    ticket.resolve("It is on its way.", by=mehmet)

    ticket.reopen("It never came.", by=later(ada, days=20))

    assert (ticket.state, ticket.desk) == (State.WITH_MERCHANT, Desk.MERCHANT)
    assert (ticket.closed_at, ticket.closed_by, ticket.closed_how) == (None, "", "")
    assert ticket.due_at == later(ada, days=22).at
    assert ticket.waits.count() == 2
    assert ticket.answered is False


def test_the_merchant_reopens_with_a_message_and_awaits_the_customer(ticket: Ticket, mehmet: Actor, ada: Actor) -> None:
    ticket.close(by=ada, how="not_needed")

    ticket.reopen("Your size is back in stock.", by=mehmet)

    assert (ticket.state, ticket.due_at) == (State.WITH_CUSTOMER, None)
    assert ticket.excerpt == "Your size is back in stock."
    assert ticket.waits.count() == 1


@pytest.mark.parametrize("who", ["mehmet", "ada"])
def test_the_last_moment_is_just_before_thirty_days(
    who: str, request: pytest.FixtureRequest, ticket: Ticket, ada: Actor
) -> None:
    actor: Actor = request.getfixturevalue(who)
    ticket.close(by=ada)
    closed = later(actor, seconds=(ada.at - actor.at).total_seconds())

    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        ticket.reopen("Once more.", by=later(closed, days=30))
    assert refusal.value.reason == "reopenable"
    assert Verb.REOPEN not in ticket.can(later(closed, days=30))

    just_in_time = later(closed, days=30, microseconds=-1)
    assert Verb.REOPEN in ticket.can(just_in_time)
    ticket.reopen("Once more.", by=just_in_time)
    assert ticket.is_open


def test_the_days_are_a_setting(ticket: Ticket, ada: Actor, sofia: Actor) -> None:
    promises.change({"reopen_days": 3}, reason="Shorter.", by=sofia)
    promises.forget()
    ticket.close(by=ada)

    with pytest.raises(NotAllowed):
        ticket.reopen("Once more.", by=later(ada, days=4))


def test_a_ticket_of_the_platforms_desk_returns_there(
    hidden: Ticket, purchase: Ticket, mehmet: Actor, ada: Actor, sofia: Actor
) -> None:
    hidden.close(by=sofia)
    hidden.reopen("It is still missing.", by=ada)
    assert (hidden.state, hidden.shared) == (State.WITH_SUPPORT, False)

    purchase.appeal("I cannot solve this.", by=mehmet)
    purchase.close(by=sofia)
    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        purchase.reopen("But I can now.", by=mehmet)
    assert refusal.value.reason == "other_desk"


def test_support_reopens_without_words_and_at_any_time(ticket: Ticket, ada: Actor, sofia: Actor) -> None:
    ticket.close(by=ada)

    ticket.reopen("", by=later(sofia, days=400))

    assert (ticket.state, ticket.desk) == (State.WITH_SUPPORT, Desk.PLATFORM)
    assert ticket.messages.count() == 1


def test_merchant_and_customer_need_words(ticket: Ticket, ada: Actor, mehmet: Actor) -> None:
    ticket.close(by=ada)

    for actor in (ada, mehmet):
        with nothing_changed(), pytest.raises(BadText):
            ticket.reopen("", by=actor)


def test_a_merchants_program_may_reopen_without_words(ticket: Ticket, ada: Actor, mehmet: Actor) -> None:
    ticket.close(by=ada)
    program = replace(later(mehmet, days=1), user_id=None, app="token-1")

    ticket.reopen("", by=program)

    assert (ticket.state, ticket.desk) == (State.WITH_MERCHANT, Desk.MERCHANT)
    assert ticket.due_at == later(mehmet, days=3).at
    assert ticket.waits.count() == 2
    assert ticket.messages.count() == 1


def test_an_open_ticket_is_not_reopened(ticket: Ticket, ada: Actor) -> None:
    with nothing_changed(), pytest.raises(NotAllowed) as refusal:
        ticket.reopen("Hello?", by=ada)

    assert refusal.value.reason == "open"


def test_the_clock_reopens_nothing(ticket: Ticket, ada: Actor) -> None:
    ticket.close(by=ada)

    with nothing_changed(), pytest.raises(NotAllowed):
        ticket.reopen("tick", by=clock())


def test_a_reopened_ticket_can_be_reminded_and_closed_anew(now: Any, ticket: Ticket, ada: Actor, mehmet: Actor) -> None:
    ticket.resolve("It is on its way.", by=mehmet)
    ticket.reopen("It never came.", by=later(ada, days=1))

    ticket.resolve("It is here now.", by=later(mehmet, days=2))

    assert (ticket.closed_at, ticket.closed_by) == (later(mehmet, days=2).at, Party.MERCHANT)
    assert ticket.reopenable_until == later(mehmet, days=32).at
