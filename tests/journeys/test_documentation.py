"""The API's documentation in a browser: read by everybody, and tried."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from marketdesk.people.models import User
from marketdesk.programs.models import AccessToken
from tests.journeys.test_pages import WINDOWS, barriers

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

LIST = "/api/docs/v2/get-ticket-get-action-required"
PAGES = [*(f"/api/docs/{one}" for one in ("", "v2", "v2/get-ticket", "refund-reasons", "webhooks")), LIST]


@pytest.mark.parametrize("window", WINDOWS)
def test_its_pages_are_for_everybody(window: str, visit: Callable[..., Page], mehmet_user: User) -> None:
    options = dict(WINDOWS[window])
    User.objects.update(language=options.pop("language", "en"))
    page = visit(mehmet_user, "mehmet-password", **options)
    page.goto(LIST)
    page.locator("button[name=begin]").click()
    page.locator("#try button.main").click()
    expect(page.locator("#answer")).to_contain_text('"code": 0')

    found = barriers(page)
    for address in PAGES:
        page.goto(address)
        found += [f"{address}: {barrier}" for barrier in barriers(page)]

    assert found == []


@pytest.mark.parametrize("topic", ["refund-reasons", "moving"])
def test_its_tables_fit_a_phone(topic: str, chromium: Browser, live_server: Any) -> None:
    window = chromium.new_context(base_url=live_server.url, viewport={"width": 360, "height": 740})
    page = window.new_page()

    page.goto(f"/api/docs/{topic}")

    table = page.locator(".table-scroll")
    assert table.evaluate("one => one.scrollWidth - one.clientWidth") == 0
    window.close()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_an_example_is_chosen_by_its_language(has_scripts: bool, chromium: Browser, live_server: Any) -> None:
    window = chromium.new_context(base_url=live_server.url, java_script_enabled=has_scripts)
    page = window.new_page()

    page.goto("/api/docs/v2/get-ticket")
    expect(page.locator('pre[data-example="curl"]')).to_be_visible()
    expect(page.locator('pre[data-example="php"]')).to_be_hidden()
    page.get_by_label("PHP").first.check()
    expect(page.locator('pre[data-example="curl"]')).to_be_hidden()
    expect(page.locator('pre[data-example="php"]')).to_contain_text("curl_init")
    window.close()


def test_an_example_is_copied(chromium: Browser, live_server: Any) -> None:
    window = chromium.new_context(base_url=live_server.url, permissions=["clipboard-read", "clipboard-write"])
    page = window.new_page()

    page.goto("/api/docs/v2/get-ticket")
    page.locator(".code.curl").hover()
    page.locator(".code.curl .copy").click()

    expect(page.locator(".code.curl .copy")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").startswith("curl --get ")
    window.close()


def test_a_reply_is_tried_and_leaves_no_token(visit: Callable[..., Page], mehmet_user: User) -> None:
    page = visit(mehmet_user, "mehmet-password")

    page.goto("/api/docs/v2/post-ticket-reply")
    page.locator("button[name=begin]").click()
    page.locator("#p-reply").fill("It is on its way.")
    page.locator("#try button.main").click()

    expect(page.locator("#answer")).to_contain_text("200 OK")
    expect(page.locator("#answer")).to_contain_text('"success": true')
    assert not AccessToken.objects.exists()
