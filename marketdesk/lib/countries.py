"""Countries by ISO 3166 code, named in the reader's language."""

from marketdesk.lib.languages import babel_locale

EUROPE = (
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"  # EU 27
    " IS LI NO CH GB"
).split()
# What the locale data names besides countries: unions, unknown and made-up regions.
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})


def name(country: str) -> str:
    """The country's name in the current language; the code where it is unknown."""
    return str(babel_locale().territories.get(country, country))


def is_known(country: str) -> bool:
    """Whether the code is an ISO 3166 country."""
    known = len(country) == 2 and country.isupper() and country in babel_locale("en").territories
    return known and country not in _NO_COUNTRIES


def by_name() -> list[tuple[str, str]]:
    """Every country as code and name, in the order of the names in the current language."""
    named = [(code, str(name)) for code, name in babel_locale().territories.items() if is_known(code)]
    return sorted(named, key=lambda one: one[1].casefold())
