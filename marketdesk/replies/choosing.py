"""Which templates stand beside the reply field, and in which language (M63-M68)."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Prefetch, Q

from marketdesk.lib import languages
from marketdesk.replies.filling import fill, values_of
from marketdesk.replies.models import ReplyTemplate, ReplyText
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
    texts = Prefetch("texts", ReplyText.objects.filter(language=language), to_attr="in_language")
    fitting = ReplyTemplate.objects.filter(Q(category=ticket.category) | Q(category=""), active=True)
    found = [template for template in fitting.prefetch_related(texts) if template.in_language]
    found.sort(key=lambda template: (ticket.issue_id not in template.issues, template.position))
    values = values_of(ticket)
    return [_suggest(template.code, template.in_language[0], values) for template in found]


def _suggest(code: str, text: ReplyText, values: Mapping[str, str]) -> Suggestion:
    filled = fill(text.body, values)
    return Suggestion(code, text.title, filled.text, filled.missing)


def offered_languages() -> dict[str, str]:
    """The languages of the dropdown: code and own name, those in which there are templates."""
    there = set(ReplyText.objects.values_list("language", flat=True).distinct())
    return {code: name for code, name in languages.LANGUAGES.items() if code in there}


def preset_language(ticket: Ticket) -> str:
    """The customer's language, in which merchants are encouraged to answer (M68)."""
    language = ticket.language or ticket.customer.reading_language
    return language if language in languages.LANGUAGES else "en"
