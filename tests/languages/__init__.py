"""The languages of the pages, as the checks read them: catalogues, templates and the guide's texts."""

from functools import cache
from pathlib import Path

import polib
from django.utils import translation

from marketdesk.lib.languages import LANGUAGES

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "marketdesk"
# Every language but English, in which the sentences stand in the code.
CODES = [code for code in LANGUAGES if code != "en"]


def path(code: str, folder: str = "locale") -> Path:
    """Where a language's catalogue is; `borrowed` has the sentences of Django and allauth."""
    return PACKAGE / folder / translation.to_locale(code) / "LC_MESSAGES" / "django.po"


@cache
def catalogue(code: str, folder: str = "locale") -> polib.POFile:
    return polib.pofile(str(path(code, folder)))


def forms(entry: polib.POEntry) -> list[str]:
    """What an entry says: one sentence, or one for each plural form."""
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
