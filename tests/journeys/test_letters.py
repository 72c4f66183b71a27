"""Ada has no account. She opens a mail, answers by its link with a picture, rates, and stops the links."""

import email
import email.policy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from marketdesk import schedule
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.performance.models import Rating
from marketdesk.tickets.models import Attachment, Ticket
from marketdesk.tickets.rules import State
from tests.journeys.test_main_job import a_picture

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def last_mail(settings: Any, live_server: Any, tmp_path: Path) -> Callable[[], str]:
    """`last_mail()` sends what is due, and reads the newest mail to Ada as the folder of mails keeps it."""
    settings.BASE_URL = live_server.url
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = "django.core.mail.backends.filebased.EmailBackend", tmp_path

    def _last_mail() -> str:
        schedule.worker().run_due()
        found = []
        for file in sorted(tmp_path.glob("*.log"), key=lambda one: one.stat().st_mtime_ns):
            for one in file.read_bytes().split(b"\n" + b"-" * 79 + b"\n"):
                if one.strip():
                    found.append(email.message_from_bytes(one, policy=email.policy.default))
        return str([one for one in found if one["To"] == "ada@example.org"][-1].get_content())

    return _last_mail


def link_in(text: str, ending: str = "") -> str:
    found = re.search(rf"https?://\S+/t/[\w-]+/{re.escape(ending)}(?=\s)", text)
    assert found, text
    return found[0]


@pytest.mark.inside
def test_a_mail_a_link_an_answer_a_rating_and_the_end(
    chromium: Browser, last_mail: Callable[[], str], ada_user: User, ticket: Ticket, mehmet: Actor
) -> None:
    ada_user.language = "en"
    ada_user.set_unusable_password()
    ada_user.save()
    ticket.reply("Which colour is it?", by=mehmet)
    link = link_in(last_mail())
    window = chromium.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    page = window.new_page()
    page.set_default_timeout(10_000)
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)

    page.goto(link)
    expect(page.get_by_role("heading", name="It is your turn")).to_be_visible()
    page.locator("textarea[name=text]").fill("Brass, as in the picture.")
    expect(page.locator("[data-draft-line]")).not_to_be_empty()  # the draft is kept, behind the link too
    page.locator("input[type=file]").set_input_files([a_picture()])
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("Brass, as in the picture.")).to_be_visible()
    shown = page.locator("#thread img")
    expect(shown).to_have_count(1)
    assert shown.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0
    assert "/t/" in page.url
    assert Attachment.objects.get().message is not None

    ticket.refresh_from_db()
    assert ticket.state == State.WITH_MERCHANT
    ticket.resolve("Sent.", by=mehmet)
    page.goto(link_in(last_mail(), "?helped=yes"))
    expect(page.get_by_text("You chose: it helped.")).to_be_visible()
    assert not Rating.objects.exists()
    page.get_by_role("button", name="Send this answer").click()
    expect(page.get_by_role("heading", name="You said: it helped")).to_be_visible()
    assert Rating.objects.get().helpful

    other = window.new_page()
    other.goto(link)
    other.locator("textarea[name=text]").fill("One more thing.")
    page.get_by_text("Links in mails", exact=True).click()
    page.get_by_role("button", name="Stop the links").click()
    ended = "This link has ended or was never valid"
    expect(page.get_by_role("heading", name=ended)).to_be_visible()

    other.get_by_role("button", name="Send and open again").click()
    expect(other.get_by_text("Nothing was sent.")).to_be_visible()
    expect(other.locator("textarea")).to_have_value("One more thing.")
    page.goto(link)
    expect(page.get_by_role("heading", name=ended)).to_be_visible()
    ticket.refresh_from_db()
    assert ticket.state == State.CLOSED
    assert window.cookies() == [one for one in window.cookies() if one.get("name") != "sessionid"]
    assert refused == []
    window.close()


@pytest.mark.inside
def test_support_opens_a_mail_that_was_passed_on_and_stays_support(
    visit: Callable[..., Page], last_mail: Callable[[], str], sofia_user: User, ticket: Ticket, mehmet: Actor
) -> None:
    ticket.reply("Which colour is it?", by=mehmet)
    page = visit(sofia_user, "sofia-password")

    page.goto(link_in(last_mail()))
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.goto("/")

    expect(page).to_have_url(re.compile("/support/"))
