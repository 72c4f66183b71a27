"""Rates for a reader: `6.2%` in the number format of the language, and never rounded onto a line that it only nears."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

from babel.numbers import format_percent
from django.utils.formats import number_format

from marketdesk.lib import languages

UNKNOWN = "-"
# More places than any rate of a store needs; a thousand million answers would.
MOST_PLACES = 9


def show(percent: Fraction | None, language: str | None = None) -> str:
    """A rate in percent; `-` where there is none (D4)."""
    if percent is None:
        return UNKNOWN
    share, locale = rounded(percent).scaleb(-2), languages.babel_locale(language)
    return format_percent(share, locale=locale, decimal_quantization=False)


def for_a_hundred(percent: Fraction | None) -> str:
    """So many for a hundred, as a number: `12.5`; `-` where there is none."""
    return UNKNOWN if percent is None else number_format(rounded(percent), use_l10n=True)


def rounded(percent: Fraction) -> Decimal:
    """With one decimal place, or with as many as tell it from a whole number: 4.98 is normal where 5 is not."""
    exact = Decimal(percent.numerator) / Decimal(percent.denominator)
    for places in range(1, MOST_PLACES + 1):
        found = exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
        if found % 1 or percent.denominator == 1:
            break
    return found.normalize() + 0  # 1E+2 is for nobody
