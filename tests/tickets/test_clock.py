"""Forty-eight hours, to the microsecond, in every time zone (D1, D2)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdesk.lib.countries import EUROPE
from marketdesk.tickets import clock

STEP = timedelta(microseconds=1)
ZONES = [
    "Europe/" + city
    for city in (
        "Amsterdam Athens Berlin Bratislava Brussels Bucharest Budapest Copenhagen Dublin Helsinki Lisbon Ljubljana"
        " London Luxembourg Madrid Malta Oslo Paris Prague Riga Rome Sofia Stockholm Tallinn Vaduz Vienna Vilnius"
        " Warsaw Zagreb Zurich"
    ).split()
] + ["Asia/Nicosia", "Atlantic/Reykjavik", "Atlantic/Azores", "Atlantic/Canary"]
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))


def test_there_is_a_zone_for_every_country() -> None:
    assert len(ZONES) - 2 == len(EUROPE)


@given(MOMENTS, st.integers(1, 1000))
def test_the_due_moment_itself_is_in_time_and_the_next_is_late(start: datetime, hours: int) -> None:
    due = clock.due_at(start, hours)

    assert not clock.is_late(due, due - STEP)
    assert not clock.is_late(due, due)
    assert clock.is_late(due, due + STEP)
    assert clock.time_left(due, start) == timedelta(hours=hours)
    assert clock.time_left(due, due + STEP) == -STEP


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("change", [datetime(2026, 10, 25, 1, tzinfo=UTC), datetime(2027, 3, 28, 1, tzinfo=UTC)])
def test_summer_time_neither_gives_nor_takes_an_hour(zone: str, change: datetime) -> None:
    """Stored in UTC: 48 hours are 48 hours, although the wall clock shows another hour."""
    local = ZoneInfo(zone)
    for before in (timedelta(hours=1), timedelta(hours=24), timedelta(hours=47, minutes=59)):
        start = (change - before).astimezone(local)
        due = clock.due_at(start.astimezone(UTC), 48)

        assert due.timestamp() - start.timestamp() == 48 * 3600
        assert not clock.is_late(due, due.astimezone(local).astimezone(UTC))


@pytest.mark.parametrize("start", ["2028-02-28T12:00", "2026-12-31T23:59:59.999999", "2027-02-28T00:00"])
def test_leap_days_and_year_ends_are_days_like_others(start: str) -> None:
    began = datetime.fromisoformat(start).replace(tzinfo=UTC)

    assert clock.due_at(began, 48) - began == timedelta(days=2)
