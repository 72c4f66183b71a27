"""Dates and times as people read them, each in their own order."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import translation

from marketdesk.ui.templatetags.marketdesk import moment
from tests.conftest import NOW

pytestmark = pytest.mark.usefixtures("now")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "20 Nov, 14:05"),
        ("de", "20. Nov., 14:05"),
        ("tr", "20 Kas 14:05"),
        ("vi", "14:05 20 thg 11"),
        ("zh-hant", "11月20日 14:05"),
        ("ar", "20 نوفمبر، 14:05"),
    ],
)
def test_a_moment_of_this_year_needs_no_year(language: str, words: str) -> None:
    with translation.override(language):
        assert moment(datetime(2026, 11, 20, 14, 5, tzinfo=UTC)) == words


def test_a_moment_of_another_year_says_it() -> None:
    assert moment(datetime(2025, 3, 2, 9, 0, tzinfo=UTC)) == "2 Mar 2025, 09:00"


def test_today_and_tomorrow_are_called_so() -> None:
    assert moment(NOW) == "today 10:00"
    assert moment(NOW + timedelta(days=1)) == "tomorrow 10:00"
