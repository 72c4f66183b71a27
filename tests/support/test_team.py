"""Support's team and the owners of stores: administrators with a second factor look after them."""

import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.teams import inviting
from marketdesk.teams.models import Invitation, Post
from tests.conftest import make_administrator, signed_in
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

PAGE = "/support/team"
EVA = {"email": "eva@example.org", "role": "administrator", "language": "es"}


@pytest.fixture(autouse=True)
def _nobody_has_invited_yet(db: None) -> None:
    cache.clear()


@pytest.fixture
def administrator(sofia_user: User) -> Client:
    return signed_in(make_administrator(sofia_user))


def send(client: Client, address: str, **fields: str) -> Any:
    return client.post(address, {"key": secrets.token_urlsafe(8), **fields})


def test_only_administrators_with_a_second_factor_come_in(sofia_client: Client, sofia_user: User) -> None:
    for staff in (False, True):
        User.objects.filter(pk=sofia_user.pk).update(is_staff=staff)
        with nothing_changed():
            for address in (PAGE, f"{PAGE}/owners", f"{PAGE}/members/{sofia_user.public_id}"):
                assert send(sofia_client, address, **EVA, act="remove").status_code == 403
            assert sofia_client.get(PAGE).status_code == 403


def test_an_administrator_sees_and_invites_colleagues(administrator: Client, tomas_user: User) -> None:
    text = administrator.get(PAGE).content.decode().partition('id="main"')[2]
    assert text.index("Sofia Rossi") < text.index("Tomás Ruiz")
    assert text.count("two-step sign-in is on") == 1

    assert send(administrator, PAGE, **EVA)["Location"] == PAGE

    invitation = Invitation.objects.get()
    assert (invitation.merchant, invitation.role, invitation.language) == (None, "administrator", "es")
    assert "eva@example.org" in administrator.get(PAGE).content.decode()


def test_a_colleague_becomes_an_administrator_and_leaves(administrator: Client, tomas_user: User) -> None:
    address = f"{PAGE}/members/{tomas_user.public_id}"

    send(administrator, address, act="role", role="administrator")
    tomas_user.refresh_from_db()
    assert tomas_user.is_staff
    client = signed_in(tomas_user)
    assert client.get("/support/search").status_code == 200

    send(administrator, address, act="remove")

    assert "login" in client.get("/support/search")["Location"]


def test_the_last_administrator_is_told_why_they_stay(administrator: Client, sofia_user: User) -> None:
    with nothing_changed():
        answer = send(administrator, f"{PAGE}/members/{sofia_user.public_id}", act="remove")

    assert answer.status_code == 409
    assert "The last administrator stays" in answer.content.decode()


@pytest.mark.parametrize("words", ["anadolu", "Anadolu Home", "m-1", "public id"])
def test_an_owner_is_invited_to_a_merchant_found_by_name_or_id(
    words: str, administrator: Client, store: Merchant, rival_store: Merchant
) -> None:
    words = store.public_id if words == "public id" else words
    page = administrator.get(f"{PAGE}/owners", {"merchant_words": words}).content.decode()
    assert f'value="{store.public_id}" checked' in page
    assert rival_store.name not in page

    answer = send(administrator, f"{PAGE}/owners", **EVA, merchant=store.public_id, merchant_words=words)

    invitation = Invitation.objects.get()
    assert answer["Location"] == PAGE
    assert (invitation.merchant, invitation.role) == (store, Post.OWNER)
    assert "Anadolu Home" in administrator.get(PAGE).content.decode()


def test_without_a_merchant_or_with_a_wrong_address_nothing_is_sent(administrator: Client, store: Merchant) -> None:
    with nothing_changed():
        nobody = send(administrator, f"{PAGE}/owners", **EVA, merchant="x", merchant_words="Anadolu")
        wrong = {**EVA, "email": "eva"}
        nowhere = send(administrator, f"{PAGE}/owners", **wrong, merchant=store.public_id, merchant_words="Anadolu")
        unknown = administrator.get(f"{PAGE}/owners", {"merchant_words": "Nobody's"})

    assert [nobody.status_code, nowhere.status_code] == [422, 422]
    assert "Choose a merchant first." in nobody.content.decode()
    assert 'value="eva@example.org"' in nobody.content.decode()
    assert f'value="{store.public_id}" checked' in nowhere.content.decode()
    assert "No merchant has this name or ID." in unknown.content.decode()


def test_what_no_database_can_keep_or_look_for_is_refused_in_words(administrator: Client, store: Merchant) -> None:
    long = f"{'x' * 250}@example.org"
    with nothing_changed():
        for address in (PAGE, f"{PAGE}/owners"):
            answer = send(
                administrator, address, **{**EVA, "email": long}, merchant=store.public_id, merchant_words="m-1"
            )
            assert answer.status_code == 422
            assert "254" in answer.content.decode()
        assert send(administrator, f"{PAGE}/owners", **EVA, merchant="\x00", merchant_words="\x00").status_code == 422
        assert administrator.get(f"{PAGE}/owners", {"merchant_words": "\x00"}).status_code == 200


def test_invitations_are_sent_again_and_revoked_but_a_stores_agents_are_its_own_business(
    administrator: Client, store: Merchant, mehmet: Actor, sofia: Actor
) -> None:
    agents, _ = inviting.invite("agent@example.org", Post.AGENT, to=store, by=mehmet, language="tr")
    owners, _ = inviting.invite("owner@example.org", Post.OWNER, to=store, by=sofia, language="tr")

    with nothing_changed():
        assert send(administrator, f"{PAGE}/invitations/{agents.public_id}", act="revoke").status_code == 404
    assert send(administrator, f"{PAGE}/invitations/{owners.public_id}", act="resend")["Location"] == PAGE
    newer = Invitation.objects.open(timezone.now()).get(email="owner@example.org")
    send(administrator, f"{PAGE}/invitations/{newer.public_id}", act="revoke")

    assert list(Invitation.objects.open(timezone.now())) == [agents]


def test_the_pages_ask_little_of_the_database(
    administrator: Client, sofia: Actor, store: Merchant, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(20):
        inviting.invite(f"i{number}@example.org", Post.AGENT, to=None, by=sofia, language="en")
        inviting.invite(f"o{number}@example.org", Post.OWNER, to=store, by=sofia, language="en")

    for address in (PAGE, f"{PAGE}/owners?merchant_words=a"):
        with django_assert_max_num_queries(12):
            assert administrator.get(address).status_code == 200
