"""The main job in a real browser: ask, see the number rise, answer, answer back, resolve, rate; refund; appeal."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Page, Route, expect

from marketdesk import schedule
from marketdesk.orders.models import Order
from marketdesk.people.models import User
from marketdesk.refunds.models import Refund
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import Desk, State

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., Page]


def a_picture() -> FilePayload:
    body = io.BytesIO()
    Image.new("RGB", (640, 480), "tan").save(body, "JPEG")
    return {"name": "lamp.jpg", "mimeType": "image/jpeg", "buffer": body.getvalue()}


def ask(page: Page, order: Order, issue: str, text: str, wants: str = "") -> None:
    """The customer asks about an order, as they would, in any language: pick the item, pick the issue, write, send."""
    page.goto(f"/my/ask/order/{order.public_id}/")
    page.locator("input[name=item]").first.check()
    page.locator(f"input[name=issue][value={issue}]").check()
    page.locator("button[name=go]").click()
    if wants:
        page.locator(f"input[name=wants][value={wants}]").check()
    page.locator("textarea[name=text]").fill(text)
    expect(page.locator("#readers")).not_to_be_empty()
    page.locator("main [data-send]").click()
    expect(page.locator(".thread")).to_contain_text(text)


def write(page: Page, text: str, button: str) -> None:
    page.locator("textarea[name=text]").fill(text)
    page.get_by_role("button", name=button, exact=True).click()
    expect(page.locator(".thread")).to_contain_text(text)


def number(page: Page) -> str:
    """The red number in the top bar."""
    return page.locator("[data-count-number]").inner_text()


def people(ada_user: User, *others: User) -> None:
    """Everybody reads English here, so that buttons can be named."""
    User.objects.filter(pk__in=[ada_user.pk, *(one.pk for one in others)]).update(language="en")


@pytest.mark.parametrize("scripts", [True, False], ids=["", "without JavaScript"])
def test_from_question_to_rating(scripts: bool, visit: Visit, order: Order, ada_user: User, mehmet_user: User) -> None:
    people(ada_user)
    ada = visit(ada_user, "ada-password", java_script_enabled=scripts)
    mehmet = visit(mehmet_user, "mehmet-password", java_script_enabled=scripts)
    assert number(mehmet) == "0"

    ask(ada, order, "order_status", "When will my lamp arrive?")
    expect(ada.locator(".turn")).to_contain_text("Anadolu Home")

    mehmet.goto("/dashboard/")
    assert number(mehmet) == "1"
    expect(mehmet).to_have_title(re.compile(r"^\(1\)"))
    mehmet.get_by_role("link", name=re.compile("^View")).first.click()
    expect(mehmet.locator("h1")).to_contain_text("When will my lamp arrive?")
    mehmet.locator(".templates summary").first.click()
    mehmet.locator("button.template").first.click()
    expect(mehmet.locator("textarea[name=text]")).to_have_value(re.compile("Ada"))
    write(mehmet, "It leaves tomorrow.", "Reply")
    assert number(mehmet) == "0"
    expect(mehmet.locator("body")).to_contain_text("Awaiting User")

    ada.reload()
    expect(ada.locator(".turn")).to_have_class(re.compile("yours"))
    write(ada, "Tomorrow is fine. Which carrier?", "Send")

    mehmet.goto("/dashboard/tickets/post-customer-support/")
    assert number(mehmet) == "1"
    mehmet.get_by_role("link", name=re.compile("^View")).first.click()
    write(mehmet, "DHL. Enjoy the lamp.", "Reply & Resolve")
    mehmet.goto("/dashboard/tickets/closed/")
    expect(mehmet.locator("table")).to_contain_text("Resolved")

    ada.reload()
    ada.get_by_role("button", name="Yes", exact=True).click()
    expect(ada.locator("main")).to_contain_text("You said: it helped")
    assert Ticket.objects.get().state == State.CLOSED


def test_a_purchase_is_refunded_and_closed(visit: Visit, order: Order, ada_user: User, mehmet_user: User) -> None:
    people(ada_user)
    ada, mehmet = visit(ada_user, "ada-password"), visit(mehmet_user, "mehmet-password")
    ask(ada, order, "item_problem", "The lamp arrived broken.")
    ada.locator("input[type=file]").set_input_files([a_picture()])
    write(ada, "Here is a picture.", "Send")
    expect(ada.locator(".pictures img")).to_be_visible()

    mehmet.goto("/dashboard/tickets/post-purchase/")
    mehmet.get_by_role("link", name=re.compile("^View")).first.click()
    expect(mehmet.locator(".pictures img")).to_be_visible()
    mehmet.locator("input[name=item]").first.check()
    expect(mehmet.locator("[data-sum-total]")).to_contain_text("89.90 EUR")
    mehmet.get_by_role("button", name="Refund Checked Orders").click()
    mehmet.get_by_role("button", name=re.compile(r"^Refund 1 item, 89\.90")).click()
    expect(mehmet.locator("main")).to_contain_text("Refund Details")

    ada.reload()
    expect(ada.locator("main")).to_contain_text("Refund Details")
    assert Refund.objects.get().amount == 8990
    assert Ticket.objects.get().closed_how == "refunded"


def test_an_appeal_is_decided_by_support(
    visit: Visit, order: Order, ada_user: User, mehmet_user: User, sofia_user: User
) -> None:
    people(ada_user)
    ada, mehmet = visit(ada_user, "ada-password"), visit(mehmet_user, "mehmet-password")
    ask(ada, order, "return_or_refund", "I do not like the colour.", wants="refund")

    mehmet.goto("/dashboard/tickets/post-purchase/")
    mehmet.get_by_role("link", name=re.compile("^View")).first.click()
    mehmet.get_by_role("button", name=re.compile("^Appeal to")).click()
    mehmet.locator("#appeal textarea").fill("The lamp was used for months.")
    mehmet.get_by_role("button", name=re.compile("^Appeal to")).click()
    expect(mehmet.locator(".thread")).to_contain_text("The lamp was used for months.")
    assert number(mehmet) == "0"

    sofia = visit(sofia_user, "sofia-password")
    sofia.goto("/support/")
    sofia.get_by_role("link", name=re.compile("^View")).first.click()
    expect(sofia.locator("main")).to_contain_text("The lamp was used for months.")
    sofia.locator("input[name=voice][value=note]").check()
    sofia.locator("textarea[name=text]").fill("Photos show wear.")
    sofia.locator("[data-send]").click()
    expect(sofia.locator(".thread .note")).to_contain_text("Photos show wear.")
    sofia.locator("input[name=voice][value=reply]").check()
    sofia.locator("textarea[name=text]").fill("We cannot refund a used lamp.")
    sofia.locator("[data-send]").click()
    expect(sofia.locator(".thread")).to_contain_text("We cannot refund a used lamp.")
    sofia.locator(".reply").get_by_role("button", name="Close", exact=True).click()
    expect(sofia.locator(".ended")).to_be_visible()

    ada.reload()
    expect(ada.locator(".thread")).to_contain_text("We cannot refund a used lamp.")
    assert "used for months" not in ada.content()
    assert "Photos show wear" not in ada.content()
    mehmet.reload()
    assert "Photos show wear" not in mehmet.content()
    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.desk) == (State.CLOSED, Desk.PLATFORM)


def test_a_draft_survives_a_reload_and_a_lost_connection(
    visit: Visit, ask: Callable[..., Ticket], mehmet_user: User
) -> None:
    ticket = ask("order_status")
    mehmet = visit(mehmet_user, "mehmet-password")
    mehmet.goto(f"/dashboard/tickets/{ticket.public_id}")
    mehmet.locator("textarea[name=text]").press_sequentially("Your lamp")
    expect(mehmet.locator("[data-draft-line]")).to_contain_text("Draft saved")
    mehmet.reload()
    expect(mehmet.locator("textarea[name=text]")).to_have_value("Your lamp")

    mehmet.context.set_offline(True)
    mehmet.locator("textarea[name=text]").press("Control+End")
    mehmet.locator("textarea[name=text]").press_sequentially(" leaves today.")
    expect(mehmet.locator("[data-draft-line]")).to_contain_text("Kept on this device")
    mehmet.get_by_role("button", name="Reply", exact=True).click()
    mehmet.context.set_offline(False)
    mehmet.goto(f"/dashboard/tickets/{ticket.public_id}")

    expect(mehmet.locator("textarea[name=text]")).to_have_value("Your lamp leaves today.")
    assert ticket.messages.count() == 1


@pytest.mark.inside
def test_a_draft_that_arrives_behind_the_next_page_comes_back(
    visit: Visit, ask: Callable[..., Ticket], mehmet_user: User
) -> None:
    """The server reads the draft for the next page before the text is there, and the page that is left hears of it."""
    ticket = ask("order_status")
    mehmet = visit(mehmet_user, "mehmet-password")
    page = f"/dashboard/tickets/{ticket.public_id}"
    mehmet.goto(page)
    saves: list[Route] = []

    def late(route: Route) -> None:
        before = route.fetch()
        saves[0].fulfill(response=saves[0].fetch())
        mehmet.wait_for_timeout(200)
        route.fulfill(response=before)

    mehmet.route(f"**{page}/draft", lambda route: saves.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    with mehmet.expect_request(f"**{page}/draft"):
        mehmet.locator("textarea[name=text]").press_sequentially("Your lamp leaves today.")
    mehmet.route(f"**{page}", late, times=1)
    mehmet.goto(page)

    expect(mehmet.locator("textarea[name=text]")).to_have_value("Your lamp leaves today.")


def test_ctrl_enter_sends(visit: Visit, ask: Callable[..., Ticket], mehmet_user: User) -> None:
    ticket = ask("order_status")
    mehmet = visit(mehmet_user, "mehmet-password")
    mehmet.goto(f"/dashboard/tickets/{ticket.public_id}")
    mehmet.locator("textarea[name=text]").fill("It leaves tomorrow.")
    mehmet.locator("textarea[name=text]").press("Control+Enter")

    expect(mehmet.locator(".thread")).to_contain_text("It leaves tomorrow.")
    ticket.refresh_from_db()
    assert ticket.state == State.WITH_CUSTOMER


def test_an_expired_page_says_so_and_leads_back_to_the_text(
    visit: Visit, ask: Callable[..., Ticket], mehmet_user: User
) -> None:
    ticket = ask("order_status")
    mehmet = visit(mehmet_user, "mehmet-password")
    mehmet.goto(f"/dashboard/tickets/{ticket.public_id}")
    mehmet.evaluate("document.querySelectorAll('[name=csrfmiddlewaretoken]').forEach(one => one.value = 'expired')")
    mehmet.locator("textarea[name=text]").fill("It leaves tomorrow.")
    mehmet.get_by_role("button", name="Reply", exact=True).click()

    expect(mehmet.locator("h1")).to_have_text("This page was open too long")
    mehmet.get_by_role("link", name="Back to the page").click()
    expect(mehmet.locator("textarea[name=text]")).to_have_value("It leaves tomorrow.")
    assert ticket.messages.count() == 1


@pytest.mark.inside
def test_the_worker_tells_people_while_they_work(
    visit: Visit, ask: Callable[..., Ticket], mehmet_user: User, mailoutbox: list[Any]
) -> None:
    ticket = ask("order_status")
    mehmet = visit(mehmet_user, "mehmet-password")
    mehmet.goto(f"/dashboard/tickets/{ticket.public_id}")
    write(mehmet, "It leaves tomorrow.", "Reply")

    schedule.worker().run_due()

    to_ada = [mail for mail in mailoutbox if mail.to == ["ada@example.org"]]
    assert len(to_ada) == 1
    assert ticket.public_id in to_ada[0].body
