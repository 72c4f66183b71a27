"""Two programs, two sites, one browser: a customer asks in the toy shop, and the shop's own page shows the refund."""

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from demo_shop import HERE, PASSWORD, Together, answers, stop
from playwright.sync_api import Browser, FrameLocator, Page, expect
from shop import books

from tests.desk import until

pytestmark = pytest.mark.journey

MEHMET = "mehmet@anadolu-home.example"


class Shops(Together):
    """Both programs as `make demo-shop` runs them; the shop can go away and come back."""

    desk: "subprocess.Popen[bytes]"
    shop: "subprocess.Popen[bytes]"

    def open_desk(self) -> None:
        self.desk = self.start_desk()
        until(lambda: answers(self.desk_url))

    def open_shop(self) -> None:
        self.shop = self.start_shop()
        until(lambda: answers(self.shop_url))

    def kill_shop(self) -> None:
        self.shop.kill()
        self.shop.wait(10)

    @property
    def books(self) -> Path:
        return self.home / "shop" / "shop.sqlite3"

    def payments(self) -> list[tuple[str, str]]:
        """What the shop has paid back."""
        with books.opened(self.books) as kept:
            return [(one["amount"], one["currency"]) for one in kept.execute("SELECT * FROM payments")]


@pytest.fixture
def ports() -> tuple[int, int]:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        return int(one.getsockname()[1]), int(other.getsockname()[1])


@pytest.fixture
def both(tmp_path: Path, ports: tuple[int, int]) -> Iterator[Shops]:
    """A desk and a shop that know each other, and a merchant who can sign in."""
    both = Shops(tmp_path / "shop", *ports)
    both.introduce()
    both.open_desk()
    try:
        both.open_shop()
        both.admit_merchants()
        yield both
    finally:
        stop([both.desk, both.shop] if hasattr(both, "shop") else [both.desk])


@pytest.fixture
def window(chromium: Browser) -> Iterator[Callable[[], Page]]:
    """A browser for each person."""
    windows = []

    def _open() -> Page:
        windows.append(chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}))
        page = windows[-1].new_page()
        page.set_default_timeout(20_000)
        return page

    yield _open
    for one in windows:
        one.close()


def ada_in_the_shop(both: Shops, window: Callable[[], Page]) -> Page:
    page = window()
    page.goto(f"{both.shop_url}/sign-in")
    page.get_by_role("button", name="Ada Lindner").click()
    expect(page.locator("h1")).to_have_text("My orders")
    return page


def mehmet_at_the_desk(both: Shops, window: Callable[[], Page]) -> Page:
    page = window()
    page.goto(f"{both.desk_url}/accounts/login/")
    page.locator("input[name=login]").fill(MEHMET)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("input[name=password]").press("Enter")
    expect(page).not_to_have_url(re.compile("/accounts/login/"))
    return page


def ask(page: Page, text: str) -> FrameLocator:
    """Ask about the lamp, inside the frame on the shop's own page."""
    page.get_by_role("link", name="Order 1001").click()
    page.get_by_role("link", name="Ask about this order").click()
    frame = page.frame_locator("iframe")
    frame.locator("input[name=issue][value=item_problem]").check()
    frame.locator("button[name=go]").click()
    frame.locator("textarea[name=text]").fill(text)
    frame.get_by_role("button", name="Send", exact=True).click()
    expect(frame.locator(".thread")).to_contain_text(text)
    return frame


def answer(page: Page, text: str) -> None:
    """The merchant opens what waits and replies."""
    open_ticket(page)
    page.locator("textarea[name=text]").fill(text)
    page.get_by_role("button", name="Reply", exact=True).click()
    expect(page.locator(".thread")).to_contain_text(text)


def open_ticket(page: Page) -> None:
    page.goto("/".join([*page.url.split("/")[:3], "dashboard/tickets/post-purchase/"]))
    page.get_by_role("link", name=re.compile("^View")).first.click()


