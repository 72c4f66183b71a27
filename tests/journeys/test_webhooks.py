"""An administrator in a real browser: a program is added, fails, is put right, and is sent again what it missed."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook

from marketdesk import schedule
from marketdesk.outbox.webhooks import delivering
from marketdesk.people.models import User
from marketdesk.tickets.models import Ticket
from tests.conftest import make_administrator
from tests.outbox import webhooks
from tests.outbox.webhooks import LOOPBACK, answers

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def work() -> None:
    """What the worker does, once."""
    schedule.worker().run_due()
    delivering.serve_one(timezone.now())


@pytest.mark.inside
def test_a_program_that_failed_is_sent_again_what_it_missed(
    visit: Callable[..., Page], ask: Callable[..., Ticket], sofia_user: User, settings: Any
) -> None:
    settings.WEBHOOK_ALLOW = LOOPBACK
    mood = [answers(500, b"the shelf is being painted")]
    page = visit(sofia_user, "sofia-password")
    make_administrator(sofia_user)  # after signing in, which asks for no code then
    with webhooks.receiver(lambda _number: mood[0]) as shop:
        page.goto("/support/search")
        page.locator("summary", has_text="Sofia").click()
        page.get_by_role("link", name="Webhooks").click()
        page.get_by_role("link", name="Add an endpoint").click()
        page.get_by_label("Address", exact=True).fill("https://10.0.0.1/hooks")
        page.get_by_role("button", name="Add it").click()
        expect(page.get_by_role("alert")).to_contain_text("10.0.0.1 is not public")
        page.get_by_label("Address", exact=True).fill(shop.url)
        page.get_by_label("Only these:").check()
        page.get_by_label("A customer asks. ticket.opened").check()
        page.get_by_role("button", name="Add it").click()
        secret = page.get_by_label("Copy it now").input_value()
        page.get_by_role("link", name="I have kept it").click()

        ask("order_status")
        work()
        page.reload()
        expect(page.locator(".tag", has_text="Failing")).to_be_visible()
        expect(page.locator(".trouble")).to_contain_text("The program there failed (500).")
        page.get_by_role("row", name="ticket.opened").get_by_role("link", name="View msg").click()
        expect(page.locator("pre", has_text="the shelf is being painted")).to_be_visible()

        mood[0] = answers(200, b"thank you")
        page.get_by_role("link", name="Send it again…").click()
        expect(page.get_by_text("1 message will be sent again.")).to_be_visible()
        page.get_by_role("button", name="Send again").click()
        expect(page.locator(".flash")).to_contain_text("1 message is sent again.")
        work()
        page.reload()
        expect(page.get_by_role("row", name="ticket.opened")).to_contain_text("Delivered")
        expect(page.locator(".tag", has_text="On")).to_be_visible()

    first, again = shop.came
    assert (first.id, first.body) == (again.id, again.body)
    assert Webhook(secret).verify(again.body, again.headers)["type"] == "ticket.opened"
