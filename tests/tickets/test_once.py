"""A deed is done once, however often it is sent, and never over something new."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from marketdesk.journal.models import AlreadyDone, Deed, KeyReused
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.tickets.errors import NotAllowed, SomethingNew
from marketdesk.tickets.models import Attachment, Ticket
from marketdesk.tickets.rules import State
from tests.moments import later
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


# Keys


def test_the_same_key_twice_sends_one_message(ticket: Ticket, mehmet: Actor) -> None:
    sender = mehmet.with_form("key-1", None)
    ticket.reply("It is on its way.", by=sender)

    with nothing_changed(), pytest.raises(AlreadyDone) as done:
        ticket.reply("It is on its way.", by=sender)

    assert done.value.answer["ticket"] == ticket.public_id


def test_the_same_key_with_other_words_is_refused(ticket: Ticket, mehmet: Actor) -> None:
    sender = mehmet.with_form("key-1", None)
    ticket.reply("It is on its way.", by=sender)

    with nothing_changed(), pytest.raises(KeyReused) as refusal:
        ticket.reply("It is lost.", by=sender)

    assert "already sent" in str(refusal.value)


def test_the_same_key_for_another_deed_or_ticket_is_refused(ticket: Ticket, question: Ticket, mehmet: Actor) -> None:
    sender = mehmet.with_form("key-1", None)
    ticket.reply("Yes.", by=sender)

    with nothing_changed(), pytest.raises(KeyReused):
        question.reply("Yes.", by=sender)
    with nothing_changed(), pytest.raises(KeyReused):
        ticket.resolve("Yes.", by=sender)


def test_keys_of_two_people_have_nothing_to_do_with_each_other(ticket: Ticket, mehmet: Actor, sofia: Actor) -> None:
    ticket.reply("Yes.", by=mehmet.with_form("key-1", None))

    ticket.reply("Yes.", by=sofia.with_form("key-1", None))

    assert ticket.messages.count() == 3


def test_a_refused_deed_leaves_its_key_free(purchase: Ticket, mehmet: Actor) -> None:
    sender = mehmet.with_form("key-1", None)
    with nothing_changed(), pytest.raises(NotAllowed):
        purchase.close(by=sender)

    purchase.reply("Sorry!", by=mehmet)
    purchase.close(by=sender)

    assert purchase.state == State.CLOSED
    assert Deed.objects.count() == 1


def test_opening_twice_with_one_key_opens_one_ticket(ask: Callable[..., Ticket], ada: Actor, order: Any) -> None:
    sender = ada.with_form("key-1", None)
    first = ask("order_status", by=sender)

    with nothing_changed(), pytest.raises(AlreadyDone) as done:
        ask("order_status", by=sender)

    assert done.value.answer["ticket"] == first.public_id
    with nothing_changed(), pytest.raises(KeyReused):
        ask("order_status", by=sender, items=[order.items.last()])


def test_a_picture_added_under_an_old_key_is_not_lost_silently(ticket: Ticket, mehmet: Actor, picture: Any) -> None:
    sender = mehmet.with_form("key-1", None)
    ticket.reply("See here.", by=sender)
    kept = Attachment.keep(picture(), "proof.png", by=mehmet)

    with nothing_changed(), pytest.raises(KeyReused):
        ticket.reply("See here.", by=sender, pictures=[kept])


def test_a_double_click_with_a_picture_is_one_message(ticket: Ticket, mehmet: Actor, picture: Any) -> None:
    """The twin uploads its own copy, or finds that the kept one is sent already."""
    sender = mehmet.with_form("key-1", None)
    first, twin = (Attachment.keep(picture(), "proof.png", by=mehmet) for _ in range(2))
    ticket.reply("See here.", by=sender, pictures=[first])

    for pictures in ([twin], []):
        with nothing_changed(), pytest.raises(AlreadyDone):
            ticket.reply("See here.", by=sender, pictures=pictures)


# What was seen


def test_an_answer_to_an_old_page_is_not_sent(ticket: Ticket, mehmet: Actor, ada: Actor) -> None:
    page = mehmet.with_form("key-1", ticket.last_seen_by(mehmet))
    ticket.reply("Never mind, it is here!", by=ada)

    with nothing_changed(), pytest.raises(SomethingNew) as refusal:
        ticket.reply("Where do you live?", by=page)
    assert "Something new" in str(refusal.value)

    ticket.reply("Glad to hear.", by=replace(page, seen=ticket.last_seen_by(mehmet)))
    assert ticket.messages.count() == 3


@pytest.mark.parametrize("quiet", ["note", "assign", "mark_late", "remind"])
def test_what_does_not_concern_the_merchant_does_not_disturb_them(
    quiet: str, ticket: Ticket, mehmet: Actor, sofia: Actor, ada: Actor
) -> None:
    clock = Actor(Party.CLOCK, at=later(ada, days=10).at)
    if quiet == "remind":
        ticket.reply("Which size?", by=mehmet)
    page = mehmet.with_form("key-1", ticket.last_seen_by(mehmet))
    deeds: dict[str, Callable[[], object]] = {
        "note": lambda: ticket.note("Hm.", by=sofia),
        "assign": lambda: ticket.assign(None, by=sofia),
        "mark_late": lambda: ticket.mark_late(by=clock),
        "remind": lambda: ticket.remind_customer(by=clock),
    }
    deeds[quiet]()

    ticket.reply("It is on its way.", by=page)

    assert ticket.state == State.WITH_CUSTOMER


def test_an_appeal_does_not_disturb_the_customer_who_cannot_read_it(
    purchase: Ticket, mehmet: Actor, ada: Actor
) -> None:
    page = ada.with_form("key-1", purchase.last_seen_by(ada))
    purchase.appeal("She wants too much.", by=mehmet)

    purchase.reply("Any news?", by=page)

    assert purchase.state == State.WITH_SUPPORT


def test_a_takeover_disturbs_the_merchant(ticket: Ticket, mehmet: Actor, sofia: Actor) -> None:
    page = mehmet.with_form("key-1", ticket.last_seen_by(mehmet))
    ticket.take_over(by=sofia)

    with nothing_changed(), pytest.raises(SomethingNew):
        ticket.reply("It is on its way.", by=page)


# Programs without keys


@pytest.fixture
def program(mehmet: Actor) -> Actor:
    return replace(mehmet, user_id=None, app="token-1")


def test_a_program_that_repeats_itself_within_a_minute_said_it_once(ticket: Ticket, program: Actor) -> None:
    ticket.reply("It is on its way.", by=program)

    with nothing_changed(), pytest.raises(AlreadyDone):
        ticket.reply("It is on its way.", by=later(program, seconds=60))

    ticket.reply("It is on its way.", by=later(program, seconds=60, microseconds=1))
    assert ticket.messages.count() == 3


def test_a_program_may_say_something_else_at_once(ticket: Ticket, program: Actor) -> None:
    ticket.reply("It is on its way.", by=program)
    ticket.reply("Tracking: TR-1.", by=program)

    assert ticket.messages.count() == 3


def test_another_program_and_a_person_may_say_the_same(ticket: Ticket, program: Actor, mehmet: Actor) -> None:
    ticket.reply("It is on its way.", by=program)
    ticket.reply("It is on its way.", by=replace(program, app="token-2"))
    ticket.reply("It is on its way.", by=mehmet)
    ticket.reply("It is on its way.", by=mehmet)

    assert ticket.messages.count() == 5


def test_with_something_in_between_it_is_no_repetition(ticket: Ticket, program: Actor, ada: Actor) -> None:
    ticket.reply("Yes.", by=program)
    ticket.reply("In red?", by=ada)
    ticket.reply("Yes.", by=program)

    assert ticket.messages.count() == 4


def test_what_the_program_cannot_see_does_not_come_in_between(ticket: Ticket, program: Actor, sofia: Actor) -> None:
    ticket.reply("Yes.", by=program)
    ticket.note("They answer by machine.", by=sofia)

    with nothing_changed(), pytest.raises(AlreadyDone):
        ticket.reply("Yes.", by=program)


@pytest.mark.parametrize("deed", ["close", "resolve", "appeal", "reopen"])
def test_every_call_can_be_repeated(deed: str, ticket: Ticket, purchase: Ticket, program: Actor, ada: Actor) -> None:
    about = purchase if deed == "appeal" else ticket
    if deed == "reopen":
        ticket.close(by=ada)
    calls: dict[str, Callable[[], object]] = {
        "close": lambda: about.close(by=program),
        "resolve": lambda: about.resolve("Done.", by=program),
        "appeal": lambda: about.appeal("", by=program),
        "reopen": lambda: about.reopen("Sorry, once more.", by=program),
    }
    calls[deed]()

    with nothing_changed(), pytest.raises(AlreadyDone):
        calls[deed]()
