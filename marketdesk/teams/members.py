"""The members of a team: who they are, what they may do, and how they leave."""

import json
from dataclasses import dataclass, replace
from datetime import datetime

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils.translation import gettext as _

from marketdesk.journal.models import Audience, Deed, Event
from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.teams.errors import TeamRefusal, not_yours
from marketdesk.teams.models import Invitation, Post
from marketdesk.teams.recording import record
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State

# Recovery codes only replace one of these.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


@dataclass(frozen=True)
class Member:
    """One person of a team, as a page shows them."""

    user: User
    role: Post
    seen_at: datetime | None
    has_second_factor: bool


def of(team: Merchant | None) -> list[Member]:
    """A team, by name; support's where there is no merchant."""
    factors = Authenticator.objects.filter(user=OuterRef("pk"), type__in=FACTORS)
    people = _people(team).annotate(seen_at=Max("usersession__last_seen_at"), has_factor=Exists(factors))
    roles = dict(Membership.objects.filter(merchant=team).values_list("user", "role")) if team else {}
    return [
        Member(
            user=user,
            role=Post(roles[user.pk]) if team else _post(user),
            seen_at=max(filter(None, [user.seen_at, user.last_login]), default=None),
            has_second_factor=user.has_factor,
        )
        for user in people.order_by("name", "pk")
        if not team or user.pk in roles
    ]


def _people(team: Merchant | None) -> QuerySet[User]:
    if team:
        return User.objects.filter(membership__merchant=team)
    return User.objects.filter(party=Party.SUPPORT, is_active=True)


def _post(user: User) -> Post:
    return Post.ADMINISTRATOR if user.is_staff else Post.AGENT


def holds(email: str, team: Merchant | None) -> bool:
    """Whether somebody with this mail address is in the team."""
    return _people(team).filter(email=email).exists()


def find(public_id: str, team: Merchant | None) -> User | None:
    """A member by public id; somebody of another team is as if absent."""
    return _people(team).filter(public_id=public_id).first()


@transaction.atomic
def change_role(user: User, role: str, *, team: Merchant | None, by: Actor) -> None:
    """Make somebody an owner or administrator, or an agent. Raises TeamRefusal for the last who may do this."""
    _begin(by, ["role", user.pk, role, team and team.pk])
    heads = lock(team, by)
    head = Post.OWNER if team else Post.ADMINISTRATOR
    if role not in {head, Post.AGENT}:
        raise TeamRefusal(_("There is no such role in this team."))
    if role != head:
        _keep_one(heads, user, team)
    if team:
        changed = Membership.objects.filter(user=user, merchant=team).exclude(role=role).update(role=Role(role))
    else:
        changed = _people(None).filter(pk=user.pk).exclude(is_staff=role == head).update(is_staff=role == head)
    if changed:
        if role != head:
            _end_invitations(user, team, by)
        _record("role_changed", user, team, by, role=role)


@transaction.atomic
def remove(user: User, *, team: Merchant | None, by: Actor) -> None:
    """Take somebody out of a team: from this moment they see nothing of it. What they said keeps their name. Raises
    TeamRefusal for the last who may do this."""
    _begin(by, ["remove", user.pk, team and team.pk])
    _keep_one(lock(team, by), user, team)
    if team:
        gone: int = Membership.objects.filter(user=user, merchant=team).delete()[0]
    else:
        gone = _people(None).filter(pk=user.pk).update(is_active=False, is_staff=False)
        for ticket in Ticket.objects.visible_to(by).filter(assignee=user, state=State.WITH_SUPPORT):
            ticket.assign(None, by=replace(by, key="", seen=None))
    if gone:
        end_sessions(user)
        _end_invitations(user, team, by)
        _record("left_team", user, team, by)


def end_sessions(user: User) -> None:
    """Sign somebody out everywhere."""
    sessions = UserSession.objects.filter(user=user)
    Session.objects.filter(session_key__in=list(sessions.values_list("session_key", flat=True))).delete()
    sessions.delete()


def _end_invitations(user: User, team: Merchant | None, by: Actor) -> None:
    """Who may not invite any more has not left a way back behind them either."""
    theirs = Invitation.objects.open(by.at).filter(by__user=user.pk).select_for_update()
    for invitation in theirs.to(team) if team else theirs:  # administrators invite owners of any merchant, too
        invitation.revoked_at = by.at
        invitation.save(update_fields=["revoked_at"])
        record("invitation_revoked", invitation, by)


def lock(team: Merchant | None, by: Actor, *, inviting: str = "") -> set[int]:
    """Nobody else changes this team until we are done. Who may, as ids: owners, or administrators. Raises
    TeamRefusal when `by` may not. Administrators may invite an owner of any merchant."""
    support = User.objects.filter(party=Party.SUPPORT, is_active=True, is_staff=True).order_by("pk")
    if team:
        Merchant.objects.select_for_update(no_key=True).get(pk=team.pk)
        heads = set(Membership.objects.filter(merchant=team, role=Role.OWNER).values_list("user", flat=True))
        may = heads | set(support.values_list("pk", flat=True)) if inviting == Post.OWNER else heads
    else:
        may = heads = set(support.select_for_update(no_key=True).values_list("pk", flat=True))
    if not by.is_program and by.user_id not in may:
        raise not_yours()
    return heads


def _keep_one(heads: set[int], user: User, team: Merchant | None) -> None:
    if heads == {user.pk}:
        words = _("The last owner stays: first make somebody else an owner.")
        raise TeamRefusal(words if team else _("The last administrator stays: first make somebody else one."))


def _begin(by: Actor, body: list[object]) -> None:
    if by.key:
        Deed.begin(by.who, by.key, json.dumps(body))


def _record(verb: str, user: User, team: Merchant | None, by: Actor, **data: str) -> None:
    Event.tell(
        verb=verb,
        subject_kind="user",
        subject_id=user.pk,
        merchant_id=team and team.pk,
        audience=Audience.STAFF if team else Audience.PLATFORM,
        actor=by.as_json(),
        data={"email": user.email, "name": user.name, **data},
        at=by.at,
    )
