"""Invitations: who may invite whom, once, for a while; and how people join."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from marketdesk.journal.models import AlreadyDone, Event, Job, KeyReused
from marketdesk.lib import secret
from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy.models import PolicyChange
from marketdesk.teams import inviting
from marketdesk.teams.errors import NoInvitation, TeamRefusal
from marketdesk.teams.inviting import Newcomer, Standing
from marketdesk.teams.models import Invitation, Post
from tests.conftest import NOW
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db

ZEYNEP = Newcomer("Zeynep Ak", "tr", "a-long-password")
Invite = Callable[..., tuple[Invitation, str]]


@pytest.fixture
def invite(store: Merchant, mehmet: Actor) -> Invite:
    """`invite()`: Mehmet invites Zeynep to his store, unless told otherwise."""

    def _invite(email: str = "zeynep@example.org", role: str = Post.AGENT, **other: Any) -> tuple[Invitation, str]:
        return inviting.invite(email, role, **{"to": store, "by": mehmet, "language": "tr", **other})

    return _invite


def test_who_is_invited_joins_with_a_name_and_a_password(invite: Invite, store: Merchant) -> None:
    _, token = invite(" Zeynep@Example.org ", Post.OWNER)
    found = Invitation.find(token, timezone.now())
    assert found

    user = inviting.begin(found, ZEYNEP, at=timezone.now())

    assert (user.email, user.party, user.language, user.country) == ("zeynep@example.org", Party.MERCHANT, "tr", "TR")
    assert user.check_password("a-long-password")
    assert Membership.objects.get(user=user).role == Role.OWNER
    assert Event.objects.latest("pk").verb == "joined_team"
    assert Event.objects.latest("pk").merchant_id == store.pk


def test_the_token_is_random_and_kept_only_as_a_hash(invite: Invite) -> None:
    invitation, token = invite()

    assert len(token) >= 40
    assert invitation.token_hash == secret.hash_of(token)
    assert token not in str(list(Invitation.objects.values()))
    assert token not in str(list(Job.objects.values())) + str(list(Event.objects.values()))


def test_an_invitation_works_once(invite: Invite) -> None:
    invitation, token = invite()
    inviting.begin(invitation, ZEYNEP, at=timezone.now())

    with nothing_changed():
        assert Invitation.find(token, timezone.now()) is None
        with pytest.raises(NoInvitation):
            inviting.begin(invitation, replace(ZEYNEP, name="Somebody else"), at=timezone.now())


def test_an_invitation_runs_out_after_the_promised_days(now: Any, invite: Invite) -> None:
    PolicyChange.objects.create(values={"invitation_days": 3}, valid_from=NOW, made_at=NOW)
    invitation, token = invite()

    assert Invitation.find(token, NOW + timedelta(days=3, seconds=-1))
    assert Invitation.find(token, NOW + timedelta(days=3)) is None
    with nothing_changed(), pytest.raises(NoInvitation):
        inviting.begin(invitation, ZEYNEP, at=NOW + timedelta(days=3))


def test_a_revoked_invitation_opens_nothing(invite: Invite, mehmet: Actor) -> None:
    invitation, token = invite()
    inviting.revoke(invitation, by=mehmet)

    with nothing_changed():
        assert Invitation.find(token, timezone.now()) is None
        inviting.revoke(invitation, by=mehmet)
    assert Event.objects.filter(verb="invitation_revoked").count() == 1


def test_sent_again_the_old_link_ends_and_a_new_one_begins(now: Any, invite: Invite, mehmet: Actor) -> None:
    first, old = invite()
    now.shift(timedelta(days=9))

    second, new = inviting.resend(first, by=replace(mehmet, at=timezone.now()))

    assert Invitation.find(old, timezone.now()) is None
    assert Invitation.find(new, timezone.now()) == second
    assert (second.email, second.role, second.language) == (first.email, first.role, first.language)
    assert second.expires_at == timezone.now() + timedelta(days=7)


def test_who_has_joined_is_not_sent_another_link(invite: Invite, mehmet: Actor) -> None:
    invitation, _ = invite()
    inviting.begin(invitation, ZEYNEP, at=timezone.now())
    invitation.refresh_from_db()

    with nothing_changed(), pytest.raises(TeamRefusal):
        inviting.resend(invitation, by=mehmet)


@pytest.mark.parametrize("token", ["", "x", "mdi_", "None", "\x00", "🗝" * 40, "a" * 5000])
def test_a_wrong_token_finds_nothing(token: str, invite: Invite) -> None:
    invite()

    assert Invitation.find(token, timezone.now()) is None


def test_only_owners_invite(invite: Invite, elif_: Actor, rival: Actor, ada: Actor, sofia: Actor) -> None:
    for other in (elif_, rival, ada, sofia, replace(rival, merchant_id=1)):
        with nothing_changed(), pytest.raises(TeamRefusal):
            invite(by=other)


def test_administrators_invite_owners_of_stores_and_nobody_else_into_them(invite: Invite, chief: Actor) -> None:
    invitation, _ = invite(role=Post.OWNER, by=chief)

    assert invitation.inviter == "Sofia Rossi"
    with nothing_changed(), pytest.raises(TeamRefusal):
        invite("other@example.org", Post.AGENT, by=chief)


def test_only_administrators_invite_into_support(invite: Invite, chief: Actor, tomas_user: User, mehmet: Actor) -> None:
    tomas = Actor(Party.SUPPORT, user_id=tomas_user.pk)
    for other in (tomas, mehmet):
        with nothing_changed(), pytest.raises(TeamRefusal):
            invite(to=None, by=other)

    invitation, _ = invite(role=Post.ADMINISTRATOR, to=None, by=chief)
    user = inviting.begin(invitation, ZEYNEP, at=timezone.now())

    assert (user.party, user.is_staff) == (Party.SUPPORT, True)
    assert Event.objects.latest("pk").audience == "platform"


@pytest.mark.parametrize(("role", "to_support"), [(Post.ADMINISTRATOR, False), (Post.OWNER, True), ("king", False)])
def test_a_team_has_only_its_own_roles(role: str, to_support: bool, invite: Invite, chief: Actor) -> None:
    where: dict[str, Any] = {"to": None, "by": chief} if to_support else {}
    with nothing_changed(), pytest.raises(TeamRefusal):
        invite(role=role, **where)


def test_the_database_itself_keeps_roles_and_teams_together(store: Merchant) -> None:
    for merchant, role in ((store, Post.ADMINISTRATOR), (None, Post.OWNER)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Invitation.objects.create(
                email="x@example.org", merchant=merchant, role=role, language="en", token_hash=role, expires_at=NOW
            )


def test_a_member_is_not_invited_again(invite: Invite, elif_user: User) -> None:
    with nothing_changed(), pytest.raises(TeamRefusal):
        invite("ELIF@example.org")


def test_a_second_invitation_of_an_address_ends_the_first(invite: Invite) -> None:
    _, old = invite()
    _, new = invite(role=Post.OWNER)

    assert Invitation.find(old, timezone.now()) is None
    assert Invitation.find(new, timezone.now())


def test_nobody_makes_the_desk_write_to_the_whole_world(invite: Invite, monkeypatch: Any) -> None:
    monkeypatch.setattr(inviting, "MOST_OPEN", 2)
    invite("a@example.org")
    invite("b@example.org")

    with nothing_changed(), pytest.raises(TeamRefusal):
        invite("c@example.org")
    invite("a@example.org")  # again is no more


def test_a_form_that_is_sent_twice_invites_once(invite: Invite, mehmet: Actor) -> None:
    by = replace(mehmet, key="k" * 12)
    invite(by=by)

    with nothing_changed():
        with pytest.raises(AlreadyDone):
            invite(by=by)
        with pytest.raises(KeyReused):
            invite("other@example.org", by=by)


def test_a_merchants_account_joins_a_second_store_by_signing_in(
    invite: Invite, rival_user: User, store: Merchant
) -> None:
    invitation, _ = invite("rival@example.org")
    assert inviting.standing(invitation) is Standing.KNOWN
    with nothing_changed(), pytest.raises(TeamRefusal):
        inviting.begin(invitation, ZEYNEP, at=timezone.now())

    inviting.join(invitation, rival_user, at=timezone.now())

    assert set(rival_user.merchants.values_list("name", flat=True)) == {"Rival Goods", store.name}


def test_somebody_elses_account_does_not_join(invite: Invite, rival_user: User, elif_user: User) -> None:
    invitation, _ = invite("rival@example.org")

    with nothing_changed(), pytest.raises(TeamRefusal):
        inviting.join(invitation, elif_user, at=timezone.now())


@pytest.mark.parametrize("address", ["ada@example.org", "sofia@example.org"])
def test_an_account_of_another_party_never_changes_sides(
    address: str, invite: Invite, ada_user: User, sofia_user: User
) -> None:
    invitation, _ = invite(address)
    user = User.objects.get(email=address)

    assert inviting.standing(invitation) is Standing.OTHER
    with nothing_changed():
        for deed in (
            lambda: inviting.begin(invitation, ZEYNEP, at=timezone.now()),
            lambda: inviting.join(invitation, user, at=timezone.now()),
        ):
            with pytest.raises(TeamRefusal):
                deed()


def test_an_account_that_a_batch_made_gets_its_first_password(invite: Invite, store: Merchant) -> None:
    made = User.objects.create_user("zeynep@example.org", None, name="Z. Ak", party=Party.MERCHANT)
    Membership.objects.create(user=made, merchant=Merchant.objects.create(external_id="m-9", name="Other"))
    invitation, _ = invite()

    user = inviting.begin(invitation, ZEYNEP, at=timezone.now())

    assert user == made
    assert (user.name, user.check_password("a-long-password")) == ("Zeynep Ak", True)
    assert user.merchants.count() == 2


def test_a_closed_account_of_a_merchant_stays_closed(invite: Invite, rival_user: User) -> None:
    User.objects.filter(pk=rival_user.pk).update(is_active=False)
    invitation, _ = invite("rival@example.org")

    assert inviting.standing(invitation) is Standing.OTHER


def test_an_owner_stays_one_when_invited_as_an_agent(invite: Invite, store: Merchant) -> None:
    invitation, _ = invite()
    user = User.objects.create_user("zeynep@example.org", "x", name="Zeynep", party=Party.MERCHANT)
    Membership.objects.create(user=user, merchant=store, role=Role.OWNER)

    inviting.join(invitation, user, at=timezone.now())

    assert Membership.objects.get(user=user).role == Role.OWNER
