"""Which templates were sent in a reply, however much of them was changed: by lines that only one template has."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from marketdesk.lib import languages
from marketdesk.replies.choosing import Suggestion, Variant, suggestions
from marketdesk.replies.filling import UNKNOWN
from marketdesk.tickets.models import Ticket

# A piece of a template that is at least this long is nobody's by chance. In some writing less says as much.
TELLING = 20
TELLING_IN = {"zh-hant": 8}
_BETWEEN = re.compile(rf"[\n{UNKNOWN}]+")


@dataclass(frozen=True)
class Recognised:
    """The language that a reply is written in, and the templates in it."""

    language: str
    templates: tuple[int, ...] = ()


def recognise(text: str, ticket: Ticket, *, chosen: str, own: str) -> Recognised:
    """What of the chosen language's templates, and of the writer's own, stands in a reply. It is in the language of
    those, else in the writer's own."""
    asked = chosen if chosen in languages.LANGUAGES else own
    found = [
        (one.template, variant.language)
        for one, variant, pieces in _telling(suggestions(ticket, asked, own))
        if any(piece in text for piece in pieces)
    ]
    others = [language for _template, language in found if language != own]
    written = chosen if chosen in others else next(iter(others), own)
    return Recognised(written, tuple(dict.fromkeys(template for template, _language in found)))


def _telling(offered: list[Suggestion]) -> Iterator[tuple[Suggestion, Variant, set[str]]]:
    """Each variant of each template with the pieces that no other has: greetings and signatures are everybody's."""
    all_pieces = [(one, variant, set(_pieces(variant))) for one in offered for variant in one.variants]
    counted = Counter(piece for _one, _variant, pieces in all_pieces for piece in pieces)
    for one, variant, pieces in all_pieces:
        yield one, variant, {piece for piece in pieces if counted[piece] == 1}


def _pieces(variant: Variant) -> Iterator[str]:
    least = TELLING_IN.get(variant.language, TELLING)
    for piece in _BETWEEN.split(variant.filled.text):
        if len(piece.strip()) >= least:
            yield piece.strip()
