"""The reply as it stands on the page: what was typed, who will read it, and the templates beside it (M62-M68)."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketdesk.journal.models import Audience
from marketdesk.lib import folding, languages
from marketdesk.lib.prepared import Question
from marketdesk.people.actor import Actor
from marketdesk.replies import choosing
from marketdesk.replies.choosing import Suggestion, lacking, preset_language, suggestions
from marketdesk.tickets.models import Attachment, Draft, Ticket
from marketdesk.tickets.models.attachment import MOST
from marketdesk.tickets.thread import readers

# What is asked for a template in another language than the chosen one: `order_shipped:en`.
ELSEWHERE = ":"


@dataclass(frozen=True)
class Reply:
    """Everything that `ui/ticket/reply.html` draws of a reply not sent yet. `words` are looked for in the templates,
    `lacking` says of each language how many of them are not there."""

    text: str
    restored: bool
    readers: str
    language: str
    own_language: str
    customer_language: str
    suggestions: list[Suggestion]
    lacking: dict[str, int]
    words: str = ""
    kept: Sequence[Attachment] = ()
    most: int = MOST

    @property
    def language_lines(self) -> list[dict[str, str]]:
        """The dropdown's lines: the customer's language, the writer's own beside it, and then the others."""
        first = dict.fromkeys((self.customer_language, self.own_language))
        codes = [*(code for code in first if code in languages.LANGUAGES)]
        codes += [code for code in languages.LANGUAGES if code not in first]
        return [
            {
                "code": code,
                "name": languages.own_name(code),
                "is_chosen": "yes" if code == self.language else "",
                "is_customers": "yes" if code == self.customer_language else "",
                "is_own": "yes" if code == self.own_language else "",
                "lacking": _missing(self.lacking[code]),
            }
            for code in codes
        ]

    @property
    def suggestion_lines(self) -> list[dict[str, str | SafeString]]:
        """The templates' lines: titles in the writer's own language, since they must know what they choose."""
        return [_line(one, self.language, is_hidden=not self.is_found(one)) for one in self.suggestions]

    @property
    def is_any_found(self) -> bool:
        return any(self.is_found(one) for one in self.suggestions)

    def is_found(self, one: Suggestion) -> bool:
        """Whether the words that were looked for stand in a template, in whatever language it is shown."""
        shown = " ".join(f"{variant.title} {variant.filled.text}" for variant in one.variants)
        return not self.words or folding.has_words(shown, self.words)


def compose(
    ticket: Ticket,
    *,
    by: Actor,
    own: str,
    text: str | None = None,
    language: str = "",
    words: str = "",
    kept: Sequence[Attachment] = (),
    audience: Audience = Audience.EVERYONE,
) -> Reply:
    """The reply of a person on a ticket, who reads their `own` language: their `text` where it was just sent and
    refused, else their draft."""
    draft = Draft.of(ticket.pk, by=by) if text is None else ""
    chosen = _chosen(ticket, language)
    found = suggestions(ticket, chosen, own, merchant=by.merchant_id)
    return Reply(
        text=draft if text is None else text,
        restored=bool(draft),
        readers=readers(audience, ticket, by),
        language=chosen,
        own_language=own,
        customer_language=preset_language(ticket),
        suggestions=found,
        lacking=lacking(ticket, found),
        words=words.strip()[:100],
        kept=kept,
    )


def questions(ticket: Ticket, *, by: Actor, own: str, language: str = "") -> list[Question]:
    """What `compose` asks where nothing was typed."""
    chosen = _chosen(ticket, language)
    return [*Draft.questions(ticket.pk, by=by), *choosing.questions(ticket, chosen, own, merchant=by.merchant_id)]


def _chosen(ticket: Ticket, language: str) -> str:
    """The language whose templates are shown."""
    return language if language in languages.LANGUAGES else preset_language(ticket)


def with_template(text: str, code: str, ticket: Ticket, language: str) -> str:
    """What was typed, and below it the template of this code; an unknown code adds nothing."""
    code, _colon, elsewhere = code.partition(ELSEWHERE)
    found = (one.text for one in suggestions(ticket, elsewhere or language) if one.code == code)
    return "\n\n".join(part for part in (text.strip(), next(found, "").strip()) if part)


def _line(one: Suggestion, chosen: str, *, is_hidden: bool) -> dict[str, str | SafeString]:
    shown, also = one.own or one.sent, one.sent if one.own else None
    return {
        "value": f"{one.code}{ELSEWHERE}{one.language}" if one.is_missing else one.code,
        "title": shown.title,
        "title_language": shown.language,
        "title_direction": languages.direction(shown.language),
        "sent_title": also.title if also else "",
        "text": one.marked,
        "language": one.language,
        "direction": languages.direction(one.language),
        "own": one.own.filled.marked if one.own else SafeString(""),
        "own_language": one.own.language if one.own else "",
        "own_name": languages.own_name(one.own.language) if one.own else "",
        "own_direction": languages.direction(one.own.language) if one.own else "",
        "instead": _instead(chosen, one.language) if one.is_missing else "",
        "is_hidden": "yes" if is_hidden else "",
    }


def _instead(chosen: str, offered: str) -> str:
    names = {"language": languages.own_name(chosen), "other": languages.own_name(offered)}
    return _("Not in %(language)s yet; %(other)s?") % names


def _missing(number: int) -> str:
    return ngettext("%(n)d missing", "%(n)d missing", number) % {"n": number} if number else ""
