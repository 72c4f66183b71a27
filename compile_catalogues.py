"""Compiles the languages' catalogues (.po to .mo) beside them: needs polib, no system tool."""

from pathlib import Path

import polib

LOCALE = Path(__file__).parent / "marketdesk" / "locale"


def compile_all(folder: Path = LOCALE) -> int:
    """Compile what is newer than its compiled form; how many catalogues were compiled."""
    compiled = 0
    for source in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            polib.pofile(str(source)).save_as_mofile(str(target))
            compiled += 1
    return compiled


if __name__ == "__main__":
    print(f"{compile_all()} catalogues compiled")
