"""The pages of apps: owners register, get a token, see the last use, revoke and remove."""

import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from marketdesk.merchants.models import Membership, Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.programs import registering, sandbox
from marketdesk.programs.models import AccessToken, App, Reach
from tests.conftest import signed_in
from tests.registering import CALLBACK, register
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

PAGE = "/dashboard/apps"
ERP: dict[str, Any] = {"name": "ERP", "reach": "private", "addresses": CALLBACK, "scopes": ["tickets:read"]}


@pytest.fixture
def app(store: Merchant, mehmet: Actor) -> App:
    return register(store, mehmet)[0]


@pytest.fixture
def theirs(rival_store: Merchant, rival: Actor) -> App:
    """A public app of another store."""
    return register(rival_store, rival, name="Translator", reach=Reach.PUBLIC)[0]


@pytest.fixture
def agent_client(store: Merchant) -> Client:
    user = User.objects.create_user("elif@example.org", "x", name="Elif Kaya", party=Party.MERCHANT, language="en")
    Membership.objects.create(user=user, merchant=store)
    return signed_in(user)


def send(client: Client, address: str, **fields: Any) -> Any:
    return client.post(address, {"key": secrets.token_urlsafe(8), **fields})


def shown(answer: Any) -> str:
    """The page below the bar."""
    return str(answer.content.decode().partition('id="main"')[2])


def field(answer: Any, name: str) -> str:
    """What stands in a read-only field."""
    found = re.search(rf'id="{name}" class="secret" value="([^"]+)"', answer.content.decode())
    assert found
    return found[1]


def test_an_owner_registers_an_app_and_sees_its_secret_once(mehmet_client: Client, store: Merchant) -> None:
    answer = send(mehmet_client, f"{PAGE}/new", **ERP)

    app = App.objects.get()
    assert (answer.status_code, app.merchant, app.name, app.redirect_uris) == (200, store, "ERP", CALLBACK)
    assert (field(answer, "client-id"), field(answer, "secret")) == (app.client_id, app.secret)
    assert "no-store" in answer["Cache-Control"]
    for address in (PAGE, f"{PAGE}/{app.public_id}"):
        assert app.secret not in mehmet_client.get(address).content.decode()


def test_an_old_program_is_registered_as_it_was_written(mehmet_client: Client) -> None:
    send(mehmet_client, f"{PAGE}/new", **ERP, tokens_in_address="on", no_challenge="on", is_sandbox="on")

    app = App.objects.get()
    assert (app.tokens_in_address, app.needs_pkce, app.is_sandbox) == (True, False, True)


def test_a_double_click_registers_once(mehmet_client: Client) -> None:
    mehmet_client.post(f"{PAGE}/new", {**ERP, "key": "k" * 12})
    again = mehmet_client.post(f"{PAGE}/new", {**ERP, "key": "k" * 12}, follow=True)

    assert App.objects.count() == 1
    assert "It was registered already" in again.content.decode()
    assert App.objects.get().secret not in again.content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"name": ""}, "Give the app a name."), ({"name": " "}, "Give the app a name."), ({"name": "x" * 101}, "100"),
     ({"name": "x\x00"}, "Null"), ({"reach": ""}, "Choose who uses it."), ({"reach": "all"}, "all"),
     ({"scopes": []}, "at least one thing"), ({"scopes": ["root"]}, "root"),
     ({"addresses": "myapp://x"}, "myapp://x does not begin with https://"),
     ({"addresses": f"{CALLBACK}\nhttp://erp.example/x"}, "only for 127.0.0.1 and localhost"),
     ({"reach": "public", "addresses": ""}, "enter its address")],
)  # fmt: skip
def test_a_wrong_entry_is_said_and_the_rest_kept(
    wrong: dict[str, Any], words: str, mehmet_client: Client, app: App
) -> None:
    sent = {**ERP, "name": "Warehouse", "tokens_in_address": "on", **wrong}
    for address in (f"{PAGE}/new", f"{PAGE}/{app.public_id}"):
        with nothing_changed():
            answer = send(mehmet_client, address, **sent)

        text = shown(answer)
        assert answer.status_code == 422
        assert words in text
        assert "name" in wrong or 'value="Warehouse"' in text
        assert "addresses" in wrong or f">{CALLBACK}</textarea>" in text
        assert 'name="tokens_in_address" checked' in text


