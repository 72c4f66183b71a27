"""What somebody began to write is kept until it is sent."""

from dataclasses import replace
from datetime import timedelta

import pytest

from marketdesk.people.actor import Actor
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Beginning, Draft, Ticket

pytestmark = pytest.mark.django_db


def test_a_draft_is_one_persons_own(ticket: Ticket, mehmet: Actor, sofia: Actor) -> None:
    Draft.keep(ticket.pk, "Dear Ada", by=mehmet)
    Draft.keep(ticket.pk, "Dear Ada, it", by=mehmet)

    assert Draft.of(ticket.pk, by=mehmet) == "Dear Ada, it"
    assert Draft.of(ticket.pk, by=sofia) == ""
    assert Draft.objects.count() == 1


@pytest.mark.parametrize("text", ["", " \n", "\x00"])
def test_an_emptied_field_forgets_the_draft(ticket: Ticket, mehmet: Actor, text: str) -> None:
    Draft.keep(ticket.pk, "Dear Ada", by=mehmet)

    Draft.keep(ticket.pk, text, by=mehmet)

    assert not Draft.objects.exists()


def test_sending_forgets_the_draft_and_a_refusal_keeps_it(ticket: Ticket, mehmet: Actor, ada: Actor) -> None:
    Draft.keep(ticket.pk, "Dear Ada", by=mehmet)
    ticket.close(by=ada)
    with pytest.raises(NotAllowed):
        ticket.reply("Dear Ada", by=mehmet)
    assert Draft.of(ticket.pk, by=mehmet) == "Dear Ada"

    ticket.reopen("Dear Ada", by=mehmet)
    assert Draft.of(ticket.pk, by=mehmet) == ""


def test_a_note_takes_the_draft_with_it(ticket: Ticket, sofia: Actor) -> None:
    """Notes and answers are written in the same field."""
    Draft.keep(ticket.pk, "Third complaint", by=sofia)

    ticket.note("Third complaint", by=sofia)

    assert Draft.of(ticket.pk, by=sofia) == ""


def test_a_save_that_comes_after_the_sending_keeps_nothing(ticket: Ticket, mehmet: Actor) -> None:
    ticket.reply("It is on its way.", by=mehmet)

    Draft.keep_unsent(ticket.pk, "It is on its  way.\r\n", by=mehmet)
    assert Draft.of(ticket.pk, by=mehmet) == ""

    Draft.keep_unsent(ticket.pk, "It is on its way, and", by=mehmet)
    assert Draft.of(ticket.pk, by=mehmet) == "It is on its way, and"


def test_an_endless_draft_is_cut(ticket: Ticket, mehmet: Actor) -> None:
    Draft.keep(ticket.pk, "x" * 100_000, by=mehmet)

    assert len(Draft.of(ticket.pk, by=mehmet)) == 20_000


def test_a_beginning_is_one_persons_own(ada: Actor, mehmet: Actor) -> None:
    Beginning.keep("order/O-1", "The lamp", by=ada)
    Beginning.keep("order/O-1", "The lamp is", by=ada)

    assert Beginning.of("order/O-1", by=ada) == "The lamp is"
    assert Beginning.of("order/O-1", by=mehmet) == ""
    assert Beginning.of("order/O-2", by=ada) == ""
    Beginning.keep("order/O-1", " \x00", by=ada)
    assert not Beginning.objects.exists()


def test_the_latest_beginnings_are_kept(ada: Actor, mehmet: Actor) -> None:
    Beginning.keep("order/O-0", "Somebody else's", by=mehmet)
    for number in range(7):
        Beginning.keep(f"order/O-{number}", "Hello", by=replace(ada, at=ada.at + timedelta(minutes=number)))

    assert sorted(Beginning.objects.filter(who=ada.who).values_list("page", flat=True)) == [
        f"order/O-{number}" for number in range(2, 7)
    ]
    assert Beginning.of("order/O-0", by=mehmet) == "Somebody else's"


def test_a_beginning_of_any_length_and_letters_is_kept(ada: Actor) -> None:
    page = "order/\x00" + "x" * 500

    Beginning.keep(page, "y" * 100_000, by=ada)

    assert Beginning.of(page, by=ada).startswith("yyy")


@pytest.mark.django_db(transaction=True)
def test_a_save_whose_ticket_is_gone_meanwhile_keeps_nothing(mehmet: Actor) -> None:
    Draft.keep_unsent(987_654, "Dear Ada", by=mehmet)

    assert not Draft.objects.exists()
