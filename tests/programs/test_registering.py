"""Owners register apps, change them, make new secrets, get tokens and remove them."""

from dataclasses import replace

import pytest

from marketdesk.journal.models import AlreadyDone, Event
from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.programs import registered, registering
from marketdesk.programs.errors import AppMoved, AppRefusal, BadAddress, NotAnOwner
from marketdesk.programs.models import AccessToken, App, Reach, Scope
from tests.registering import CALLBACK, facts, register
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


def test_an_owner_registers_an_app_and_the_journal_says_so(store: Merchant, mehmet: Actor) -> None:
    app, secret = register(store, mehmet)

    app.refresh_from_db()
    event = Event.objects.get(verb="app_registered")
    assert (app.name, app.merchant, app.redirect_uris, app.scopes) == ("ERP", store, CALLBACK, ["tickets:read"])
    assert (app.needs_pkce, app.tokens_in_address, app.is_sandbox, app.reach) == (True, False, False, Reach.PRIVATE)
    assert app.secret == secret
    assert (event.subject_id, event.merchant_id, event.actor["name"]) == (app.pk, store.pk, "Mehmet Demir")


def test_neither_the_database_nor_the_journal_holds_the_secret(store: Merchant, mehmet: Actor) -> None:
    app, secret = register(store, mehmet)
    token = registering.get_token(app, by=mehmet)

    kept = str([*App.objects.values(), *AccessToken.objects.values(), *Event.objects.values()])
    assert secret not in kept
    assert token not in kept


@pytest.mark.parametrize(
    "address",
    ["https://erp.example/callback", "https://erp.example", "https://erp.example:8443/a?b=c", "http://localhost:3000/x",
     "http://127.0.0.1/x", "https://xn--bcher-kva.example/x"],
)  # fmt: skip
def test_addresses_of_the_web_are_taken(address: str) -> None:
    assert registering.check_address(address) == address


@pytest.mark.parametrize(
    "address",
    ["", "erp.example/callback", "//erp.example/x", "myapp://callback", "com.erp:/callback", "javascript:alert(1)",
     "data:text/html,x", "urn:ietf:wg:oauth:2.0:oob", "ftp://erp.example/x", "http://erp.example/x", "https://",
     "https:///x", "https://user@erp.example/x", "https://erp.example@evil.example/x", "https://erp.example/x#y",
     "https://erp.example/x#", "https://erp.example/a b", "https://*.erp.example/x", "https://erp.example\\@evil.example",
     "https://erp.example/\x00", "https://erp.example/\n", "https://erp.example:port/x", "https://[::1/x",
     "http://[::1]/x", "https://erp.exämple/x", "http://localhost.evil.example/x", "http://127.0.0.2/x",
     "http://2130706433/x", "https://erp.example/" + "x" * 500],
)  # fmt: skip
def test_other_addresses_are_refused_in_words(address: str, store: Merchant, mehmet: Actor) -> None:
    with nothing_changed(), pytest.raises(BadAddress) as refused:
        register(store, mehmet, addresses=[CALLBACK, address])

    assert str(refused.value)


def test_an_app_has_few_addresses_and_a_store_few_apps(
    store: Merchant, mehmet: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registering, "MOST_APPS", 2)
    first, _ = register(store, mehmet)
    register(store, mehmet)
    with nothing_changed():
        with pytest.raises(AppRefusal, match="at most 2 apps"):
            register(store, mehmet)
        with pytest.raises(BadAddress, match="at most 10"):
            registering.change(first, facts(addresses=[f"{CALLBACK}/{number}" for number in range(11)]), by=mehmet)

    registering.remove(first, by=mehmet)
    register(store, mehmet)


def test_a_form_that_is_sent_twice_registers_once(store: Merchant, mehmet: Actor) -> None:
    register(store, replace(mehmet, key="k" * 12))

    with pytest.raises(AlreadyDone):
        register(store, replace(mehmet, key="k" * 12))

    assert App.objects.count() == 1


