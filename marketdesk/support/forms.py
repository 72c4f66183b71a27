"""What only support fills in: who looks after a ticket, and how a refund went."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.tickets.forms import DeedForm, MessageForm
from marketdesk.tickets.rules import Verb


def agents() -> QuerySet[User]:
    """Everybody of support who can sign in, by name."""
    return User.objects.filter(party=Party.SUPPORT, is_active=True).order_by("name", "pk")


class WritingForm(MessageForm):
    """A message, and what is to become of it."""

    voice = forms.ChoiceField(choices=[(verb, verb) for verb in (Verb.REPLY, Verb.REOPEN, Verb.NOTE)])


class AssignForm(DeedForm):
    """An agent by public id; an empty choice is nobody."""

    agent = forms.ModelChoiceField(
        agents(),
        to_field_name="public_id",
        required=False,
        error_messages={"invalid_choice": gettext_lazy("This person is not in the support team any more.")},
    )


class SettleForm(DeedForm):
    """The marketplace's answer to a refund, typed in by a person; a failure says why."""

    outcome = forms.ChoiceField(choices=[("paid", "paid"), ("failed", "failed")])
    note = forms.CharField(max_length=500, required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("outcome") == "failed" and not data.get("note"):
            self.add_error("note", _("Say in a few words why the refund failed."))
        return data
