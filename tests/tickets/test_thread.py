"""The conversation as each reader sees it."""

from typing import Any

import pytest

from marketdesk.journal.models import Audience
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.policy import promises
from marketdesk.refunds.refunding import refund_items, settle
from marketdesk.tickets import thread
from marketdesk.tickets.models import Ticket
from tests.moments import later

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def bazario(now: Any, sofia: Actor) -> None:
    promises.change({"platform_name": "Bazario"}, reason="Its name.", by=sofia)
    promises.forget()


def words(ticket: Ticket, actor: Actor) -> list[str]:
    return [entry.words for entry in thread.entries(ticket, actor) if entry.kind == "event"]


def test_each_reader_knows_the_authors_in_their_way(ticket: Ticket, ada: Actor, mehmet: Actor, sofia: Actor) -> None:
    ticket.reply("It is on its way.", by=mehmet)
    ticket.reply("Please be patient.", by=sofia)

    def authors(actor: Actor) -> list[str]:
        return [entry.author for entry in thread.entries(ticket, actor) if entry.kind == "message"]

    assert authors(ada) == ["You", "Anadolu Home", "Bazario Support"]
    assert authors(mehmet) == ["Ada L.", "You", "Bazario Support"]
    assert authors(sofia) == ["Ada L.", "Mehmet Demir", "You"]


def test_nobody_but_support_reads_the_name_of_an_agent(ticket: Ticket, ada: Actor, mehmet: Actor, sofia: Actor) -> None:
    ticket.take_over(by=sofia)
    ticket.reply("We are on it.", by=sofia)
    ticket.close(by=sofia)

    for actor in (ada, mehmet):
        assert "Sofia" not in str([(entry.words, entry.author) for entry in thread.entries(ticket, actor)])


def test_the_whole_life_of_a_purchase_in_words(purchase: Ticket, ada: Actor, mehmet: Actor, sofia: Actor) -> None:
    purchase.reply("Sorry!", by=later(mehmet, hours=1))
    purchase.appeal("I cannot solve this.", by=later(mehmet, hours=2))
    purchase.hand_back(by=later(sofia, hours=3))
    purchase.mark_returned(list(purchase.items.all()), by=later(mehmet, hours=4))
    purchase.mark_late(by=clock(later(ada, hours=52).at))
    purchase.take_over(by=clock(later(ada, hours=53).at))
    (refund,) = refund_items(purchase, list(purchase.items.all()), by=later(sofia, hours=54))
    settle(refund, succeeded=False, by=clock(later(ada, hours=55).at))
    (again,) = refund_items(purchase, list(purchase.items.all()), by=later(sofia, hours=56))
    settle(again, succeeded=True, by=clock(later(ada, hours=57).at))
    purchase.reopen("Thank you, but one question.", by=later(ada, hours=58))
    purchase.reply("Gladly.", by=later(sofia, hours=59))
    purchase.remind_customer(by=clock(later(ada, days=8).at))
    purchase.close(by=clock(later(ada, days=11).at))
    purchase.close_for_good(by=later(sofia, days=12))

    assert words(purchase, mehmet) == [
        "Ada L. opened this ticket",
        "You appealed to Bazario Support",
        "Bazario Support handed this ticket to Anadolu Home",
        "You marked as returned: Table lamp Nara",
        "The time left to reply ran out",
        "Bazario Support took this ticket over",
        "Bazario Support refunded items and closed this ticket",
        "The refund of Table lamp Nara failed; Bazario Support is looking into it",
        "Bazario Support refunded items and closed this ticket",
        "The refund of Table lamp Nara was paid",
        "Ada L. re-opened this ticket",
        "A reminder was sent",
        "Closed, because no answer came",
        "Bazario Support closed this ticket for good",
    ]
    assert set(words(purchase, mehmet)) - set(words(purchase, ada)) == {
        "Ada L. opened this ticket",
        "You appealed to Bazario Support",
        "You marked as returned: Table lamp Nara",
        "The time left to reply ran out",
        "Ada L. re-opened this ticket",
    }
    assert "Anadolu Home appealed to Bazario Support" in words(purchase, sofia)


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("solved", "You closed this ticket: solved"),
        ("not_needed", "You closed this ticket: no longer needed"),
        ("", "You closed this ticket"),
    ],
)
def test_the_customers_own_word_at_the_end(ticket: Ticket, ada: Actor, how: str, told: str) -> None:
    ticket.close(by=ada, how=how)

    assert words(ticket, ada)[-1] == told


def test_resolving_and_assigning_are_told(
    ticket: Ticket, hidden: Ticket, mehmet: Actor, sofia: Actor, sofia_user: User
) -> None:
    ticket.resolve("Done.", by=mehmet)
    hidden.assign(sofia_user, by=sofia)

    assert words(ticket, mehmet)[-1] == "You resolved this ticket"
    assert words(hidden, sofia)[-1] == "You assigned it to Sofia Rossi"


def test_days_divide_the_thread(ticket: Ticket, mehmet: Actor, ada: Actor) -> None:
    ticket.reply("It is on its way.", by=later(mehmet, days=1))
    ticket.reply("Thanks.", by=later(ada, days=1, hours=1))

    kinds = [entry.kind for entry in thread.entries(ticket, ada)]

    assert kinds == ["day", "message", "event", "day", "message", "message"]


def test_a_percent_sign_in_a_name_breaks_nothing(ticket: Ticket, ada: Actor, store: Any) -> None:
    store.name = "100 % Home %(who)s"
    store.save()
    ticket.refresh_from_db()
    ticket.close(by=Actor(ada.party, user_id=ada.user_id, at=ada.at))

    assert words(ticket, ada)[-1] == "You closed this ticket"
    assert "100 % Home %(who)s" in thread.readers(Audience.EVERYONE, ticket, ada)


def test_who_will_read_it_is_said_beforehand(
    ticket: Ticket, hidden: Ticket, ada: Actor, mehmet: Actor, sofia: Actor
) -> None:
    everyone = Audience.EVERYONE

    assert thread.readers(everyone, ticket, ada) == "Anadolu Home and Bazario Support will read this."
    assert thread.readers(everyone, hidden, ada) == "Bazario Support will read this."
    assert thread.readers(everyone, ticket, mehmet) == "Ada L. and Bazario Support will read this."
    assert thread.readers(everyone, ticket, sofia) == "Ada L. and Anadolu Home will read this."
    assert thread.readers(everyone, hidden, sofia) == "Ada L. will read this."
    assert thread.readers(Audience.STAFF, ticket, mehmet) == (
        "Anadolu Home and Bazario Support will read this, Ada L. will not."
    )
    assert thread.readers(Audience.PLATFORM, ticket, sofia) == "Only Bazario Support will read this."
