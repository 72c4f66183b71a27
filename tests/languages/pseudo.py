"""English as if it were a foreign language, `en-xa`: every letter of a sentence that somebody marked has another form,
it is longer, and it stands in brackets. A plain letter on a page in it was written by nobody who translates."""

import re
from pathlib import Path

import allauth
import django
import polib

from tests.languages import CODES, catalogue, path

CODE = "en-xa"
PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
STRANGE = "ÂƁÇÐÊƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽåƀçðéƒĝĥîĵķļṁñöþǫŕšţûṽŵẋýž"
# What a translator may not touch: placeholders, tags, entities.
_KEPT = re.compile(r"(%\(\w+\)[sd]|%[sd%]|\{\w*\}|<[^>]*>|&#?\w+;)")
_STRANGE = str.maketrans(PLAIN, STRANGE)


def said(sentence: str) -> str:
    """A sentence in en-xa: a third longer, in brackets; its edges stay, for msgfmt and for what stands beside it."""
    bare = sentence.strip()
    start = sentence[: len(sentence) - len(sentence.lstrip())]
    end = sentence[len(sentence.rstrip()) :] if bare else ""
    pieces = _KEPT.split(bare)
    pieces[::2] = [piece.translate(_STRANGE) for piece in pieces[::2]]
    longer = "·" * max(1, round(sum(map(len, pieces[::2])) * 0.3))
    return f"{start}⟦{''.join(pieces)}{longer}⟧{end}"


def write(folder: Path) -> None:
    """The catalogue of en-xa: all sentences of ours, of Django and of allauth."""
    po = polib.POFile()
    po.metadata = {"Content-Type": "text/plain; charset=UTF-8", "Plural-Forms": "nplurals=2; plural=(n != 1);"}
    django_folder = Path(django.__file__).parent
    theirs = (django_folder / "conf", django_folder / "contrib/auth", Path(allauth.__file__).parent)
    known = set()
    for entries in (
        catalogue(CODES[0]),
        polib.pofile(str(path("en", "borrowed"))),
        *(polib.pofile(str(one / "locale/en/LC_MESSAGES/django.po")) for one in theirs),
    ):
        for one in entries:
            if one.obsolete or (one.msgctxt, one.msgid) in known:
                continue
            known.add((one.msgctxt, one.msgid))
            plural = {0: said(one.msgid), 1: said(one.msgid_plural)} if one.msgid_plural else {}
            po.append(
                polib.POEntry(
                    msgctxt=one.msgctxt,
                    msgid=one.msgid,
                    msgid_plural=one.msgid_plural,
                    msgstr="" if plural else said(one.msgid),
                    msgstr_plural=plural,
                )
            )
    target = folder / "en_XA" / "LC_MESSAGES"
    target.mkdir(parents=True, exist_ok=True)
    po.save_as_mofile(str(target / "django.mo"))
