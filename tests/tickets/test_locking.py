"""A verb locks its ticket by a statement that is kept: it goes through the one gate, and writes what verbs change."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from django.db import transaction

from marketdesk.lib import whole
from marketdesk.people.actor import Actor, Link, clock
from marketdesk.people.models import User
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.models.ticket import NEVER_CHANGE, _locked

pytestmark = pytest.mark.django_db


def actors(ticket: Ticket, others: Ticket, *known: Actor) -> Iterator[Actor]:
    """Everybody of the cast, as themselves, by a program, by links and without what they are known by."""
    for actor in (*known, clock()):
        yield actor
        yield replace(actor, app="program")
        yield replace(actor, user_id=None, merchant_id=None)
        yield replace(actor, merchant_id=ticket.merchant_id)
        for pk, generation in ((ticket.pk, 0), (ticket.pk, 1), (others.pk, 0)):
            yield replace(actor, link=Link(pk, generation))


def test_a_verb_finds_exactly_what_the_gate_lets_through(
    ticket: Ticket, hidden: Ticket, ada: Actor, mehmet: Actor, sofia: Actor, rival: Actor
) -> None:
    Ticket.objects.filter(pk=hidden.pk).update(is_sandbox=True)
    told_apart = set()
    for one in (ticket, hidden):
        for actor in actors(ticket, hidden, ada, mehmet, sofia, rival):
            may_see = Ticket.objects.visible_to(actor).filter(pk=one.pk).exists()
            for name, value in (("pk", one.pk), ("public_id", one.public_id)):
                if may_see:
                    assert _locked(name, value, actor) == one, actor
                else:
                    with pytest.raises(NotAllowed, match="There is no such ticket"):
                        _locked(name, value, actor)
            told_apart.add((one.pk, may_see))

    assert len(told_apart) == 4


def test_an_erased_customers_link_and_account_open_nothing(ticket: Ticket, ada: Actor, ada_user: User) -> None:
    assert _locked("pk", ticket.pk, ada) == ticket
    User.objects.filter(pk=ada_user.pk).update(erased_at=ticket.opened_at)

    with pytest.raises(NotAllowed):
        _locked("pk", ticket.pk, ada)


@pytest.mark.parametrize(
    "deeds",
    [
        "reply answer reply",
        "resolve reopen close",
        "appeal assign note hand_back",
        "answer close_for_good",
        "end_links reply remind_customer",
    ],
)
def test_what_a_verb_made_of_a_ticket_is_what_is_kept(
    deeds: str, ticket: Ticket, purchase: Ticket, ada: Actor, mehmet: Actor, sofia: Actor, sofia_user: User
) -> None:
    about = purchase if "appeal" in deeds else ticket
    does: dict[str, Callable[[], Any]] = {
        "reply": lambda: about.reply("Yes.", by=mehmet, language="tr"),
        "answer": lambda: about.reply("Danke!", by=ada, language="de"),
        "resolve": lambda: about.resolve("It is on its way.", by=mehmet),
        "reopen": lambda: about.reopen("It is not.", by=ada),
        "close": lambda: about.close(by=ada, how="solved"),
        "close_for_good": lambda: about.close_for_good(by=sofia),
        "appeal": lambda: about.appeal("The parcel is lost.", by=mehmet),
        "assign": lambda: about.assign(sofia_user, by=sofia),
        "note": lambda: about.note("I have asked the carrier.", by=sofia),
        "hand_back": lambda: about.hand_back(by=sofia),
        "end_links": lambda: about.end_links(by=ada),
        "remind_customer": lambda: about.remind_customer(by=clock()),
    }
    for deed in deeds.split():
        does[deed]()

        kept = Ticket.objects.get(pk=about.pk)
        for field in Ticket._meta.concrete_fields:
            assert getattr(kept, field.attname) == getattr(about, field.attname), (deed, field.name)


def test_who_and_what_it_is_about_is_never_written_again(ticket: Ticket, mehmet: Actor) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(subject="[erased]", routed_by={"rule": "other"})
    ticket.subject, ticket.routed_by = "What Ada wrote", {}

    ticket.reply("Yes.", by=mehmet)

    kept = Ticket.objects.get(pk=ticket.pk)
    assert (kept.subject, kept.routed_by) == ("[erased]", {"rule": "other"})
    assert "id" in NEVER_CHANGE


def test_who_holds_a_ticket_has_locked_it_for_themselves_alone(
    ticket: Ticket, mehmet: Actor, rival: Actor, django_assert_num_queries: Callable[..., Any]
) -> None:
    with pytest.raises(NotAllowed), Ticket.held(ticket.public_id, rival):
        pytest.fail("a rival holds it")

    with Ticket.held(ticket.public_id, mehmet) as held:
        held.reply("Yes.", by=mehmet)
        with pytest.raises(NotAllowed), transaction.atomic():
            held.reply("No.", by=rival)
    with pytest.raises(NotAllowed):  # afterwards it must be looked at again
        held.reply("No.", by=rival)
    assert ticket.messages.count() == 2


def test_a_refusal_leaves_nothing_of_a_whole_deed(ticket: Ticket, mehmet: Actor) -> None:
    def two_deeds() -> None:
        with Ticket.held(ticket.public_id, mehmet) as held:
            held.reply("Yes.", by=mehmet)
            held.close_for_good(by=mehmet)

    with pytest.raises(NotAllowed):
        two_deeds()

    assert ticket.messages.count() == 1
    assert not whole.is_whole()
