"""The sections as they were written: one file each and language, in a small part of Markdown."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

from marketdesk.guide.contents import SLUGS

TEXTS = Path(__file__).parent / "texts"
ORIGINAL = "en"
TITLE = re.compile(r"# (?P<title>.+)\n\n\*(?P<summary>.+)\*\n(?P<body>[\s\S]*)")
# No HTML in the texts: what looks like it is shown as it is typed.
_MARKDOWN = MarkdownIt("commonmark", {"html": False, "xhtmlOut": False})


@dataclass(frozen=True)
class Passage:
    """A paragraph or a line of a list, without its markup, under the heading with this anchor (none: before all)."""

    anchor: str
    words: str


@dataclass(frozen=True)
class Written:
    """A section in one language. Its holes `{{…}}`, and where its links and pictures lead, are not filled in yet."""

    slug: str
    language: str
    title: str
    summary: str
    html: str
    headings: dict[str, str]
    passages: tuple[Passage, ...]


def find(slug: str, language: str) -> Written:
    """A section in a language; in English where it was not written in that one."""
    return in_language(slug, language) or _original(slug)


@cache
def in_language(slug: str, language: str) -> Written | None:
    """A section in exactly this language, if there is one."""
    file = TEXTS / language / f"{slug}.md"
    return _read(file, slug, language) if slug in SLUGS and file.exists() else None


def _original(slug: str) -> Written:
    written = in_language(slug, ORIGINAL)
    if written is None:
        raise KeyError(slug)
    return written


def _read(file: Path, slug: str, language: str) -> Written:
    found = TITLE.fullmatch(file.read_text(encoding="utf-8"))
    if found is None:
        raise ValueError(f"{file} does not begin with a title and a summary.")
    tokens = _MARKDOWN.parse(found["body"])
    headings = _headings(tokens, slug, language)
    html = _MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {})
    return Written(slug, language, found["title"], found["summary"], html, headings, tuple(_passages(tokens)))


def _headings(tokens: list[Token], slug: str, language: str) -> dict[str, str]:
    """Gives each heading its anchor: the same in every language, so that a link or a change of language keeps the
    place."""
    opened = [place for place, token in enumerate(tokens) if token.type == "heading_open"]
    words = [_plain(tokens[place + 1]) for place in opened]
    anchors = [slugify(one) for one in words] if language == ORIGINAL else list(_original(slug).headings)
    found = {}
    for place, one, anchor in zip(opened, words, anchors, strict=True):
        tokens[place].attrSet("id", anchor)
        found[anchor] = one
    return found


def _passages(tokens: list[Token]) -> list[Passage]:
    """What can be found by searching, in the order of the text."""
    found, anchor = [], ""
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            anchor = str(token.attrGet("id"))
        elif token.type == "inline" and tokens[place - 1].type != "heading_open":
            found.append(Passage(anchor, _plain(token)))
    return [passage for passage in found if passage.words]


def _plain(inline: Token) -> str:
    """A line's words; of a picture none."""
    breaks = {"softbreak": " ", "hardbreak": " "}
    told = (breaks.get(one.type, one.content if one.type != "image" else "") for one in inline.children or [])
    return "".join(told).strip()
