"""The signed link that a mail to a customer carries: it opens that one ticket, without an account."""

import hashlib
import struct
from datetime import datetime, timedelta

from django.conf import settings

from marketdesk.lib import sealing
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.tickets.models import Ticket

# What stands before the token in an address; storefront/letters.py opens it.
PREFIX = "/t/"
_PURPOSE = "link to a ticket"
# The ticket, the generation of its links, the second in which it ends, and for whom it is.
_CONTENT = struct.Struct(">IHI7s")


def ends_at(issued_at: datetime) -> datetime:
    """When a link ends that is sent now. Each mail brings a new one, so it counts from the last thing that happened."""
    return (issued_at + timedelta(days=promises.current().link_days)).replace(microsecond=0)


def address(ticket: Ticket, ends: datetime) -> str:
    """The link to a ticket; the same each time, so that a mail that is sent again is the same mail."""
    content = _CONTENT.pack(ticket.pk, ticket.link_generation, int(ends.timestamp()), _holder(ticket.customer))
    return f"{settings.BASE_URL}{PREFIX}{sealing.word(content, _PURPOSE)}/"


def opened_by(token: str, now: datetime) -> Ticket | None:
    """The ticket that a token opens at this moment, with its customer; None where it has ended or never was one."""
    try:
        pk, generation, ends, holder = _CONTENT.unpack(sealing.content_of(token, _PURPOSE))
    except (sealing.Unreadable, struct.error):
        return None
    if now.timestamp() >= ends:
        return None
    reachable = {"customer__party": Party.CUSTOMER, "customer__is_active": True}
    tickets = Ticket.objects.select_related("customer").filter(pk=pk, link_generation=generation, **reachable)
    ticket = tickets.first()
    return ticket if ticket and _holder(ticket.customer) == holder else None


def _holder(customer: User) -> bytes:
    """Another customer, or another mail address, is another holder: who has the old mailbox opens nothing."""
    return hashlib.sha256(f"{customer.pk}:{customer.email or ''}".encode()).digest()[:7]
