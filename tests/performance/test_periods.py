"""The days and weeks of somebody's clock, where clocks change and in leap years."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from marketdesk.performance.counting import Window
from marketdesk.performance.periods import CHOICES, By, Period, beginning_of

A_MOMENT = timedelta(microseconds=1)
BERLIN = ZoneInfo("Europe/Berlin")
# Every clock of the European Union: mainlands, islands, and what lies overseas.
EU = """
    Europe/Amsterdam Europe/Athens Europe/Berlin Europe/Bratislava Europe/Brussels Europe/Bucharest Europe/Budapest
    Europe/Busingen Europe/Copenhagen Europe/Dublin Europe/Helsinki Europe/Lisbon Europe/Ljubljana Europe/Luxembourg
    Europe/Madrid Europe/Malta Europe/Mariehamn Europe/Paris Europe/Prague Europe/Riga Europe/Rome Europe/Sofia
    Europe/Stockholm Europe/Tallinn Europe/Vienna Europe/Vilnius Europe/Warsaw Europe/Zagreb Asia/Nicosia
    Asia/Famagusta Atlantic/Azores Atlantic/Canary Atlantic/Madeira Africa/Ceuta America/Cayenne America/Guadeloupe
    America/Marigot America/Martinique Indian/Mayotte Indian/Reunion
""".split()
# Where midnight itself is left out or comes twice, where a change is half an hour, and the ends of the world.
ODD = """
    Africa/Cairo America/Asuncion America/Havana America/Nuuk America/Santiago America/St_Johns Asia/Beirut
    Asia/Kathmandu Asia/Tehran Australia/Lord_Howe Pacific/Apia Pacific/Chatham Pacific/Kiritimati Pacific/Niue
""".split()


def last_sunday(year: int, month: int) -> datetime:
    """When the clocks of the European Union change, in UTC."""
    last = date(year, month, 31)
    return datetime(year, month, 31 - (last.weekday() + 1) % 7, 1, tzinfo=UTC)


CHANGES = [last_sunday(year, month) for year in range(2026, 2031) for month in (3, 10)]


def around(moment: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Moments at which a mistake would show: the change, the midnights beside it, and a moment on both sides."""
    day = moment.astimezone(zone).date()
    edges = [moment, *(beginning_of(day + timedelta(days=number), zone) for number in (0, 1, 2))]
    for edge in edges:
        yield from (edge - A_MOMENT, edge, edge + A_MOMENT)


def assert_cut_well(period: Period, now: datetime, zone: ZoneInfo) -> None:
    """Slices touch, make up the window, and each is of one day or week of that clock; so many as there are."""
    window, slices = period.window(now, zone), period.slices(now, zone)

    assert (slices[0].start, slices[-1].end) == (window.start, now)
    assert all(one.end == other.start for one, other in pairwise(slices))
    days = [(named(one.start, zone, period.by), named(one.end - A_MOMENT, zone, period.by)) for one in slices]
    if window.start < window.end:
        assert all(one.start < one.end for one in slices)
        assert all(first == last for first, last in days), (period, now, zone, days)
        assert len({first for first, _last in days}) == len(slices)


def named(moment: datetime, zone: ZoneInfo, by: By) -> tuple[int, ...]:
    """The day or week of a moment, as the calendar calls it."""
    day = moment.astimezone(zone).date()
    return tuple(day.isocalendar())[:2] if by == By.WEEK else (day.toordinal(),)


def assert_all_cut_well(zones: Iterable[str], changes: Iterable[datetime]) -> int:
    cases = 0
    moments = list(changes)
    for name in zones:
        zone = ZoneInfo(name)
        for now in (one for change in moments for one in around(change, zone)):
            for period in (Period(days, by) for days in CHOICES for by in By):
                assert_cut_well(period, now, zone)
                cases += 1
    return cases


def test_a_day_with_a_change_of_the_clock_has_23_or_25_hours() -> None:
    for day, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 10, 26), 24)):
        noon_after = beginning_of(day, BERLIN) + timedelta(hours=36)

        middle = next(one for one in Period(7).slices(noon_after, BERLIN) if one.start == beginning_of(day, BERLIN))

        assert middle.end - middle.start == timedelta(hours=hours)


def test_a_window_is_whole_days_of_24_hours_also_when_clocks_change() -> None:
    now = datetime(2026, 10, 26, 9, tzinfo=BERLIN)

    assert Period(7).window(now, BERLIN) == Window(
        datetime(2026, 10, 19, 8, tzinfo=UTC), datetime(2026, 10, 26, 8, tzinfo=UTC)
    )
    assert Period(0).window(now, BERLIN).start == datetime(2026, 10, 25, 23, tzinfo=UTC)


def test_weeks_begin_on_monday() -> None:
    now = datetime(2026, 11, 18, 10, tzinfo=UTC)

    weeks = Period(30, By.WEEK).slices(now, UTC)

    assert [one.start.date().isoformat() for one in weeks] == [
        "2026-10-19", "2026-10-26", "2026-11-02", "2026-11-09", "2026-11-16",
    ]  # fmt: skip
    assert weeks[0].start == now - timedelta(days=30)


def test_the_leap_day_is_a_day() -> None:
    slices = Period(7).slices(datetime(2028, 3, 2, 12, tzinfo=UTC), UTC)

    assert [one.start.day for one in slices] == [24, 25, 26, 27, 28, 29, 1, 2]


def test_at_midnight_today_is_empty_and_not_yesterday() -> None:
    midnight = beginning_of(date(2026, 11, 18), BERLIN)

    assert Period(0).slices(midnight, BERLIN) == [Window(midnight, midnight)]


@pytest.mark.parametrize("zone", ["Atlantic/Azores", "America/Havana", "Asia/Beirut", "Africa/Cairo"])
def test_a_day_begins_once_also_where_midnight_is_left_out_or_comes_twice(zone: str) -> None:
    there = ZoneInfo(zone)
    for number in range(366):
        day = date(2026, 1, 1) + timedelta(days=number)
        begins = beginning_of(day, there)
        assert begins.astimezone(there).date() == day
        assert (begins - A_MOMENT).astimezone(there).date() == day - timedelta(days=1)


def test_days_and_weeks_are_cut_well_where_clocks_change() -> None:
    assert_all_cut_well(("Europe/Berlin", "Atlantic/Azores", "Europe/Dublin"), CHANGES[:1])


@pytest.mark.heavy
@pytest.mark.many
def test_days_and_weeks_are_cut_well_at_every_change_of_every_clock_of_the_european_union() -> None:
    leap_days = [datetime(2028, 2, 29, 0, tzinfo=UTC), datetime(2028, 3, 1, 0, tzinfo=UTC)]

    assert assert_all_cut_well((*EU, *ODD), [*CHANGES, *leap_days]) > 50_000
