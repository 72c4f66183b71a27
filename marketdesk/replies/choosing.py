"""Which templates stand beside the reply field, in which order, and in which language (M63-M68)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, FilteredRelation, Q, QuerySet
from django.utils.safestring import SafeString

from marketdesk.lib import languages
from marketdesk.lib.prepared import Prepared, Question
from marketdesk.replies.filling import Filled, fill, values_of
from marketdesk.replies.models import ReplyTemplate, ReplyText
from marketdesk.tickets.models import Ticket

# What a customer most likely reads where a template is not there in their own language.
SPARE = "en"


@dataclass(frozen=True)
class Variant:
    """A template in one language, filled for a ticket."""

    language: str
    title: str
    filled: Filled


@dataclass(frozen=True)
class Suggestion:
    """A template for a ticket: what would be sent, and the same in the writer's own language where that is another
    one. `is_missing`: it is not there in the chosen language, and stands here in one in which it is."""

    template: int
    code: str
    sent: Variant
    own: Variant | None
    is_missing: bool

    @property
    def title(self) -> str:
        return self.sent.title

    @property
    def language(self) -> str:
        return self.sent.language

    @property
    def text(self) -> str:
        return self.sent.filled.text

    @property
    def marked(self) -> SafeString:
        return self.sent.filled.marked

    @property
    def missing(self) -> tuple[str, ...]:
        """What the writer must still fill in."""
        return self.sent.filled.missing

    @property
    def variants(self) -> list[Variant]:
        return [self.sent, self.own] if self.own else [self.sent]


def suggestions(ticket: Ticket, language: str, own: str = "", *, merchant: int | None = None) -> list[Suggestion]:
    """The templates that fit the ticket's category in one language: those for its issue first, among them those that
    the store sends most. A language that we do not speak has none."""
    if language not in languages.LANGUAGES:
        return []
    found = _TEMPLATES(ticket.category, language, own, merchant or 0)
    found.sort(key=lambda row: (ticket.issue_id not in row[2], -(row[3] or 0)))
    spare = _elsewhere(row[0] for row in found if not (row[4] or row[6] or row[8]))
    values = values_of(ticket)
    return [one for row in found if (one := _suggest(row, language, own, spare, values))]


def questions(ticket: Ticket, language: str, own: str = "", *, merchant: int | None = None) -> list[Question]:
    """What `suggestions` and `lacking` ask."""
    fitting = [_TEMPLATES.question(ticket.category, language, own, merchant or 0)]
    return [*(fitting if language in languages.LANGUAGES else []), _THERE.question(ticket.category)]


def lacking(ticket: Ticket, found: Sequence[Suggestion]) -> dict[str, int]:
    """How many of the templates that were found for a ticket are not there in a language, by its code."""
    there = dict(_THERE(ticket.category))
    return {code: max(0, len(found) - there.get(code, 0)) for code in languages.LANGUAGES}


def preset_language(ticket: Ticket) -> str:
    """The customer's language, in which merchants are encouraged to answer (M68)."""
    language = ticket.language or ticket.customer.reading_language
    return language if language in languages.LANGUAGES else "en"


def _suggest(
    row: Any, language: str, own: str, elsewhere: Mapping[int, ReplyText], values: Mapping[str, str]
) -> Suggestion | None:
    """A suggestion of a row of `_templates`; none of a template that nobody has put into words yet."""
    template, code, _issues, _times, *words = row
    by_language: dict[str, tuple[str, str]] = {}
    for known, title, body in zip((language, own, SPARE), words[::2], words[1::2], strict=True):
        if title:
            by_language[known] = (title, body)
    if template in elsewhere:
        by_language[elsewhere[template].language] = (elsewhere[template].title, elsewhere[template].body)
    told = next((one for one in (language, SPARE, *by_language) if one in by_language), None)
    if told is None:
        return None

    def variant(of: str) -> Variant:
        title, body = by_language[of]
        return Variant(of, title, fill(body, values))

    mine = variant(own) if own in by_language and own != told else None
    return Suggestion(template, code, variant(told), mine, is_missing=told != language)


def _elsewhere(templates: Iterable[int]) -> dict[int, ReplyText]:
    """Any words of templates that have none in the languages asked for: rare enough for a question of its own."""
    wanted = list(templates)
    texts = ReplyText.objects.filter(template__in=wanted).order_by("-pk") if wanted else []
    return {text.template_id: text for text in texts}


# Asked for every ticket page, so put into words once


def fitting(category: str) -> Q:
    """The templates for a category: its own, and those for all."""
    return Q(active=True) & (Q(category=category) | Q(category=""))


def _templates(category: str, language: str, own: str, merchant: int) -> QuerySet[ReplyTemplate, Any]:
    """Each template with how often the store has sent it, and its words in the chosen language, in the reader's own
    and in the one that is offered instead."""
    by_language = {
        name: FilteredRelation("texts", condition=Q(texts__language=code))
        for name, code in (("chosen", language), ("own", own), ("spare", SPARE))
    }
    used = FilteredRelation("uses", condition=Q(uses__merchant_id=merchant))
    rows = ReplyTemplate.objects.filter(fitting(category)).annotate(**by_language, used=used)
    words = [f"{name}__{field}" for name in by_language for field in ("title", "body")]
    return rows.order_by("position", "code").values_list("pk", "code", "issues", "used__times", *words)


def _there(category: str) -> QuerySet[ReplyTemplate, Any]:
    texts = ReplyTemplate.objects.filter(fitting(category), texts__language__isnull=False)
    return texts.order_by().values_list("texts__language").annotate(n=Count("pk"))


_TEMPLATES = Prepared(_templates)
_THERE = Prepared(_there)
