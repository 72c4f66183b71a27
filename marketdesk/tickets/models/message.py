"""What was said, and who can read it."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from marketdesk.journal.models import Audience
from marketdesk.lib import languages
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.tickets.errors import BadText

MAX_TEXT = 10_000


class LanguageBy(models.TextChoices):
    """Who says which language a message is in."""

    EXPECTED = "", "nobody: it is what its author reads"
    RECOGNISED = "recognised", "its words"
    PERSON = "person", "a person"


class Message(models.Model):
    """One message of a ticket. Plain text; never changed after it was sent."""

    ticket = models.ForeignKey("tickets.Ticket", models.CASCADE, related_name="messages")
    merchant_id = models.BigIntegerField()
    author = models.CharField(max_length=10, choices=Party)
    author_name = models.CharField(max_length=150, blank=True)
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    audience = models.CharField(max_length=10, choices=Audience, default=Audience.EVERYONE)
    body = models.TextField()
    language = models.CharField(max_length=10, blank=True)
    language_by = models.CharField(max_length=10, choices=LanguageBy, blank=True, default="", db_default="")
    sent_in = models.CharField(max_length=10, blank=True, default="", db_default="")  # and also in this language
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        indexes = [models.Index(fields=["ticket", "id"], name="message_by_ticket")]

    def __str__(self) -> str:
        return self.body[:60]

    @property
    def direction(self) -> str:
        """`rtl` or `ltr` where the language is known; else the browser decides."""
        return languages.direction(self.language) if self.language else "auto"


def clean_text(text: str) -> str:
    """A message's text, trimmed. Raises BadText where it is empty or too long."""
    # No database stores NUL or half a surrogate pair (JSON can carry one), and a form turns line breaks into CRLF.
    text = text.encode("utf-8", "replace").decode().replace("\x00", "").replace("\r\n", "\n").strip()
    if not text:
        raise BadText(_("Write a message first."))
    if len(text) > MAX_TEXT:
        raise BadText(
            _("The message has %(length)s characters; %(limit)s are possible.")
            % {"length": len(text), "limit": MAX_TEXT}
        )
    return text


def validate_text(text: str) -> None:
    """The same check for a form field."""
    try:
        clean_text(text)
    except BadText as bad:
        raise ValidationError(str(bad)) from bad
