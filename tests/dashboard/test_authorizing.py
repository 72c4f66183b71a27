"""The page where an owner lets an app in, or does not."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.test import Client

from marketdesk.journal.models import Event
from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.programs import registering
from marketdesk.programs.models import App, Grant, Reach, Scope
from tests.registering import CALLBACK, facts, register
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


@pytest.fixture
def app(rival_store: Merchant, rival: Actor) -> App:
    """A public app of another store that was written for API v2."""
    scopes = [Scope.READ_TICKETS, Scope.WRITE_TICKETS]
    return register(rival_store, rival, name="Translator", reach=Reach.PUBLIC, scopes=scopes, needs_pkce=False)[0]


def asking(app: App, path: str = "/oauth/authorize", **asked: str) -> str:
    return f"{path}?{urlencode({'client_id': app.client_id, **asked})}"


def led_back(answer: Any) -> tuple[str, dict[str, str]]:
    """Where a browser is sent, and what the app reads there."""
    assert answer.status_code == 302
    parts = urlsplit(answer["Location"])
    return parts._replace(query="").geturl(), {name: value for name, (value,) in parse_qs(parts.query).items()}


@pytest.mark.parametrize("path", ["/oauth/authorize", "/v3/oauth/authorize"])
def test_an_owner_reads_who_asks_for_what_and_where_it_leads(path: str, mehmet_client: Client, app: App) -> None:
    answer = mehmet_client.get(asking(app, path, scope="tickets:read", state="s"))

    text = answer.content.decode()
    will, will_not = text.split("It will not be able to")
    assert answer.status_code == 200
    assert "Made by <bdi>Rival Goods</bdi>" in text
    assert "Read tickets, with what customers wrote" in will
    assert "Answer, close, re-open and appeal" in will_not
    assert "erp.example" in text
    assert "Anadolu Home" in text


@pytest.mark.parametrize("path", ["/oauth/authorize", "/v3/oauth/authorize"])
def test_what_an_owner_allows_leads_back_with_a_code(
    path: str, mehmet_client: Client, app: App, store: Merchant, mehmet_user: User
) -> None:
    answer = mehmet_client.post(
        asking(app, path, state="a&b", scope="tickets:read"), {"act": "allow", "store": store.public_id}
    )

    address, said = led_back(answer)
    grant, event = Grant.objects.get(), Event.objects.get(verb="app_allowed")
    assert (address, said["state"]) == (CALLBACK, "a&b")
    assert (grant.merchant, grant.application, grant.scope, grant.user) == (store, app, "tickets:read", mehmet_user)
    assert (event.merchant_id, event.actor["name"]) == (store.pk, "Mehmet Demir")
    assert said["code"] not in str([*Grant.objects.values(), *Event.objects.values()])
    assert "no-store" in answer["Cache-Control"]


def test_who_refuses_leads_back_without_a_code(mehmet_client: Client, app: App, store: Merchant) -> None:
    with nothing_changed():
        answer = mehmet_client.post(asking(app, state="s"), {"act": "refuse", "store": store.public_id})

    address, said = led_back(answer)
    assert (address, said["state"], said["error"]) == (CALLBACK, "s", "access_denied")
    assert "code" not in said


def test_whoever_is_not_signed_in_comes_back_to_the_same_question(mehmet_user: User, app: App) -> None:
    client, address = Client(), asking(app, state="a b", scope="tickets:read tickets:write")
    first = client.get(address)
    signed = client.post(first["Location"], {"login": mehmet_user.email, "password": "mehmet-password"})

    assert signed["Location"] == address
    assert "Allow <bdi>Translator</bdi>" in client.get(signed["Location"]).content.decode()


def test_who_owns_several_stores_chooses(
    mehmet_client: Client, mehmet_user: User, store: Merchant, rival_store: Merchant, app: App
) -> None:
    Membership.objects.create(user=mehmet_user, merchant=rival_store)  # no owner there
    third = Merchant.objects.create(external_id="m-3", name="Third Store")
    Membership.objects.create(user=mehmet_user, merchant=third, role=Role.OWNER)

    text = mehmet_client.get(asking(app)).content.decode()
    led_back(mehmet_client.post(asking(app), {"act": "allow", "store": third.public_id}))

    assert text.count('type="radio"') == 2
    assert f'value="{store.public_id}" checked' in text
    assert rival_store.public_id not in text
    assert Grant.objects.get().merchant == third


@pytest.mark.parametrize(
    "answered",
    [{}, {"act": "allow"}, {"act": "allow", "store": "0" * 24}, {"act": "Allow", "store": "own"},
     {"act": "allow", "store": "rival"}, {"act": "allow", "store": "\x00"}],
)  # fmt: skip
def test_half_an_answer_does_nothing(
    answered: dict[str, str], mehmet_client: Client, app: App, store: Merchant, rival_store: Merchant
) -> None:
    ids = {"own": store.public_id, "rival": rival_store.public_id}
    sent = {name: ids.get(value, value) for name, value in answered.items()}
    with nothing_changed():
        answer = mehmet_client.post(asking(app), sent)

    assert answer.status_code == 422
    assert "Choose the store, then allow or refuse." in answer.content.decode()


def test_an_unknown_app_and_a_wrong_address_are_said_and_lead_nowhere(mehmet_client: Client, app: App) -> None:
    addresses = [
        "/oauth/authorize",
        "/oauth/authorize?client_id=x",
        asking(app, redirect_uri="https://evil.example/"),
        asking(app, redirect_uri=f"{CALLBACK}/more"),
        f"{asking(app)}&client_id=x",
    ]
    with nothing_changed():
        answers = [mehmet_client.get(one) for one in addresses] + [
            mehmet_client.post(one, {"act": "allow"}) for one in addresses
        ]

    for answer in answers:
        assert answer.status_code == 400
        assert "This app cannot be allowed" in answer.content.decode()
        assert "evil.example" not in answer.content.decode()


def test_a_private_app_is_for_its_own_store_and_as_if_absent_for_others(
    mehmet_client: Client, rival_client: Client, rival_store: Merchant, rival: Actor, store: Merchant
) -> None:
    private, _ = register(rival_store, rival, needs_pkce=False)
    unknown = mehmet_client.get(asking(App(client_id="x")))
    with nothing_changed():
        answers = [
            mehmet_client.get(asking(private)),
            mehmet_client.get(asking(private, response_type="token")),  # nor is anybody led to its address
            mehmet_client.post(asking(private), {"act": "allow", "store": store.public_id}),
        ]

    assert [one.status_code for one in answers] == [400] * 3
    assert [one.content for one in answers] == [unknown.content] * 3
    assert rival_client.get(asking(private)).status_code == 200


def test_a_removed_app_is_as_if_absent(mehmet_client: Client, app: App, rival: Actor) -> None:
    registering.remove(app, by=rival)

    assert mehmet_client.get(asking(app)).content == mehmet_client.get(asking(App(client_id="x"))).content


def test_an_agent_reads_why_not(mehmet_client: Client, mehmet_user: User, app: App, store: Merchant) -> None:
    Membership.objects.filter(user=mehmet_user).update(role=Role.AGENT)
    with nothing_changed():
        answers = [
            mehmet_client.get(asking(app)),
            mehmet_client.post(asking(app), {"act": "allow", "store": store.public_id}),
        ]

    assert [one.status_code for one in answers] == [403, 403]
    assert "Only the owners of <bdi>Anadolu Home</bdi> let one in" in answers[0].content.decode()


def test_a_program_that_must_send_a_challenge_is_told_at_its_own_address(
    mehmet_client: Client, rival: Actor, app: App
) -> None:
    registering.change(app, facts(reach=Reach.PUBLIC), by=rival)

    address, said = led_back(mehmet_client.get(asking(app, state="s")))

    assert (address, said["error"], said["state"]) == (CALLBACK, "invalid_request", "s")


def test_a_sandbox_app_says_that_it_sees_no_customers(
    mehmet_client: Client, rival_store: Merchant, rival: Actor, store: Merchant
) -> None:
    app, _ = register(rival_store, rival, reach=Reach.PUBLIC, is_sandbox=True, needs_pkce=False)

    text = mehmet_client.get(asking(app)).content.decode()
    led_back(mehmet_client.post(asking(app), {"act": "allow", "store": store.public_id}))

    assert "it sees none of your customers" in text
    assert Grant.objects.get().merchant.sandbox_of == store


def test_the_page_is_framed_by_nobody_and_its_form_may_lead_to_apps(mehmet_client: Client, app: App) -> None:
    here, elsewhere = (rules(mehmet_client.get(one)) for one in (asking(app), "/dashboard/apps"))

    assert here["frame-ancestors"] == "'none'"
    assert here["form-action"] == "'self' https: http://127.0.0.1:* http://localhost:*"
    assert elsewhere["form-action"] == "'self'"


def rules(answer: Any) -> dict[str, str]:
    """The content security policy, by directive."""
    return dict(one.strip().partition(" ")[::2] for one in answer["Content-Security-Policy"].split(";"))


def test_a_foreign_site_allows_nothing(mehmet_user: User, app: App, store: Merchant) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(mehmet_user)
    with nothing_changed():
        answer = client.post(asking(app), {"act": "allow", "store": store.public_id})

    assert answer.status_code == 403


def test_asking_and_allowing_ask_little_of_the_database(
    mehmet_client: Client, app: App, store: Merchant, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    with django_assert_max_num_queries(12):
        mehmet_client.get(asking(app))
    with django_assert_max_num_queries(20):
        mehmet_client.post(asking(app), {"act": "allow", "store": store.public_id})
