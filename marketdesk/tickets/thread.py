"""The conversation as one reader sees it: messages, and between them what happened, day by day."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from marketdesk.journal.models import Audience, Event
from marketdesk.lib.languages import isolated
from marketdesk.lib.prepared import Prepared, Question, attach
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.tickets.models import Attachment, Message, Ticket
from marketdesk.tickets.models.ticket import QUIET
from marketdesk.tickets.rules import Verb


@dataclass(frozen=True)
class Entry:
    """One line of the thread: a day, a message or something that happened. `kind` names the template's branch."""

    kind: str
    at: datetime
    words: str = ""
    message: Message | None = None
    author: str = ""
    mine: bool = False


@dataclass(frozen=True)
class Thread:
    """The whole conversation, oldest first, and the newest event in it that somebody could be writing about: what a
    form keeps as `seen`."""

    entries: list[Entry]
    seen: int


def read(ticket: Ticket, actor: Actor) -> Thread:
    """The conversation as an actor may read it, in two queries and one for the pictures."""
    events = _EVENTS[actor.party](ticket.pk)
    seen = max((event.pk for event in events if event.verb not in QUIET), default=0)
    said = [_said(message, ticket, actor) for message in _messages(ticket, actor)]
    happened = [Entry("event", event.at, words=words) for event in events if (words := tell(event, ticket, actor))]
    # A message stands before the event that it caused; both carry the same moment.
    both = sorted([*said, *happened], key=lambda entry: (entry.at, entry.kind != "message"))
    return Thread(list(_with_days(both)), seen)


def questions(ticket: Ticket, actor: Actor) -> list[Question]:
    """What `read` asks."""
    return [said[actor.party].question(ticket.pk) for said in (_EVENTS, _MESSAGES, _PICTURES)]


def entries(ticket: Ticket, actor: Actor) -> list[Entry]:
    """The conversation alone."""
    return read(ticket, actor).entries


def _messages(ticket: Ticket, actor: Actor) -> list[Message]:
    messages = _MESSAGES[actor.party](ticket.pk)
    pictures = _PICTURES[actor.party](ticket.pk)
    for message in messages:
        attach(message, "attachments", [picture for picture in pictures if picture.message_id == message.pk])
    return messages


def _said(message: Message, ticket: Ticket, actor: Actor) -> Entry:
    return Entry(
        "message",
        message.at,
        message=message,
        author=author_of(message, ticket, actor),
        mine=message.author == actor.party,
    )


def _with_days(both: list[Entry]) -> Iterator[Entry]:
    day: date | None = None
    for entry in both:
        local = timezone.localtime(entry.at).date()
        if local != day:
            day = local
            yield Entry("day", entry.at)
        yield entry


def author_of(message: Message, ticket: Ticket, actor: Actor) -> str:
    """How a reader knows the author: customers see a store and the marketplace, not its people."""
    if message.user_id and message.user_id == actor.user_id:
        return _("You")
    if message.author == Party.CUSTOMER:
        return ticket.customer.short_name
    if message.author == Party.MERCHANT:
        return ticket.merchant.name if actor.party == Party.CUSTOMER or not message.author_name else message.author_name
    if message.author == Party.SUPPORT and actor.party == Party.SUPPORT:
        return message.author_name
    return _("%(platform)s Support") % {"platform": promises.current().platform_name}


def readers(audience: str, ticket: Ticket, actor: Actor) -> str:
    """Who reads what is written there, said at the field (ui, habit 8)."""
    platform = promises.current().platform_name
    names = {"customer": ticket.customer.short_name, "merchant": ticket.merchant.name, "platform": platform}
    names = {key: isolated(name) for key, name in names.items()}
    if audience == Audience.PLATFORM:
        return _("Only %(platform)s Support will read this.") % names
    if audience == Audience.STAFF:
        return _("%(merchant)s and %(platform)s Support will read this, %(customer)s will not.") % names
    if actor.party == Party.CUSTOMER:
        if ticket.shared:
            return _("%(merchant)s and %(platform)s Support will read this.") % names
        return _("%(platform)s Support will read this.") % names
    if actor.party == Party.SUPPORT:
        if ticket.shared:
            return _("%(customer)s and %(merchant)s will read this.") % names
        return _("%(customer)s will read this.") % names
    return _("%(customer)s and %(platform)s Support will read this.") % names


