"""Sums of money: whole minor units, shown in a reader's way."""

from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from marketdesk.lib import languages, money

CURRENCIES = ["EUR", "USD", "VND", "JPY", "KWD", "TWD", "HUF"]


@pytest.mark.parametrize(("currency", "places"), [("EUR", 2), ("VND", 0), ("JPY", 0), ("KWD", 3), ("XYZ", 2), ("", 2)])
def test_a_currency_has_its_decimal_places(currency: str, places: int) -> None:
    assert money.digits(currency) == places


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("0", "EUR", 0),
        ("-3.20", "EUR", -320),
        ("2700000", "VND", 2700000),
        ("1.234", "KWD", 1234),
        ("1E+2", "EUR", 10000),
        ("12.500", "EUR", 1250),
    ],
)
def test_an_amount_in_minor_units(amount: str, currency: str, minor: int) -> None:
    assert money.to_minor(Decimal(amount), currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("12.505", "EUR"),
        ("0.5", "VND"),
        ("1.2345", "KWD"),
        ("NaN", "EUR"),
        ("sNaN", "EUR"),
        ("Infinity", "EUR"),
        ("1E+999999", "EUR"),
        ("-1E+20", "EUR"),
        ("1E-999999", "EUR"),
    ],
)
def test_what_is_no_sum_is_refused_in_words(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"decimal places|not a sum"):
        money.to_minor(Decimal(amount), currency)


@given(st.integers(-(10**11), 10**11), st.sampled_from(CURRENCIES))
def test_there_and_back_again(minor: int, currency: str) -> None:
    assert money.to_minor(money.to_decimal(minor, currency), currency) == minor


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("en", "1,234.50 EUR"),
        ("de", "1.234,50 EUR"),
        ("fr", "1 234,50 EUR"),
        ("pt-br", "1.234,50 EUR"),
        ("tr", "1.234,50 EUR"),
        ("zh-hant", "1,234.50 EUR"),
    ],
)
def test_a_sum_in_the_readers_number_format(language: str, shown: str) -> None:
    with translation.override(language):
        assert money.show(123450, "EUR").replace("\xa0", " ").replace("\u202f", " ") == shown
    assert money.show(123450, "EUR", language).replace("\xa0", " ").replace("\u202f", " ") == shown


def test_a_sum_is_set_apart_where_words_run_from_right_to_left() -> None:
    """Behind an Arabic word it would read `EUR 1,234.50`."""
    with translation.override("ar"):
        assert money.show(123450, "EUR").replace("\xa0", " ") == "\u20681,234.50 EUR\u2069"


def test_the_currency_decides_about_the_places() -> None:
    assert money.show(2700000, "VND", "en").replace("\xa0", " ") == "2,700,000 VND"
    assert money.show(1234, "KWD", "en").replace("\xa0", " ") == "1.234 KWD"


@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_every_language_shows_the_code(language: str) -> None:
    assert "EUR" in money.show(1250, "EUR", language)
