"""The documents say what the code does."""

import re
import tomllib
from pathlib import Path

import pytest

from marketdesk.lib import languages

ROOT = Path(__file__).parent.parent
READERS = re.compile(
    r"""\b(?:text|flag|number|words|folder|files|choice|database|owner|replica|some_of)\(\s*["']([A-Z0-9_]{4,})["']"""
)
PAGES = sorted(page for where in ("*.md", "docs/**/*.md", "examples/**/*.md") for page in ROOT.glob(where))
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
NAMED = re.compile(r"`(docs/[\w/.-]+\.md)`")


def _settings_read() -> set[str]:
    sources = (ROOT / "marketdesk" / "settings.py", ROOT / "marketdesk" / "lib" / "env.py")
    return {name for source in sources for name in READERS.findall(source.read_text(encoding="utf-8"))}


def _settings_listed() -> set[str]:
    """The first column of the table; `_PORT` behind a name is that name with another end."""
    listed = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8").split("\n## Settings\n")[1].split("\n## ")[0]
    found = set()
    for row in re.findall(r"^\| (`[^|]+) \|", listed, re.MULTILINE):
        first, *others = re.findall(r"`(\w+)`", row)
        found |= {first, *(f"{first.rsplit('_', 1)[0]}{one}" if one.startswith("_") else one for one in others)}
    return found


def test_every_setting_is_listed_for_operators_and_no_other() -> None:
    openid = {f"MARKETDESK_OIDC_{one}" for one in ("NAME", "ISSUER", "CLIENT_ID", "CLIENT_SECRET")}  # read together

    assert _settings_listed() == (_settings_read() - {"MARKETDESK_OIDC"}) | openid


@pytest.mark.parametrize(
    "page",
    sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")]),
    ids=lambda page: page.name,
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in LINK.findall(text):
        assert (page.parent / target).exists(), target
    for named in NAMED.findall(text):
        assert (ROOT / named).exists(), named


def test_the_first_page_leads_to_every_other() -> None:
    listed = (ROOT / "README.md").read_text(encoding="utf-8")

    assert [page.name for page in sorted((ROOT / "docs").glob("*.md")) if f"(docs/{page.name})" not in listed] == []


def test_the_layers_are_those_that_machines_hold_us_to() -> None:
    told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").split("```\ncli\n")[1].split("```")[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

    layers = project["tool"]["importlinter"]["contracts"][0]["layers"]
    assert ["__main__", "cli", *told.splitlines()] == layers


def test_each_word_is_explained_once() -> None:
    words = (ROOT / "docs" / "words.md").read_text(encoding="utf-8").split("| English")[0]

    said = [line.split("|")[1].strip() for line in words.splitlines() if line.startswith("| ")]
    assert sorted({one for one in said if said.count(one) > 1}) == []


def test_the_words_are_there_in_every_language() -> None:
    words = (ROOT / "docs" / "words.md").read_text(encoding="utf-8")

    header = next(line for line in words.splitlines() if line.startswith("| English"))
    codes = {cell.strip() for cell in header.strip("|").split("|")[1:]}
    assert codes == set(languages.LANGUAGES) - {"en"}
    width = header.count("|")
    for line in words.split(header)[1].splitlines():
        assert not line.startswith("|") or line.count("|") == width, line
