"""Tickets and what hangs on them."""

from marketdesk.tickets.models.attachment import Attachment
from marketdesk.tickets.models.draft import Beginning, Draft
from marketdesk.tickets.models.issue import Issue
from marketdesk.tickets.models.message import LanguageBy, Message
from marketdesk.tickets.models.ordered import ListChange, ListDraft, ListKind
from marketdesk.tickets.models.ticket import Ticket
from marketdesk.tickets.models.wait import Excuse, Wait

__all__ = [
    "Attachment",
    "Beginning",
    "Draft",
    "Excuse",
    "Issue",
    "LanguageBy",
    "ListChange",
    "ListDraft",
    "ListKind",
    "Message",
    "Ticket",
    "Wait",
]
