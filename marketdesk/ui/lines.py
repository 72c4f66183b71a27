"""The lines of a long list: a template is rendered once for each language and shape, and its words and marks are then
filled with the values of each line. A page of fifty lines so costs about as much as one of five; what is kept holds
nobody's data."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from marketdesk.lib import languages

_PLACE = re.compile("\ue000(\\w+)\ue001")


def lines(template: str, rows: Iterable[Mapping[str, str]]) -> SafeString:
    """Each row through the template, which gets it as `row`. Of its values the template may ask only whether they are
    empty: they come ready, as text or as safe markup, so no filter may change them."""
    language, filled = languages.current(), []
    for row in rows:
        pieces = _pieces(template, language, tuple((name, bool(value)) for name, value in row.items()))
        filled += [_safe(row[piece]) if is_place else piece for is_place, piece in pieces]
    return mark_safe("".join(filled))  # noqa: S308  # what comes of the template, and values that are escaped


def _safe(value: str) -> str:
    return value if isinstance(value, SafeString) else escape(languages.settled(value))


@lru_cache(1_000)
def _pieces(template: str, language: str, shape: tuple[tuple[str, bool], ...]) -> list[tuple[bool, str]]:
    """What stands between the values, and their names, in turns."""
    row = {name: f"\ue000{name}\ue001" if is_there else "" for name, is_there in shape}
    pieces = _PLACE.split(render_to_string(template, {"row": row}))
    return [(bool(n % 2), piece) for n, piece in enumerate(pieces)]
