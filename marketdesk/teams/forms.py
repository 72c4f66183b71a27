"""What people fill in about a team, the same behind both doors."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from marketdesk.lib import languages
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.teams import inviting, members
from marketdesk.teams.models import Invitation, Post
from marketdesk.tickets.forms import DeedForm


class InviteForm(DeedForm):
    """Whom to invite, to do what, in which language."""

    email = forms.EmailField(
        label=_("Mail address"),
        max_length=254,  # as the tables take it, which PostgreSQL enforces
        widget=forms.EmailInput({"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=_("Role"))
    language = forms.ChoiceField(label=_("Language of the mail"), choices=list(languages.LANGUAGES.items()))

    def __init__(self, *args: Any, posts: Sequence[Post], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"] = forms.ChoiceField(label=_("Role"), choices=[(post.value, post.label) for post in posts])

    def carry_out(self, team: Merchant | None, by: Actor) -> str:
        """Do it, and answer what was done in words. Raises TeamRefusal."""
        found = self.cleaned_data
        inviting.invite(found["email"], found["role"], to=team, by=self.actor(by), language=found["language"])
        return gettext("Invited. The mail is on its way.")


class MemberForm(DeedForm):
    """What becomes of a member: another role, or none."""

    act = forms.ChoiceField(choices=[("role", ""), ("remove", "")])
    role = forms.CharField(required=False, max_length=15)

    def carry_out(self, member: User, team: Merchant | None, by: Actor) -> str:
        """Do it, and answer what was done in words. Raises TeamRefusal."""
        if self.cleaned_data["act"] == "remove":
            members.remove(member, team=team, by=self.actor(by))
            return gettext("Removed from the team.")
        members.change_role(member, self.cleaned_data["role"], team=team, by=self.actor(by))
        return gettext("The role is changed.")


class InvitationForm(DeedForm):
    """What becomes of an invitation: a new link, or none."""

    act = forms.ChoiceField(choices=[("resend", ""), ("revoke", "")])

    def carry_out(self, invitation: Invitation, by: Actor) -> str:
        """Do it, and answer what was done in words. Raises TeamRefusal."""
        if self.cleaned_data["act"] == "revoke":
            inviting.revoke(invitation, by=self.actor(by))
            return gettext("Revoked. The link opens nothing any more.")
        inviting.resend(invitation, by=self.actor(by))
        return gettext("Sent again, with a new link.")
