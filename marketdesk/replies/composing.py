"""The reply as it stands on the page: what was typed, who will read it, and the templates beside it (M62-M68)."""

from collections.abc import Sequence
from dataclasses import dataclass

from marketdesk.journal.models import Audience
from marketdesk.lib import languages
from marketdesk.people.actor import Actor
from marketdesk.replies.choosing import Suggestion, offered_languages, preset_language, suggestions
from marketdesk.tickets.models import Attachment, Draft, Ticket
from marketdesk.tickets.models.attachment import MOST
from marketdesk.tickets.thread import readers

# A line of a template that is at least this long is nobody's by chance.
TELLING = 24


@dataclass(frozen=True)
class Reply:
    """Everything that `ui/ticket/reply.html` draws of a reply not sent yet."""

    text: str
    restored: bool
    readers: str
    language: str
    customer_language: str
    languages: dict[str, str]
    suggestions: list[Suggestion]
    kept: Sequence[Attachment] = ()
    most: int = MOST

    @property
    def language_lines(self) -> list[dict[str, str]]:
        """The dropdown's lines."""
        return [
            {
                "code": code,
                "name": name,
                "is_chosen": "yes" if code == self.language else "",
                "is_customers": "yes" if code == self.customer_language else "",
            }
            for code, name in self.languages.items()
        ]

    @property
    def suggestion_lines(self) -> list[dict[str, str]]:
        """The templates' lines."""
        return [
            {"code": one.code, "title": one.title, "text": one.text, "language": self.language}
            for one in self.suggestions
        ]


def compose(
    ticket: Ticket,
    *,
    by: Actor,
    text: str | None = None,
    language: str = "",
    kept: Sequence[Attachment] = (),
    audience: Audience = Audience.EVERYONE,
) -> Reply:
    """The reply of a person on a ticket: their `text` where it was just sent and refused, else their draft."""
    draft = Draft.of(ticket.pk, by=by) if text is None else ""
    preset = preset_language(ticket)
    chosen = language if language in languages.LANGUAGES else preset
    return Reply(
        text=draft if text is None else text,
        restored=bool(draft),
        readers=readers(audience, ticket, by),
        language=chosen,
        customer_language=preset,
        languages=offered_languages(),
        suggestions=suggestions(ticket, chosen),
        kept=kept,
    )


def with_template(text: str, code: str, ticket: Ticket, language: str) -> str:
    """What was typed, and below it the template of this code; an unknown code adds nothing."""
    found = (one.text for one in suggestions(ticket, language) if one.code == code)
    return "\n\n".join(part for part in (text.strip(), next(found, "").strip()) if part)


def written_in(text: str, ticket: Ticket, *, chosen: str, own: str) -> str:
    """The language of a reply: the chosen templates' where one of their lines stands in it, else the writer's own."""
    if chosen not in languages.LANGUAGES or chosen == own:
        return own
    lines = (line.strip() for one in suggestions(ticket, chosen) for line in one.text.splitlines())
    return chosen if any(len(line) >= TELLING and line in text for line in lines) else own
