"""The members of a team: roles, leaving, and that somebody always remains in charge."""

from dataclasses import replace

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.utils import timezone

from marketdesk.journal.models import AlreadyDone, Event
from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.teams import inviting, members
from marketdesk.teams.errors import TeamRefusal
from marketdesk.teams.inviting import Newcomer, Standing
from marketdesk.teams.models import Invitation, Post
from marketdesk.tickets.models import Ticket
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


def signed_in_somewhere(user: User) -> SessionStore:
    """A session of theirs, as signing in leaves it."""
    session = SessionStore()
    session.create()
    UserSession.objects.create(user=user, ip="192.0.2.1", session_key=session.session_key, user_agent="Firefox")
    return session


def test_a_team_shows_who_does_what_and_how_safely(store: Merchant, mehmet_user: User, elif_user: User) -> None:
    Authenticator.objects.create(user=mehmet_user, type=Authenticator.Type.WEBAUTHN, data={})
    signed_in_somewhere(mehmet_user)

    elif_, mehmet = members.of(store)

    assert (elif_.user, elif_.role, elif_.has_second_factor, elif_.seen_at) == (elif_user, Post.AGENT, False, None)
    assert (mehmet.user, mehmet.role, mehmet.has_second_factor) == (mehmet_user, Post.OWNER, True)
    assert mehmet.seen_at


def test_recovery_codes_alone_are_no_second_factor(store: Merchant, mehmet_user: User) -> None:
    Authenticator.objects.create(user=mehmet_user, type=Authenticator.Type.RECOVERY_CODES, data={})

    assert [one.has_second_factor for one in members.of(store)] == [False]


def test_an_agent_becomes_an_owner_and_an_agent_again(
    store: Merchant, elif_user: User, mehmet: Actor, elif_: Actor
) -> None:
    members.change_role(elif_user, Post.OWNER, team=store, by=mehmet)
    assert Membership.objects.get(user=elif_user).role == Role.OWNER

    members.change_role(elif_user, Post.AGENT, team=store, by=elif_)

    assert Membership.objects.get(user=elif_user).role == Role.AGENT
    assert Event.objects.filter(verb="role_changed", merchant_id=store.pk, audience="staff").count() == 2


def test_who_is_removed_is_out_at_once_everywhere(store: Merchant, elif_user: User, mehmet: Actor) -> None:
    session = signed_in_somewhere(elif_user)
    key = session.session_key or ""

    members.remove(elif_user, team=store, by=mehmet)

    assert not Membership.objects.filter(user=elif_user).exists()
    assert not session.exists(key)
    assert Event.objects.latest("pk").verb == "left_team"


def test_a_session_from_before_sees_nothing_after_a_removal(
    store: Merchant, elif_user: User, mehmet: Actor, ticket: Ticket
) -> None:
    client = Client()
    client.force_login(elif_user)
    page = f"/dashboard/tickets/{ticket.public_id}"
    assert client.get(page).status_code == 200

    members.remove(elif_user, team=store, by=mehmet)

    answer = client.get(page)
    assert answer.status_code == 403
    assert ticket.subject not in answer.content.decode()


@pytest.mark.parametrize("demoted", [True, False])
def test_who_may_not_invite_any_more_leaves_no_way_back(
    demoted: bool, store: Merchant, rival_store: Merchant, mehmet_user: User, elif_user: User, chief: Actor
) -> None:
    Membership.objects.filter(user=elif_user).update(role=Role.OWNER)
    Membership.objects.create(user=mehmet_user, merchant=rival_store, role=Role.OWNER)
    mehmet, elif_ = (
        Actor(Party.MERCHANT, user_id=one.pk, merchant_id=store.pk, name=one.name) for one in (mehmet_user, elif_user)
    )
    inviting.invite("mehmet@private.example", Post.OWNER, to=store, by=mehmet, language="tr")
    others = [
        inviting.invite("ali@example.org", Post.AGENT, to=store, by=elif_, language="tr")[0],
        inviting.invite("deniz@example.org", Post.AGENT, to=rival_store, by=mehmet, language="tr")[0],
    ]

    if demoted:
        members.change_role(mehmet_user, Post.AGENT, team=store, by=elif_)
    else:
        members.remove(mehmet_user, team=store, by=elif_)

    assert list(Invitation.objects.open(timezone.now()).order_by("pk")) == others
    assert Event.objects.get(verb="invitation_revoked").data["email"] == "mehmet@private.example"