def tell(event: Event, ticket: Ticket, actor: Actor) -> str:
    """What happened, in words for this reader; empty where the message beside it says it all."""
    words = _sentence(event)
    if words is None:
        return ""
    data: dict[str, Any] = event.data
    names = {
        "who": _who(event, ticket, actor),
        "merchant": ticket.merchant.name,
        "platform": promises.current().platform_name,
        "items": ", ".join(data.get("items", [])) if event.verb == Verb.MARK_RETURNED else "",
        "item": data.get("item", ""),
        "to": data.get("to", ""),
        "note": data.get("note", "") if event.audience == Audience.PLATFORM else "",
    }
    return words() % {key: isolated(name) if name else "" for key, name in names.items()}


def _sentence(event: Event) -> Callable[[], str] | None:
    """The sentence of an event, its names still open; several where a verb has more than one outcome."""
    match event.verb:
        case "refund_contradicted":
            return _CONTRADICTED.get(event.data.get("said", ""))
        case Verb.CLOSE:
            return _CLOSED.get(event.data.get("how", ""), _WORDS[Verb.CLOSE])
        case Verb.ASSIGN if not event.data.get("to"):
            return lambda: _("%(who)s put it back in the queue")
        case "rated" if not event.data.get("helpful"):
            return lambda: _("%(who)s said that this did not help")
    return _WORDS.get(event.verb)


def _who(event: Event, ticket: Ticket, actor: Actor) -> str:
    party = event.actor.get("party")
    if event.actor.get("user") and event.actor["user"] == actor.user_id:
        return _("You")
    if party == Party.CUSTOMER:
        return ticket.customer.short_name
    if party == Party.MERCHANT:
        return ticket.merchant.name
    if party == Party.SUPPORT and actor.party == Party.SUPPORT:
        return str(event.actor.get("name", ""))
    return _("%(platform)s Support") % {"platform": promises.current().platform_name}


_WORDS: dict[str, Callable[[], str]] = {
    "open": lambda: _("%(who)s opened this ticket"),
    Verb.RESOLVE: lambda: _("%(who)s resolved this ticket"),
    Verb.CLOSE: lambda: _("%(who)s closed this ticket"),
    Verb.CLOSE_FOR_GOOD: lambda: _("%(who)s closed this ticket for good"),
    Verb.REFUND: lambda: _("%(who)s refunded items and closed this ticket"),
    Verb.REFUND_SUCCEEDED: lambda: _("The refund of %(item)s was paid"),
    Verb.REFUND_FAILED: lambda: _("The refund of %(item)s failed; %(platform)s Support is looking into it"),
    "refund_unanswered": lambda: _("The marketplace has not said yet whether the refund of %(item)s was paid"),
    "refund_acknowledged": lambda: _("%(who)s looked into the two answers about %(item)s: %(note)s"),
    Verb.MARK_RETURNED: lambda: _("%(who)s marked as returned: %(items)s"),
    Verb.APPEAL: lambda: _("%(who)s appealed to %(platform)s Support"),
    Verb.REOPEN: lambda: _("%(who)s re-opened this ticket"),
    Verb.TAKE_OVER: lambda: _("%(platform)s Support took this ticket over"),
    Verb.HAND_BACK: lambda: _("%(platform)s Support handed this ticket to %(merchant)s"),
    Verb.END_LINKS: lambda: _("%(who)s stopped the links in mails"),
    Verb.ASSIGN: lambda: _("%(who)s assigned it to %(to)s"),
    "rated": lambda: _("%(who)s said that this helped"),
    Verb.MARK_LATE: lambda: _("The time left to reply ran out"),
    Verb.REMIND: lambda: _("A reminder was sent"),
}
_CLOSED = {
    "silence": lambda: _("Closed, because no answer came"),
    "solved": lambda: _("%(who)s closed this ticket: solved"),
    "not_needed": lambda: _("%(who)s closed this ticket: no longer needed"),
}
_CONTRADICTED = {
    "succeeded": lambda: _("The marketplace says now that the refund of %(item)s was paid; here it is noted as failed"),
    "failed": lambda: _("The marketplace says now that the refund of %(item)s failed; here it is noted as paid"),
}

# Of any ticket, for one who may see it: what each party reads of it, put into words once


def _events(party: Party, ticket: int) -> QuerySet[Event]:
    return Ticket(pk=ticket).events_for(Actor(party))


def _said_on(party: Party, ticket: int) -> QuerySet[Message]:
    return Ticket(pk=ticket).messages_for(Actor(party))


def _pictures(party: Party, ticket: int) -> QuerySet[Attachment]:
    return Attachment.objects.filter(message__in=_said_on(party, ticket).order_by())


_EVENTS = {party: Prepared(partial(_events, party)) for party in Party}
_MESSAGES = {party: Prepared(partial(_said_on, party)) for party in Party}
_PICTURES = {party: Prepared(partial(_pictures, party)) for party in Party}
