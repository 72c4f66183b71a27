"""The Guide's texts: the same sections, questions, links, pictures and numbers in every language."""

import re
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from marketdesk.dashboard import guide as door
from marketdesk.guide import contents, facts, written
from marketdesk.guide.contents import SLUGS
from marketdesk.guide.written import TEXTS
from marketdesk.lib.languages import LANGUAGES

PACKAGE = Path(__file__).parent.parent.parent / "marketdesk"
EVERYTHING = [(language, slug) for language in LANGUAGES for slug in SLUGS]
HOLE, LINK, SHOT = re.compile(r"\{\{(\w+)\}\}"), re.compile(r"\]\(guide:([\w-]+)\)"), re.compile(r"\(shot:([\w-]+)\)")
# Marks that would turn the order of what follows.
BIDI_CONTROLS = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def text(language: str, slug: str) -> str:
    return (TEXTS / language / f"{slug}.md").read_text()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_has_every_section_and_no_other(language: str) -> None:
    assert {path.name for path in (TEXTS / language).iterdir()} == {f"{slug}.md" for slug in SLUGS}


def test_there_is_no_other_language() -> None:
    assert {path.name for path in TEXTS.iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize(("language", "slug"), EVERYTHING)
def test_a_section_asks_links_and_shows_the_same_in_every_language(language: str, slug: str) -> None:
    english, here = text("en", slug), text(language, slug)

    assert len(re.findall(r"^## ", here, re.M)) == len(re.findall(r"^## ", english, re.M))
    assert set(HOLE.findall(here)) == set(HOLE.findall(english))
    assert Counter(LINK.findall(here)) == Counter(LINK.findall(english))
    assert SHOT.findall(here) == SHOT.findall(english)
    for pattern in (r"^- ", r"^\d+\. ", r"\(/[\w/]+\)"):
        assert len(re.findall(pattern, here, re.M)) == len(re.findall(pattern, english, re.M)), pattern


@pytest.mark.parametrize(("language", "slug"), EVERYTHING)
def test_a_section_is_clean_and_leads_somewhere(language: str, slug: str) -> None:
    here = text(language, slug)

    assert here == unicodedata.normalize("NFC", here)
    assert not BIDI_CONTROLS.search(here)
    assert "<" not in here
    assert set(HOLE.findall(here)) <= facts.NAMES
    assert set(LINK.findall(here)) <= set(SLUGS) - {slug}
    assert here.replace("{{", "").count("{") == 0
    assert here.count("**") % 2 == 0


@pytest.mark.parametrize("slug", SLUGS)
def test_no_french_sign_begins_a_line(slug: str) -> None:
    """French sets a space before it: one at which no line breaks."""
    assert re.findall(r".{0,20} [:;?!»]|« .{0,20}", text("fr", slug)) == []


@pytest.mark.parametrize("slug", SLUGS)
def test_anchors_are_the_same_in_every_language(slug: str) -> None:
    anchors = [list(written.find(slug, language).headings) for language in LANGUAGES]

    assert all(one == anchors[0] for one in anchors)
    assert len(set(anchors[0])) == len(anchors[0])
    assert all(re.fullmatch(r"[a-z0-9-]+", anchor) for anchor in anchors[0])


def test_sections_are_in_one_group_each() -> None:
    assert len(set(SLUGS)) == len(SLUGS)
    assert contents.neighbours(SLUGS[0]) == ("", SLUGS[1])
    assert contents.neighbours(SLUGS[-1]) == (SLUGS[-2], "")
    assert door.ABOUT_REFUNDS in SLUGS


def test_each_question_mark_leads_to_a_section_and_a_heading_that_are_there() -> None:
    asked = re.compile(r'\{% guide "([\w-]+)"(?: "([\w-]+)")?')
    found = [one for page in PACKAGE.rglob("*.html") for one in asked.findall(page.read_text())]

    assert len(found) > 15
    for slug, anchor in found:
        assert slug in SLUGS
        assert anchor in {"", *written.find(slug, "en").headings}


def test_what_is_not_written_in_a_language_yet_is_read_in_english(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(written, "TEXTS", tmp_path)
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "team.md").write_text("# Your team\n\n*Who it is.*\n\n## Who?\n\nYou.\n")
    written.in_language.cache_clear()
    try:
        found = written.find("team", "tr")
        assert (found.language, found.title, found.headings) == ("en", "Your team", {"who": "Who?"})
    finally:
        written.in_language.cache_clear()
