"""Finding an answer in the Guide: by words of titles, headings and texts, as readers of each language write them."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import log

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from marketdesk.guide import facts, sections, written
from marketdesk.guide.contents import SLUGS
from marketdesk.guide.facts import Facts
from marketdesk.lib.folding import fold, fold_with_places

# Nobody types more into a search field; whoever does need not keep the desk busy.
MOST_LETTERS = 100
MOST_WORDS = 8
MOST_QUOTES = 3
# What a word weighs in a title, and in a heading, beside one in the text.
IN_TITLE, IN_HEADING = 6, 3
# A word that this share of the sections has says nothing, such as "the".
EVERYWHERE = 0.6
# Of what was asked for, a section must have this share, by weight.
ENOUGH = 0.5
# Shorter words are looked for only where a word begins.
LONG = 4
# So many letters at a word's end say little: "refunds" finds "refund". Where nothing begins so, some more may differ:
# "zwrotami" finds "zwrot".
ENDING = 2
MORE_OF_THE_ENDING = 4
# Whose words are made of others: "Antwortzeit" is found by "Zeit". Elsewhere "rappel" is no "appel".
COMPOUNDING = {"de", "nl"}
# Where a word with another accent is another word. Who types none of them means any.
ACCENTS_TELL = {"vi"}
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_ARABIC = r"\u0600-\u06ff"  # its words begin with their article
_WORD = re.compile(rf"[{_HAN}]+|[^\W{_HAN}]+")
_SENTENCES = re.compile(r"(?<=[.!?؟])\s+|(?<=[。！？])(?=.)")


@dataclass(frozen=True)
class Quote:
    """A sentence of a section with what was found in it marked, under its heading."""

    anchor: str
    heading: SafeString
    words: SafeString


@dataclass(frozen=True)
class Hit:
    """A section in which something was found."""

    slug: str
    language: str
    title: SafeString
    quotes: list[Quote]


def search(asked: str, language: str) -> list[Hit]:
    """The sections that answer best, the best one first."""
    accents = language in ACCENTS_TELL and fold(asked, accents=True) != fold(asked)
    pages = _pages(language, accents, facts.current(language), facts.current(written.ORIGINAL))
    wanted = _Wanted.of(asked[:MOST_LETTERS], pages, language, accents)
    if not wanted.terms:
        return []
    enough = ENOUGH * sum(wanted.terms.values())
    found = [page for page in pages if wanted.weight(page.everything) >= enough]
    return [_hit(wanted, page) for page in sorted(found, key=lambda page: -_score(wanted, page))]


# What is looked through


@dataclass(frozen=True)
class _Line:
    """A passage, under its heading."""

    anchor: str
    heading: str
    words: str


@dataclass(frozen=True)
class _Page:
    """A section as it is looked through; folded with or without accents."""

    slug: str
    language: str
    title: str
    summary: str
    lines: tuple[_Line, ...]
    accents: bool

    @cached_property
    def everything(self) -> str:
        return "\n".join((self.folded_title, fold(self.summary, self.accents), self.headings, *self.folded_lines))

    @cached_property
    def folded_title(self) -> str:
        return fold(self.title, self.accents)

    @cached_property
    def headings(self) -> str:
        return fold("\n".join(dict.fromkeys(line.heading for line in self.lines)), self.accents)

    @cached_property
    def folded_lines(self) -> list[str]:
        return [fold(line.words, self.accents) for line in self.lines]


@lru_cache(32)
def _pages(language: str, accents: bool, told: Facts, told_in_english: Facts) -> tuple[_Page, ...]:
    """Every section in a language, filled in."""
    return tuple(_page(slug, language, accents, told, told_in_english) for slug in SLUGS)


def _page(slug: str, language: str, accents: bool, told: Facts, told_in_english: Facts) -> _Page:
    found = written.find(slug, language)
    known = told if found.language == language else told_in_english

    def filled(words: str) -> str:
        return sections.fill(words, known)

    lines = (_Line(one.anchor, filled(found.headings.get(one.anchor, "")), filled(one.words)) for one in found.passages)
    return _Page(slug, found.language, filled(found.title), filled(found.summary), tuple(lines), accents)


# What is looked for

Pattern = re.Pattern[str]


@dataclass(frozen=True)
class _Wanted:
    """What to look for, each word with its weight: the fewer sections have it, the more it says. And all that was
    typed, where it stands somewhere in just this way."""

    terms: dict[Pattern, float]
    phrase: Pattern | None
    accents: bool

    @classmethod
    def of(cls, asked: str, pages: tuple[_Page, ...], language: str, accents: bool) -> "_Wanted":
        folded = fold(asked, accents)
        words = list(dict.fromkeys(_WORD.findall(folded)))[:MOST_WORDS]
        inside = language in COMPOUNDING
        found = {one: _found(one, pages) for word in words for one in _patterns(word, pages, inside)}
        said = {one: number for one, number in found.items() if number}
        telling = {one: number for one, number in said.items() if number <= EVERYWHERE * len(pages)} or said
        phrase = _exact(" ".join(folded.split())) if words else None
        return cls(
            {one: log(1 + len(pages) / number) for one, number in telling.items()},
            phrase if phrase and _found(phrase, pages) else None,
            accents,
        )

    def weight(self, text: str) -> float:
        """How much of the words a text has."""
        return sum(weight for term, weight in self.terms.items() if term.search(text))

    def closeness(self, text: str) -> float:
        """The same, and more where it has them just as they were typed."""
        together = sum(self.terms.values()) if self.phrase and self.phrase.search(text) else 0.0
        return self.weight(text) + together


def _found(pattern: Pattern, pages: tuple[_Page, ...]) -> int:
    return sum(1 for page in pages if pattern.search(page.everything))


def _patterns(word: str, pages: tuple[_Page, ...], inside: bool) -> list[Pattern]:
    """A word without its ending; of Chinese, which has no spaces, the word, else each two signs of it."""
    if re.match(f"[{_HAN}]", word):
        tried = [[word], [word[place : place + 2] for place in range(len(word) - 1)]]
    else:
        longest = max(min(LONG, len(word)), len(word) - (ENDING if len(word) > LONG + ENDING else 1))
        shortest = max(LONG, len(word) - MORE_OF_THE_ENDING)
        tried = [[word[:longest]], *([word[:end]] for end in range(longest - 1, shortest - 1, -1))]
    for words in tried:
        patterns = [one for one in (_pattern(each, inside) for each in words) if _found(one, pages)]
        if patterns:
            return patterns
    return []


@lru_cache(512)
def _pattern(word: str, inside: bool) -> Pattern:
    """Wherever it begins a word, to the end of this word."""
    if re.match(f"[{_HAN}]", word):
        return re.compile(re.escape(word))
    if re.match(f"[{_ARABIC}]", word):
        return re.compile(rf"[{_ARABIC}]*{re.escape(word)}[{_ARABIC}]*")
    return re.compile(("" if inside and len(word) >= LONG else r"(?<!\w)") + re.escape(word) + r"\w*")


@lru_cache(64)
def _exact(words: str) -> Pattern:
    return re.compile(rf"(?<!\w){re.escape(words)}(?!\w)")


# What was found


def _score(wanted: _Wanted, page: _Page) -> float:
    lines = sorted((wanted.closeness(line) for line in page.folded_lines), reverse=True)
    above = IN_TITLE * wanted.closeness(page.folded_title) + IN_HEADING * wanted.closeness(page.headings)
    return above + sum(lines[:MOST_QUOTES])


def _hit(wanted: _Wanted, page: _Page) -> Hit:
    """The best sentences in the order of the text; the summary where only the title or itself has the words."""
    # Of each heading the sentence that says most of what was asked
    best: dict[str, tuple[float, Quote]] = {}
    for line in page.lines:
        in_heading = IN_HEADING * wanted.closeness(fold(line.heading, page.accents))
        for sentence in _SENTENCES.split(line.words):
            weight = in_heading + wanted.closeness(fold(sentence, page.accents))
            if weight > (best[line.anchor][0] if line.anchor in best else 0):
                quote = Quote(line.anchor, _marked(wanted, line.heading), _marked(wanted, sentence))
                best[line.anchor] = (weight, quote)
    enough = sorted((weight for weight, _quote in best.values()), reverse=True)[:MOST_QUOTES]
    quotes = [quote for weight, quote in best.values() if weight >= enough[-1]][:MOST_QUOTES]
    summary = Quote("", SafeString(), _marked(wanted, page.summary))
    return Hit(page.slug, page.language, _marked(wanted, page.title), quotes or [summary])


def _marked(wanted: _Wanted, words: str) -> SafeString:
    """The words, escaped, with what was found in <mark>."""
    folded, places = fold_with_places(words, wanted.accents)
    marks = [False] * len(words)
    for pattern in [*wanted.terms, wanted.phrase]:
        for found in pattern.finditer(folded) if pattern else ():
            first, last = places[found.start()], places[found.end() - 1]
            while last + 1 < len(words) and unicodedata.category(words[last + 1]) == "Mn":
                last += 1  # the vowel sign of the last letter
            marks[first : last + 1] = [True] * (last + 1 - first)
    parts, start = [], 0
    for place in range(1, len(words) + 1):
        if place == len(words) or marks[place] != marks[start]:
            part = escape(words[start:place])
            parts.append(f"<mark>{part}</mark>" if marks[start] else part)
            start = place
    return mark_safe("".join(parts))  # noqa: S308
