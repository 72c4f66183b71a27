"""Looking for words in what people wrote: however their keyboard put the letters together, and whatever invisible
stands between them."""

import re
import unicodedata
from typing import Any

from django.db.models import Func, Q
from django.db.models.lookups import IContains

# Soft hyphens, joiners, spaces without width, marks of direction: they stay where they were written, and are looked
# for by nobody.
INVISIBLE = (
    "\u00ad\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
)
_INVISIBLE = re.compile(f"[{INVISIBLE}]")


def visible(text: str) -> str:
    """What somebody looks for, without what they did not see when they copied it; nor NUL, which PostgreSQL refuses."""
    return _INVISIBLE.sub("", text.replace("\x00", "")).strip()


class Bare(Func):
    """A column without what is invisible."""

    function = "TRANSLATE"
    template = f"%(function)s(%(expressions)s, '{INVISIBLE}', '')"

    def as_sqlite(self, compiler: Any, connection: Any, **extra: Any) -> Any:
        """Which knows of one at a time."""
        template = "%(expressions)s"
        for letter in INVISIBLE:
            template = f"REPLACE({template}, '{letter}', '')"
        return super().as_sql(compiler, connection, template=template, **extra)


def says(column: str, text: str) -> Q:
    """Whether a column has these words, with their accents as letters of their own or as marks behind letters."""
    asked = visible(text)
    ways = {unicodedata.normalize(form, asked) for form in ("NFC", "NFD")}
    found = Q()
    for way in sorted(ways):
        found |= Q(IContains(Bare(column), way))
    return found
