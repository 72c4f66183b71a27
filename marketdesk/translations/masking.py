"""What a translation must leave as it is: addresses, numbers, money, emoji. An engine would write `joana.silva@…`
without its @ and turn euros into dollars, so it reads a number in brackets for each, which is put back afterwards.

What would keep an engine busy for long goes the same way: words without end, and a word said a hundred times.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

# A longer word is not one: 3,000 times the same letter cost an engine eleven seconds.
LONGEST_WORD = 60
FIRST = 701

_CURRENCY = r"(?:\b(?:R|NT|US|HK|A|C)\$|[€$£¥₺₫₹]|\b(?:EUR|USD|GBP|TRY|TL|BRL|PLN|zł|CHF|VND|TWD|AED|SAR)\b)"
_AMOUNT = r"\d(?:[\d.,'’\u00a0\u202f]*\d)?"
_PICTOGRAPH = (
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\u203c\u2049\u2122\u2139\u3030\u303d\u3297\u3299]"
)
_EMOJI_MORE = "[\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
_EMOJI = rf"(?:[#*0-9]\ufe0f?\u20e3|{_PICTOGRAPH}{_EMOJI_MORE}*(?:\u200d{_PICTOGRAPH}{_EMOJI_MORE}*)*)+"

# The first that fits at a place takes it.
_KEPT = re.compile(
    "|".join(
        (
            r"(?:https?://|www\.)[^\s<>]*[^\s<>.,;:!?)\]}'\"]",
            r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+",
            r"</?[A-Za-z][^<>]{0,200}>",
            r"\{\{?[^{}\s]{1,60}\}?\}",
            rf"{_CURRENCY}\s?{_AMOUNT}|{_AMOUNT}\s?{_CURRENCY}",
            r"\+?\d[\d\s()/.-]{6,}\d",
            r"#\w+",
            r"\b(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{5,}\b",
            r"\b\d{5,}\b",
            _EMOJI,
            rf"\S{{{LONGEST_WORD},}}",
            r"(?<!\S)(\S{1,60})(?:\s+\1(?!\S)){3,}",
        )
    )
)


class Damaged(Exception):
    """A translation in which something is missing that had to stay."""


@dataclass(frozen=True)
class Masked:
    """A text for an engine, and what its numbers in brackets stand for."""

    text: str
    kept: dict[int, str]

    def unmask(self, translated: str) -> str:
        """The translation with everything put back. Raises Damaged where something is missing or there twice."""
        for number in self.kept:
            if len(_places(number).findall(translated)) != 1:
                raise Damaged(self.kept[number])
        for number, words in self.kept.items():
            translated = _places(number).sub(lambda _found, words=words: words, translated)  # type: ignore[misc]
        return translated


def mask(text: str) -> Masked:
    """Hide from an engine what it must leave as it is."""
    numbers, kept = _unused(text), dict[int, str]()

    def hide(found: re.Match[str]) -> str:
        number = next(numbers)
        kept[number] = found[0]
        return f"({number})"

    return Masked(_KEPT.sub(hide, text), kept)


def _unused(text: str) -> Iterator[int]:
    """Numbers that the text itself does not say."""
    return (number for number in count(FIRST) if str(number) not in text)


def _places(number: int) -> re.Pattern[str]:
    """Engines put spaces into brackets, or write the wide ones of Chinese."""
    return re.compile(rf"[(（]\s*{number}\s*[)）]")
