"""Which templates stand beside the reply field, and in which language (M63-M68)."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from marketdesk.lib import languages
from marketdesk.lib.prepared import Prepared
from marketdesk.replies.filling import fill, values_of
from marketdesk.replies.models import ReplyText
from marketdesk.tickets.models import Ticket


@dataclass(frozen=True)
class Suggestion:
    """A button: its label, the reply filled for this ticket, and what is still to be written in it."""

    code: str
    title: str
    text: str
    missing: tuple[str, ...]


def suggestions(ticket: Ticket, language: str) -> list[Suggestion]:
    """The templates that fit the ticket's category in one language: those for its issue first. A language that we do
    not speak has none."""
    if language not in languages.LANGUAGES:
        return []
    found = sorted(_TEXTS(ticket.category, language), key=lambda text: ticket.issue_id not in text.template.issues)
    values = values_of(ticket)
    return [_suggest(text, values) for text in found]


def _suggest(text: ReplyText, values: Mapping[str, str]) -> Suggestion:
    filled = fill(text.body, values)
    return Suggestion(text.template.code, text.title, filled.text, filled.missing)


def offered_languages() -> dict[str, str]:
    """The languages of the dropdown: code and own name, those in which there are templates."""
    there = set(_LANGUAGES())
    return {code: name for code, name in languages.LANGUAGES.items() if code in there}


def preset_language(ticket: Ticket) -> str:
    """The customer's language, in which merchants are encouraged to answer (M68)."""
    language = ticket.language or ticket.customer.reading_language
    return language if language in languages.LANGUAGES else "en"


# Asked for every ticket page, so put into words once


def _texts(category: str, language: str) -> QuerySet[ReplyText]:
    fitting = Q(template__category=category) | Q(template__category="")
    texts = ReplyText.objects.filter(fitting, template__active=True, language=language)
    return texts.select_related("template").order_by("template__position", "template__code")


def _languages() -> QuerySet[ReplyText, str]:
    return ReplyText.objects.values_list("language", flat=True).distinct()


_TEXTS = Prepared(_texts)
_LANGUAGES = Prepared(_languages)
