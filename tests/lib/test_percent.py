"""Rates in the reader's number format, never rounded onto a line."""

from fractions import Fraction

import pytest

from marketdesk.lib import percent


@pytest.mark.parametrize(
    ("rate", "shown"),
    [
        (Fraction(0), "0%"),
        (Fraction(5), "5%"),
        (Fraction(62, 10), "6.2%"),
        (Fraction(100, 3), "33.3%"),
        (Fraction(498, 100), "4.98%"),  # normal, where 5% is not
        (Fraction(45004, 1000), "45.004%"),  # severe, where 45% is not
        (Fraction(100) - Fraction(1, 10**12), "100%"),
    ],
)
def test_a_rate_is_not_shown_as_the_line_that_it_only_nears(rate: Fraction, shown: str) -> None:
    assert percent.show(rate) == shown


def test_a_rate_reads_as_the_language_writes_it() -> None:
    assert [percent.show(Fraction(62, 10), language) for language in ("de", "tr")] == ["6,2\xa0%", "%6,2"]


def test_no_rate_is_a_dash_and_never_nothing_of_a_hundred() -> None:
    assert percent.show(None) == "-"
    assert percent.for_a_hundred(None) == "-"


def test_so_many_for_a_hundred_are_a_number() -> None:
    assert [percent.for_a_hundred(Fraction(*one)) for one in ((45, 1), (25, 2), (498, 100))] == ["45", "12.5", "4.98"]
