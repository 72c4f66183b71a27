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

_PLACE = re.compile("\ue000([a-z_0-9]+)\ue001")


def lines(template: str, rows: Iterable[Mapping[str, str]]) -> SafeString:
    """Each row through the template, which gets it as `row`. Of its values the template may ask only whether they are
    empty: they come ready, as text or as safe markup, so no filter may change them."""
    language, filled = languages.current(), []
    for row in rows:
        words, places = _drawn(template, language, tuple(row), tuple(map(bool, row.values())))
        filled.append(words % tuple([_safe(row[name]) for name in places]))
    return mark_safe("".join(filled))  # noqa: S308  # what comes of the template, and values that are escaped


# What HTML takes for its own, and marks that turn the direction of what follows: most values have nothing of it.
_AT_RISK = re.compile("[&<>\"'\u202a-\u202e\u2066-\u2069]")


def _safe(value: str) -> str:
    if isinstance(value, SafeString) or not _AT_RISK.search(value):
        return value
    return escape(languages.settled(value))


@lru_cache(1_000)
def _drawn(template: str, language: str, names: tuple[str, ...], are_there: tuple[bool, ...]) -> tuple[str, list[str]]:
    """A line of this shape with a `%s` in the place of each value, and whose places they are."""
    row = {name: f"\ue000{name}\ue001" if is_there else "" for name, is_there in zip(names, are_there, strict=True)}
    drawn = render_to_string(template, {"row": row}).replace("%", "%%")
    return _PLACE.sub("%s", drawn), _PLACE.findall(drawn)
