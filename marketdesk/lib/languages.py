"""The languages of the product, by code, in their own words, and which one a country reads."""

import re
import unicodedata
from functools import cache

from babel import Locale, UnknownLocaleError
from django.utils import translation

# Code -> the language's name in itself, in the order of the language menus.
LANGUAGES: dict[str, str] = {
    "en": "English",
    "de": "Deutsch",
    "fr": "Français",
    "es": "Español",
    "it": "Italiano",
    "pt-br": "Português (Brasil)",
    "nl": "Nederlands",
    "pl": "Polski",
    "tr": "Türkçe",
    "vi": "Tiếng Việt",
    "zh-hant": "繁體中文",
    "ar": "العربية",
}
RIGHT_TO_LEFT = frozenset({"ar"})

_BY_COUNTRY = {
    "de": ["DE", "AT", "CH", "LI", "LU"],
    "fr": ["FR", "BE", "MC"],
    "es": ["ES", "MX", "AR", "CO", "CL", "PE"],
    "it": ["IT", "SM"],
    "pt-br": ["BR", "PT", "AO"],
    "nl": ["NL"],
    "pl": ["PL"],
    "tr": ["TR"],
    "vi": ["VN"],
    "zh-hant": ["TW", "HK", "MO"],
    "ar": ["SA", "AE", "EG", "MA", "QA", "KW", "JO"],
}
# Where Babel needs more than our code says.
_LOCALES = {"en": "en_GB", "zh-hant": "zh_Hant_TW", "zh-hans": "zh_Hans", "pt-br": "pt_BR", "ar": "ar_EG"}
_LANGUAGE_OF = {country: code for code, countries in _BY_COUNTRY.items() for country in countries}


def of_country(country: str) -> str:
    """The language that most people of a country (ISO 3166) read; English where none of ours fits."""
    return _LANGUAGE_OF.get(country, "en")


def direction(language: str) -> str:
    """`rtl` or `ltr`, for the `dir` attribute."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def own_name(language: str) -> str:
    """The language's name in itself; the code where nobody knows it."""
    return LANGUAGES.get(language) or _own_name(language)


@cache
def _own_name(language: str) -> str:
    """Of a language that customers write and we do not speak."""
    try:
        name = Locale.parse(_LOCALES.get(language, language), sep="-" if language not in _LOCALES else "_").display_name
    except (ValueError, UnknownLocaleError):
        return language
    return (name or language).capitalize()


def current() -> str:
    """The reader's language."""
    return translation.get_language() or "en"


def babel_locale(language: str | None = None) -> Locale:
    """Babel's knowledge of a language: its numbers, plurals and names of countries; the reader's where none is said."""
    return _babel_locale(language or current())


@cache
def _babel_locale(code: str) -> Locale:
    return Locale.parse(_LOCALES.get(code, code.split("-", maxsplit=1)[0]))


# Invisible marks that turn the direction of what follows them, and the two that end it: of an embedding, of an isolate.
_MARKS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_ENDED_BY = {**dict.fromkeys("\u202a\u202b\u202d\u202e", "\u202c"), **dict.fromkeys("\u2066\u2067\u2068", "\u2069")}
_FIRST_STRONG, _END = "\u2068", "\u2069"


def isolated(name: str) -> str:
    """A name for the middle of a sentence. Where a letter of it runs the other way it is set apart by invisible marks,
    so that neither disturbs the other's order; its own marks end with it."""
    if name.isascii() and not translation.get_language_bidi():
        return name
    name = contained(name)
    others = {"L"} if translation.get_language_bidi() else {"R", "AL"}
    turns = any(unicodedata.bidirectional(letter) in others for letter in name)
    return f"{_FIRST_STRONG}{name}{_END}" if turns and not _is_apart(name) else name


def contained(name: str) -> str:
    """A name for the middle of a text in whichever language: its own marks of direction, if it has any, end with it."""
    if name.isascii() or not _MARKS.search(name):
        return name
    name = settled(name)
    return name if _is_apart(name) else f"{_FIRST_STRONG}{name}{_END}"


def _is_apart(name: str) -> bool:
    """Whether it is set apart already, from its beginning to its end."""
    depth = 0
    for place, letter in enumerate(name, 1):
        depth += (_ENDED_BY.get(letter) == _END) - (letter == _END)
        if depth == 0:
            return name[0] == _FIRST_STRONG and place == len(name)
    return False


def settled(text: str) -> str:
    """A text whose marks of direction end where each of its lines ends, and end nothing that they did not begin: what
    stands after it on a page keeps its order. For showing; what is stored stays as it was sent."""
    if text.isascii() or not _MARKS.search(text):
        return text
    return "".join(_settled(line) for line in text.splitlines(keepends=True))


def _settled(line: str) -> str:
    said, ends = [], list[str]()
    bare = line.rstrip("\r\n")
    for letter in bare:
        if letter in _ENDED_BY:
            ends.append(_ENDED_BY[letter])
        elif _MARKS.match(letter):
            if letter == _END and letter in ends:  # it ends what was begun within, too
                del ends[len(ends) - 1 - ends[::-1].index(letter) :]
            elif ends[-1:] == [letter]:
                ends.pop()
            else:
                continue
        said.append(letter)
    return "".join([*said, *reversed(ends), line[len(bare) :]])
