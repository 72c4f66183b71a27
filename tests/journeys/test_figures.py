"""A figure in a real browser: a late answer moves it, the ledger shows why, the merchant contests it, support grants
that, the figure is as before, and the warning that followed is withdrawn."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from playwright.sync_api import Page, expect

from marketdesk import schedule
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.tickets.models import Ticket
from tests.moments import later

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., Page]
Ask = Callable[..., Ticket]

IN_TIME, LATE = 7, 2


@pytest.fixture
def served(ask: Ask, ada: Actor, mehmet: Actor) -> None:
    """The last weeks of the store: nine answers, of which two came late."""
    for number in range(IN_TIME + LATE):
        days = 3 + 2 * number
        ticket = ask("order_status", f"Question {number}", by=later(ada, days=-days))
        ticket.reply("It is there.", by=later(mehmet, days=-days, hours=1 if number >= LATE else 60))


def work() -> None:
    """The worker does what is due, and what follows from it within the next minutes."""
    for minutes in (0, 1, 2):
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
            schedule.worker().run_due()


def look_at_figures(page: Page, part: int, whole: int) -> None:
    """The page says how many of how many answers were late."""
    page.goto("/dashboard/performance")
    expect(page.locator("section[aria-labelledby=late] .headline")).to_contain_text(f"{part} of {whole} answers")


@pytest.mark.parametrize("scripts", [True, False], ids=["", "without JavaScript"])
@pytest.mark.usefixtures("served")
def test_from_a_late_answer_to_a_withdrawn_warning(
    scripts: bool, visit: Visit, ask: Ask, ada: Actor, mehmet_user: User, sofia_user: User
) -> None:
    mehmet = visit(mehmet_user, "mehmet-password", java_script_enabled=scripts)
    look_at_figures(mehmet, 2, 9)

    # A late answer
    ticket = ask("order_status", "Where is my lamp?", by=later(ada, hours=-49))
    mehmet.goto(f"/dashboard/tickets/{ticket.public_id}")
    mehmet.locator("textarea[name=text]").fill("Sorry for the wait. It comes tomorrow.")
    mehmet.get_by_role("button", name="Reply", exact=True).click()
    expect(mehmet.locator(".thread")).to_contain_text("It comes tomorrow.")
    look_at_figures(mehmet, 3, 10)

    # It was one too many
    work()
    mehmet.goto("/dashboard/performance/notices")
    mehmet.get_by_role("link", name=re.compile("^View: Warning")).click()
    expect(mehmet.locator("main")).to_contain_text("3 of 10 answers came late")
    expect(mehmet.locator("main")).to_contain_text("Where is my lamp?")
    warning = mehmet.url
    mehmet.get_by_role("button", name="I have read this").click()
    expect(mehmet.locator("main")).to_contain_text("Read by Mehmet Demir")

    # The figure opens into the answers behind it
    look_at_figures(mehmet, 3, 10)
    mehmet.locator("section[aria-labelledby=late] .headline a").click()
    line = mehmet.locator(".ledger tbody tr").filter(has_text="Where is my lamp?")
    expect(line.locator(".verdict")).to_contain_text("Late")
    line.get_by_role("link", name=re.compile("^Contest")).click()
    mehmet.locator("textarea[name=text]").fill("Our power was cut for two days; the supplier's letter says so.")
    mehmet.get_by_role("button", name="Contest it").click()
    expect(mehmet.locator("main")).to_contain_text("Our power was cut for two days")

    # A person decides
    sofia = visit(sofia_user, "sofia-password", java_script_enabled=scripts)
    sofia.goto("/support/contests")
    sofia.get_by_role("link", name=re.compile("^View the contest by Anadolu Home")).click()
    expect(sofia.locator("main")).to_contain_text("Our power was cut for two days")
    sofia.locator("textarea[name=reason]").fill("The letter proves it.")
    sofia.get_by_role("button", name=re.compile("^Grant")).click()
    expect(sofia.locator("body")).to_contain_text("It no longer counts against the merchant.")

    # All is as before, and says why
    look_at_figures(mehmet, 2, 9)
    mehmet.goto("/dashboard/performance/ledger?verdict=contest")
    expect(mehmet.locator(".ledger tbody tr")).to_have_count(1)
    expect(mehmet.locator(".ledger tbody tr .verdict")).to_contain_text("Contested and granted")
    mehmet.goto(warning)
    expect(mehmet.locator("main")).to_contain_text("Withdrawn")
    expect(mehmet.locator("main")).to_contain_text("It counts no more.")
