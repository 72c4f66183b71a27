"""An app asks, the owner of a store allows or refuses, and only an address that it registered learns of it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from marketdesk.journal.models import Event
from marketdesk.lib import secret
from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.programs import granting
from marketdesk.programs.errors import AppRefusal
from marketdesk.programs.granting import CannotAsk, SendBack
from marketdesk.programs.models import App, Grant, Reach, Scope
from tests.apps import BACK, CHALLENGE, TODAYS, asking, make_app, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def erp(store: Merchant) -> App:
    return make_app(store)[0]


def test_an_old_app_says_no_more_than_who_it_is(erp: App) -> None:
    asked = granting.read(asking(erp))

    assert asked.app == erp
    assert asked.redirect_uri == BACK
    assert list(asked.scopes) == erp.scopes


def test_who_allows_sends_a_code_back_that_is_kept_as_a_hash(
    erp: App, store: Merchant, mehmet: Actor, now: Any
) -> None:
    asked = granting.read(asking(erp, state="a b&c", scope="tickets:read", redirect_uri=BACK))

    address = granting.allow(asked, store, by=mehmet)

    said = told(address)
    assert address.startswith(f"{BACK}?")
    assert said == {"code": said["code"], "state": "a b&c"}
    grant = Grant.objects.get()
    assert grant.code == secret.hash_of(said["code"])
    assert (grant.merchant, grant.scope, grant.expires) == (store, "tickets:read", mehmet.at + timedelta(minutes=5))
    event = Event.objects.get(verb="app_allowed")
    assert (event.merchant_id, event.subject_id, event.data["scopes"]) == (store.pk, erp.pk, ["tickets:read"])
    assert said["code"] not in str(event.data)


def test_who_refuses_sends_no_code_back(erp: App) -> None:
    assert told(granting.refuse(granting.read(asking(erp, state="s")))) == {"error": "access_denied", "state": "s"}
    assert not Grant.objects.exists()


def test_an_app_of_today_also_learns_who_tells_it(store: Merchant, mehmet: Actor, settings: Any) -> None:
    app, _ = make_app(store, needs_pkce=True)

    said = told(granting.allow(granting.read(asking(app, **TODAYS)), store, by=mehmet))

    assert said["iss"] == settings.BASE_URL
    assert Grant.objects.get().code_challenge == CHALLENGE


def test_an_address_keeps_what_stands_in_it(store: Merchant, mehmet: Actor) -> None:
    app, _ = make_app(store, redirect_uris=f"{BACK}?shop=7")

    said = told(granting.allow(granting.read(asking(app)), store, by=mehmet))

    assert said["shop"] == "7"
    assert said["code"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("", "no such app"),
        ("client_id=nobody", "no such app"),
        ("client_id=%00", "no such app"),
        ("client_id={id}&client_id={id}", "cannot be read"),
        ("client_id={id}&state=1&state=2", "cannot be read"),
        ("client_id={id}&redirect_uri=https://erp.example/back&redirect_uri=https://evil.example/", "cannot be read"),
        ("client_id={id}&redirect_uri=https://evil.example/back", "has not registered"),
        ("client_id={id}&redirect_uri=https://erp.example/back/", "has not registered"),
        ("client_id={id}&redirect_uri=https://erp.example/back?x=1", "has not registered"),
        ("client_id={id}&redirect_uri=https://ERP.example/back", "has not registered"),
        ("client_id={id}&redirect_uri=https://erp.example:443/back", "has not registered"),
        ("client_id={id}&redirect_uri=https://evil@erp.example/back", "has not registered"),
        ("client_id={id}&redirect_uri=javascript:alert(1)", "has not registered"),
        ("client_id={id}&redirect_uri=back", "has not registered"),
        ("client_id={id}&" + "&".join(f"x{n}=1" for n in range(101)), "cannot be read"),
    ],
)
def test_what_is_wrong_with_the_app_or_its_address_leads_nowhere(erp: App, query: str, words: str) -> None:
    with pytest.raises(CannotAsk, match=words):
        granting.read(query.format(id=erp.client_id))


def test_a_removed_app_asks_nobody(erp: App) -> None:
    App.objects.update(removed_at=timezone.now())

    with pytest.raises(CannotAsk, match="no such app"):
        granting.read(asking(erp))


def test_an_app_with_two_addresses_says_which(store: Merchant) -> None:
    app, _ = make_app(store, redirect_uris=f"{BACK} https://erp.example/other")

    with pytest.raises(CannotAsk, match="did not say"):
        granting.read(asking(app))

    assert granting.read(asking(app, redirect_uri="https://erp.example/other")).redirect_uri.endswith("/other")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code token"}, "unauthorized_client"),
        ({"scope": "orders:write"}, "invalid_scope"),
        ({"scope": "tickets:read orders:write"}, "invalid_scope"),
        ({"scope": "products:read"}, "invalid_scope"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "S512"}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
    ],
)
def test_what_else_is_wrong_is_told_to_the_app(erp: App, said: dict[str, str], error: str) -> None:
    with pytest.raises(SendBack) as back:
        granting.read(asking(erp, state="s", **said))

    assert back.value.address.startswith(f"{BACK}?")
    assert told(back.value.address)["error"] == error
    assert told(back.value.address)["state"] == "s"


def test_an_app_of_today_must_send_a_challenge(store: Merchant) -> None:
    app, _ = make_app(store, needs_pkce=True)

    with pytest.raises(SendBack) as back:
        granting.read(asking(app))

    assert told(back.value.address)["error"] == "invalid_request"


def test_scopes_of_calls_that_are_not_here_are_left_out(erp: App) -> None:
    assert granting.read(asking(erp, scope="products:read tickets:read")).scopes == (Scope.READ_TICKETS,)


def test_a_private_app_is_for_its_own_store(erp: App, store: Merchant, mehmet_user: User, rival_user: User) -> None:
    asked = granting.read(asking(erp))

    assert granting.stores(asked.app, mehmet_user.pk) == [store]
    with pytest.raises(CannotAsk):
        granting.stores(asked.app, rival_user.pk)


def test_a_public_app_is_for_every_store_that_one_owns(
    store: Merchant, rival_store: Merchant, mehmet_user: User, rival_user: User
) -> None:
    asked = granting.read(asking(make_app(store, reach=Reach.PUBLIC)[0]))
    Membership.objects.create(user=mehmet_user, merchant=rival_store, role=Role.AGENT)

    assert granting.stores(asked.app, rival_user.pk) == [rival_store]
    assert granting.stores(asked.app, mehmet_user.pk) == [store]


def test_only_an_owner_allows(erp: App, store: Merchant, mehmet: Actor, rival: Actor) -> None:
    asked = granting.read(asking(erp))
    Membership.objects.update(role=Role.AGENT)

    for somebody in (mehmet, replace(rival, merchant_id=store.pk), replace(mehmet, user_id=None)):
        with pytest.raises(AppRefusal):
            granting.allow(asked, store, by=somebody)
    assert not Grant.objects.exists()
    assert not Event.objects.filter(verb="app_allowed").exists()


def test_nobody_allows_a_private_app_at_another_store(erp: App, rival_store: Merchant, rival: Actor) -> None:
    with pytest.raises(AppRefusal, match="not for this store"):
        granting.allow(granting.read(asking(erp)), rival_store, by=rival)

    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"removed_at": timezone.now()},
        {"scopes": ["tickets:read"]},
        {"redirect_uris": "https://erp.example/new"},
    ],
)
def test_an_app_that_changed_meanwhile_asks_again(
    erp: App, store: Merchant, mehmet: Actor, change: dict[str, Any]
) -> None:
    asked = granting.read(asking(erp))
    App.objects.update(**change)

    with pytest.raises(AppRefusal, match="has changed"):
        granting.allow(asked, store, by=mehmet)

    assert not Grant.objects.exists()


def test_a_sandbox_app_gets_a_code_for_the_sandbox_store(store: Merchant, mehmet: Actor) -> None:
    app, _ = make_app(store, is_sandbox=True)

    granting.allow(granting.read(asking(app)), store, by=mehmet)

    assert Grant.objects.get().merchant.sandbox_of == store
    assert Event.objects.get(verb="app_allowed").merchant_id == store.pk
