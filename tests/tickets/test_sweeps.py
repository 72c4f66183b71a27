"""What the clock starts by itself happens once, however often and however late it looks (K2 of the programme)."""

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage

from marketdesk.journal.models import Audience, Deed, Event
from marketdesk.people.actor import Actor, clock
from marketdesk.policy import promises
from marketdesk.tickets import jobs
from marketdesk.tickets.models import Attachment, Ticket
from marketdesk.tickets.rules import Desk, State, Verb
from tests.moments import later
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def still(now: Any) -> None:
    """Every test begins at the same moment."""


def events(ticket: Ticket, verb: str) -> int:
    return Event.objects.filter(ticket_id=ticket.pk, verb=verb).count()


def change(sofia: Actor, **values: Any) -> None:
    promises.change(values, reason="Another promise.", by=sofia)
    promises.forget()


# Overdue


def test_nothing_happens_up_to_the_due_moment(now: Any, ticket: Ticket, purchase: Ticket) -> None:
    now.shift(timedelta(hours=48))

    with nothing_changed():
        jobs.sweep_overdue({})


def test_an_overdue_question_is_marked_late_once_and_stays(now: Any, ticket: Ticket, mehmet: Actor, ada: Actor) -> None:
    now.shift(timedelta(hours=48, microseconds=1))

    for _ in range(4):
        jobs.sweep_overdue({})
        now.shift(timedelta(minutes=5))

    ticket.refresh_from_db()
    assert ticket.state == State.WITH_MERCHANT
    assert events(ticket, Verb.MARK_LATE) == 1
    assert events(ticket, Verb.TAKE_OVER) == 0
    assert Verb.MARK_LATE not in [event.verb for event in ticket.events_for(ada)], "not the customer's business"
    assert Verb.MARK_LATE in [event.verb for event in ticket.events_for(mehmet)]


def test_an_overdue_purchase_is_taken_over_once(now: Any, purchase: Ticket, mehmet: Actor) -> None:
    now.shift(timedelta(days=3))

    for _ in range(4):
        jobs.sweep_overdue({})

    purchase.refresh_from_db()
    assert (purchase.state, purchase.desk, purchase.due_at) == (State.WITH_SUPPORT, Desk.PLATFORM, None)
    assert events(purchase, Verb.MARK_LATE) == events(purchase, Verb.TAKE_OVER) == 1
    assert purchase.waits.get().counted
    assert Ticket.objects.visible_to(mehmet).filter(pk=purchase.pk).exists()


@pytest.mark.parametrize("takeover", ["offer", "never"])
def test_the_policy_can_leave_the_takeover_to_people(now: Any, purchase: Ticket, sofia: Actor, takeover: str) -> None:
    change(sofia, takeover=takeover)
    now.shift(timedelta(days=3))

    jobs.sweep_overdue({})

    purchase.refresh_from_db()
    assert purchase.state == State.WITH_MERCHANT
    assert events(purchase, Verb.MARK_LATE) == 1


def test_each_wait_is_marked_late_for_itself(now: Any, ticket: Ticket, mehmet: Actor, ada: Actor) -> None:
    now.shift(timedelta(days=3))
    jobs.sweep_overdue({})
    ticket.reply("Sorry.", by=later(mehmet, days=3))
    ticket.reply("And now?", by=later(ada, days=3))

    now.shift(timedelta(days=3))
    jobs.sweep_overdue({})
    jobs.sweep_overdue({})

    assert events(ticket, Verb.MARK_LATE) == 2


