"""People and the clock act at once: every ticket ends in one consistent place (C1, C2, K2 of the programme)."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.utils import timezone

from marketdesk.journal.models import AlreadyDone, Event
from marketdesk.performance.models import Rating
from marketdesk.performance.rating import rate
from marketdesk.tickets import jobs
from marketdesk.tickets.errors import NotAllowed, SomethingNew
from marketdesk.tickets.models import Draft, Message, Ticket, Wait
from marketdesk.tickets.rules import State, Verb
from tests.races.conftest import RACERS, Arena, race

ROUNDS = 6


def reply(ticket: Ticket, text: str, by: Any) -> Any:
    return Ticket.objects.get(pk=ticket.pk).reply(text, by=by)


def close(ticket: Ticket, by: Any) -> None:
    Ticket.objects.get(pk=ticket.pk).close(by=by)


def assert_consistent(ticket: Ticket) -> None:
    """A wait is open exactly while the ticket stands with the merchant; closed tickets say when and by whom."""
    ticket.refresh_from_db()
    open_waits = ticket.waits.filter(ended_at__isnull=True)
    assert open_waits.count() == int(ticket.state == State.WITH_MERCHANT)
    assert (ticket.due_at is not None) == (ticket.state == State.WITH_MERCHANT)
    assert (ticket.closed_at is not None) == (ticket.state == State.CLOSED) == bool(ticket.closed_by)
    for wait in ticket.waits.exclude(ended_at=None):
        assert wait.ended_how


def test_one_form_sent_eight_times_is_one_message(arena: Arena) -> None:
    for number in range(ROUNDS):
        ticket = arena.ticket("order_status")
        sender = arena.cast.mehmet.with_form(f"reply-{number}-{ticket.pk}", None)

        answers = race(*[partial(reply, ticket, "It is on its way.", sender)] * RACERS)

        assert [isinstance(answer, AlreadyDone) for answer in answers].count(True) == RACERS - 1, answers
        assert ticket.messages.count() == 2
        assert Event.objects.filter(ticket_id=ticket.pk, verb=Verb.REPLY).count() == 1
        assert_consistent(ticket)


def test_a_program_without_keys_that_says_it_eight_times_said_it_once(arena: Arena) -> None:
    ticket = arena.ticket("order_status")
    program = replace(arena.cast.mehmet, user_id=None, app="token-1")

    answers = race(*[partial(reply, ticket, "It is on its way.", program)] * RACERS)

    assert [isinstance(answer, AlreadyDone) for answer in answers].count(True) == RACERS - 1, answers
    assert ticket.messages.count() == 2


def test_one_question_sent_eight_times_is_one_ticket(arena: Arena) -> None:
    item = arena.item()

    answers = race(*[partial(arena.ticket, "order_status", item, f"open-{item.pk}")] * RACERS)

    (ticket,) = [answer for answer in answers if isinstance(answer, Ticket)]
    assert {answer.answer["ticket"] for answer in answers if isinstance(answer, AlreadyDone)} == {ticket.public_id}
    assert Ticket.objects.filter(order=item.order).count() == 1


def test_two_colleagues_answer_the_same_page_and_one_is_shown_the_other(arena: Arena) -> None:
    for _ in range(ROUNDS):
        ticket = arena.ticket("order_status")
        seen = ticket.last_seen_by(arena.cast.mehmet)

        answers = race(
            partial(reply, ticket, "Mehmet here.", arena.cast.mehmet.with_form("", seen)),
            partial(reply, ticket, "Merve here.", arena.cast.merve.with_form("", seen)),
        )

        assert [isinstance(answer, SomethingNew) for answer in answers].count(True) == 1, answers
        assert ticket.messages.count() == 2


def test_an_answer_and_the_customers_closing_at_once(arena: Arena) -> None:
    for _ in range(ROUNDS):
        ticket = arena.ticket("order_status")

        answers = race(
            partial(reply, ticket, "It is on its way.", arena.cast.mehmet), partial(close, ticket, arena.ada)
        )

        assert_consistent(ticket)
        assert ticket.state == State.CLOSED
        assert ticket.waits.count() == 1
        sent = not isinstance(answers[0], Exception)
        assert sent or isinstance(answers[0], NotAllowed), answers
        assert ticket.messages.count() == 1 + sent
        assert ticket.waits.get().counted == sent


def test_a_lively_conversation_never_has_two_waits(arena: Arena) -> None:
    for _ in range(ROUNDS):
        ticket = arena.ticket("order_status")

        answers = race(
            *[partial(reply, ticket, "Question.", arena.ada)] * 3,
            *[partial(reply, ticket, "Answer.", arena.cast.mehmet)] * 3,
            partial(reply, ticket, "Support.", arena.cast.sofia),
        )

        assert not [answer for answer in answers if isinstance(answer, Exception)], answers
        assert ticket.messages.count() == 8
        assert_consistent(ticket)


def test_four_sweeps_at_once_have_one_effect(arena: Arena) -> None:
    # A sweep takes so many at once, and other races have left silent customers and unanswered questions behind.
    Ticket.objects.filter(state=State.WITH_CUSTOMER).update(state=State.CLOSED_FOR_GOOD)
    Wait.objects.filter(ended_at=None).update(ended_at=F("started_at"), counted=False)
    late, purchase, silent = arena.ticket("order_status"), arena.ticket(), arena.ticket("order_status")
    silent.reply("Which size?", by=arena.cast.mehmet)
    with time_machine.travel(timezone.now() + timedelta(hours=30), tick=False):
        race(*[partial(jobs.sweep_due_soon, {})] * 4)
    with time_machine.travel(timezone.now() + timedelta(days=5), tick=False):
        race(*[partial(sweep, {}) for sweep in (jobs.sweep_overdue, jobs.sweep_silent) for _ in range(4)])
    with time_machine.travel(timezone.now() + timedelta(days=9), tick=False):
        race(*[partial(jobs.sweep_silent, {})] * 4)

    def count(ticket: Ticket) -> Counter[str]:
        return Counter(Event.objects.filter(ticket_id=ticket.pk).values_list("verb", flat=True))

    assert count(late) == {"open": 1, Verb.MARK_LATE: 1}
    assert count(purchase) == {"open": 1, Verb.MARK_LATE: 1, Verb.TAKE_OVER: 1}
    assert count(silent) == {"open": 1, Verb.REPLY: 1, Verb.REMIND: 1, Verb.CLOSE: 1}
    told = Event.objects.filter(verb="due_soon", merchant_id=arena.cast.store.pk)
    assert sum(len(event.data["tickets"]) for event in told) == 2
    assert Wait.objects.get(ticket=purchase).counted
    for ticket in (late, purchase, silent):
        assert_consistent(ticket)


def test_an_answer_and_the_takeover_at_once(arena: Arena) -> None:
    for _ in range(ROUNDS):
        ticket = arena.ticket()
        with time_machine.travel(timezone.now() + timedelta(days=3), tick=False):
            answers = race(
                partial(reply, ticket, "Sorry!", replace(arena.cast.mehmet, at=timezone.now())),
                partial(jobs.sweep_overdue, {}),
            )

        assert not [answer for answer in answers if isinstance(answer, Exception)], answers
        assert_consistent(ticket)
        assert ticket.waits.get().is_late
        assert ticket.messages.count() == 2


def test_ratings_and_drafts_at_once_are_one(arena: Arena) -> None:
    ticket = arena.ticket("order_status")
    ticket.close(by=arena.ada)

    answers = race(
        *(
            partial(rate, Ticket.objects.get(pk=ticket.pk), helpful=helpful, comment="", by=arena.ada)
            for helpful in (True, False, True, False)
        ),
        *[partial(Draft.keep, ticket.pk, "Dear", by=arena.ada)] * 4,
    )

    assert not [answer for answer in answers if isinstance(answer, Exception)], answers
    assert Rating.objects.filter(ticket=ticket).count() == 1
    assert Draft.objects.filter(ticket=ticket).count() == 1


@pytest.mark.postgres
def test_who_writes_for_one_store_waits_for_nobody_else(arena: Arena) -> None:
    """Eight programs of one store, and of one customer, write at once: only who writes on the same ticket waits."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    first, second, item, other = arena.ticket(), arena.ticket(), arena.item(), arena.item()
    program = replace(arena.cast.mehmet, user_id=None, app="token-1")

    def meanwhile(deed: Callable[[], Any]) -> Any:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        return deed()

    with transaction.atomic():  # a write that takes its time
        with Ticket.held(first.public_id, program) as held:
            held.reply("Yes.", by=program)
        arena.ticket(item=item)
        done = race(
            partial(meanwhile, lambda: reply(second, "Yes, too.", program)),
            partial(meanwhile, lambda: arena.ticket(item=other)),
            partial(meanwhile, lambda: reply(first, "Me first.", arena.cast.merve)),
        )

    assert [type(one) for one in done] == [Message, Ticket, OperationalError], done
    assert [message.body for message in first.messages.all()] == ["It came broken.", "Yes."]
