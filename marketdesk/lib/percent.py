"""Rates for a reader: `6.2%` in the number format of the language, and never rounded onto a line that it only nears."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from babel.numbers import format_percent

from marketdesk.lib import languages

UNKNOWN = "-"
# More places than any rate of a store needs; a thousand million answers would.
MOST_PLACES = 9


def show(percent: Fraction | None, language: str | None = None) -> str:
    """A rate in percent with one decimal place, or with as many as tell it from a whole number: 4.98 is normal where
    5 is not. `-` where there is none (D4)."""
    if percent is None:
        return UNKNOWN
    rounded = next(
        found
        for found in (_rounded(percent, places) for places in range(1, MOST_PLACES + 1))
        if found % 1 or percent.denominator == 1 or found.as_tuple().exponent == -MOST_PLACES
    )
    return format_percent(
        rounded.scaleb(-2).normalize(), locale=languages.babel_locale(language), decimal_quantization=False
    )


def _rounded(percent: Fraction, places: int) -> Decimal:
    exact = Decimal(percent.numerator) / Decimal(percent.denominator)
    return exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
