"""Programs come to a store in a real browser: an owner registers an app, the owner of another store lets it in, it
calls, renews its token, and is revoked. And a store's own program gets a token without that way."""

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from playwright.sync_api import Page, expect

from marketdesk.merchants.models import Merchant
from marketdesk.people.models import User
from marketdesk.tickets.models import Ticket
from tests.journeys.test_pages import barriers
from tests.listening import Quiet, listening

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

Visit = Callable[..., Page]


class Program:
    """A merchant's program: a page that begins, an address that is led back to, and calls of its own."""

    def __init__(self, desk: str, here: str) -> None:
        self.desk, self.callback = desk, f"{here}/callback"
        self.client_id = self.secret = self.verifier = ""
        self.state = secrets.token_urlsafe(8)
        self.told: list[dict[str, str]] = []

    def asking(self, path: str = "/oauth/authorize", *, challenge: bool = False, **said: str) -> str:
        """The address that it sends an owner to."""
        if challenge:
            self.verifier = secrets.token_urlsafe(48)
            digest = hashlib.sha256(self.verifier.encode()).digest()
            said |= {
                "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
                "code_challenge_method": "S256",
            }
        query = {"client_id": self.client_id, "redirect_uri": self.callback, "state": self.state, **said}
        return f"{self.desk}{path}?{urlencode(query)}"

    def change_code(self, version: str) -> dict[str, Any]:
        """The code that it was told last, for tokens."""
        said = {"code": self.told[-1]["code"], "redirect_uri": self.callback, "grant_type": "authorization_code"}
        return self._tokens(version, "access_token", said | ({"code_verifier": self.verifier} if self.verifier else {}))

    def renew(self, version: str, token: str) -> dict[str, Any]:
        """A refresh token, for new tokens."""
        return self._tokens(version, "refresh_token", {"refresh_token": token, "grant_type": "refresh_token"})

    def _tokens(self, version: str, call: str, said: dict[str, str]) -> dict[str, Any]:
        fields = {"client_id": self.client_id, "client_secret": self.secret, **said}
        answer = requests.post(f"{self.desk}/api/{version}/oauth/{call}", data=fields, timeout=10)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["data"])

    def call(self, path: str, token: str) -> tuple[int, Any]:
        """The code and the data that a call answers."""
        headers = {"Authorization": f"Bearer {token}"}
        answer = requests.get(f"{self.desk}{path}", headers=headers, timeout=10).json()
        return answer["code"], answer["data"]


