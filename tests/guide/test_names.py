"""What the Guide has in bold stands on the pages in just these words: buttons, menus, columns, what a ticket says."""

import re
from collections import Counter
from functools import cache

import pytest

from marketdesk.guide.contents import SLUGS
from marketdesk.guide.written import TEXTS
from tests.languages import CODES, catalogue, forms

# In bold; or slanted, for what stands in brackets.
NAME = re.compile(r"\*\*(.+?)\*\*|(?<!\*)\*([(（][^*]+[)）])\*", re.DOTALL)
# What a page fills in, the Guide leaves open.
FILLED_IN = re.compile(r"%\(\w+\)[sd]|\{\{\w+\}\}")
# In bold because it matters, and no name.
STRESSED = {"What to do first:", "This cannot be taken back.", "…"}


def plain(words: str) -> str:
    return FILLED_IN.sub("…", words).rstrip(".。")


def names(language: str, slug: str) -> list[str]:
    """The names in a section, in the order of its text."""
    text = (TEXTS / language / f"{slug}.md").read_text(encoding="utf-8")
    return [plain(bold or slanted) for bold, slanted in NAME.findall(text)]


@cache
def said(code: str) -> dict[str, set[str]]:
    """What the pages say in a language, by the English of it."""
    found: dict[str, set[str]] = {}
    for entry in catalogue(code):
        found.setdefault(plain(entry.msgid), set()).update(map(plain, forms(entry)))
    return found


@pytest.mark.parametrize("slug", SLUGS)
def test_a_name_in_english_stands_on_a_page(slug: str) -> None:
    stressed = {plain(one) for one in STRESSED}

    assert [name for name in names("en", slug) if name not in stressed and name not in said(CODES[0])] == []


@pytest.mark.parametrize(("code", "slug"), [(code, slug) for code in CODES for slug in SLUGS])
def test_a_name_is_the_one_that_the_pages_have_in_the_language(code: str, slug: str) -> None:
    stressed = {plain(one) for one in STRESSED}
    here, wrong = Counter(names(code, slug)), list[tuple[str, set[str]]]()

    for name in names("en", slug):
        if name not in stressed:
            found = next((one for one in said(code)[name] if here[one]), None)
            here[found or ""] -= 1
            wrong += [] if found else [(name, said(code)[name])]

    assert wrong == []
    assert (+here).total() == sum(name in stressed for name in names("en", slug)), +here
