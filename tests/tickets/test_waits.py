"""What ends a wait, and whether it counts (D1, D3): in time and when it was late already."""

from collections.abc import Callable

import pytest

from marketdesk.people.actor import Actor, clock
from marketdesk.refunds.refunding import refund_items
from marketdesk.tickets.models import Ticket
from tests.moments import later

pytestmark = pytest.mark.django_db

Deed = Callable[[Ticket, Actor], object]

MERCHANTS: dict[str, Deed] = {
    "reply": lambda ticket, by: ticket.reply("Sorry!", by=by),
    "refund": lambda ticket, by: refund_items(ticket, list(ticket.items.all()), by=by),
    "appeal": lambda ticket, by: ticket.appeal("I cannot solve this.", by=by),
}
SUPPORTS: dict[str, Deed] = {
    "reply": lambda ticket, by: ticket.reply("We are on it.", by=by),
    "refund": lambda ticket, by: refund_items(ticket, list(ticket.items.all()), by=by),
    "take_over": lambda ticket, by: ticket.take_over(by=by),
    "close": lambda ticket, by: ticket.close(by=by),
    "close_for_good": lambda ticket, by: ticket.close_for_good(by=by),
}


@pytest.mark.parametrize("how", MERCHANTS)
@pytest.mark.parametrize("hours", [1, 48, 49])
def test_what_the_merchant_does_ends_the_wait_and_counts(
    how: str, hours: int, purchase: Ticket, mehmet: Actor, ada: Actor
) -> None:
    by = later(mehmet, seconds=(ada.at - mehmet.at).total_seconds(), hours=hours)

    MERCHANTS[how](purchase, by)

    wait = purchase.waits.get()
    assert (wait.ended_at, wait.ended_by, wait.ended_how, wait.counted) == (by.at, "merchant", how, True)
    assert wait.is_late == (hours > 48)


@pytest.mark.parametrize("how", ["resolve", "close"])
def test_resolving_and_closing_a_question_count_too(how: str, ticket: Ticket, mehmet: Actor) -> None:
    _ = ticket.resolve("Done.", by=mehmet) if how == "resolve" else ticket.close(by=mehmet)

    wait = ticket.waits.get()
    assert (wait.ended_how, wait.counted) == (how, True)


@pytest.mark.parametrize("how", SUPPORTS)
@pytest.mark.parametrize("hours", [1, 49])
def test_what_support_does_counts_only_when_it_was_late_already(
    how: str, hours: int, purchase: Ticket, sofia: Actor, ada: Actor
) -> None:
    by = later(sofia, seconds=(ada.at - sofia.at).total_seconds(), hours=hours)

    SUPPORTS[how](purchase, by)

    wait = purchase.waits.get()
    assert (wait.ended_by, wait.ended_how, wait.counted) == ("support", how, hours > 48)


@pytest.mark.parametrize("hours", [1, 49])
def test_the_customers_closing_counts_only_when_it_was_late_already(hours: int, ticket: Ticket, ada: Actor) -> None:
    ticket.close(by=later(ada, hours=hours), how="solved")

    wait = ticket.waits.get()
    assert (wait.ended_by, wait.counted) == ("customer", hours > 48)


def test_a_takeover_by_the_clock_ends_it_as_late(purchase: Ticket, ada: Actor) -> None:
    purchase.take_over(by=clock(later(ada, hours=50).at))

    wait = purchase.waits.get()
    assert (wait.ended_by, wait.ended_how, wait.counted, wait.is_late) == ("clock", "take_over", True, True)


def test_what_answers_nothing_ends_nothing(
    purchase: Ticket, mehmet: Actor, ada: Actor, sofia: Actor, sofia_user: object
) -> None:
    purchase.mark_returned(list(purchase.items.all()), by=mehmet)
    purchase.note("Watch this one.", by=sofia)
    purchase.assign(sofia_user, by=sofia)  # type: ignore[arg-type]
    purchase.reply("Hello?", by=ada)
    purchase.mark_late(by=clock(later(ada, hours=49).at))

    assert purchase.waits.get().ended_at is None
    assert purchase.due_at == purchase.waits.get().due_at


def test_a_ticket_never_has_two_open_waits(ticket: Ticket, mehmet: Actor, ada: Actor) -> None:
    for hour in range(0, 40, 4):
        ticket.reply("Answer.", by=later(mehmet, hours=hour))
        ticket.reply("Question.", by=later(ada, hours=hour + 2))

        assert ticket.waits.filter(ended_at__isnull=True).count() == 1

    assert ticket.waits.count() == 11