@contextmanager
def program(desk: str) -> Iterator[Program]:
    """The program, listening on a port of its own, which sends whoever comes back on to its start page elsewhere."""
    made: list[Program] = []

    class Answers(Quiet, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/callback":
                made[0].told.append({name: value for name, (value,) in parse_qs(parts.query).items()})
                self.send_response(302)
                self.send_header("Location", f"{here.replace('127.0.0.1', 'localhost')}/start")
                self.end_headers()
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(
                f'<h1>The program</h1><a href="{made[0].asking()}">Connect</a>'.replace("&", "&amp;").encode()
            )

    with listening(Answers) as here:
        made.append(Program(desk, here))
        yield made[0]


def register(page: Page, one: Program, *choices: str) -> None:
    """Register the program on the page of apps, and give it what the page shows once."""
    page.locator("summary", has_text="Account of").click()
    page.get_by_role("link", name="Apps", exact=True).click()
    page.get_by_role("link", name="Register an app").click()
    page.get_by_label("Name", exact=True).fill("Stock & Orders")
    page.get_by_label("Redirect addresses").fill(one.callback)
    for choice in choices:
        page.get_by_label(choice).check()
    page.get_by_role("button", name="Register it").click()
    one.client_id = page.get_by_label("Client ID").input_value()
    one.secret = page.get_by_label("Secret. Copy it now").input_value()
    page.get_by_role("link", name="I have kept it").click()


def came_back(page: Page) -> None:
    expect(page.get_by_role("heading", name="The program")).to_be_visible()


def test_another_store_lets_an_old_program_in_and_takes_it_back(
    visit: Visit, live_server: Any, mehmet_user: User, rival_user: User, rival_store: Merchant, ticket: Ticket
) -> None:
    with program(live_server.url) as erp:
        register(
            visit(mehmet_user, "mehmet-password"), erp, "Other stores may allow it too", "It sends no code challenge"
        )

        page = visit(rival_user, "rival-password")
        page.goto(erp.callback.replace("callback", "start"))
        page.get_by_role("link", name="Connect").click()
        expect(page.get_by_role("heading", name="Allow Stock & Orders to work for your store?")).to_be_visible()
        expect(page.locator("main")).to_contain_text("Made by Anadolu Home")
        expect(page.locator("main")).to_contain_text(f"led back to {urlsplit(erp.callback).netloc}")
        page.get_by_role("button", name="Refuse").click()
        came_back(page)
        assert erp.told == [{"error": "access_denied", "state": erp.state}]

        page.get_by_role("link", name="Connect").click()
        page.get_by_role("button", name="Allow").click()
        came_back(page)
        assert set(erp.told[1]) == {"code", "state"}
        first = erp.change_code("v2")
        assert erp.call("/api/v2/auth_test", first["access_token"])[1]["merchant_id"] == rival_store.public_id
        assert erp.call("/api/v3/oauth/test", first["access_token"]) == (0, {"merchant_id": rival_store.public_id})
        assert erp.call(f"/api/v2/ticket?id={ticket.public_id}", first["access_token"])[0] == 1004  # of another store

        second = erp.renew("v2", first["refresh_token"])
        assert erp.call("/api/v2/auth_test", first["access_token"])[0] == 1016
        assert erp.call("/api/v2/auth_test", second["access_token"])[0] == 0

        page.goto("/dashboard/apps")
        row = page.locator(".team li", has_text="Stock & Orders")
        expect(row).to_contain_text("last used today")
        expect(row).to_contain_text("Read tickets, with what customers wrote and their addresses")
        row.get_by_role("link", name="Revoke…").click()
        page.get_by_role("button", name="Revoke it").click()
        expect(page.locator(".flash")).to_contain_text("Revoked.")
        expect(page.get_by_text("Stock & Orders")).to_have_count(0)
        assert erp.call("/api/v2/auth_test", second["access_token"])[0] == 1016
        assert erp.call("/api/v3/oauth/test", second["access_token"])[0] == 1008


def test_a_program_of_today_is_let_in_without_javascript_after_signing_in(
    visit: Visit, chromium: Any, live_server: Any, mehmet_user: User, store: Merchant
) -> None:
    with program(live_server.url) as erp:
        owner = visit(mehmet_user, "mehmet-password", java_script_enabled=False)
        register(owner, erp)

        window = chromium.new_context(base_url=live_server.url, locale="en-GB", java_script_enabled=False)
        try:
            page = window.new_page()
            page.goto(erp.asking("/v3/oauth/authorize", challenge=True, scope="tickets:read"))
            page.locator("input[name=login]").fill(mehmet_user.email or "")
            page.locator("input[name=password]").fill("mehmet-password")
            page.locator("input[name=password]").press("Enter")
            page.get_by_role("button", name="Allow").click()
            came_back(page)
        finally:
            window.close()
        given = erp.change_code("v3")
        assert (given["merchant_id"], given["scopes"]) == (store.public_id, ["tickets:read"])
        assert erp.call("/api/v3/oauth/test", given["access_token"])[0] == 0
        renewed = erp.renew("v3", given["refresh_token"])
        assert erp.call("/api/v3/oauth/test", given["access_token"])[0] == 1008

        owner.get_by_role("link", name="Remove…").click()
        expect(owner.locator("main")).to_contain_text("1 store uses it now.")
        owner.get_by_role("button", name="Remove the app").click()
        assert erp.call("/api/v3/oauth/test", renewed["access_token"])[0] == 1008


def test_a_stores_own_program_gets_a_token_of_the_sandbox_and_another_of_the_store(
    visit: Visit, live_server: Any, mehmet_user: User, store: Merchant
) -> None:
    page = visit(mehmet_user, "mehmet-password")
    with program(live_server.url) as erp:
        for choices in ([], ["Sees a sandbox store"]):
            register(page, erp, *choices)
            page.get_by_role("link", name="Get a token…").click()
            page.get_by_role("button", name="Make a token").click()
            token = page.get_by_label("Copy it now").input_value()

            whose = erp.call("/api/v3/oauth/test", token)[1]["merchant_id"]

            assert (whose == store.public_id) is not bool(choices)
            page.get_by_role("link", name="I have kept it").click()
    expect(page.locator("#connected ~ ul .tag", has_text="Sandbox")).to_have_count(1)


def test_a_long_address_that_is_refused_fits_a_phone(visit: Visit, mehmet_user: User) -> None:
    page = visit(mehmet_user, "mehmet-password", viewport={"width": 360, "height": 740})
    page.goto("/dashboard/apps/new")
    page.get_by_label("Redirect addresses").fill(f"http://erp.example/{'callback/' * 12}")
    page.get_by_role("button", name="Register it").click()

    expect(page.get_by_text("begins with http://").first).to_be_visible()
    assert barriers(page) == []
