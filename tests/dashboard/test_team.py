"""The team of a store: everybody sees it, owners change it."""

import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.teams import inviting
from marketdesk.teams.models import Invitation, Post
from tests.conftest import signed_in
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

PAGE = "/dashboard/team"
ZEYNEP = {"email": "zeynep@example.org", "role": "agent", "language": "tr"}


@pytest.fixture(autouse=True)
def _nobody_has_invited_yet(db: None) -> None:
    cache.clear()


@pytest.fixture
def elif_user(store: Merchant) -> User:
    user = User.objects.create_user("elif@example.org", "x", name="Elif Kaya", party=Party.MERCHANT, language="en")
    Membership.objects.create(user=user, merchant=store)
    return user


@pytest.fixture
def invited(store: Merchant, mehmet: Actor) -> Invitation:
    return inviting.invite("zeynep@example.org", Post.AGENT, to=store, by=mehmet, language="tr")[0]


def send(client: Client, address: str, **fields: str) -> Any:
    return client.post(address, {"key": secrets.token_urlsafe(8), **fields})


def test_an_owner_sees_the_team_who_is_invited_and_the_form(
    mehmet_client: Client, elif_user: User, invited: Invitation
) -> None:
    text = mehmet_client.get(PAGE).content.decode().partition('id="main"')[2]

    assert text.index("Elif Kaya") < text.index("Mehmet Demir")
    assert "two-step sign-in is off" in text
    assert "zeynep@example.org" in text
    assert "Send the invitation" in text
    assert '<option value="tr" selected>' in text  # the store's language


def test_an_agent_sees_the_team_and_nothing_to_change(elif_user: User, invited: Invitation) -> None:
    text = signed_in(elif_user).get(PAGE).content.decode()

    assert "Mehmet Demir" in text
    assert "zeynep@example.org" not in text
    assert "Send the invitation" not in text
    assert "Remove" not in text


def test_every_page_leads_to_the_team(mehmet_client: Client) -> None:
    assert f'href="{PAGE}"' in mehmet_client.get("/dashboard/search?q=xyz").content.decode()


def test_an_owner_invites(mehmet_client: Client, store: Merchant, mehmet_user: User) -> None:
    answer = send(mehmet_client, PAGE, **ZEYNEP)

    invitation = Invitation.objects.get()
    assert answer["Location"] == PAGE
    assert (invitation.email, invitation.role, invitation.merchant, invitation.language) == (
        "zeynep@example.org",
        "agent",
        store,
        "tr",
    )
    assert invitation.by["user"] == mehmet_user.pk
    assert "Invited. The mail is on its way." in mehmet_client.get(PAGE).content.decode()


def test_a_double_click_invites_once(mehmet_client: Client) -> None:
    for _ in range(2):
        assert mehmet_client.post(PAGE, {**ZEYNEP, "key": "k" * 12})["Location"] == PAGE

    assert Invitation.objects.count() == 1


@pytest.mark.parametrize(
    "wrong", [{"email": ""}, {"email": "zeynep"}, {"email": "z@example.org\nBcc: x@y"}, {"role": "administrator"},
              {"role": ""}, {"language": "xx"}]
)  # fmt: skip
def test_a_wrong_entry_is_said_and_the_rest_kept(wrong: dict[str, str], mehmet_client: Client) -> None:
    with nothing_changed():
        answer = send(mehmet_client, PAGE, **{**ZEYNEP, **wrong})

    text = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="id_{next(iter(wrong))}_error"' in text
    assert "email" in wrong or 'value="zeynep@example.org"' in text


def test_who_is_in_the_team_already_is_not_invited(mehmet_client: Client, elif_user: User) -> None:
    with nothing_changed():
        answer = send(mehmet_client, PAGE, **{**ZEYNEP, "email": "elif@example.org"})

    assert answer.status_code == 409
    assert "in the team already" in answer.content.decode()
    assert 'value="elif@example.org"' in answer.content.decode()