def test_one_ticket_that_was_just_answered_stops_no_other(
    now: Any, ticket: Ticket, question: Ticket, mehmet: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep has read both as overdue when the merchant answers the first."""
    now.shift(timedelta(days=3))
    mark_late = Ticket.mark_late

    def answered_meanwhile(self: Ticket, *, by: Actor) -> None:
        if self.pk == ticket.pk:
            Ticket.objects.get(pk=ticket.pk).reply("Just in time.", by=later(mehmet, days=3))
        mark_late(self, by=by)

    monkeypatch.setattr(Ticket, "mark_late", answered_meanwhile)
    jobs.sweep_overdue({})

    assert events(ticket, Verb.MARK_LATE) == 0
    assert events(question, Verb.MARK_LATE) == 1


def test_a_late_mark_is_told_once_even_when_it_is_asked_for_twice(now: Any, ticket: Ticket) -> None:
    now.shift(timedelta(days=3))

    ticket.mark_late(by=clock())
    ticket.mark_late(by=clock())

    assert ticket.is_overdue(clock().at)
    assert events(ticket, Verb.MARK_LATE) == 1


# Due soon


def digests() -> list[tuple[int, list[int]]]:
    return [(event.data["hours"], event.data["tickets"]) for event in Event.objects.filter(verb="due_soon")]


def test_a_merchant_is_reminded_at_24_and_6_hours_once_each_in_one_digest(
    now: Any, ticket: Ticket, question: Ticket, purchase: Ticket
) -> None:
    for _ in range(48 * 4):
        now.shift(timedelta(minutes=15))
        jobs.sweep_due_soon({})

    everything = sorted([ticket.pk, question.pk, purchase.pk])
    assert [(hours, sorted(found)) for hours, found in digests()] == [(24, everything), (6, everything)]
    event = Event.objects.filter(verb="due_soon")[0]
    assert (event.audience, event.merchant_id, event.ticket_id) == (Audience.STAFF, ticket.merchant_id, None)


def test_an_answered_ticket_is_not_in_the_digest(now: Any, ticket: Ticket, question: Ticket, mehmet: Actor) -> None:
    ticket.reply("Here.", by=mehmet)
    now.shift(timedelta(hours=25))

    jobs.sweep_due_soon({})

    assert digests() == [(24, [question.pk])]


def test_a_clock_that_slept_past_a_stage_reminds_once(now: Any, ticket: Ticket) -> None:
    now.shift(timedelta(hours=43))

    for _ in range(4):
        jobs.sweep_due_soon({})

    assert digests() == [(6, [ticket.pk])]


def test_nobody_is_reminded_of_what_is_overdue(now: Any, ticket: Ticket) -> None:
    now.shift(timedelta(hours=48))

    jobs.sweep_due_soon({})

    assert digests() == []


# Silent customers


def test_a_silent_customer_is_reminded_after_4_days_and_the_ticket_closed_after_7(
    now: Any, ticket: Ticket, mehmet: Actor, ada: Actor
) -> None:
    ticket.reply("Which size?", by=mehmet)
    states: dict[tuple[str, bool], int] = {}
    for hour in range(1, 9 * 24):
        now.shift(timedelta(hours=1))
        jobs.sweep_silent({})
        ticket.refresh_from_db()
        states.setdefault((ticket.state, ticket.reminded_at is not None), hour)

    assert states == {
        (State.WITH_CUSTOMER, False): 1,
        (State.WITH_CUSTOMER, True): 4 * 24,
        (State.CLOSED, True): 7 * 24,
    }
    assert events(ticket, Verb.REMIND) == events(ticket, Verb.CLOSE) == 1
    assert (ticket.closed_by, ticket.closed_how) == ("clock", "silence")
    assert Verb.REOPEN in ticket.can(later(ada, days=20))


def test_an_answer_begins_the_silence_anew(now: Any, ticket: Ticket, mehmet: Actor, ada: Actor) -> None:
    ticket.reply("Which size?", by=mehmet)
    now.shift(timedelta(days=5))
    jobs.sweep_silent({})
    ticket.reply("Large.", by=later(ada, days=5))
    ticket.reply("And the colour?", by=later(mehmet, days=5))

    now.shift(timedelta(days=3))
    jobs.sweep_silent({})
    ticket.refresh_from_db()
    assert (ticket.state, events(ticket, Verb.REMIND)) == (State.WITH_CUSTOMER, 1)

    now.shift(timedelta(days=1))
    jobs.sweep_silent({})
    assert events(ticket, Verb.REMIND) == 2


def test_a_clock_that_slept_for_weeks_reminds_before_it_closes(now: Any, ticket: Ticket, mehmet: Actor) -> None:
    ticket.reply("Which size?", by=mehmet)
    now.shift(timedelta(days=30))

    for _ in range(4):
        jobs.sweep_silent({})
    ticket.refresh_from_db()
    assert (ticket.state, events(ticket, Verb.REMIND)) == (State.WITH_CUSTOMER, 1)

    now.shift(timedelta(days=3))
    for _ in range(4):
        jobs.sweep_silent({})
    ticket.refresh_from_db()
    assert (ticket.state, events(ticket, Verb.CLOSE)) == (State.CLOSED, 1)


def test_an_answer_during_the_sweep_is_not_closed_over(
    now: Any, ticket: Ticket, question: Ticket, mehmet: Actor, ada: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Customer and merchant speak while the sweep is busy with another ticket: the silence is over."""
    for one in (ticket, question):
        one.reply("Which size?", by=mehmet)
    now.shift(timedelta(days=4))
    jobs.sweep_silent({})
    now.shift(timedelta(days=4))
    close = Ticket.close

    def meanwhile(self: Ticket, *, by: Actor, how: str = "") -> None:
        other = Ticket.objects.exclude(pk=self.pk).get()
        other.reply("Large.", by=later(ada, days=8))
        other.reply("And the colour?", by=later(mehmet, days=8))
        close(self, by=by, how=how)

    monkeypatch.setattr(Ticket, "close", meanwhile)
    jobs.sweep_silent({})

    assert sorted(Ticket.objects.values_list("state", flat=True)) == [State.CLOSED, State.WITH_CUSTOMER]


def test_a_clock_that_slept_three_days_catches_up_once(
    now: Any, ticket: Ticket, purchase: Ticket, question: Ticket, mehmet: Actor
) -> None:
    question.reply("In brass, yes.", by=mehmet)
    now.shift(timedelta(days=5))

    for _ in range(4):
        for sweep in (jobs.sweep_overdue, jobs.sweep_due_soon, jobs.sweep_silent, jobs.sweep_leftovers):
            sweep({})

    assert [events(ticket, Verb.MARK_LATE), events(purchase, Verb.TAKE_OVER), events(question, Verb.REMIND)] == [1] * 3
    assert digests() == []


# Leftovers


def test_old_keys_and_pictures_that_were_never_sent_go(now: Any, ticket: Ticket, mehmet: Actor, picture: Any) -> None:
    sent = Attachment.keep(picture("blue"), "sent.png", by=mehmet)
    left = Attachment.keep(picture("red"), "left.png", by=mehmet)
    twin = Attachment.keep(picture("blue"), "twin.png", by=mehmet)
    ticket.reply("See here.", by=mehmet.with_form("key-1", None), pictures=[sent])

    now.shift(timedelta(days=3))
    jobs.sweep_leftovers({})

    assert list(Attachment.objects.all()) == [sent]
    assert default_storage.exists(sent.path)
    assert default_storage.exists(twin.path), "the twin's file is the sent one's too"
    assert not default_storage.exists(left.path)
    assert not default_storage.exists(left.thumbnail_path)
    assert Deed.objects.count() == 1

    now.shift(timedelta(days=30))
    jobs.sweep_leftovers({})
    assert Deed.objects.count() == 0


def test_files_that_no_row_ever_named_go_when_they_are_old(now: Any, ada: Actor, picture: Any) -> None:
    kept, old, young = (Attachment.keep(picture(color), "x.png", by=ada) for color in ("blue", "red", "green"))
    Attachment.objects.exclude(pk=kept.pk).delete()  # as if what they came with had been refused
    for one, days in ((kept, 1), (old, 3), (young, 1)):
        for path in (one.path, one.thumbnail_path):
            at = later(ada, days=-days).at.timestamp()
            os.utime(default_storage.path(path), (at, at))

    jobs.sweep_leftovers({})

    assert [default_storage.exists(one.path) for one in (kept, old, young)] == [True, False, True]
    assert not default_storage.exists(old.thumbnail_path)


def test_what_is_wrong_with_one_ticket_keeps_no_other_waiting(
    now: Any, ask: Callable[..., Ticket], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = ask("item_problem"), ask("item_problem")
    take_over = Ticket.take_over

    def fails_for_one(ticket: Ticket, *, by: Actor) -> None:
        if ticket.pk == broken.pk:
            raise ZeroDivisionError
        take_over(ticket, by=by)

    monkeypatch.setattr(Ticket, "take_over", fails_for_one)
    now.shift(timedelta(hours=49))

    jobs.sweep_overdue({})

    broken.refresh_from_db()
    sound.refresh_from_db()
    assert (broken.state, sound.state) == (State.WITH_MERCHANT, State.WITH_SUPPORT)
    assert str(broken.pk) in caplog.text
