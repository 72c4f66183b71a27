"""Countries by ISO 3166 code, named in the reader's language."""

from django.utils import translation

from marketdesk.lib.money import babel_locale

EUROPE = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"  # EU 27
    " IS LI NO CH GB"
).split()


# What the locale data names besides countries: unions, unknown and made-up regions.
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})


def name(country: str) -> str:
    """The country's name in the current language; the code where it is unknown."""
    locale = babel_locale(translation.get_language() or "en")
    return str(locale.territories.get(country, country))


def is_known(country: str) -> bool:
    """Whether the code is an ISO 3166 country."""
    known = len(country) == 2 and country.isupper() and country in babel_locale("en").territories
    return known and country not in _NO_COUNTRIES