def refund(page: Page) -> None:
    open_ticket(page)
    page.locator("input[name=item]").first.check()
    page.get_by_role("button", name="Refund Checked Orders").click()
    page.get_by_role("button", name=re.compile(r"^Refund 1 item, 89\.90")).click()
    expect(page.locator("main")).to_contain_text("Refund Details")


def shows(page: Page, url: str, words: str) -> None:
    """Sooner or later a page says it: it hears of it in the background."""

    def said() -> bool:
        page.goto(url)
        return words in page.locator("main").inner_text()

    until(said, patience=60)


def test_asked_in_the_shop_answered_at_the_desk_refunded_in_the_shop(both: Shops, window: Callable[[], Page]) -> None:
    ada, mehmet = ada_in_the_shop(both, window), mehmet_at_the_desk(both, window)

    ask(ada, "The lamp arrived broken.")
    assert [cookie["name"] for cookie in ada.context.cookies()] == ["shop"]
    answer(mehmet, "How sad. Is the shade broken, too?")
    shows(ada, f"{both.shop_url}/orders", "One of your questions was answered: your turn.")
    ada.get_by_role("link", name=re.compile("was answered")).click()
    frame = ada.frame_locator("iframe")
    frame.get_by_role("link", name=re.compile("The lamp arrived broken")).click()
    expect(frame.locator(".thread")).to_contain_text("Is the shade broken, too?")
    frame.locator("textarea[name=text]").fill("Both are broken.")
    frame.get_by_role("button", name="Send", exact=True).click()
    expect(frame.locator(".thread")).to_contain_text("Both are broken.")
    refund(mehmet)

    shows(ada, f"{both.shop_url}/orders/1001", "Refunded 89.90 EUR")
    assert both.payments() == [("89.90", "EUR")]
    shows(ada, f"{both.shop_url}/payments", "the desk knows")
    mehmet.reload()
    expect(mehmet.locator("main")).not_to_contain_text(re.compile(r"\bpending", re.IGNORECASE))


def test_what_happened_while_the_shop_was_down_arrives_when_it_is_back(both: Shops, window: Callable[[], Page]) -> None:
    ada, mehmet = ada_in_the_shop(both, window), mehmet_at_the_desk(both, window)
    frame = ask(ada, "The lamp arrived broken.")

    both.kill_shop()
    frame.locator("textarea[name=text]").fill("It is the shade.")
    frame.get_by_role("button", name="Send", exact=True).click()
    expect(frame.locator(".thread")).to_contain_text("It is the shade.")
    refund(mehmet)
    until(lambda: "failing" in both.marketdesk("webhook", "list"))
    expect(mehmet.locator("main")).to_contain_text(re.compile("pending|on its way", re.IGNORECASE))
    both.open_shop()
    both.marketdesk("webhook", "replay", "--since", "2026-01-01")

    shows(ada, f"{both.shop_url}/orders/1001", "Refunded 89.90 EUR")
    until(lambda: " 0 waiting " in both.marketdesk("webhook", "list"))
    with books.opened(both.books) as kept:
        kinds = [one["kind"] for one in kept.execute("SELECT kind FROM events")]
    assert sorted(kinds.count(kind) for kind in ("ticket.opened", "ticket.replied", "refund.requested")) == [1, 1, 1]
    assert both.payments() == [("89.90", "EUR")]


def test_both_start_with_one_command_and_end_with_it(tmp_path: Path, ports: tuple[int, int]) -> None:
    both = Together(tmp_path / "shop", *ports)
    settings = {"PORT": str(ports[0]), "SHOP_PORT": str(ports[1]), "DEMO_SHOP_HOME": str(both.home)}
    for _start in ("first", "second"):
        demo = psutil.Popen(
            [sys.executable, HERE / "demo_shop.py"], env={**both.desk_environment(), **settings}, text=True,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        said = ""
        while "Ctrl+C" not in said:
            line = demo.stdout.readline()
            assert line, said
            said += line
        assert both.shop_url in said
        assert both.desk_url in said
        assert answers(both.shop_url)
        assert answers(both.desk_url)
        children = demo.children(recursive=True)

        demo.send_signal(signal.SIGINT)

        assert demo.wait(20) == 0
        assert not any(child.is_running() for child in children)
