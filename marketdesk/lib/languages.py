"""The languages of the product, by code, in their own words, and which one a country reads."""

import unicodedata
from functools import cache

from babel import Locale
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
_LOCALES = {"en": "en_GB", "zh-hant": "zh_Hant_TW", "pt-br": "pt_BR", "ar": "ar_EG"}
_LANGUAGE_OF = {country: code for code, countries in _BY_COUNTRY.items() for country in countries}


def of_country(country: str) -> str:
    """The language that most people of a country (ISO 3166) read; English where none of ours fits."""
    return _LANGUAGE_OF.get(country, "en")


def direction(language: str) -> str:
    """`rtl` or `ltr`, for the `dir` attribute."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def own_name(language: str) -> str:
    """The language's name in itself; the code where it is not one of ours."""
    return LANGUAGES.get(language, language)


def current() -> str:
    """The reader's language."""
    return translation.get_language() or "en"


def babel_locale(language: str | None = None) -> Locale:
    """Babel's knowledge of a language: its numbers, plurals and names of countries; the reader's where none is said."""
    return _babel_locale(language or current())


@cache
def _babel_locale(code: str) -> Locale:
    return Locale.parse(_LOCALES.get(code, code.split("-", maxsplit=1)[0]))


def isolated(name: str) -> str:
    """A name for the middle of a sentence. Where their directions differ it is set apart by invisible marks, so that
    neither disturbs the other's order."""
    is_rtl = any(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in name)
    return f"\u2068{name}\u2069" if is_rtl != translation.get_language_bidi() else name
