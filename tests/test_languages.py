"""The catalogues: whole, sound and in step with the sentences of the code."""

import re
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils import translation

from marketdesk.lib.languages import LANGUAGES, RIGHT_TO_LEFT, direction, isolated
from marketdesk.replies import seeding

PACKAGE = Path(__file__).parent.parent / "marketdesk"
LOCALE = PACKAGE / "locale"
FOLDERS = {code: translation.to_locale(code) for code in LANGUAGES if code != "en"}
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w*\}|</?\w+[^>]*>")


def catalogue(code: str) -> polib.POFile:
    return polib.pofile(str(LOCALE / FOLDERS[code] / "LC_MESSAGES" / "django.po"))


@pytest.mark.parametrize("code", FOLDERS)
def test_a_language_in_the_menu_is_complete(code: str) -> None:
    entries = catalogue(code)

    assert [one.msgid for one in entries.untranslated_entries()] == []
    assert [one.msgid for one in entries.fuzzy_entries()] == []
    assert [one.msgid for one in entries.obsolete_entries()] == []


@pytest.mark.parametrize("code", FOLDERS)
def test_a_translation_keeps_placeholders_and_edges(code: str) -> None:
    for one in catalogue(code):
        forms = list(one.msgstr_plural.values()) if one.msgid_plural else [one.msgstr]
        allowed = set(PLACEHOLDER.findall(one.msgid)) | set(PLACEHOLDER.findall(one.msgid_plural))
        for form in forms:
            found = set(PLACEHOLDER.findall(form))
            assert found <= allowed, (one.msgid, form)
            # One plural form may say "one ticket" without the number; a plain sentence keeps everything.
            assert one.msgid_plural or found == allowed, (one.msgid, form)
            assert form == unicodedata.normalize("NFC", form), form
            for edge in (str.isspace,):
                assert edge(form[:1]) == edge(one.msgid[:1]), one.msgid
                assert edge(form[-1:]) == edge(one.msgid[-1:]), one.msgid


@pytest.mark.parametrize("code", FOLDERS)
def test_a_catalogue_fills_every_plural_form(code: str) -> None:
    entries = catalogue(code)
    found = re.search(r"nplurals=(\d)", entries.metadata["Plural-Forms"])
    assert found

    for one in entries:
        if one.msgid_plural:
            assert sorted(one.msgstr_plural) == list(range(int(found[1]))), one.msgid
            assert all(one.msgstr_plural.values()), one.msgid


@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs gettext")
def test_every_sentence_of_the_code_is_in_the_catalogues(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "marketdesk", ignore=shutil.ignore_patterns("*.mo", "__pycache__", "static"))
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "-l", "de", "--no-wrap", "--no-obsolete", "-v0"],
        cwd=tmp_path / "marketdesk", env={"PATH": "/usr/bin:/bin:/usr/local/bin", "PYTHONPATH": str(PACKAGE.parent)},
        check=True, capture_output=True,
    )  # fmt: skip
    fresh = polib.pofile(str(tmp_path / "marketdesk/locale/de/LC_MESSAGES/django.po"))
    wanted = {(one.msgctxt, one.msgid) for one in fresh}

    for code in FOLDERS:
        assert {(one.msgctxt, one.msgid) for one in catalogue(code)} == wanted, f"{code}: run make messages"


def test_no_sentence_hides_within_an_f_string_where_nobody_collects_it() -> None:
    hidden = re.compile(r"""f(["']).*\{n?gettext\w*\(|f(["']).*\{_\(""")

    found = [
        f"{path.relative_to(PACKAGE)}:{number}"
        for path in PACKAGE.rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if hidden.search(line)
    ]

    assert found == []


def test_the_menu_shows_each_language_in_itself() -> None:
    assert dict(settings.LANGUAGES) == LANGUAGES
    assert LANGUAGES["de"] == "Deutsch"
    assert direction("ar") == "rtl"
    assert {"ar"} == RIGHT_TO_LEFT


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_shipped_templates_are_there_in_every_language_with_the_same_placeholders(code: str) -> None:
    english, texts = seeding.shipped_texts("en"), seeding.shipped_texts(code)

    assert list(texts) == list(seeding.SHIPPED)
    for name, text in texts.items():
        holes = set(re.findall(r"\{\w+\}", text["body"]))
        assert holes == set(re.findall(r"\{\w+\}", english[name]["body"])), name
        assert len(text["title"]) <= 28


def test_a_name_of_another_direction_is_set_apart() -> None:
    assert isolated("Anadolu Home") == "Anadolu Home"
    assert isolated("سلطان") == "\u2068سلطان\u2069"
    with translation.override("ar"):
        assert isolated("Anadolu Home") == "\u2068Anadolu Home\u2069"
        assert isolated("سلطان") == "سلطان"
