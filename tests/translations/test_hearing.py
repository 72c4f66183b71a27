"""The language of a message: recognised when it arrives, set right by a person, never over a person's word."""

from typing import Any

import pytest

from marketdesk import schedule
from marketdesk.journal.models import Event
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.tickets.models import LanguageBy, Message, Ticket
from marketdesk.translations import hearing
from marketdesk.translations.models import Translation, Wanted

pytestmark = pytest.mark.django_db

TURKISH = "Siparişim hâlâ gelmedi, iki haftadır bekliyorum, lütfen kontrol eder misiniz?"
POLISH = "Dzień dobry, paczka jeszcze nie dotarła, czekam już dwa tygodnie."


def heard() -> None:
    schedule.worker().run_due()


def last(ticket: Ticket) -> Message:
    return ticket.messages.latest("pk")


def test_a_message_is_in_what_its_words_say_not_in_what_its_author_reads(ticket: Ticket, ada: Actor) -> None:
    ticket.reply(TURKISH, by=ada, language="de")

    heard()

    ticket.refresh_from_db()
    assert (last(ticket).language, last(ticket).language_by) == ("tr", LanguageBy.RECOGNISED)
    assert ticket.language == "tr"


def test_a_fragment_keeps_what_its_author_reads_and_is_not_sure(ticket: Ticket, ada: Actor) -> None:
    ticket.reply("ok", by=ada, language="de")

    heard()

    assert (last(ticket).language, last(ticket).language_by) == ("de", LanguageBy.EXPECTED)


def test_a_message_without_a_language_gets_its_authors(ticket: Ticket, ada: Actor, ada_user: User) -> None:
    ticket.reply("ok", by=ada)

    heard()

    assert last(ticket).language == "de" == ada_user.language


def test_a_merchants_message_is_recognised_too_and_leaves_the_customers_language(ticket: Ticket, mehmet: Actor) -> None:
    before = ticket.language
    ticket.reply(POLISH, by=mehmet, language="en")

    heard()

    ticket.refresh_from_db()
    assert last(ticket).language == "pl"
    assert ticket.language == before


def test_only_the_last_message_of_a_customer_says_what_a_ticket_is_in(ticket: Ticket, ada: Actor) -> None:
    ticket.reply(POLISH, by=ada, language="de")
    first = last(ticket)
    ticket.reply(TURKISH, by=ada, language="de")
    heard()

    hearing.correct(first, "nl")

    ticket.refresh_from_db()
    assert ticket.language == "tr"


def test_a_persons_word_is_never_written_over(ticket: Ticket, ada: Actor) -> None:
    ticket.reply(TURKISH, by=ada, language="de")
    hearing.correct(last(ticket), "pl")

    heard()

    assert (last(ticket).language, last(ticket).language_by) == ("pl", LanguageBy.PERSON)


def test_what_a_machine_made_of_the_wrong_language_is_forgotten(ticket: Ticket, ada: Actor) -> None:
    ticket.reply(TURKISH, by=ada, language="de")
    message = last(ticket)
    Translation.objects.create(message=message, language="en", engine="Nonsense", body="Siparis is a fish")
    Translation.objects.create(message=message, language="en", engine="human", body="My order has not come")
    Wanted.of_message(message, "fr", by=ada)

    hearing.correct(message, "tr")

    assert [one.engine for one in Translation.objects.filter(message=message)] == ["human"]
    assert not Wanted.objects.filter(message=message).exists()


def test_an_event_that_is_told_twice_is_heard_once(ticket: Ticket, ada: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket.reply(TURKISH, by=ada, language="de")
    event = Event.objects.filter(ticket_id=ticket.pk).latest("pk")
    hearing.follow(event)
    asked: list[Any] = []
    monkeypatch.setattr(hearing, "recognise", lambda *given: asked.append(given))

    hearing.follow(event)

    assert asked == []
