"""Whether the answer helped (M96, D5)."""

import pytest

from marketdesk.journal.models import Event
from marketdesk.people.actor import Actor, clock
from marketdesk.performance.models import Rating
from marketdesk.performance.rating import can_rate, is_asked, rate
from marketdesk.policy import promises
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import Desk
from tests.conftest import make_order
from tests.moments import later
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


def test_a_rating_belongs_to_the_merchant_who_closed_it(ticket: Ticket, mehmet: Actor, ada: Actor) -> None:
    ticket.resolve("It is on its way.", by=mehmet)

    rating = rate(ticket, helpful=True, comment="  Thanks!\x00 ", by=ada)

    assert (rating.desk, rating.merchant_id) == (Desk.MERCHANT, ticket.merchant_id)
    assert (rating.helpful, rating.comment) == (True, "Thanks!")


@pytest.mark.parametrize("closer", ["ada", "clock"])
def test_when_the_customer_or_silence_closes_it_belongs_to_the_desk(
    closer: str, ticket: Ticket, mehmet: Actor, ada: Actor
) -> None:
    ticket.reply("It is on its way.", by=mehmet)
    ticket.close(by=ada if closer == "ada" else clock())

    assert rate(ticket, helpful=False, comment="", by=ada).merchant_id == ticket.merchant_id


def test_what_support_decided_is_not_the_merchants_rating(
    ticket: Ticket, purchase: Ticket, mehmet: Actor, sofia: Actor, ada: Actor
) -> None:
    ticket.close(by=sofia)
    purchase.appeal("I cannot solve this.", by=mehmet)
    purchase.close(by=sofia)

    for one in (ticket, purchase):
        rating = rate(one, helpful=False, comment="", by=ada)
        assert (rating.desk, rating.merchant_id) == (Desk.PLATFORM, None)


def test_a_merchant_without_a_wait_gets_no_rating(
    ask: object, ada_user: object, product: object, ada: Actor, sofia: Actor
) -> None:
    cheap = make_order(ada_user, product, "O-cheap", total=500)  # type: ignore[arg-type]
    hidden: Ticket = ask("item_problem", order=cheap, items=[])  # type: ignore[operator]
    hidden.close(by=ada)

    assert rate(hidden, helpful=True, comment="", by=ada).merchant_id is None


def test_a_rating_can_be_changed_for_seven_days(ticket: Ticket, mehmet: Actor, ada: Actor) -> None:
    ticket.resolve("It is on its way.", by=mehmet)
    rate(ticket, helpful=True, comment="", by=ada)

    last = later(ada, days=7, microseconds=-1)
    assert can_rate(ticket, last.at)
    rate(ticket, helpful=False, comment="It never came.", by=last)
    rating = Rating.objects.get()
    assert (rating.helpful, rating.comment, rating.at) == (False, "It never came.", ada.at)

    too_late = later(ada, days=7)
    assert not can_rate(ticket, too_late.at)
    with nothing_changed(), pytest.raises(NotAllowed):
        rate(ticket, helpful=True, comment="", by=too_late)


def test_the_days_are_a_setting(ticket: Ticket, mehmet: Actor, ada: Actor, sofia: Actor) -> None:
    promises.change({"rating_days": 1}, reason="Shorter.", by=sofia)
    promises.forget()
    ticket.resolve("It is on its way.", by=mehmet)

    assert rate(ticket, helpful=True, comment="", by=ada).changeable_until == later(ada, days=1).at


def test_an_open_ticket_cannot_be_rated(ticket: Ticket, ada: Actor) -> None:
    assert not can_rate(ticket, ada.at)
    with nothing_changed(), pytest.raises(NotAllowed):
        rate(ticket, helpful=True, comment="", by=ada)


@pytest.mark.parametrize("who", ["mehmet", "sofia", "rival"])
def test_nobody_rates_for_the_customer(who: str, request: pytest.FixtureRequest, ticket: Ticket, ada: Actor) -> None:
    ticket.close(by=ada)

    actor: Actor = request.getfixturevalue(who)
    with nothing_changed(), pytest.raises(NotAllowed):
        rate(ticket, helpful=True, comment="", by=actor)


def test_a_rating_survives_a_reopening_and_stays_one(ticket: Ticket, mehmet: Actor, ada: Actor) -> None:
    ticket.resolve("It is on its way.", by=mehmet)
    rate(ticket, helpful=True, comment="", by=ada)
    ticket.reopen("It never came.", by=ada)
    ticket.resolve("Now it did.", by=mehmet)

    rate(ticket, helpful=False, comment="", by=later(ada, days=2))

    assert Rating.objects.get().helpful is False


def test_once_rated_it_belongs_to_the_desk_that_closed_it_last(
    ticket: Ticket, mehmet: Actor, sofia: Actor, ada: Actor
) -> None:
    ticket.resolve("It is on its way.", by=mehmet)
    rate(ticket, helpful=False, comment="", by=ada)
    ticket.reopen("It never came.", by=ada)
    ticket.take_over(by=sofia)
    ticket.close(by=sofia)

    rating = rate(ticket, helpful=True, comment="Support found it.", by=later(ada, days=1))

    assert (rating.desk, rating.merchant_id, rating.at) == (Desk.PLATFORM, None, ada.at)


def test_the_same_answer_again_is_told_once(ticket: Ticket, mehmet: Actor, ada: Actor) -> None:
    ticket.resolve("It is on its way.", by=mehmet)
    rate(ticket, helpful=True, comment="Thanks!", by=ada)

    with nothing_changed():
        rate(ticket, helpful=True, comment=" Thanks! ", by=later(ada, hours=1))
    rate(ticket, helpful=True, comment="Thanks a lot!", by=later(ada, hours=2))

    told = Event.objects.filter(verb="rated").order_by("pk")
    assert [one.data for one in told] == [
        {"helpful": True, "desk": "merchant", "changed": changed} for changed in (False, True)
    ]


def test_one_is_asked_after_the_first_closing_and_not_after_a_reopening(
    ticket: Ticket, mehmet: Actor, sofia: Actor, ada: Actor
) -> None:
    assert not is_asked(ticket)
    ticket.resolve("It is on its way.", by=mehmet)
    assert is_asked(ticket)
    ticket.reopen("It never came.", by=ada)
    ticket.resolve("Now it did.", by=mehmet)
    assert not is_asked(ticket)

    assert can_rate(ticket, ada.at)
    assert rate(ticket, helpful=True, comment="", by=ada).merchant_id == ticket.merchant_id


def test_closing_for_good_what_is_closed_asks_no_second_time(ticket: Ticket, mehmet: Actor, sofia: Actor) -> None:
    ticket.resolve("It is on its way.", by=mehmet)
    ticket.close_for_good(by=sofia)

    assert is_asked(ticket)
