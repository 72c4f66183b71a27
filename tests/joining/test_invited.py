"""The page of an invitation: what it says, how one joins, and that nothing else opens it."""

from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone

from marketdesk.merchants.models import Membership, Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.teams import inviting, members
from marketdesk.teams.models import Invitation, Post
from tests.conftest import signed_in
from tests.joining.conftest import NEW, Invite
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


def test_the_page_says_who_invites_to_what_and_changes_nothing(invite: Invite, client: Client) -> None:
    address = invite()

    with nothing_changed():
        for _ in range(3):  # a mail program opens it, too
            answer = client.get(address)

    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Mehmet Demir" in text
    assert "Anadolu Home" in text
    assert "zeynep@example.org" in text
    assert 'autocomplete="new-password"' in text
    assert "no-store" in answer["Cache-Control"]
    assert answer["Referrer-Policy"] == "same-origin"


def test_a_stranger_reads_it_in_the_language_of_the_mail(invite: Invite, client: Client) -> None:
    assert 'value="tr" selected' in client.get(invite()).content.decode()


def test_who_fills_in_the_form_is_in_the_team_and_signed_in(invite: Invite, client: Client, store: Merchant) -> None:
    answer = client.post(invite(), NEW)

    user = User.objects.get(email="zeynep@example.org")
    assert answer["Location"] == "/"
    assert list(user.merchants.all()) == [store]
    assert client.get("/dashboard/team").status_code == 200
    assert UserSession.objects.filter(user=user).count() == 1


def test_the_session_gets_a_new_key_when_somebody_joins(invite: Invite, client: Client) -> None:
    address = invite()
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key

    client.post(address, NEW)

    assert client.session.session_key != planted


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"name": ""}, "name"),
        ({"language": "tlh"}, "language"),
        ({"password": ""}, "password"),
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "zeynep@example.org"}, "password"),
    ],
)
def test_a_wrong_entry_is_said_and_the_rest_kept(
    wrong: dict[str, str], where: str, invite: Invite, client: Client
) -> None:
    address = invite()
    with nothing_changed():
        answer = client.post(address, {**NEW, **wrong})

    text = answer.content.decode()
    assert answer.status_code == 422
    assert f'id="id_{where}_error"' in text
    assert "name" in wrong or "Zeynep Ak" in text
    assert "a-long-password" not in text


def said(answer: Any) -> str:
    """A page from its heading on."""
    text: str = answer.content.decode()
    return text[text.index("<h1>") :]


def ended(kind: str, invite: Invite, mehmet: Actor) -> str:
    """An address that opens nothing."""
    address = invite()
    found = Invitation.objects.get()
    match kind:
        case "used":
            inviting.begin(found, inviting.Newcomer("Zeynep", "tr", "a-long-password"), at=timezone.now())
        case "revoked":
            inviting.revoke(found, by=mehmet)
        case "expired":
            Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        case "none":
            return "/invitation"
        case "twice":
            return f"{address}&token="
        case "cut off":
            return address[:-1]
        case "hash":
            return f"/invitation?token={found.token_hash}"
        case _:
            return f"/invitation?token={kind}"
    return address


@pytest.mark.parametrize("kind", "used revoked expired none twice cut~off hash 0 null %00 %ff [] 🗝".split())
def test_every_link_that_opens_nothing_is_refused_alike(
    kind: str, invite: Invite, mehmet: Actor, client: Client
) -> None:
    address = ended(kind.replace("~", " "), invite, mehmet)
    nobody = client.get("/invitation?token=mdi_x")

    with nothing_changed():
        answers = [client.get(address), client.post(address, {**NEW, "name": "Thief"})]

    assert nobody.status_code == 404
    for answer in answers:
        assert (answer.status_code, said(answer)) == (404, said(nobody))
    assert "_auth_user_id" not in client.session


def test_guessing_is_slowed_down(invite: Invite, client: Client) -> None:
    address = invite()
    answers = [client.get("/invitation?token=x").status_code for _ in range(19)]

    assert set(answers) == {404}
    assert client.get(address).status_code == 200
    with nothing_changed():
        refused = client.post(address, NEW)
        assert refused.status_code == 429
    assert "Too many tries" in refused.content.decode()


def test_who_has_an_account_signs_in_first_and_then_joins(
    invite: Invite, client: Client, rival_user: User, store: Merchant
) -> None:
    address = invite("rival@example.org")
    text = client.get(address).content.decode()
    with nothing_changed():
        assert client.post(address, NEW).status_code == 409
    sign_in = f"/accounts/login/?next={address.replace('?', '%3F').replace('=', '%3D')}"

    assert sign_in in text.replace("/invitation%3F", "/invitation%3F")
    answer = client.post(sign_in, {"login": "rival@example.org", "password": "rival-password"})
    assert answer["Location"] == address
    assert "new-password" not in client.get(address).content.decode()
    client.post(address)
    assert store in rival_user.merchants.all()


def test_somebody_else_who_is_signed_in_is_asked_to_sign_out(
    invite: Invite, rival_client: Client, ada_user: User
) -> None:
    for address in (invite("zeynep@example.org"), invite("mehmet2@example.org")):
        text = rival_client.get(address).content.decode()

        assert "You are signed in as <bdi>Rita Rival</bdi>" in text
        assert "new-password" not in text
        with nothing_changed():
            assert rival_client.post(address, NEW).status_code == 409


@pytest.mark.parametrize("signed_in_already", [False, True])
def test_a_customers_account_is_refused_in_words(signed_in_already: bool, invite: Invite, ada_user: User) -> None:
    User.objects.update(language="en")
    address = invite("ada@example.org", language="en")
    client = signed_in(ada_user) if signed_in_already else Client()
    with nothing_changed():
        answers = [client.get(address), client.post(address, NEW)]

    assert [one.status_code for one in answers] == [200, 409]
    assert all("cannot join a team" in one.content.decode() for one in answers)


def test_who_is_removed_is_signed_out_at_the_next_click(
    invite: Invite, client: Client, store: Merchant, mehmet: Actor
) -> None:
    client.post(invite(), NEW)
    assert client.get("/dashboard/team").status_code == 200

    members.remove(User.objects.get(email="zeynep@example.org"), team=store, by=mehmet)

    assert "login" in client.get("/dashboard/team")["Location"]


def test_an_administrator_begins_in_support(invite: Invite, client: Client) -> None:
    program = Actor(Party.SUPPORT, app="command line")
    client.post(invite(role=Post.ADMINISTRATOR, to=None, by=program), NEW)

    user = User.objects.get(email="zeynep@example.org")
    assert (user.party, user.is_staff, user.is_superuser) == (Party.SUPPORT, True, False)
    assert client.get("/", follow=True).redirect_chain[-1][0].startswith("/support/")
    assert not Membership.objects.filter(user=user).exists()


def test_the_session_notes_when_it_was_last_used(invite: Invite, client: Client, now: Any) -> None:
    client.post(invite(), NEW)
    began = UserSession.objects.get().last_seen_at
    now.shift(timedelta(minutes=4))
    client.get("/dashboard/team")
    assert UserSession.objects.get().last_seen_at == began

    now.shift(timedelta(minutes=2))
    client.get("/dashboard/team")

    assert UserSession.objects.get().last_seen_at == began + timedelta(minutes=6)
