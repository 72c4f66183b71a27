"""A colleague is invited in a real browser, joins, adds a passkey, signs in with it, and is removed again."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import mail
from playwright.sync_api import Browser, Page, expect

from marketdesk import schedule
from marketdesk.people.models import User

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def mailed_link() -> str:
    """What the mail of the invitation names, without the host."""
    worker = schedule.worker()
    while worker.run_one():
        pass
    address = next(line for line in str(mail.outbox[-1].body).splitlines() if line.startswith("http"))
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def with_authenticator(page: Page) -> None:
    """Give the window a phone that confirms every time."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    cdp.send(
        "WebAuthn.addVirtualAuthenticator",
        {"options": {**options, "isUserVerified": True, "automaticPresenceSimulation": True}},
    )


@pytest.mark.inside
def test_a_colleague_joins_with_a_passkey_and_is_removed(
    visit: Callable[..., Page], chromium: Browser, live_server: Any, mehmet_user: User
) -> None:
    owner = visit(mehmet_user, "mehmet-password")
    owner.goto("/dashboard/team")
    owner.get_by_label("Mail address").fill("zeynep@example.org")
    owner.get_by_label("Language of the mail").select_option("en")
    owner.get_by_role("button", name="Send the invitation").click()
    expect(owner.locator(".flash")).to_contain_text("Invited.")

    # A passkey belongs to a name, not to a number: 127.0.0.1 can have none.
    window = chromium.new_context(base_url=live_server.url.replace("127.0.0.1", "localhost"), locale="en-GB")
    try:
        page = window.new_page()
        page.set_default_timeout(15_000)
        with_authenticator(page)
        page.goto(mailed_link())
        page.get_by_label("Your name").fill("Zeynep Ak")
        page.get_by_label("Password").fill("a-long-password")
        page.get_by_role("button", name="Join the team").click()
        page.goto("/dashboard/team")
        expect(page.locator(".team")).to_contain_text("Zeynep Ak")

        page.goto("/accounts/2fa/webauthn/")
        page.get_by_role("link", name="Add a passkey").click()
        page.locator("input[name=password]").fill("a-long-password")
        page.locator("input[name=password]").press("Enter")
        page.locator("#mfa_webauthn_add").click()
        expect(page).to_have_url(f"{page.url.partition('/accounts')[0]}/accounts/2fa/recovery-codes/")
        page.goto("/account/")
        page.get_by_role("button", name="Sign out").last.click()

        page.goto("/accounts/login/")
        page.get_by_role("button", name="Sign in with a passkey").click()
        expect(page.get_by_role("heading", name="Support Tickets")).to_be_visible()
        page.goto("/accounts/sessions/")
        expect(page.locator(".team")).to_contain_text("This device")

        owner.goto("/dashboard/team")
        expect(owner.locator(".team li", has_text="Zeynep")).to_contain_text("two-step sign-in is on")
        owner.locator("summary", has_text="Zeynep Ak").click()
        owner.locator("li", has_text="Zeynep Ak").get_by_role("button", name="Remove from the team").click()
        expect(owner.locator(".flash")).to_contain_text("Removed")
        page.goto("/dashboard/team")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    finally:
        window.close()
