"""What a store allowed stands in one list; taking it back ends it everywhere, and for that store only."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketdesk.journal.models import AlreadyDone, Event
from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.people.actor import Actor
from marketdesk.programs import exchanging, registering, revoking
from marketdesk.programs.errors import NotAnOwner
from marketdesk.programs.exchanging import CODE, RENEWAL, Tokens
from marketdesk.programs.models import AccessToken, App, Grant, Reach, RefreshToken, Scope
from marketdesk.programs.refusals import NoTokens
from tests.apps import code_of, make_app

pytestmark = pytest.mark.django_db

Let = Callable[..., Tokens]


@pytest.fixture
def erp(store: Merchant) -> tuple[App, str]:
    return make_app(store, reach=Reach.PUBLIC)


@pytest.fixture
def let_in(now: Any, erp: tuple[App, str], store: Merchant, mehmet: Actor) -> Let:
    """Mehmet allows the app, or another one, and it comes for its tokens."""

    def _let(app: App = erp[0], secret: str = erp[1], at: Merchant = store, by: Actor = mehmet, **said: str) -> Tokens:
        code = code_of(app, at, replace(by, at=timezone.now()), **said)
        client = {"client_id": app.client_id, "client_secret": secret}
        return exchanging.tokens(CODE, {**client, "code": code}, address="192.0.2.1")

    return _let


def living(token: str) -> AccessToken:
    found = AccessToken.find(token)
    assert found
    assert not found.is_revoked
    return found


def test_a_list_says_what_an_app_may_since_when_and_when_it_came_last(
    let_in: Let, erp: tuple[App, str], store: Merchant, now: Any
) -> None:
    allowed_at = timezone.now()
    given = let_in(scope="tickets:read")
    now.shift(timedelta(days=3))
    let_in(scope="tickets:write")
    living(given.access_token).used(timezone.now())

    (one,) = revoking.allowed_by(store)

    assert one.app == erp[0]
    assert one.scopes == (Scope.READ_TICKETS, Scope.WRITE_TICKETS)
    assert (one.since, one.last_used_at) == (allowed_at, timezone.now())


def test_a_renewed_app_is_there_since_it_was_allowed(
    let_in: Let, erp: tuple[App, str], store: Merchant, now: Any
) -> None:
    allowed_at = timezone.now()
    given = let_in()
    living(given.access_token).used(timezone.now())
    now.shift(timedelta(days=100))  # its access has expired, but it may come for more

    (before,) = revoking.allowed_by(store)
    exchanging.tokens(
        RENEWAL,
        {"client_id": erp[0].client_id, "client_secret": erp[1], "refresh_token": given.refresh_token},
        address="192.0.2.1",
    )
    (after,) = revoking.allowed_by(store)

    assert before == after
    assert (after.since, after.last_used_at) == (allowed_at, allowed_at)


def test_a_list_shows_nothing_of_others_and_nothing_that_is_over(
    let_in: Let, store: Merchant, rival_store: Merchant, rival: Actor, now: Any
) -> None:
    let_in(at=rival_store, by=rival)
    assert revoking.allowed_by(store) == []
    AccessToken.issue(store, "the operator's")
    assert revoking.allowed_by(store) == []

    let_in()
    now.shift(timedelta(days=366))
    assert revoking.allowed_by(store) == []

    let_in()
    assert len(revoking.allowed_by(store)) == 1
    App.objects.update(removed_at=timezone.now())
    assert revoking.allowed_by(store) == []


def test_a_list_is_one_query_however_long(let_in: Let, store: Merchant) -> None:
    for number in range(5):
        let_in(*make_app(store, name=f"App {number}"))
        let_in()

    with CaptureQueriesContext(connection) as queries:
        allowed = revoking.allowed_by(store)
        assert all(one.app.merchant for one in allowed)

    assert len(allowed) == 6
    assert len(queries) == 1


def test_a_token_that_the_owner_made_is_in_the_list_and_ends_with_it(
    erp: tuple[App, str], store: Merchant, mehmet: Actor
) -> None:
    token = registering.get_token(erp[0], by=mehmet)
    assert [one.app for one in revoking.allowed_by(store)] == [erp[0]]

    revoking.revoke(erp[0], store, by=mehmet)

    assert AccessToken.find(token).is_revoked  # type: ignore[union-attr]
    assert revoking.allowed_by(store) == []


def test_taking_back_ends_all_of_it_and_nothing_else(
    let_in: Let, erp: tuple[App, str], store: Merchant, rival_store: Merchant, mehmet: Actor, rival: Actor
) -> None:
    other = make_app(store)
    ours, theirs, others = [let_in(), let_in()], let_in(at=rival_store, by=rival), let_in(*other)
    sent, operators = code_of(erp[0], store, mehmet), AccessToken.issue(store, "the operator's")

    revoking.revoke(erp[0], store, by=mehmet)

    assert all(AccessToken.find(one.access_token).is_revoked for one in ours)  # type: ignore[union-attr]
    client = {"client_id": erp[0].client_id, "client_secret": erp[1]}
    for kind, said in ((CODE, {"code": sent}), (RENEWAL, {"refresh_token": ours[0].refresh_token})):
        with pytest.raises(NoTokens):
            exchanging.tokens(kind, {**client, **said}, address="192.0.2.1")
    for token in (theirs.access_token, others.access_token, operators):
        living(token)
    event = Event.objects.get(verb="app_revoked")
    assert (event.merchant_id, event.subject_id, event.actor["user"]) == (store.pk, erp[0].pk, mehmet.user_id)


def test_taking_back_a_sandbox_app_ends_it_in_the_sandbox(let_in: Let, store: Merchant, mehmet: Actor) -> None:
    app, secret = make_app(store, is_sandbox=True)
    given = let_in(app, secret)
    assert given.store.sandbox_of == store
    assert [one.app for one in revoking.allowed_by(store)] == [app]

    revoking.revoke(app, store, by=mehmet)

    assert AccessToken.find(given.access_token).is_revoked  # type: ignore[union-attr]
    assert revoking.allowed_by(store) == []


def test_a_sandbox_app_that_is_stopped_is_told_to_the_store(let_in: Let, store: Merchant, now: Any) -> None:
    app, secret = make_app(store, is_sandbox=True)
    given = let_in(app, secret)
    client = {"client_id": app.client_id, "client_secret": secret, "refresh_token": given.refresh_token}
    exchanging.tokens(RENEWAL, client, address="192.0.2.1")

    now.shift(timedelta(seconds=11))
    with pytest.raises(NoTokens):
        exchanging.tokens(RENEWAL, client, address="192.0.2.1")

    assert Event.objects.get(verb="app_stopped").merchant_id == store.pk


def test_taking_back_twice_is_once(let_in: Let, erp: tuple[App, str], store: Merchant, mehmet: Actor) -> None:
    given = let_in()
    sending = replace(mehmet, key="one-form")
    revoking.revoke(erp[0], store, by=sending)
    at = AccessToken.find(given.access_token).revoked_at  # type: ignore[union-attr]

    with pytest.raises(AlreadyDone):
        revoking.revoke(erp[0], store, by=sending)
    revoking.revoke(erp[0], store, by=replace(mehmet, at=timezone.now() + timedelta(days=1)))

    assert AccessToken.find(given.access_token).revoked_at == at  # type: ignore[union-attr]
    assert Event.objects.filter(verb="app_revoked").count() == 1


def test_only_an_owner_takes_back(
    let_in: Let, erp: tuple[App, str], store: Merchant, mehmet: Actor, rival: Actor
) -> None:
    given, before = let_in(), Event.objects.count()
    Membership.objects.update(role=Role.AGENT)

    for somebody in (mehmet, rival, replace(rival, merchant_id=store.pk)):
        with pytest.raises(NotAnOwner):
            revoking.revoke(erp[0], store, by=somebody)

    living(given.access_token)
    assert Event.objects.count() == before


def test_a_token_stays_when_the_person_who_allowed_it_leaves(let_in: Let, erp: tuple[App, str], mehmet: Actor) -> None:
    given = let_in()

    Membership.objects.filter(user=mehmet.user_id).delete()

    living(given.access_token)
    renewed = exchanging.tokens(
        RENEWAL,
        {"client_id": erp[0].client_id, "client_secret": erp[1], "refresh_token": given.refresh_token},
        address="192.0.2.1",
    )
    living(renewed.access_token)


def test_with_a_store_goes_all_that_it_allowed(let_in: Let, rival_store: Merchant, rival: Actor) -> None:
    let_in(at=rival_store, by=rival)

    rival_store.delete()

    for kind in (AccessToken, RefreshToken, Grant):
        assert not kind.objects.exists()


def test_use_is_noted_once_an_hour(let_in: Let, now: Any) -> None:
    token = living(let_in().access_token)

    def uses(at: datetime) -> int:
        with CaptureQueriesContext(connection) as queries:
            token.used(at)
            AccessToken.objects.get(pk=token.pk)
        return len(queries) - 1

    start = timezone.now()
    assert uses(start) == 1
    assert uses(start + timedelta(minutes=59)) == 0
    assert uses(start + timedelta(minutes=60)) == 1
    # another process noted it meanwhile
    AccessToken.objects.update(last_used_at=start + timedelta(hours=2, minutes=30))
    token.used(start + timedelta(hours=3))
    assert AccessToken.objects.get(pk=token.pk).last_used_at == start + timedelta(hours=2, minutes=30)
