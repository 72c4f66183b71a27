"""A section as its reader gets it: in their language, with the marketplace's name and numbers and with pictures."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.templatetags.static import static
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from PIL import Image

from marketdesk.guide import facts, written
from marketdesk.guide.facts import Facts
from marketdesk.guide.written import ORIGINAL, Written

PICTURES = Path(__file__).parent / "static" / "guide"
_HOLE = re.compile(r"\{\{(\w+)\}\}")
_LINK = re.compile(r'"guide:([\w-]+)"')
_PICTURE = re.compile(r'<img src="shot:([\w-]+)" alt="([^"]*)">')


@dataclass(frozen=True)
class Section:
    """A section, filled in. `language` is the one that it is written in."""

    slug: str
    language: str
    title: str
    summary: str
    headings: dict[str, str]
    _written: Written
    _facts: dict[str, str]

    def html(self, address: Callable[[str], str]) -> SafeString:
        """The text; `address` says where another section is read."""
        html = _HOLE.sub(lambda hole: escape(self._facts[hole[1]]), self._written.html)
        html = _LINK.sub(lambda link: f'"{escape(address(link[1]))}"', html)
        # Markdown-it wrote the markup and escaped the words.
        return mark_safe(_PICTURE.sub(self._picture, html))  # noqa: S308

    def _picture(self, found: re.Match[str]) -> str:
        shot = picture(found[1], self.language)
        if shot is None:
            return ""
        name, width, height = shot
        url = escape(static(name))
        size = f'width="{width}" height="{height}"'
        return f'<a class="shot" href="{url}"><img src="{url}" alt="{found[2]}" {size} loading="lazy"></a>'


def read(slug: str, language: str) -> Section:
    """A section in a language; in English where it was not written in that one."""
    found = written.find(slug, language)
    return _filled(found, facts.current(found.language))


def fill(words: str, told: Facts | dict[str, str]) -> str:
    """Words with what stands in their holes."""
    known = dict(told)
    return _HOLE.sub(lambda hole: known[hole[1]], words)


def _filled(found: Written, told: Facts) -> Section:
    return Section(
        slug=found.slug,
        language=found.language,
        title=fill(found.title, told),
        summary=fill(found.summary, told),
        headings={anchor: fill(words, told) for anchor, words in found.headings.items()},
        _written=found,
        _facts=dict(told),
    )


@cache
def picture(shot: str, language: str) -> tuple[str, int, int] | None:
    """A picture's name among the static files, its width and its height; the English one where there is no other."""
    for code in (language, ORIGINAL):
        file = PICTURES / code / f"{shot}.webp"
        if file.exists():
            with Image.open(file) as opened:
                return f"guide/{code}/{shot}.webp", *opened.size
    return None
