"""Inviting people into a team, and what becomes of it: joined, sent again, revoked."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from marketdesk.journal.models import Deed, Job
from marketdesk.lib import sealing, secret
from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.teams import members
from marketdesk.teams.errors import NoInvitation, TeamRefusal
from marketdesk.teams.models import MERCHANT_POSTS, SUPPORT_POSTS, Invitation, Post
from marketdesk.teams.recording import record

# So that nobody can make the desk write to the whole world in a merchant's name.
MOST_OPEN = 50


@dataclass(frozen=True)
class Newcomer:
    """What somebody without an account says of themselves; no password: another service signs them in."""

    name: str
    language: str = ""
    password: str | None = None


class Standing(Enum):
    """How the invited mail address stands: what its owner has to do to join."""

    NEW = "new"  # says who they are, and chooses a password
    KNOWN = "known"  # has an account: signs in first
    OTHER = "other"  # the address belongs to another side's account, which never changes sides


@transaction.atomic
def invite(email: str, role: str, *, to: Merchant | None, by: Actor, language: str) -> tuple[Invitation, str]:
    """Invite a mail address into a team; the mail goes out with the next job. The token is not kept. An earlier
    invitation of the same address to this team ends. Raises TeamRefusal."""
    email = email.strip().lower()
    if by.key:
        Deed.begin(by.who, by.key, json.dumps(["invite", email, role, to and to.pk, language]))
    if to and to.is_sandbox:
        raise TeamRefusal(_("A sandbox has no team of its own: invite them into the store."))
    members.lock(to, by, inviting=role)
    if role not in (MERCHANT_POSTS if to else SUPPORT_POSTS):
        raise TeamRefusal(_("There is no such role in this team."))
    if members.holds(email, to):
        raise TeamRefusal(_("This person is in the team already."))
    pending = Invitation.objects.open(by.at).to(to)
    pending.filter(email=email).update(revoked_at=by.at)
    if pending.count() >= MOST_OPEN:
        raise TeamRefusal(_("Too many invitations are open. Revoke some first, or wait until they are accepted."))
    token = secret.new("mdi")
    invitation = Invitation.objects.create(
        email=email,
        merchant=to,
        role=role,
        language=language,
        token_hash=secret.hash_of(token),
        by=by.as_json(),
        made_at=by.at,
        expires_at=by.at + timedelta(days=promises.current().invitation_days),
    )
    record("invited", invitation, by)
    # The mail needs the token, which the tables must not know: only this installation can read it there.
    Job.put("invite", {"invitation": invitation.pk, "token": sealing.seal(token)}, merchant_id=invitation.merchant_id)
    return invitation, token


@transaction.atomic
def resend(invitation: Invitation, *, by: Actor) -> tuple[Invitation, str]:
    """Invite again: a new link, with a time of its own; the old one ends. Raises TeamRefusal."""
    if invitation.accepted_at:
        raise NoInvitation
    return invite(invitation.email, invitation.role, to=invitation.merchant, by=by, language=invitation.language)


@transaction.atomic
def revoke(invitation: Invitation, *, by: Actor) -> None:
    """End an invitation at once; one that has ended stays as it is."""
    members.lock(invitation.merchant, by, inviting=invitation.role)
    if Invitation.objects.open(by.at).filter(pk=invitation.pk).update(revoked_at=by.at):
        record("invitation_revoked", invitation, by)


def standing(invitation: Invitation) -> Standing:
    """What the invited person has to do."""
    user = account(invitation)
    if user is None:
        return Standing.NEW
    # Who left support may be invited again; a merchant's account that was closed stays closed.
    if user.party != invitation.party or not (user.is_active or invitation.party == Party.SUPPORT):
        return Standing.OTHER
    return Standing.KNOWN if user.is_active and user.has_usable_password() else Standing.NEW


def account(invitation: Invitation) -> User | None:
    """The account with the invited address."""
    return User.objects.filter(email=invitation.email).first()


@transaction.atomic
def begin(invitation: Invitation, newcomer: Newcomer, *, at: datetime) -> User:
    """Join as somebody new here: the link, or whoever signs them in, has proven the address. Raises TeamRefusal."""
    invitation = _claim(invitation, at)
    if standing(invitation) is not Standing.NEW:
        raise TeamRefusal(_("There is an account with this mail address. Sign in first."))
    user = account(invitation)
    if user is None:
        country = invitation.merchant.country if invitation.merchant else ""
        user = User(email=invitation.email, party=invitation.party, country=country)
    user.name, user.language, user.is_active = newcomer.name, newcomer.language, True
    user.set_password(newcomer.password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:  # a batch made the account meanwhile
        raise TeamRefusal(_("There is an account with this mail address. Sign in first.")) from None
    _take_in(invitation, user, at)
    return user


@transaction.atomic
def join(invitation: Invitation, user: User, *, at: datetime) -> None:
    """Join with the account that has the invited address. Raises TeamRefusal."""
    invitation = _claim(invitation, at)
    if user.email != invitation.email or user.party != invitation.party or not user.is_active:
        raise TeamRefusal(_("This invitation is for another account."))
    _take_in(invitation, user, at)


def _claim(invitation: Invitation, at: datetime) -> Invitation:
    """The invitation, locked: of two who use it at once, one finds it used."""
    locked = Invitation.objects.open(at).select_for_update().filter(pk=invitation.pk).first()
    if locked is None:
        raise NoInvitation
    return locked


def _take_in(invitation: Invitation, user: User, at: datetime) -> None:
    """The place in the team; nobody loses one by being invited."""
    if invitation.merchant:
        membership, _created = Membership.objects.get_or_create(
            user=user, merchant=invitation.merchant, defaults={"role": invitation.role}
        )
        if invitation.role == Post.OWNER and membership.role != Role.OWNER:
            membership.role = Role.OWNER
            membership.save(update_fields=["role"])
    elif invitation.role == Post.ADMINISTRATOR and not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])
    invitation.accepted_at, invitation.accepted_by = at, user
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    by = Actor(invitation.party, user_id=user.pk, merchant_id=invitation.merchant_id, name=user.name, at=at)
    record("joined_team", invitation, by)
