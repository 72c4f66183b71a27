"""Templates in a real browser: found, read, put in where the cursor stands, and taken out again."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Locator, Page, expect

from marketdesk.people.models import User
from marketdesk.replies.choosing import suggestions
from marketdesk.tickets.models import Draft, Message, Ticket
from tests.journeys.test_pages import barriers

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., Page]


@pytest.fixture
def open_ticket(visit: Visit, ticket: Ticket, mehmet_user: User) -> Callable[..., Page]:
    """Mehmet, who reads Turkish and uses the pages in it, before a ticket of Ada's, who reads German."""

    def _open(**options: object) -> Page:
        User.objects.filter(pk=mehmet_user.pk).update(language="tr")
        page = visit(mehmet_user, "mehmet-password", **options)
        page.goto(f"/dashboard/tickets/{ticket.public_id}")
        return page

    return _open


def field(page: Page) -> Locator:
    return page.locator("textarea[data-reply]")


def offer(page: Page, code: str) -> Locator:
    return page.locator("details", has=page.locator(f"button.template[value={code}]"))


def place(page: Page, start: int, end: int) -> None:
    """Put the cursor somewhere, or select what lies between."""
    field(page).focus()
    field(page).evaluate("(field, [start, end]) => field.setSelectionRange(start, end)", [start, end])


@contextmanager
def kept(page: Page) -> Iterator[None]:
    """What is typed in here is a draft afterwards; a window that closes has then nothing more to say."""
    with page.expect_response(re.compile("/draft$")):
        yield


def put_in(page: Page, code: str) -> None:
    offer(page, code).locator("summary").click()
    offer(page, code).locator("button.template").click()


def in_german(ticket: Ticket, code: str) -> str:
    return next(one.text for one in suggestions(ticket, "de") if one.code == code)


def test_a_template_is_read_goes_in_at_the_cursor_and_is_taken_out_again(
    open_ticket: Callable[..., Page], ticket: Ticket
) -> None:
    page, german = open_ticket(), in_german(ticket, "delivery_delayed")
    with kept(page):
        field(page).fill("Guten Tag!\nBis bald.")
    place(page, 10, 10)

    offer(page, "delivery_delayed").locator("summary").click()
    preview = offer(page, "delivery_delayed").locator(".preview")
    expect(preview.locator(".goes")).to_have_text(german)
    expect(preview.locator(".own")).to_contain_text("Merhaba Ada")
    assert preview.locator(".goes mark").first.evaluate("mark => getComputedStyle(mark, '::after').content") != "none"
    with kept(page):
        preview.locator("button").click()

    expect(field(page)).to_have_value(f"Guten Tag!\n\n{german}\nBis bald.")
    expect(field(page)).to_be_focused()
    assert german in Draft.objects.get().body.replace("\r\n", "\n")
    with kept(page):
        page.keyboard.press("Control+z")
    expect(field(page)).to_have_value("Guten Tag!\nBis bald.")
    assert not Message.objects.filter(author="merchant").exists()


def test_only_what_the_person_selected_is_replaced(open_ticket: Callable[..., Page], ticket: Ticket) -> None:
    page, german = open_ticket(), in_german(ticket, "order_shipped")
    with kept(page):
        field(page).fill("Hallo!\n\nxxx")
    place(page, 8, 11)

    with kept(page):
        put_in(page, "order_shipped")

    expect(field(page)).to_have_value(f"Hallo!\n\n{german}")
    with kept(page):
        page.keyboard.press("Control+z")
    expect(field(page)).to_have_value("Hallo!\n\nxxx")


def test_below_a_restored_draft_that_nobody_has_touched(open_ticket: Callable[..., Page], ticket: Ticket) -> None:
    page, german = open_ticket(), in_german(ticket, "order_shipped")
    with kept(page):
        field(page).fill("Half a sent")
    page.reload()

    with kept(page):
        put_in(page, "order_shipped")

    expect(field(page)).to_have_value(f"Half a sent\n\n{german}")


def test_one_is_found_and_put_in_with_keys_alone(open_ticket: Callable[..., Page], ticket: Ticket) -> None:
    page = open_ticket()

    page.keyboard.press("t")
    page.keyboard.type("SPAT gecik")  # German without its dots, and Turkish
    visible = page.locator(".templates li:not([hidden])")
    expect(visible).to_have_count(1)
    page.keyboard.press("Enter")
    expect(visible.locator("button.template")).to_be_focused()
    page.keyboard.press("Escape")
    expect(visible.locator("summary")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    with kept(page):
        page.keyboard.press("Enter")

    expect(field(page)).to_have_value(in_german(ticket, "delivery_delayed"))
    expect(field(page)).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("[data-template-search]").fill("xyzzy")
    expect(page.locator("[data-template-none]")).to_be_visible()
    assert not Message.objects.filter(author="merchant").exists()


def test_another_language_keeps_what_was_typed_and_looked_for(open_ticket: Callable[..., Page]) -> None:
    page = open_ticket()
    with kept(page):
        field(page).fill("Guten Tag!")
    page.locator("[data-template-search]").fill("gecik")

    page.locator("#template-language").select_option("fr")

    expect(page.locator(".templates li:not([hidden]) .goes")).to_have_attribute("lang", "fr")
    expect(page.locator(".templates li:not([hidden])")).to_have_count(1)
    page.locator("[data-template-search]").fill("")
    assert page.locator(".templates li:not([hidden])").count() > 6
    expect(field(page)).to_have_value("Guten Tag!")


@pytest.mark.parametrize("dark", ["light", "dark"])
def test_on_a_phone_it_is_read_and_put_in_without_scrolling_sideways(
    open_ticket: Callable[..., Page], ticket: Ticket, dark: str
) -> None:
    page = open_ticket(viewport={"width": 360, "height": 740}, color_scheme=dark)

    offer(page, "delivery_delayed").locator("summary").click()

    assert barriers(page) == []
    with kept(page):
        offer(page, "delivery_delayed").locator("button.template").click()
    expect(field(page)).to_have_value(in_german(ticket, "delivery_delayed"))


def test_without_javascript_it_is_read_found_and_put_in_just_so(
    open_ticket: Callable[..., Page], ticket: Ticket
) -> None:
    page = open_ticket(java_script_enabled=False)
    field(page).fill("Guten Tag!")

    page.locator("[data-template-search]").fill("gecik")
    page.locator("[data-template-search]").press("Enter")
    expect(page.locator(".templates li:not([hidden])")).to_have_count(1)
    expect(field(page)).to_have_value("Guten Tag!")
    put_in(page, "delivery_delayed")

    expect(field(page)).to_have_value(re.compile(r"^Guten Tag!\s+Hallo Ada"))
    assert not Message.objects.filter(author="merchant").exists()
