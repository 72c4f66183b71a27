"""Words as readers compare them: without case, accents and vowel signs, so that `iade`, `İADE` and `iâde` are one.
`templates.js` folds in the same way."""

import unicodedata
from functools import lru_cache

# What has no accent that could be taken off, but is looked for without its stroke, its dot or in its other form.
_ALIKE = {"đ": "d", "ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "ى": "ي", "ة": "ه"}
# Turkish has two pairs of them, and no reader of any language means one of them only.
_DOTTED = {"ı": "i", "i̇": "i"}
_TATWEEL = "ـ"  # only makes an Arabic word longer


def fold(words: str, accents: bool = False) -> str:
    """Words in the form in which they are compared; with their accents where these were asked for."""
    return "".join(_fold(letter, accents) for letter in unicodedata.normalize("NFC", words))


def has_words(text: str, words: str) -> bool:
    """Whether a text has each of the words, or their beginnings, in any order. Of no words it has all."""
    found = fold(text)
    return all(word in found for word in fold(words).split())


def fold_with_places(words: str, accents: bool = False) -> tuple[str, list[int]]:
    """The same of words in NFC, and for each letter of it the place in the words that it comes from."""
    letters, places = [], []
    for place, letter in enumerate(words):
        for one in _fold(letter, accents):
            letters.append(one)
            places.append(place)
    return "".join(letters), places


@lru_cache(8192)
def _fold(letter: str, accents: bool) -> str:
    small = unicodedata.normalize("NFKC", letter).casefold()
    small = _DOTTED.get(small, small)
    if accents:
        return "" if unicodedata.category(letter) == "Cf" else small
    # Once more: what is taken apart may have another small form.
    plain = unicodedata.normalize("NFKD", small).casefold()
    kept = (one for one in plain if unicodedata.category(one) not in {"Mn", "Cf"} and one != _TATWEEL)
    return "".join(_ALIKE.get(one, one) for one in kept)