def test_an_app_is_changed_and_what_was_allowed_before_stays(store: Merchant, mehmet: Actor) -> None:
    app, secret = register(store, mehmet, scopes=[Scope.READ_TICKETS, Scope.WRITE_TICKETS])
    token = registering.get_token(app, by=mehmet)

    registering.change(app, facts(name="ERP 2", scopes=[Scope.READ_ORDERS], needs_pkce=False), by=mehmet)

    app.refresh_from_db()
    found = AccessToken.find(token)
    assert (app.name, app.scopes, app.needs_pkce, app.secret) == ("ERP 2", ["orders:read"], False, secret)
    assert found
    assert found.allows(Scope.WRITE_TICKETS)


def test_whom_an_app_sees_stays_as_it_was_registered(store: Merchant, mehmet: Actor) -> None:
    app, _ = register(store, mehmet, is_sandbox=True)

    registering.change(app, facts(is_sandbox=False), by=mehmet)

    app.refresh_from_db()
    assert app.is_sandbox


def test_of_two_owners_who_change_it_the_second_is_told(store: Merchant, mehmet: Actor) -> None:
    app, _ = register(store, mehmet)
    seen = replace(mehmet, seen=registering.edition(app))
    registering.change(app, facts(name="Mine"), by=seen)

    with nothing_changed():
        for deed in (registering.new_secret, registering.get_token, registering.remove):
            with pytest.raises(AppMoved):
                deed(app, by=seen)
        with pytest.raises(AppMoved):
            registering.change(app, facts(name="Yours"), by=seen)


def test_a_new_secret_ends_the_old_one(store: Merchant, mehmet: Actor) -> None:
    app, old = register(store, mehmet)

    new = registering.new_secret(app, by=mehmet)

    app.refresh_from_db()
    assert app.secret == new != old


def test_a_token_is_for_the_apps_own_store_and_does_not_expire(store: Merchant, mehmet: Actor) -> None:
    app, _ = register(store, mehmet, reach=Reach.PUBLIC)

    token = AccessToken.find(registering.get_token(app, by=mehmet))

    assert token
    assert (token.merchant, token.application, token.scope, token.expires) == (store, app, "tickets:read", None)
    assert registered.stores_with(app, mehmet.at) == 1


def test_the_token_of_a_sandbox_app_sees_the_sandbox(store: Merchant, mehmet: Actor) -> None:
    app, _ = register(store, mehmet, is_sandbox=True)

    token = AccessToken.find(registering.get_token(app, by=mehmet))

    assert token
    assert token.merchant != store
    assert token.merchant.sandbox_of == store


def test_a_removed_app_opens_nothing_in_any_store(store: Merchant, rival_store: Merchant, mehmet: Actor) -> None:
    app, _ = register(store, mehmet, reach=Reach.PUBLIC)
    tokens = [registering.get_token(app, by=mehmet), AccessToken.issue(rival_store, "ERP", app=app)]
    assert registered.stores_with(app, mehmet.at) == 2

    registering.remove(app, by=mehmet)

    for token in tokens:
        found = AccessToken.find(token)
        assert found
        assert found.is_revoked
    assert registered.by(store, mehmet.at) == []
    assert registered.stores_with(app, mehmet.at) == 0
    with pytest.raises(AppMoved):
        registering.get_token(app, by=mehmet)


def test_only_owners_of_that_store_do_any_of_it(
    store: Merchant, mehmet: Actor, mehmet_user: User, rival: Actor, sofia: Actor
) -> None:
    app, _ = register(store, mehmet)
    Membership.objects.filter(user=mehmet_user).update(role=Role.AGENT)
    for by in (mehmet, rival, sofia):
        with nothing_changed():
            with pytest.raises(NotAnOwner):
                register(store, by)
            with pytest.raises(NotAnOwner):
                registering.change(app, facts(name="Mine"), by=by)
            for deed in (registering.new_secret, registering.get_token, registering.remove):
                with pytest.raises(NotAnOwner):
                    deed(app, by=by)
