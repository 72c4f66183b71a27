"""Compiles the languages' catalogues (.po to .mo) beside them: needs polib, no system tool."""

import sys
from collections.abc import Iterable
from pathlib import Path

import polib

PACKAGE = Path(__file__).parent / "marketdesk"
# Our own sentences; and those of Django and allauth that their catalogues lack, or say with another word than ours.
FOLDERS = (PACKAGE / "locale", PACKAGE / "borrowed")


def compile_all(folders: Iterable[Path] = FOLDERS) -> int:
    """Compile what is newer than its compiled form; how many catalogues were compiled."""
    compiled = 0
    for source in _sources(folders):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            polib.pofile(str(source)).save_as_mofile(str(target))
            compiled += 1
    return compiled


def missing(folders: Iterable[Path] = FOLDERS) -> list[str]:
    """The sentences that a language lacks. The build refuses to go on with any: the menu offers whole languages."""
    return [
        f"{source.parent.parent.name}: {one.msgid}"
        for source in _sources(folders)
        for entries in [polib.pofile(str(source))]
        for one in [*entries.untranslated_entries(), *entries.fuzzy_entries()]
    ]


def tidy(folders: Iterable[Path] = FOLDERS) -> None:
    """Write each the same way, whichever gettext collected: nothing wrapped, and no moment of collecting. So collecting
    again changes nothing but what has changed."""
    for source in _sources(folders):
        entries = polib.pofile(str(source), wrapwidth=sys.maxsize)
        entries.metadata.pop("POT-Creation-Date", None)
        entries.save()


def _sources(folders: Iterable[Path]) -> list[Path]:
    return [source for folder in folders for source in sorted(folder.glob("*/LC_MESSAGES/*.po"))]


if __name__ == "__main__":
    if "--tidy" in sys.argv:
        tidy()
    print(f"{compile_all()} catalogues compiled")
