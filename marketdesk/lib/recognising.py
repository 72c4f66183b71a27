"""Which language a text is in, by py3langid: a tenth of a millisecond, but a model of some 20 MB, so only the worker
asks. Whoever wrote the text is likely to have written what they wrote before: `expected` weighs in.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

# Ours, and neighbours that people write to a shop in Europe; with fewer to choose from, more short texts are right.
_KNOWN = tuple(
    (
        "ar bg cs da de el en es et fa fi fr he hi hr hu id it ja ko lt lv nl no pl pt ro ru sk sl sr sv th tr uk vi zh"
    ).split()
)
_OURS = {"pt": "pt-br", "no": "nb"}
# How much more the expected language may have against it; the model's scores are logarithms.
_EXPECTED = 5.0
# The best must be so much better than the second, and there must be so many words (letters of Chinese), to be sure.
_MARGIN, _WORDS, _LETTERS = 3.0, 3, 6
_NO_WORDS = re.compile(r"https?://\S+|[\w.+-]+@[\w-]+\.\S+|[\W\d_]+")
_WITHOUT_SPACES = frozenset({"zh", "ja", "th"})
# Enough to tell a language by.
_LOOKED_AT = 2000


@dataclass(frozen=True)
class Recognised:
    """A language by its code; `is_sure` is False where the text says too little."""

    language: str
    is_sure: bool


def recognise(text: str, expected: str = "") -> Recognised:
    """The language of a text. Where it tells nothing, or two are as likely, the expected one, and not for sure."""
    words = _NO_WORDS.sub(" ", text[:_LOOKED_AT]).strip()
    if not words:
        return Recognised(expected, is_sure=False)
    wanted = _plain(expected)
    scores = [(score + (_EXPECTED if code == wanted else 0), code) for code, score in _model().rank(words)]
    (best, code), (second, _other) = sorted(scores, reverse=True)[:2]
    length = len(words.replace(" ", "")) >= _LETTERS if code in _WITHOUT_SPACES else len(words.split()) >= _WORDS
    if best - second < _MARGIN or not length:
        # What is expected counts, unless the text can hardly be it: a fragment in other letters is not.
        is_possible = any(found == wanted and best - score < 2 * _MARGIN for score, found in scores)
        if wanted and is_possible:
            return Recognised(expected, is_sure=False)
        return Recognised(_ours(code, words), is_sure=False)
    # Which Portuguese, which Chinese it is, who is expected to write one of them knows better.
    if code == wanted and code != "zh":
        return Recognised(expected, is_sure=True)
    return Recognised(_ours(code, words), is_sure=True)


def recognisable() -> list[str]:
    """The codes of all languages that can be told apart; of Chinese both kinds."""
    return sorted({*(_OURS.get(code, code) for code in _KNOWN if code != "zh"), "zh-hans", "zh-hant"})


def _plain(language: str) -> str:
    return language.split("-", maxsplit=1)[0]


def _ours(code: str, words: str) -> str:
    return _script(words) if code == "zh" else _OURS.get(code, code)


def _script(words: str) -> str:
    """Traditional or simplified Chinese: by the signs that only one of the old character sets has."""
    traditional = sum(_is_in(sign, "big5") and not _is_in(sign, "gb2312") for sign in words)
    simplified = sum(_is_in(sign, "gb2312") and not _is_in(sign, "big5") for sign in words)
    return "zh-hans" if simplified > traditional else "zh-hant"


def _is_in(sign: str, encoding: str) -> bool:
    try:
        return bool(sign.encode(encoding)) and not sign.isascii()
    except UnicodeEncodeError:
        return False


@cache
def _model() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_pickled_model(MODEL_FILE)
    model.set_languages(list(_KNOWN))
    return model
