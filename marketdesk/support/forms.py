"""What only support fills in: who looks after a ticket, and how a refund went."""

from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.tickets.forms import DeedForm, MessageForm
from marketdesk.tickets.rules import Verb


def agents() -> QuerySet[User]:
    """Everybody of support who can sign in, by name."""
    return User.objects.filter(party=Party.SUPPORT, is_active=True).order_by("name", "pk")


class MomentField(forms.DateTimeField):
    """A day and a time as browsers send them, in the reader's time zone. At the ends of the calendar it could not be
    reckoned with, in another time zone or some days on."""

    def __init__(self, **kwargs: Any) -> None:
        formats = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
        words = {"invalid": gettext_lazy("Enter a day and a time.")}
        super().__init__(input_formats=formats, error_messages=words, **kwargs)

    def to_python(self, value: Any) -> datetime | None:
        found: datetime | None = super().to_python(value)
        if found and not 1000 <= found.year <= 9000:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return found


class ReasonForm(DeedForm):
    """Why something changes for everybody."""

    reason = forms.CharField(
        max_length=500,
        error_messages={"required": gettext_lazy("Say in a few words why, for those who look it up later.")},
    )


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


class NoteForm(DeedForm):
    """What a person of support found out, for those who come later."""

    note = forms.CharField(
        max_length=500, error_messages={"required": gettext_lazy("Say in a few words how you know.")}
    )


class SettleForm(NoteForm):
    """The marketplace's answer to a refund, typed in by a person."""

    outcome = forms.ChoiceField(choices=[("paid", "paid"), ("failed", "failed")])
