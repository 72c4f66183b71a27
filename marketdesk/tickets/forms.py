"""What people fill in on a ticket, the same behind every door. A refused form keeps its text and its pictures."""

import secrets
from typing import Any

from django import forms
from django.core.files.base import File
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketdesk.lib.images import BadPicture
from marketdesk.people.actor import Actor
from marketdesk.tickets.errors import FilesAway
from marketdesk.tickets.models import Attachment, Ticket
from marketdesk.tickets.models.attachment import MOST
from marketdesk.tickets.models.message import validate_text


def fresh_key() -> str:
    """A key for a form's next sending."""
    return secrets.token_urlsafe(16)


class DeedForm(forms.Form):
    """One deed, done once: `key` makes a double click harmless, `seen` is the last event that the page showed."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=80, required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    @property
    def fresh_key(self) -> str:
        return fresh_key()

    def actor(self, by: Actor) -> Actor:
        """The person, with this form's key and what they had seen."""
        return by.with_form(self.cleaned_data.get("key") or "", self.cleaned_data.get("seen"))


class TextForm(DeedForm):
    """Words alone, such as the reason of an appeal."""

    text = forms.CharField(widget=forms.Textarea, required=False, strip=False)

    def clean_text(self) -> str:
        text = str(self.cleaned_data.get("text", ""))
        validate_text(text)
        return text


class _Pictures(forms.ClearableFileInput):
    allow_multiple_selected = True


class _PicturesField(forms.FileField):
    widget = _Pictures

    def clean(self, data: Any, initial: Any = None) -> "list[File[bytes]]":
        uploads = data if isinstance(data, (list, tuple)) else [data]
        # An empty file is left for images.redraw to refuse in words.
        return [upload for upload in uploads if upload]


class MessageForm(TextForm):
    """A message with pictures. Good pictures are stored at once, so that a refusal loses none: `kept` names them."""

    pictures = _PicturesField(required=False)

    def __init__(self, *args: Any, by: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self.attachments: list[Attachment] = []

    def clean_pictures(self) -> list[Attachment]:
        """The pictures kept from an earlier try, and the new ones."""
        kept = self.data.getlist("kept") if isinstance(self.data, MultiValueDict) else []
        self.attachments = Attachment.objects.kept_for(self.by, kept)
        for upload in self.cleaned_data.get("pictures", []):
            if len(self.attachments) >= MOST:
                self.add_error("pictures", _("At most %(most)s pictures can be sent at once.") % {"most": MOST})
                break
            self._keep(upload)
        return self.attachments

    def _keep(self, upload: "File[bytes]") -> None:
        name = upload.name or ""
        try:
            self.attachments.append(Attachment.keep(upload, name, by=self.by))
        except (BadPicture, FilesAway) as bad:
            self.add_error("pictures", f"{name}: {bad}")

    @property
    def most(self) -> int:
        return MOST


class ItemsForm(DeedForm):
    """Some of a ticket's affected items, by public id; those of another ticket are as if absent."""

    def __init__(self, *args: Any, ticket: Ticket, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(item.public_id, item.name) for item in ticket.items.all()]
        self.fields["item"] = forms.MultipleChoiceField(
            choices=choices, error_messages={"required": gettext_lazy("Check at least one item first.")}
        )
        self.ticket = ticket

    def items(self) -> list[Any]:
        """The chosen items, in the order of the page."""
        chosen = set(self.cleaned_data["item"])
        return [item for item in self.ticket.items.all() if item.public_id in chosen]
