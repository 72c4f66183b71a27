"""Which language a message is in: recognised when it arrives, with what its author reads in mind, and set right by a
person, over whom no machine ever writes (M69, D18)."""

from django.db import transaction

from marketdesk.journal.models import Audience, Event
from marketdesk.lib import prepared
from marketdesk.lib.recognising import recognise
from marketdesk.people.party import Party
from marketdesk.tickets.models import LanguageBy, Message, Ticket
from marketdesk.translations.models import Translation, Wanted

_MESSAGE = prepared.Prepared(
    lambda pk: Message.objects.filter(pk=pk).select_related("ticket__customer", "ticket__merchant")
)


def follow(event: Event) -> None:
    """Recognise the language of the message that an event is about; twice is once."""
    number = event.data.get("message")
    message = _MESSAGE.first(number) if number else None
    if message is None or message.language_by != LanguageBy.EXPECTED:
        return
    found = recognise(message.body, expected(message))
    if found.language and (found.is_sure or found.language != message.language):
        _note(message, found.language, LanguageBy.RECOGNISED if found.is_sure else LanguageBy.EXPECTED)


def expected(message: Message) -> str:
    """What its author is likely to have written."""
    if message.language:
        return message.language
    if message.author == Party.CUSTOMER:
        return message.ticket.language or message.ticket.customer.reading_language
    return message.ticket.merchant.language if message.author == Party.MERCHANT else ""


@transaction.atomic
def correct(message: Message, language: str) -> None:
    """A person says which language a message is in. Machine translations of what it was taken for are forgotten."""
    if message.language != language:
        Translation.objects.filter(message=message).exclude(engine="human").delete()
        Wanted.objects.filter(message=message).delete()
    _note(message, language, LanguageBy.PERSON)


def _note(message: Message, language: str, says: LanguageBy) -> None:
    rows = Message.objects.filter(pk=message.pk)
    if says != LanguageBy.PERSON:
        rows = rows.exclude(language_by=LanguageBy.PERSON)
    if not rows.update(language=language, language_by=says):
        return
    if message.author == Party.CUSTOMER and message.audience == Audience.EVERYONE:
        later = Message.objects.filter(
            ticket=message.ticket_id, author=Party.CUSTOMER, audience=Audience.EVERYONE, pk__gt=message.pk
        )
        if not later.exists():
            Ticket.objects.filter(pk=message.ticket_id).exclude(language=language).update(language=language)