def test_an_app_is_changed(mehmet_client: Client, app: App) -> None:
    address = f"{PAGE}/{app.public_id}"
    before = shown(mehmet_client.get(address))

    answer = send(
        mehmet_client, address, **{**ERP, "name": "ERP 2", "reach": "public", "seen": registering.edition(app)}
    )

    app.refresh_from_db()
    assert 'value="tickets:read" checked' in before
    assert (answer["Location"], app.name, app.reach) == (address, "ERP 2", Reach.PUBLIC)


def test_what_another_owner_changed_meanwhile_is_not_written_over(
    mehmet_client: Client, app: App, mehmet: Actor
) -> None:
    seen = registering.edition(app)
    registering.new_secret(app, by=mehmet)
    with nothing_changed():
        answer = send(mehmet_client, f"{PAGE}/{app.public_id}", **{**ERP, "name": "ERP 2"}, seen=seen)
        others = [
            send(mehmet_client, f"{PAGE}/{app.public_id}/{what}", seen=seen) for what in ("secret", "token", "remove")
        ]

    assert [answer.status_code, *(one.status_code for one in others)] == [409] * 4
    assert 'value="ERP 2"' in answer.content.decode()
    assert f'name="seen" value="{registering.edition(app)}"' in answer.content.decode()
    assert all("Somebody changed this app" in one.content.decode() for one in [answer, *others])


def test_a_new_secret_is_asked_for_and_shown_once(mehmet_client: Client, app: App) -> None:
    old, address = app.secret, f"{PAGE}/{app.public_id}/secret"
    with nothing_changed():
        assert "The old secret stops at once." in shown(mehmet_client.get(address))

    answer = mehmet_client.post(address, {"key": "k" * 12})
    again = mehmet_client.post(address, {"key": "k" * 12})

    app.refresh_from_db()
    assert field(answer, "secret") == app.secret != old
    assert app.secret not in again.content.decode()
    assert "It was made already" in again.content.decode()


def test_a_token_for_the_own_store_is_shown_once(mehmet_client: Client, app: App, store: Merchant) -> None:
    address = f"{PAGE}/{app.public_id}/token"
    with nothing_changed():
        assert "Read tickets" in shown(mehmet_client.get(address))

    answer = mehmet_client.post(address, {"key": "k" * 12})
    again = mehmet_client.post(address, {"key": "k" * 12})

    token = AccessToken.find(field(answer, "token"))
    assert token
    assert (token.merchant, token.application, AccessToken.objects.count()) == (store, app, 1)
    assert "no-store" in answer["Cache-Control"]
    assert "It was made already" in again.content.decode()


def test_removing_says_how_many_stores_use_the_app(
    mehmet_client: Client, app: App, store: Merchant, rival_store: Merchant
) -> None:
    tokens = [AccessToken.issue(one, "ERP", app=app) for one in (store, rival_store)]
    address = f"{PAGE}/{app.public_id}/remove"
    with nothing_changed():
        assert "2 stores use it now." in shown(mehmet_client.get(address))

    answer = send(mehmet_client, address)

    assert answer["Location"] == PAGE
    assert all(found.is_revoked for token in tokens if (found := AccessToken.find(token)))
    assert mehmet_client.get(f"{PAGE}/{app.public_id}").status_code == 404
    assert "No program works for your store yet" in mehmet_client.get(PAGE).content.decode()


def test_the_list_says_who_made_an_app_what_it_may_do_and_when_it_came_last(
    mehmet_client: Client, store: Merchant, theirs: App, app: App, mehmet: Actor
) -> None:
    registering.get_token(app, by=mehmet)
    AccessToken.issue(store, "Translator", app=theirs)
    AccessToken.objects.filter(application=theirs).update(last_used_at=mehmet.at)

    text = shown(mehmet_client.get(PAGE))

    connected, own = text.split('id="own"')
    assert "Made by <bdi>Rival Goods</bdi>" in connected
    assert "Read tickets, with what customers wrote and their addresses" in connected
    assert "last used today" in connected
    assert "not used yet" in connected
    assert "Translator" not in own
    assert "let in by 1 store " in own


def test_tokens_that_the_operator_made_are_no_app(mehmet_client: Client, store: Merchant) -> None:
    AccessToken.issue(store, "old script")

    assert "No program works for your store yet" in mehmet_client.get(PAGE).content.decode()


