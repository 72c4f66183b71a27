"""An administrator changes a promise in a real browser: seen, saved, followed by the next ticket, undone."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal import auth
from playwright.sync_api import Page, expect

from marketdesk.people.models import User
from marketdesk.tickets.models import Ticket

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def hours(ticket: Ticket) -> timedelta:
    wait = ticket.waits.get()
    return wait.due_at - wait.started_at


def set_up_second_factor(page: Page) -> None:
    """As the page says: the password once more, scan the secret, enter the code that the phone shows."""
    page.get_by_role("link", name="Set it up").click()
    page.locator("input[name=password]").fill("sofia-password")
    page.locator("input[name=password]").press("Enter")
    secret = page.locator("#secret").input_value()
    code = auth.format_hotp_value(auth.hotp_value(secret, next(auth.yield_hotp_counters_from_time())))
    page.locator("input[name=code]").fill(code)
    page.get_by_role("button", name="Turn on").click()
    expect(page.locator("input[name=code]")).to_have_count(0)


@pytest.mark.inside
@pytest.mark.parametrize("scripts", [True, False], ids=["", "without JavaScript"])
def test_a_promise_is_changed_and_changed_back(
    scripts: bool, visit: Callable[..., Page], ask: Callable[..., Ticket], sofia_user: User
) -> None:
    before = ask("order_status")
    User.objects.filter(pk=sofia_user.pk).update(is_staff=True)
    page = visit(sofia_user, "sofia-password", java_script_enabled=scripts)

    page.goto("/support/policy")
    set_up_second_factor(page)
    page.goto("/support/queues/unassigned")
    page.locator("summary", has_text="Sofia").click()
    page.get_by_role("link", name="Policy").click()
    page.get_by_label("Hours a merchant has for each answer.").fill("24")
    page.get_by_label("Reason").fill("Customers asked for it.")
    page.get_by_label("Reason").press("Enter")
    expect(page.get_by_role("row", name="Hours a merchant has for each answer. 48 24")).to_be_visible()
    page.get_by_role("button", name="Save this change").click()
    expect(page.locator(".flash")).to_contain_text("Saved.")
    assert hours(ask("order_status")) == timedelta(hours=24)

    page.get_by_role("link", name="Undo… Customers asked for it.").click()
    expect(page.get_by_role("row", name="Hours a merchant has for each answer. 24 48")).to_be_visible()
    page.get_by_label("Reason").fill("Merchants could not.")
    page.get_by_role("button", name="Undo this change").click()
    expect(page.locator(".flash")).to_contain_text("Undone.")
    assert hours(ask("order_status")) == timedelta(hours=48)
    assert hours(before) == timedelta(hours=48)
