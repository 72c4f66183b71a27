"""English that is left on a page in another language: sentences of the catalogues that are said otherwise in it."""

import re
from collections.abc import Iterator
from functools import cache

from tests.languages import catalogue, forms, plain

_HOLE = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
_TAG = re.compile(r"<[^>]*>")
# A shorter piece of a sentence, between two tags or holes, tells nothing.
_TELLING = re.compile(r"[A-Za-z]{3}")


def in_page(html: str, language: str) -> list[str]:
    """What a page says in English, each with its element; what is marked as another language's is left out."""
    said = ((where, " ".join(text.split())) for where, text in plain.said(html, language))
    return [f"<{where}> {text}" for where, text in said if _english(language).fullmatch(text)]


@cache
def _english(language: str) -> re.Pattern[str]:
    """Any sentence in English that the catalogues say otherwise, with whatever stands in its holes."""
    entries = [*catalogue(language), *catalogue(language, "borrowed")]
    ours = {piece for entry in entries for said in forms(entry) for piece in _pieces(said)}
    english = {piece for entry in entries for said in (entry.msgid, entry.msgid_plural) for piece in _pieces(said)}
    return re.compile("|".join(_shape(piece) for piece in sorted(english - ours)))


def _pieces(sentence: str) -> Iterator[str]:
    """A sentence as it stands between tags; the same with words for one percent sign."""
    for piece in _TAG.split(sentence):
        words = " ".join(piece.split())
        if _TELLING.search(_HOLE.sub("", words)):
            yield words


def _shape(piece: str) -> str:
    return ".+".join(re.escape(part.replace("%%", "%")) for part in _HOLE.split(piece))
