"""The catalogues: whole, sound and in step with the sentences of the code. `make check` runs these."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import unicodedata
from collections import Counter
from pathlib import Path

import django
import polib
import pytest
from django.conf import settings
from django.utils.translation import trans_real

import compile_catalogues
from marketdesk.lib.languages import LANGUAGES
from tests.languages import CODES, PACKAGE, ROOT, catalogue, forms, path

PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
TAG = re.compile(r"</?\w+[^>]*>")
SAME = Path(__file__).parent / "same_as_english.toml"

everywhere = pytest.mark.parametrize(
    ("code", "folder"), [*((code, "locale") for code in CODES), *((code, "borrowed") for code in LANGUAGES)]
)
needs_gettext = pytest.mark.skipif(not shutil.which("xgettext"), reason="needs gettext")


@everywhere
def test_a_language_in_the_menu_is_complete(code: str, folder: str) -> None:
    entries = catalogue(code, folder)

    assert [one.msgid for one in entries.untranslated_entries()] == []
    assert [one.msgid for one in entries.fuzzy_entries()] == []
    assert [one.msgid for one in entries.obsolete_entries()] == []


def test_each_language_in_the_menu_has_its_catalogues_and_no_other() -> None:
    assert dict(settings.LANGUAGES) == LANGUAGES
    assert {one.parent.parent.name for one in PACKAGE.glob("locale/*/LC_MESSAGES/django.po")} == {
        path(code).parent.parent.name for code in CODES
    }


def test_a_language_that_is_not_complete_is_not_given_out(tmp_path: Path) -> None:
    """The build refuses: what the menu offers was whole when the wheel was made."""
    folder = tmp_path / "locale" / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    po = polib.POFile()
    po.extend([polib.POEntry(msgid="Reply", msgstr="Antworten"), polib.POEntry(msgid="Close", msgstr="")])
    po.save(str(folder / "django.po"))

    assert compile_catalogues.missing([tmp_path / "locale"]) == ["de: Close"]
    assert compile_catalogues.missing() == []


@everywhere
def test_a_translation_keeps_the_edges_of_its_sentence(code: str, folder: str) -> None:
    for one in catalogue(code, folder):
        for form in forms(one):
            assert form == unicodedata.normalize("NFC", form), form
            assert form[:1].isspace() == one.msgid[:1].isspace(), one.msgid
            assert form[-1:].isspace() == one.msgid[-1:].isspace(), one.msgid


@pytest.mark.parametrize("folder", ["locale", "borrowed"])
def test_no_french_sign_begins_a_line(folder: str) -> None:
    """French sets a space before it: one at which no line breaks."""
    loose = [form for one in catalogue("fr", folder) for form in forms(one) if re.search(r" [:;?!»]|« ", form)]

    assert loose == []


@everywhere
def test_a_translation_keeps_placeholders_and_tags(code: str, folder: str) -> None:
    """Also each plural form that says several numbers; a form for exactly one may say it in a word. Of none there are
    no sentences."""
    many = _forms_of_several_numbers(code)
    for one in catalogue(code, folder):
        wanted = set(PLACEHOLDER.findall(one.msgid_plural or one.msgid))
        for number, form in enumerate(forms(one)):
            found = set(PLACEHOLDER.findall(form))
            assert found <= wanted, (one.msgid, form)
            assert found == wanted or (one.msgid_plural and number not in many), (one.msgid, form)
            assert Counter(TAG.findall(form)) == Counter(TAG.findall(one.msgid)), (one.msgid, form)


def _forms_of_several_numbers(code: str) -> set[int]:
    form_of = trans_real.translation(code).plural
    counted = Counter(form_of(number) for number in range(1, 1_000))
    return {form for form, numbers in counted.items() if numbers > 1}


@everywhere
def test_a_catalogue_fills_every_plural_form(code: str, folder: str) -> None:
    entries = catalogue(code, folder)
    found = re.search(r"nplurals=(\d)", entries.metadata["Plural-Forms"])
    assert found

    for one in entries:
        if one.msgid_plural:
            assert sorted(one.msgstr_plural) == list(range(int(found[1]))), one.msgid
            assert all(one.msgstr_plural.values()), one.msgid


@pytest.mark.parametrize("code", CODES)
def test_a_catalogue_counts_as_django_does_in_its_language(code: str) -> None:
    theirs = Path(django.__file__).parent / "conf/locale" / path(code).parent.parent.name / "LC_MESSAGES/django.po"
    rule = polib.pofile(str(theirs)).metadata["Plural-Forms"]

    for folder in ("locale", "borrowed"):
        assert _numbered(catalogue(code, folder).metadata["Plural-Forms"]) == _numbered(rule)


def _numbered(rule: str) -> str:
    return re.sub(r"[\s;()]", "", rule)


@pytest.mark.parametrize("code", CODES)
def test_a_sentence_says_the_same_as_in_english_only_where_somebody_meant_it(code: str) -> None:
    meant = tomllib.loads(SAME.read_text(encoding="utf-8"))
    allowed = {*meant["everywhere"], *meant.get(code, [])}

    same = {
        one.msgid
        for folder in ("locale", "borrowed")
        for one in catalogue(code, folder)
        if one.msgid in forms(one) and re.search(r"[^\W\d_]", PLACEHOLDER.sub("", one.msgid))
    }

    assert same - allowed == set()
    assert set(meant.get(code, [])) - same == set(), "no longer the same"


@needs_gettext
@everywhere
def test_gettext_itself_finds_no_fault(code: str, folder: str, tmp_path: Path) -> None:
    done = subprocess.run(
        ["msgfmt", "-c", "-o", str(tmp_path / "django.mo"), str(path(code, folder))],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@needs_gettext
def test_collecting_the_sentences_again_changes_nothing(tmp_path: Path) -> None:
    copy = tmp_path / "marketdesk"
    left_out = shutil.ignore_patterns("*.mo", "__pycache__", "static", "texts", "conversations")
    shutil.copytree(PACKAGE, copy, ignore=left_out)
    options = re.search(r"makemessages (.*?)\\", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert options
    names = [path(code).parent.parent.name for code in CODES]
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", *options[1].split(), *(f"-l{name}" for name in names), "-v0"],
        cwd=copy, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        check=True, capture_output=True,
    )  # fmt: skip

    compile_catalogues.tidy([copy / "locale", copy / "borrowed"])

    for kept in [*map(path, CODES), *(path(code, "borrowed") for code in LANGUAGES)]:
        fresh = copy / kept.relative_to(PACKAGE)
        assert fresh.read_text(encoding="utf-8") == kept.read_text(encoding="utf-8"), f"{kept}: run make messages"


def test_no_sentence_hides_within_an_f_string_where_nobody_collects_it() -> None:
    hidden = re.compile(r"""f(["']).*\{n?gettext\w*\(|f(["']).*\{_\(""")

    found = [
        f"{path.relative_to(PACKAGE)}:{number}"
        for path in PACKAGE.rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if hidden.search(line)
    ]

    assert found == []
