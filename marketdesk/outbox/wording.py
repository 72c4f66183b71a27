"""What all letters write the same way: moments, quoted words, and the way to a ticket."""

from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.tickets.models import Ticket

NAMED = 20  # refunds or tickets in one letter

_PAGES = {Party.MERCHANT: "dashboard:ticket", Party.SUPPORT: "support:ticket"}


def moment(at: datetime | None) -> str:
    """A moment that stays true however late the mail is read: with its date, and with the zone's name."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    return f"{date_format(local, 'DATETIME_FORMAT')} ({local:%Z})"


def marked(text: str) -> str:
    """Words of somebody else, each line marked."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def ticket_link(ticket: Ticket, reader: Actor) -> str:
    """The page of a ticket for this reader."""
    return settings.BASE_URL + reverse(_PAGES[reader.party], args=[ticket.public_id])
