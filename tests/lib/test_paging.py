"""All pages together are the whole list: nothing twice, nothing missing, equal moments in their order."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketdesk.lib import paging
from marketdesk.policy.models import PolicyChange

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)

# Few different moments, so that many are equal, down to neighbouring microseconds.
OFFSETS = st.lists(st.sampled_from([0, 1, 2, 999_999, 1_000_000, 86_400_000_000, -1, 3 * 10**15]), max_size=40)


def write(offsets: list[int]) -> None:
    PolicyChange.objects.all().delete()
    PolicyChange.objects.bulk_create(
        PolicyChange(reason="", made_at=START + timedelta(microseconds=offset)) for offset in offsets
    )


def walk(size: int, newest_first: bool) -> list[list[int]]:
    pages, after = [], ""
    while True:
        found = paging.page(PolicyChange.objects.all(), "made_at", after, newest_first=newest_first, size=size)
        pages.append([row.pk for row in found.rows])
        if not found.after:
            return pages
        after = found.after


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(offsets=OFFSETS, size=st.integers(1, 15), newest_first=st.booleans())
def test_walking_all_pages_gives_the_whole_list_once(offsets: list[int], size: int, newest_first: bool) -> None:
    write(offsets)
    sign = "-" if newest_first else ""
    whole = list(PolicyChange.objects.order_by(f"{sign}made_at", f"{sign}pk").values_list("pk", flat=True))

    pages = walk(size, newest_first)

    assert [pk for page in pages for pk in page] == whole
    assert all(len(page) == size for page in pages[:-1])
    assert pages[-1] or pages == [[]], "no empty last page"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_a_key_keeps_every_microsecond(moment: datetime) -> None:
    assert paging.read_key(paging.write_key(moment, 7)) == (moment, 7)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "_",
        "x_1",
        "1_x",
        "nan_1",
        "inf_1",
        "-inf_1",
        "1e400_1",
        "99999999999999_1",
        "-99999999999_1",
        "1.0",
        "'; --",
        "１_１x",
        "1_" + "9" * 5000,
        "\x00_1",
    ],
)
def test_a_key_that_makes_no_sense_begins_at_the_start(key: str) -> None:
    write([0, 1, 2])

    assert len(paging.page(PolicyChange.objects.all(), "made_at", key).rows) == 3


def test_a_key_with_an_endless_number_is_no_error() -> None:
    write([0, 1, 2])

    for number in (10**30, -(10**30)):
        for newest_first in (True, False):
            key = f"{START.timestamp()}_{number}"
            paging.page(PolicyChange.objects.all(), "made_at", key, newest_first=newest_first)


def test_a_page_costs_one_query(django_assert_num_queries: Any) -> None:
    write(list(range(10)))

    with django_assert_num_queries(1):
        paging.page(PolicyChange.objects.all(), "made_at", "", size=5)