def test_whether_an_address_is_a_customers_is_not_told(mehmet_client: Client, ada_user: User) -> None:
    answers = [send(mehmet_client, PAGE, **{**ZEYNEP, "email": to}) for to in ("ada@example.org", "no@example.org")]

    assert {one["Location"] for one in answers} == {PAGE}


def test_a_member_gets_another_role_and_is_removed(mehmet_client: Client, elif_user: User, store: Merchant) -> None:
    address = f"{PAGE}/members/{elif_user.public_id}"

    assert send(mehmet_client, address, act="role", role="owner")["Location"] == PAGE
    assert Membership.objects.get(user=elif_user).role == Role.OWNER
    assert send(mehmet_client, address, act="remove")["Location"] == PAGE
    assert not Membership.objects.filter(user=elif_user).exists()
    assert signed_in(elif_user).get(PAGE).status_code == 403


def test_the_last_owner_is_told_why_they_stay(mehmet_client: Client, mehmet_user: User) -> None:
    address = f"{PAGE}/members/{mehmet_user.public_id}"
    with nothing_changed():
        answers = [send(mehmet_client, address, act="remove"), send(mehmet_client, address, act="role", role="agent")]

    for answer in answers:
        assert answer.status_code == 409
        assert "The last owner stays" in answer.content.decode()


def test_an_invitation_is_sent_again_and_revoked(mehmet_client: Client, invited: Invitation) -> None:
    assert send(mehmet_client, f"{PAGE}/invitations/{invited.public_id}", act="resend")["Location"] == PAGE
    newer = Invitation.objects.open(timezone.now()).get()
    assert newer != invited

    assert send(mehmet_client, f"{PAGE}/invitations/{newer.public_id}", act="revoke")["Location"] == PAGE

    assert not Invitation.objects.open(timezone.now()).exists()
    assert "zeynep@example.org" not in mehmet_client.get(PAGE).content.decode()


@pytest.mark.parametrize("act", ["", "own", "Remove"])
def test_an_unknown_act_does_nothing(act: str, mehmet_client: Client, elif_user: User, invited: Invitation) -> None:
    with nothing_changed():
        for address in (f"members/{elif_user.public_id}", f"invitations/{invited.public_id}"):
            assert send(mehmet_client, f"{PAGE}/{address}", act=act).status_code == 422


def test_an_agent_changes_nothing(elif_user: User, mehmet_user: User, invited: Invitation) -> None:
    client = signed_in(elif_user)
    with nothing_changed():
        answers = [
            send(client, PAGE, **{**ZEYNEP, "email": "friend@example.org"}),
            send(client, f"{PAGE}/members/{mehmet_user.public_id}", act="remove"),
            send(client, f"{PAGE}/members/{elif_user.public_id}", act="role", role="owner"),
            send(client, f"{PAGE}/invitations/{invited.public_id}", act="revoke"),
        ]

    assert [one.status_code for one in answers] == [409] * 4


def test_nobody_makes_the_desk_write_to_the_world(mehmet_client: Client, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"invite": "2/h/user"}
    for number in range(2):
        send(mehmet_client, PAGE, **{**ZEYNEP, "email": f"z{number}@example.org"})

    with nothing_changed():
        answer = send(mehmet_client, PAGE, **ZEYNEP)

    assert answer.status_code == 429
    assert 'value="zeynep@example.org"' in answer.content.decode()


def test_the_page_asks_little_of_the_database(
    mehmet_client: Client, store: Merchant, mehmet: Actor, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(20):
        user = User.objects.create_user(f"u{number}@example.org", "x", name=f"U {number}", party=Party.MERCHANT)
        Membership.objects.create(user=user, merchant=store)
        inviting.invite(f"i{number}@example.org", Post.AGENT, to=store, by=mehmet, language="en")

    with django_assert_max_num_queries(12):
        text = mehmet_client.get(PAGE).content.decode()

    assert len(re.findall("Remove from the team", text)) == 21
