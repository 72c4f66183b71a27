"""A shop of another site shows the desk inside its own page, in a Chromium that keeps no cookies of third parties."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Page, expect

from marketdesk.orders.models import Order
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.policy import promises
from marketdesk.policy.models import PolicyChange
from marketdesk.storefront import visits
from marketdesk.tickets.models import Ticket
from tests.arrivals import Shop
from tests.journeys.test_main_job import a_picture
from tests.journeys.test_pages import WINDOWS, barriers
from tests.listening import Quiet, listening

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

WITH_COOKIES, WITHOUT = 0, 1
Chooser = Callable[..., BrowserContext]


class Site:
    """A small website: `page` is what it shows (`address` in a frame), `cookies` what browsers sent to `/cookie`, which
    gives them one; `origin` its name, which is another site than 127.0.0.1."""

    def __init__(self) -> None:
        self.page = self.address = self.origin = ""
        self.cookies: list[str] = []

    def embed(self, address: str) -> None:
        """Show an address in a frame as wide as a telephone's page."""
        self.address = address
        self.page = (
            '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<title>Shop</title><h1>Your order</h1><iframe title="Support" src="{address}" width="360" height="760">'
        )


@contextmanager
def another() -> Iterator[Site]:
    """A website, until the end of the block."""
    site = Site()

    class Answer(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            if self.path == "/cookie":
                site.cookies.append(self.headers.get("Cookie", ""))
                self.send_header("Set-Cookie", "seen=yes; SameSite=None; Secure; Path=/")
            self.end_headers()
            self.wfile.write(b"Seen." if self.path == "/cookie" else site.page.encode())

    with listening(Answer) as address:
        site.origin = address.replace("127.0.0.1", "localhost")
        yield site


@pytest.fixture
def site() -> Iterator[Site]:
    with another() as site:
        yield site


@pytest.fixture
def browser(chromium: Browser, tmp_path: Path) -> Iterator[Chooser]:
    """`browser(WITHOUT)`: a Chromium of its own, which takes no cookies of third parties: a person's setting, so it
    stands in their profile."""
    path = shutil.which("chromium")
    assert path
    windows: list[BrowserContext] = []

    def _browser(cookies: int, **options: Any) -> BrowserContext:
        folder = tmp_path / f"profile-{len(windows)}"
        (folder / "Default").mkdir(parents=True)
        chosen = {"profile": {"cookie_controls_mode": cookies, "block_third_party_cookies": cookies == WITHOUT}}
        (folder / "Default" / "Preferences").write_text(json.dumps(chosen))
        window = chromium.browser_type.launch_persistent_context(
            folder, executable_path=path, locale="en-GB", viewport={"width": 420, "height": 860}, **options
        )
        windows.append(window)
        window.set_default_timeout(10_000)
        return window

    yield _browser
    for window in windows:
        window.close()


def cookies_of_third_parties(window: BrowserContext, site: Site) -> list[str]:
    """What arrives of a cookie that a frame of another site was given."""
    with another() as other:
        site.embed(other.origin.replace("localhost", "127.0.0.1") + "/cookie")
        page = window.new_page()
        for _ in range(2):
            page.goto(site.origin)
            expect(page.frame_locator("iframe").locator("body")).to_have_text("Seen.")
        page.close()
        return other.cookies


@pytest.fixture
def arrive(live_server: Any, settings: Any, site: Site, ada_user: User, sofia: Actor) -> Iterator[Callable[..., None]]:
    """`arrive(go)`: the shop's page embeds the desk with a fresh token of Ada's."""
    desk = live_server.url.replace("localhost", "127.0.0.1")
    settings.BASE_URL = desk
    User.objects.filter(pk=ada_user.pk).update(external_id="c-ada", language="en")
    promises.change({"frame_ancestors": [site.origin]}, reason="Our shop.", by=sofia)
    promises.forget()
    shop = Shop()

    def _arrive(go: str = "/my/") -> None:
        site.embed(desk + shop.address(embedded=True, sub="c-ada", name=None, go=go))

    yield _arrive
    PolicyChange.objects.all().delete()
    promises.forget()


def opened(window: BrowserContext, site: Site) -> tuple[Page, FrameLocator]:
    page = window.new_page()
    page.goto(site.origin)
    return page, page.frame_locator("iframe")


def test_a_browser_without_cookies_of_third_parties_is_one(browser: Chooser, site: Site) -> None:
    """The control: the same frame gets its cookie back where they are taken."""
    window = browser(WITHOUT)
    assert cookies_of_third_parties(window, site) == ["", ""]
    window = browser(WITH_COOKIES)
    assert cookies_of_third_parties(window, site) == ["", "seen=yes"]


@pytest.mark.inside
@pytest.mark.parametrize("scripts", [True, False], ids=["", "without JavaScript"])
def test_a_customer_asks_and_follows_inside_the_shop(
    scripts: bool, browser: Chooser, site: Site, arrive: Callable[..., None], order: Order, mehmet: Actor
) -> None:
    go = f"/my/ask/order/{order.external_id}/"
    window = browser(WITHOUT, java_script_enabled=scripts)
    assert cookies_of_third_parties(window, site) == ["", ""]
    arrive(go)
    page, frame = opened(window, site)

    frame.locator("input[name=item]").first.check()
    frame.locator("input[name=issue][value=item_problem]").check()
    frame.get_by_role("button", name="Continue").click()
    frame.get_by_label("Your question").fill("The lamp came broken.")
    frame.locator("input[type=file]").set_input_files(a_picture())
    expect(frame.locator("#readers")).to_contain_text("Anadolu Home answers by")
    frame.get_by_role("button", name="Send", exact=True).click()
    expect(frame.locator(".thread")).to_contain_text("The lamp came broken.")
    ticket = Ticket.objects.get()
    assert ticket.has_pictures

    ticket.reply("Which lamp is it?", by=mehmet)
    arrive(f"/my/{ticket.public_id}/")
    page.goto(site.origin)
    expect(frame.locator(".thread")).to_contain_text("Which lamp is it?")
    frame.get_by_label("Your answer").fill("The brass one.")
    frame.get_by_role("button", name="Send", exact=True).click()
    expect(frame.locator(".thread")).to_contain_text("The brass one.")
    frame.get_by_role("navigation").get_by_role("link", name="Your questions").click()
    expect(frame.locator(".my-tickets")).to_contain_text("The lamp came broken.")
    assert frame.locator("html").evaluate("page => page.scrollWidth") <= 360
    assert window.cookies() == []


@pytest.mark.inside
def test_what_was_typed_is_there_again_when_the_shop_opens_it_anew(
    browser: Chooser, site: Site, arrive: Callable[..., None], order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = f"/my/ask/order/{order.external_id}/?issue=order_status"
    window = browser(WITHOUT)
    arrive(go)
    page, frame = opened(window, site)
    frame.get_by_label("Your question").fill("When will my lamp")
    expect(frame.locator("[data-draft-line]")).to_contain_text("saved")

    arrive(go)
    page.goto(site.origin)
    expect(frame.get_by_label("Your question")).to_have_value("When will my lamp")

    monkeypatch.setattr(visits, "LIFE", timedelta(0))
    frame.get_by_label("Your question").fill("When will my lamp arrive?")
    frame.get_by_role("button", name="Send", exact=True).click()
    expect(frame.locator("h1")).to_have_text("Your visit is over")
    expect(frame.locator("#typed")).to_have_value("When will my lamp arrive?")

    monkeypatch.setattr(visits, "LIFE", timedelta(hours=1))
    arrive(go)
    page.goto(site.origin)
    expect(frame.get_by_label("Your question")).to_have_value("When will my lamp arrive?")
    frame.get_by_role("button", name="Send", exact=True).click()
    expect(frame.locator(".thread")).to_contain_text("When will my lamp arrive?")


@pytest.mark.inside
def test_no_other_site_shows_it_inside(browser: Chooser, site: Site, arrive: Callable[..., None]) -> None:
    window = browser(WITHOUT)
    arrive()
    said: list[str] = []
    page = window.new_page()
    page.on("console", lambda message: said.append(message.text))
    with another() as stranger:
        stranger.page = site.page
        page.goto(stranger.origin)
        page.wait_for_load_state("networkidle")

    assert any("frame-ancestors" in words for words in said), said


@pytest.mark.parametrize("window", WINDOWS)
def test_the_pages_of_a_visit_are_for_everybody(
    window: str, chromium: Browser, arrive: Callable[..., None], site: Site, ticket: Ticket, order: Order
) -> None:
    options = dict(WINDOWS[window])
    language = options.pop("language", "en")
    User.objects.update(language=language)
    context = chromium.new_context(locale=language, **options)
    page = context.new_page()
    found = []
    arrive()
    page.goto(site.address)
    inside = page.url.removesuffix("/my/")
    for address in ("/my/", f"/my/{ticket.public_id}/", f"/my/ask/order/{order.public_id}/", "/nowhere"):
        page.goto(inside + address)
        assert page.locator("html").get_attribute("dir") == ("rtl" if language == "ar" else "ltr")
        found += [f"{address}: {barrier}" for barrier in barriers(page)]
    page.goto(f"{inside}/my/")
    page.locator(".foot button").click()
    found += [f"left: {barrier}" for barrier in barriers(page)]
    page.goto(f"{inside}/my/")
    found += [f"over: {barrier}" for barrier in barriers(page)]
    page.goto(site.address)
    found += [f"refused: {barrier}" for barrier in barriers(page)]
    context.close()
    assert found == []