def test_an_app_is_revoked(
    mehmet_client: Client, rival_client: Client, store: Merchant, rival_store: Merchant, theirs: App
) -> None:
    tokens = [AccessToken.issue(one, "Translator", app=theirs) for one in (store, rival_store)]
    address = f"{PAGE}/{theirs.public_id}/revoke"
    with nothing_changed():
        assert "gave it opens nothing any more" in shown(mehmet_client.get(address))

    answer = send(mehmet_client, address)

    ours, others = (AccessToken.find(token) for token in tokens)
    assert ours
    assert others
    assert answer["Location"] == PAGE
    assert (ours.is_revoked, others.is_revoked) == (True, False)
    assert "Translator" not in shown(mehmet_client.get(PAGE))
    assert "Translator" in shown(rival_client.get(PAGE))
    assert mehmet_client.get(address).status_code == 404


def test_an_app_in_the_sandbox_says_so_and_is_revoked_there(
    mehmet_client: Client, store: Merchant, mehmet: Actor
) -> None:
    app, _ = register(store, mehmet, is_sandbox=True)
    token = registering.get_token(app, by=mehmet)
    assert shown(mehmet_client.get(PAGE)).split('id="own"')[0].count('class="tag note">Sandbox<') == 1

    send(mehmet_client, f"{PAGE}/{app.public_id}/revoke")

    found = AccessToken.find(token)
    assert found
    assert found.is_revoked


def test_an_owner_who_looks_at_the_sandbox_acts_for_the_store(mehmet_client: Client, store: Merchant) -> None:
    tried = sandbox.store_of(store)
    mehmet_client.post("/dashboard/store", {"store": tried.public_id})

    answer = send(mehmet_client, f"{PAGE}/new", **ERP)

    assert App.objects.get().merchant == store
    assert f'href="{PAGE}"' in answer.content.decode()
    for one in (store, tried):  # whichever they look at, it is the store that is asked
        mehmet_client.post("/dashboard/store", {"store": one.public_id})
        assert mehmet_client.get(f"{PAGE}/{App.objects.get().public_id}").status_code == 200


def test_an_agent_sees_no_apps_and_does_nothing_with_them(agent_client: Client, app: App) -> None:
    addresses = [PAGE, f"{PAGE}/new", *(f"{PAGE}/{app.public_id}{one}" for one in OF_ONE)]
    with nothing_changed():
        answers = [agent_client.get(one) for one in addresses] + [
            send(agent_client, one, **ERP) for one in addresses[1:]
        ]

    assert {one.status_code for one in answers} == {403}
    assert "Apps are for owners" in answers[0].content.decode()
    assert f'href="{PAGE}"' not in agent_client.get("/dashboard/team").content.decode()


OF_ONE = ("", "/secret", "/token", "/remove", "/revoke")


def test_every_page_of_an_owner_leads_to_the_apps_and_everybody_to_the_documentation(
    mehmet_client: Client, agent_client: Client
) -> None:
    for client, leads in ((mehmet_client, 1), (agent_client, 0)):
        text = client.get("/dashboard/team").content.decode()
        assert text.count(f'href="{PAGE}"') == leads
        assert 'href="/api/docs/"' in text


def test_what_a_stranger_calls_an_app_is_only_text(
    mehmet_client: Client, store: Merchant, rival_store: Merchant, rival: Actor
) -> None:
    app, _ = register(rival_store, rival, name="<script>alert(1)</script>", reach=Reach.PUBLIC)
    AccessToken.issue(store, "x", app=app)

    for address in (PAGE, f"{PAGE}/{app.public_id}/revoke", f"/oauth/authorize?client_id={app.client_id}"):
        assert "<script>alert" not in mehmet_client.get(address).content.decode()


def test_the_list_asks_little_of_the_database(
    mehmet_client: Client, store: Merchant, mehmet: Actor, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(20):
        app, _ = register(store, mehmet, name=f"App {number}")
        registering.get_token(app, by=mehmet)

    with django_assert_max_num_queries(12):
        text = shown(mehmet_client.get(PAGE))

    assert text.count("Revoke…") == 20


def test_the_page_of_an_app_asks_little_of_the_database(
    mehmet_client: Client, app: App, mehmet: Actor, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for _ in range(20):
        registering.get_token(app, by=mehmet)

    with django_assert_max_num_queries(12):
        mehmet_client.get(f"{PAGE}/{app.public_id}")
    with django_assert_max_num_queries(12):
        mehmet_client.get(f"{PAGE}/{app.public_id}/revoke")
