"""An administrator changes who answers first in a real browser: tried, saved, followed by the next ticket, undone."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from marketdesk.orders.models import Order
from marketdesk.people.models import User
from marketdesk.policy import promises
from marketdesk.tickets import routes
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import Desk
from tests.conftest import make_administrator

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def try_out(page: Page, order: Order, rules: str, to: str) -> None:
    """Which rule decides about an order's status."""
    page.get_by_role("link", name="Try it out").click()
    page.get_by_label("Order number, tracking number or Ticket ID").fill(order.external_id)
    page.get_by_label("Issue Type").select_option("order_status")
    if rules:
        page.get_by_label(rules).check()
    page.get_by_role("button", name="Who answers?").click()
    expect(page.locator(".outcome h2")).to_have_text(f"It goes to: {to}")
    page.get_by_role("link", name="Routing rules").first.click()


@pytest.mark.parametrize("scripts", [True, False], ids=["", "without JavaScript"])
def test_a_rule_is_tried_saved_followed_and_undone(
    scripts: bool,
    visit: Callable[..., Page],
    ask: Callable[..., Ticket],
    order: Order,
    sofia_user: User,
    ada_user: User,
) -> None:
    User.objects.filter(pk=ada_user.pk).update(language="en")
    running = ask("order_status")
    wait = running.waits.get()
    page = visit(sofia_user, "sofia-password", java_script_enabled=scripts)
    make_administrator(sofia_user)
    ada = visit(ada_user, "ada-password", java_script_enabled=scripts)

    page.goto("/support/queues/unassigned")
    page.locator("summary", has_text="Sofia").click()
    page.get_by_role("link", name="Routing rules").click()
    page.get_by_role("link", name="Add a rule").click()
    page.get_by_role("group", name="Issue Type").get_by_label("Order status").check()
    page.get_by_text("0 countries").click()
    page.get_by_label("Germany").check()
    page.get_by_label("Platform support").check()
    page.get_by_role("button", name="Put it into the draft").click()
    page.get_by_role("button", name="Move rule 1 down").click()
    expect(page.locator(".ordered li").nth(1)).to_contain_text(
        "“Order status” · customers in: Germany → platform support"
    )

    try_out(page, order, "The saved rules", "the merchant")
    try_out(page, order, "Your draft", "platform support")
    assert ask("order_status").desk == Desk.MERCHANT, "a draft is followed by nobody"
    page.get_by_label("Reason").fill("The parcel service is on strike.")
    page.get_by_role("button", name="Save all of this").click()
    expect(page.locator(".flash")).to_contain_text("Saved.")
    routes.forget()

    ada.goto(f"/my/ask/order/{order.public_id}/?issue=order_status")
    expect(ada.locator("main")).to_contain_text("Support answers this question in place of the store.")
    ada.locator("textarea[name=text]").fill("Where is my lamp?")
    ada.get_by_role("button", name="Send").click()
    expect(ada.locator(".turn")).to_contain_text("Support")
    followed = Ticket.objects.latest("pk")
    assert (followed.desk, followed.waits.count()) == (Desk.PLATFORM, 0)
    page.goto(f"/support/tickets/{followed.public_id}")
    expect(page.locator("main")).to_contain_text("“Order status” · customers in: Germany")

    page.goto("/support/routing")
    page.get_by_role("link", name="Undo… The parcel service is on strike.").click()
    page.get_by_label("Reason").fill("The strike is over.")
    page.get_by_role("button", name="Undo this change").click()
    expect(page.locator(".flash")).to_contain_text("Undone.")
    routes.forget()
    try_out(page, order, "", "the merchant")

    assert ask("order_status").desk == Desk.MERCHANT
    running.refresh_from_db()
    kept = running.waits.get()
    assert (running.desk, running.due_at) == (Desk.MERCHANT, wait.due_at)
    assert (kept.pk, kept.started_at, kept.due_at, kept.ended_at) == (wait.pk, wait.started_at, wait.due_at, None)
    assert kept.hours == promises.current().reply_hours
    followed.refresh_from_db()
    assert followed.desk == Desk.PLATFORM, "what was sent on stays where it went"
    assert "customers in: Germany" in followed.why_here