def test_an_administrator_who_leaves_leaves_no_way_back(store: Merchant, tomas_user: User, chief: Actor) -> None:
    User.objects.filter(pk=tomas_user.pk).update(is_staff=True)
    tomas = Actor(Party.SUPPORT, user_id=tomas_user.pk, name=tomas_user.name)
    inviting.invite("tomas@private.example", Post.AGENT, to=None, by=tomas, language="en")
    inviting.invite("tomas@private.example", Post.OWNER, to=store, by=tomas, language="en")

    members.remove(tomas_user, team=None, by=chief)

    assert not Invitation.objects.open(timezone.now()).exists()


def test_what_somebody_said_keeps_their_name(
    store: Merchant, elif_user: User, elif_: Actor, mehmet: Actor, ticket: Ticket
) -> None:
    ticket.reply("It left on Monday.", by=elif_)

    members.remove(elif_user, team=store, by=mehmet)

    assert ticket.messages.latest("pk").author_name == "Elif Kaya"


def test_the_last_owner_neither_leaves_nor_becomes_an_agent(
    store: Merchant, mehmet_user: User, elif_user: User, mehmet: Actor
) -> None:
    with nothing_changed():
        with pytest.raises(TeamRefusal, match="last owner"):
            members.remove(mehmet_user, team=store, by=mehmet)
        with pytest.raises(TeamRefusal, match="last owner"):
            members.change_role(mehmet_user, Post.AGENT, team=store, by=mehmet)


def test_agents_and_strangers_change_nothing(
    store: Merchant, mehmet_user: User, elif_user: User, elif_: Actor, rival: Actor, chief: Actor
) -> None:
    for other in (elif_, rival, replace(rival, merchant_id=store.pk), chief):
        with nothing_changed():
            with pytest.raises(TeamRefusal):
                members.remove(elif_user, team=store, by=other)
            with pytest.raises(TeamRefusal):
                members.change_role(elif_user, Post.OWNER, team=store, by=other)


def test_nobody_of_another_team_is_found(store: Merchant, rival_user: User, elif_user: User, sofia_user: User) -> None:
    assert members.find(elif_user.public_id, store) == elif_user
    for other in (rival_user, sofia_user):
        assert members.find(other.public_id, store) is None
    assert members.find(elif_user.public_id, None) is None


def test_removing_twice_is_once(store: Merchant, elif_user: User, mehmet: Actor) -> None:
    by = replace(mehmet, key="k" * 12)
    members.remove(elif_user, team=store, by=by)

    with nothing_changed():
        with pytest.raises(AlreadyDone):
            members.remove(elif_user, team=store, by=by)
        members.remove(elif_user, team=store, by=mehmet)


def test_an_agent_who_leaves_support_leaves_the_tickets_to_the_others(
    chief: Actor, tomas_user: User, purchase: Ticket, mehmet: Actor
) -> None:
    purchase.appeal("The foot is out of stock.", by=mehmet)
    purchase.assign(tomas_user, by=chief)

    members.remove(tomas_user, team=None, by=chief)

    purchase.refresh_from_db()
    tomas_user.refresh_from_db()
    assert purchase.assignee is None
    assert (tomas_user.is_active, tomas_user.is_staff) == (False, False)
    assert tomas_user not in [one.user for one in members.of(None)]


def test_the_last_administrator_stays(chief: Actor, sofia_user: User, tomas_user: User) -> None:
    with nothing_changed():
        with pytest.raises(TeamRefusal, match="last administrator"):
            members.remove(sofia_user, team=None, by=chief)
        with pytest.raises(TeamRefusal, match="last administrator"):
            members.change_role(sofia_user, Post.AGENT, team=None, by=chief)

    members.change_role(tomas_user, Post.ADMINISTRATOR, team=None, by=chief)
    members.change_role(sofia_user, Post.AGENT, team=None, by=chief)

    assert [one.role for one in members.of(None)] == [Post.AGENT, Post.ADMINISTRATOR]


def test_who_left_support_comes_back_by_a_new_invitation(chief: Actor, tomas_user: User) -> None:
    members.remove(tomas_user, team=None, by=chief)
    invitation, _ = inviting.invite("tomas@example.org", Post.AGENT, to=None, by=chief, language="es")
    assert inviting.standing(invitation) is Standing.NEW

    user = inviting.begin(invitation, Newcomer("Tomás Ruiz", "es", "a-new-password"), at=timezone.now())

    assert user == tomas_user
    assert (user.is_active, user.party, user.check_password("a-new-password")) == (True, Party.SUPPORT, True)
