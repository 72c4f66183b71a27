"""Sums of money: whole minor units (cents) with an ISO 4217 currency, shown in a reader's language."""

from decimal import Decimal
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision, is_currency

from marketdesk.lib import languages

LARGEST = 10**14


def is_known(currency: str) -> bool:
    """Whether the code is an ISO 4217 currency."""
    return len(currency) == 3 and currency.isupper() and is_currency(currency)


def digits(currency: str) -> int:
    """How many decimal places the currency has: EUR 2, VND 0, KWD 3."""
    return get_currency_precision(currency)


def to_minor(amount: Decimal, currency: str) -> int:
    """An amount such as 12.50 in minor units (1250). Raises ValueError when it is none, has more places than the
    currency or is larger than a database can hold."""
    if not amount.is_finite() or amount.copy_abs() >= LARGEST:
        raise ValueError(f"{amount} is not a sum of money.")
    scaled = amount.scaleb(digits(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{amount} has more decimal places than {currency} knows.")
    return int(scaled)


def to_decimal(minor: int, currency: str) -> Decimal:
    """Minor units (1250) as an amount (12.50)."""
    return Decimal(minor).scaleb(-digits(currency))


def show(minor: int, currency: str, language: str | None = None) -> str:
    """The sum for a reader: `12.50 EUR` in the number format of the language, the ISO code always said; set apart in a
    sentence that runs from right to left, where it would otherwise read `EUR 12.50`."""
    return languages.isolated(_shown(minor, currency, language or languages.current()))


@lru_cache(4096)  # Babel's formatting costs more than the rest of a page's line
def _shown(minor: int, currency: str, language: str) -> str:
    locale = languages.babel_locale(language)
    return format_currency(
        to_decimal(minor, currency), currency, format="#,##0.00 ¤¤", locale=locale, currency_digits=True
    )
