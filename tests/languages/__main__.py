"""`python -m tests.languages` (`make languages`) counts anew what there is in each language, into docs/languages.md."""

import re
import tomllib
from pathlib import Path

from marketdesk.lib.languages import LANGUAGES
from tests.languages import CODES, PACKAGE, ROOT, catalogue

PAGE = ROOT / "docs" / "languages.md"
HEAD = ("language", "code", "sentences", "reply templates", "sections of the guide")


def table() -> str:
    """A row for each language of the menu, in its order."""
    lines = [HEAD, ("---", "---", "--:", "--:", "--:"), *map(_row, LANGUAGES)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _row(code: str) -> tuple[str, ...]:
    whole, templates, sections = len(catalogue(CODES[0])), _templates("en"), _sections("en")
    return (
        LANGUAGES[code],
        code,
        f"{_sentences(code):,} of {whole:,}",
        f"{len(templates & _templates(code))} of {len(templates)}",
        f"{len(sections & _sections(code))} of {len(sections)}",
    )


def _sentences(code: str) -> int:
    """English is what the sentences are written in."""
    return len(catalogue(CODES[0])) if code == "en" else len(catalogue(code).translated_entries())


def _templates(code: str) -> set[str]:
    file = PACKAGE / "replies" / "templates" / f"{code}.toml"
    texts = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return {name for name, text in texts.items() if text.get("title") and text.get("body")}


def _sections(code: str) -> set[str]:
    return {one.name for one in (PACKAGE / "guide" / "texts" / code).glob("*.md")}


def written(page: Path = PAGE) -> str:
    """The page with its table as it should be."""
    return re.sub(r"(?:^\|.*\n)+", table(), page.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)


if __name__ == "__main__":
    PAGE.write_text(written(), encoding="utf-8")
    print(table())
