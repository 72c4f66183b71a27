"""A translation on its way: asked for by a reader, made by the worker, stored with its message, failures in words."""

from datetime import timedelta
from typing import Any

import pytest

from marketdesk import schedule
from marketdesk.journal.models import Job
from marketdesk.people.actor import Actor
from marketdesk.tickets.models import Message, Ticket
from marketdesk.translations import hearing, translating, viewing
from marketdesk.translations.engines import WHY, Failed
from marketdesk.translations.models import Translation, Wanted
from marketdesk.translations.viewing import View
from tests.translations.conftest import Upper

pytestmark = pytest.mark.django_db


@pytest.fixture
def message(ticket: Ticket, ada: Actor) -> Message:
    ticket.reply("Wo ist mein Paket A-1234567?", by=ada, language="de")
    return ticket.messages.latest("pk")


def work() -> None:
    schedule.slow_worker().run_due()


def ask(message: Message, by: Actor, language: str = "tr") -> View:
    found = viewing.alone(message.pk, message.ticket, language, by=by, asked={}, deed=True)
    assert found
    return found.view


def test_a_message_is_asked_for_and_then_there(message: Message, mehmet: Actor, engine: Upper) -> None:
    first = ask(message, mehmet)
    work()
    then = viewing.view(message, "tr")

    assert first.is_working
    assert then.translation
    assert then.translation.body == "WO IST MEIN PAKET A-1234567?"
    assert then.translation.engine == "Upper"
    assert then.translation.by_machine
    message.refresh_from_db()
    assert message.body == "Wo ist mein Paket A-1234567?"


def test_an_engine_never_reads_a_number(message: Message, mehmet: Actor, engine: Upper) -> None:
    ask(message, mehmet)
    work()

    assert engine.asked == [("Wo ist mein Paket (701)?", "de", "tr")]


def test_whoever_asks_again_while_it_is_made_or_there_asks_no_engine(
    message: Message, mehmet: Actor, sofia: Actor, engine: Upper
) -> None:
    ask(message, mehmet)
    ask(message, sofia)
    work()
    ask(message, mehmet)
    work()

    assert len(engine.asked) == 1
    assert Translation.objects.count() == 1


def test_a_job_that_runs_twice_makes_it_once(message: Message, mehmet: Actor, engine: Upper) -> None:
    ask(message, mehmet)
    (job,) = Job.objects.filter(kind="translate")

    translating.translate(job.payload)
    translating.translate(job.payload)

    assert len(engine.asked) == 1


@pytest.mark.parametrize("code", sorted(WHY))
def test_a_failure_is_said_in_words_and_can_be_tried_again(
    message: Message, mehmet: Actor, engine: Upper, code: str
) -> None:
    engine.failure = Failed(code, "secret detail k-1")
    ask(message, mehmet)
    work()
    failed = viewing.view(message, "tr")
    engine.failure = None
    again = ask(message, mehmet)
    work()

    assert failed.why == str(WHY[code])
    assert "k-1" not in failed.why
    assert again.is_working
    assert viewing.view(message, "tr").translation


def test_an_engine_that_breaks_is_a_failure_and_no_job_is_stuck(message: Message, mehmet: Actor, engine: Upper) -> None:
    engine.failure = RuntimeError("boom")
    ask(message, mehmet)
    work()

    assert viewing.view(message, "tr").why == str(WHY["away"])
    assert not Job.objects.filter(kind="translate", done_at=None).exists()


def test_a_translation_that_lost_a_number_is_not_shown(message: Message, mehmet: Actor, engine: Upper) -> None:
    engine.answer = "Where is my parcel?"
    ask(message, mehmet)
    work()

    assert viewing.view(message, "tr").why == str(WHY["damaged"])
    assert not Translation.objects.exists()


def test_a_translation_that_lost_most_of_its_text_is_not_shown(
    ticket: Ticket, ada: Actor, mehmet: Actor, engine: Upper
) -> None:
    ticket.reply("Das Paket ist leider immer noch nicht da. " * 20, by=ada, language="de")
    engine.answer = "The parcel."
    ask(ticket.messages.latest("pk"), mehmet)
    work()

    assert viewing.view(ticket.messages.latest("pk"), "tr").why == str(WHY["damaged"])


def test_what_is_too_long_asks_no_engine(ticket: Ticket, ada: Actor, mehmet: Actor, engine: Upper) -> None:
    ticket.reply("Wo ist mein Paket? " * 400, by=ada, language="de")
    ask(ticket.messages.latest("pk"), mehmet)
    work()

    assert viewing.view(ticket.messages.latest("pk"), "tr").why == str(WHY["long"])
    assert engine.asked == []


def test_capitals_are_not_shouted_at_the_engine(ticket: Ticket, ada: Actor, mehmet: Actor, engine: Upper) -> None:
    ticket.reply("WO IST MEIN PAKET?", by=ada, language="de")
    ask(ticket.messages.latest("pk"), mehmet)
    work()

    assert engine.asked[0][0] == "Wo ist mein paket?"


def test_a_message_in_no_known_language_says_so(ticket: Ticket, ada: Actor, mehmet: Actor, engine: Upper) -> None:
    ticket.reply("???", by=ada, language="")
    ask(ticket.messages.latest("pk"), mehmet)
    work()

    assert viewing.view(ticket.messages.latest("pk"), "tr").why == str(WHY["unknown"])


def test_what_was_made_of_a_language_that_was_set_right_meanwhile_is_dropped(
    message: Message, mehmet: Actor, engine: Upper
) -> None:
    ask(message, mehmet)
    wanted = Wanted.objects.select_related("message").get()
    wanted.engine = "Upper"
    hearing.correct(message, "nl")

    translating._keep(wanted, "nonsense")

    assert not Translation.objects.exists()


def test_a_worker_that_died_leaves_a_request_that_can_be_made_again(
    now: Any, message: Message, mehmet: Actor, engine: Upper
) -> None:
    ask(message, mehmet)
    Job.objects.all().delete()

    now.shift(timedelta(minutes=3))
    lost = viewing.view(message, "tr")
    ask(message, Actor(mehmet.party, user_id=mehmet.user_id, merchant_id=mehmet.merchant_id))
    work()

    assert not lost.is_working
    assert viewing.view(message, "tr").translation


def test_no_mail_waits_for_a_translation(message: Message, mehmet: Actor, engine: Upper) -> None:
    ask(message, mehmet)

    schedule.worker().run_due()

    assert engine.asked == []
    assert Job.objects.filter(kind="translate", done_at=None).count() == 1


def test_without_an_engine_nothing_is_asked_for(message: Message, mehmet: Actor) -> None:
    assert ask(message, mehmet).has_no_engine
    assert not Wanted.objects.exists()


def test_a_stranger_can_ask_for_nothing(message: Message, rival: Actor, engine: Upper) -> None:
    """The door finds no such ticket; and of a ticket of theirs no message of another."""
    other = Ticket.objects.exclude(pk=message.ticket_id).first()

    assert other is None or viewing.alone(message.pk, other, "tr", by=rival, asked={}, deed=True) is None


def test_what_was_asked_for_long_ago_is_forgotten_and_what_came_of_it_stays(
    now: Any, message: Message, mehmet: Actor, engine: Upper
) -> None:
    ask(message, mehmet)
    work()
    now.shift(timedelta(days=2))

    translating.sweep_wanted({})

    assert not Wanted.objects.exists()
    assert viewing.view(message, "tr").translation
