"""What every answer tells a browser (H1), generated from the URL configuration: a new address is asked too."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from marketdesk.api import files
from marketdesk.api.middleware import URLCONF as PROGRAMS
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.programs.models import AccessToken
from marketdesk.tickets.models import Ticket
from tests.test_tenancy import picture_of, routes

pytestmark = pytest.mark.django_db


def policy(answer: Any) -> dict[str, str]:
    """The Content-Security-Policy, by directive."""
    parts = answer.headers["Content-Security-Policy"].split(";")
    return {name: value for name, _, value in (part.strip().partition(" ") for part in parts)}


def check(answer: Any) -> None:
    """An answer that no browser takes for more than it is."""
    assert answer.status_code < 500
    told = policy(answer)
    assert told["default-src"] in {"'self'", "'none'"}
    assert "unsafe" not in str(told)
    assert "sandbox" in told or (told["frame-ancestors"], told["base-uri"]) == ("'none'", "'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] in {"same-origin", "no-referrer"}
    for cookie in (one for one in answer.cookies.values() if one.value):  # without a value it is taken away
        assert cookie["samesite"] == "Lax"
        assert cookie["httponly"] or cookie.key in {"csrftoken", "django_language"}
        assert cookie["secure"]


@pytest.fixture
def addresses(ask: Callable[..., Ticket], ada: Actor, store: Merchant) -> list[str]:
    """Every address of pages and programs, about things that are there."""
    picture = picture_of(ada)
    ticket = ask("item_problem", pictures=[picture])
    order = ticket.order
    assert order
    about = {"name": order.public_id, "kind": "order", "queue": "closed", "picture": picture.public_id, "signed": "x"}
    others = {"uidb36": "1", "key": "x-x", "refund": "0" * 24, "change": "1", "public_id": ticket.public_id}
    there = defaultdict(lambda: "x", {**about, **others})
    found = [*(route for route in routes() if "^" not in route.path), *routes(PROGRAMS)]
    return [route.address(there) for route in found]


@pytest.mark.parametrize("method", ["get", "post", "put"])
def test_every_answer_is_safe_in_a_browser(
    method: str,
    addresses: list[str],
    client: Client,
    ada_client: Client,
    mehmet_client: Client,
    sofia_client: Client,
    settings: Any,
) -> None:
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = settings.SECURE = True

    for address in [*addresses, "/nowhere"]:
        for person in (client, ada_client, mehmet_client, sofia_client):
            if "logout" not in address:
                check(getattr(person, method)(address))


def test_a_picture_is_nothing_but_a_picture(
    ask: Callable[..., Ticket], ada: Actor, ada_client: Client, mehmet_client: Client, sofia_client: Client, rf: Any
) -> None:
    picture = picture_of(ada)
    ticket = ask("item_problem", pictures=[picture])
    doors = {"storefront": ada_client, "dashboard": mehmet_client, "support": sofia_client}

    answers = [
        client.get(reverse(f"{door}:picture", args=[ticket.public_id, picture.public_id]))
        for door, client in doors.items()
    ]
    token = AccessToken.find(AccessToken.issue(ticket.merchant, "ERP"))
    assert token
    answers.append(Client().get(files.link(picture, rf.get("/"), token)))

    for answer in answers:
        check(answer)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert {"default-src", "sandbox"} <= set(policy(answer))


def test_a_refusal_is_as_safe_as_a_page(client: Client, store: Merchant) -> None:
    token = AccessToken.issue(store, "Test")

    for answer in (
        client.get("/my/", headers={"Host": "evil.example"}),
        Client(enforce_csrf_checks=True).post("/language"),
        client.get("/api/v2/ticket", {"access_token": token}),
        client.get("/api/v2/ticket", headers={"Host": "evil.example"}),
    ):
        assert answer.status_code in {400, 403}
        check(answer)


def test_whose_server_it_is_decides_the_installation_alone(client: Client) -> None:
    forged = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"}

    answer = client.get("/my/", headers=forged)

    assert answer.headers["Location"] == "/accounts/login/?next=/my/"
    assert not answer.wsgi_request.is_secure()
