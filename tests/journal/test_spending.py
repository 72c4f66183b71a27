"""What limits allow, to the millisecond."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketdesk.journal import spending
from marketdesk.journal.models import Allowance, Limit
from marketdesk.journal.models.allowance import in_milliseconds
from marketdesk.journal.spending import Exceeded, Left

pytestmark = pytest.mark.django_db

Count = Callable[..., CaptureQueriesContext]
FIVE = Limit("five", 5, 60)
MANY = Limit("many", 100, 60, batch=20)


def spend(*limits: Limit, times: int = 1) -> list[int]:
    """Spend so often; what was left of the first limit each time."""
    return [spending.spend(limits)[0].calls for _ in range(times)]


def passes(*limits: Limit, of: int) -> int:
    """How many of so many tries are let through."""

    def tries() -> Iterator[bool]:
        for _ in range(of):
            try:
                spending.spend(limits)
                yield True
            except Exceeded:
                yield False

    return sum(tries())


def another_process() -> None:
    spending.forget()


def test_a_limit_lets_through_exactly_what_it_says(now: Any) -> None:
    assert spend(FIVE, times=5) == [4, 3, 2, 1, 0]

    with pytest.raises(Exceeded) as exceeded:
        spend(FIVE)
    assert exceeded.value.left == Left(FIVE, 0, 60)
    assert Allowance.objects.get().used == 5


def test_batches_let_through_exactly_what_the_limit_says(now: Any) -> None:
    left = spend(MANY, times=100)

    assert left == list(reversed(range(100)))
    assert passes(MANY, of=50) == 0


@pytest.mark.parametrize("most", [1, 19, 21, 50, 99, 101])
def test_limits_that_no_batch_divides_are_used_up_to_the_last(most: int, now: Any) -> None:
    assert passes(Limit("odd", most, 60, batch=10), of=150) == most


def test_a_batch_costs_one_statement(now: Any, django_assert_num_queries: Count) -> None:
    with django_assert_num_queries(1):
        spend(MANY, FIVE, times=1)
    with django_assert_num_queries(0):
        spend(MANY, times=19)
    with django_assert_num_queries(1):
        spend(MANY)


def test_whoever_is_refused_costs_nothing_until_the_window_ends(now: Any, django_assert_num_queries: Count) -> None:
    spend(FIVE, times=5)
    another_process()

    with django_assert_num_queries(2):
        assert passes(FIVE, of=1) == 0
    with django_assert_num_queries(0):
        assert passes(FIVE, of=20) == 0


def test_the_window_begins_with_the_first_call_and_ends_to_the_millisecond(now: Any) -> None:
    now.shift(timedelta(seconds=47))  # a minute of the clock means nothing
    spend(FIVE)
    now.shift(timedelta(seconds=59.999))
    assert passes(FIVE, of=10) == 4

    now.shift(timedelta(milliseconds=1))

    assert spend(FIVE, times=5) == [4, 3, 2, 1, 0]


def test_no_sixty_seconds_see_twice_the_limit(now: Any) -> None:
    spend(FIVE)
    now.shift(timedelta(seconds=59.999))
    at_once = passes(FIVE, of=10)
    now.shift(timedelta(milliseconds=1))
    at_once += passes(FIVE, of=10)

    assert at_once == 9


def test_what_was_taken_is_lost_with_its_window(now: Any) -> None:
    spend(MANY, times=3)
    now.shift(timedelta(seconds=60))

    assert passes(MANY, of=150) == 100


def test_processes_share_one_limit(now: Any) -> None:
    spend(FIVE, times=2)
    another_process()

    assert passes(FIVE, of=10) == 3


def test_a_process_that_dies_takes_at_most_a_batch_with_it(now: Any) -> None:
    spend(MANY)
    another_process()

    assert passes(MANY, of=150) == 80


def test_of_two_limits_both_must_have_something_left(now: Any) -> None:
    store = Limit("store", 7, 60)
    assert passes(FIVE, store, of=10) == 5

    assert passes(Limit("other", 5, 60), store, of=10) == 2


def test_a_call_that_one_limit_refuses_uses_up_nothing_of_the_other(now: Any) -> None:
    store = Limit("store", 2, 60)
    assert passes(FIVE, store, of=10) == 2

    assert passes(FIVE, of=10) == 3


def test_the_one_that_lasts_longest_is_told(now: Any) -> None:
    short, long = Limit("short", 1, 60), Limit("long", 1, 3600)
    spend(short, long)

    with pytest.raises(Exceeded) as exceeded:
        spend(short, long)

    assert exceeded.value.left == Left(long, 0, 3600)


def test_a_higher_limit_counts_at_once(now: Any) -> None:
    assert passes(FIVE, of=10) == 5

    assert passes(Limit("five", 8, 60), of=10) == 3


def test_under_a_lower_limit_nothing_that_was_taken_is_spent(now: Any) -> None:
    spend(MANY)

    assert passes(Limit("many", 5, 60), of=10) == 0
    assert passes(Limit("many", 22, 60), of=10) == 2


@pytest.mark.parametrize("hours", [1, 24 * 365])
def test_a_clock_that_was_wrong_and_is_put_right_shuts_nobody_out(hours: int, now: Any) -> None:
    now.shift(timedelta(hours=hours))
    assert passes(FIVE, of=10) == 5
    now.shift(-timedelta(hours=hours))

    assert passes(FIVE, of=10) == 5
    another_process()
    assert passes(FIVE, of=10) == 0


def test_whoever_looked_at_the_clock_earlier_begins_no_window_of_their_own(now: Any) -> None:
    spend(FIVE, times=5)
    another_process()
    now.shift(-timedelta(seconds=1))

    assert passes(FIVE, of=10) == 0


def test_only_so_many_are_remembered(now: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spending, "MOST_PURSES", 3)
    for number in range(10):
        assert spend(Limit(f"guest {number}", 2, 60)) == [1]

    assert len(spending._purses) == 3
    assert passes(Limit("guest 0", 2, 60), of=5) == 1


def test_windows_that_are_over_are_swept(now: Any) -> None:
    spend(FIVE)
    now.shift(timedelta(seconds=61))
    spend(MANY)

    assert Allowance.sweep(timezone.now()) == 1
    assert [row.subject for row in Allowance.objects.all()] == ["many"]


def test_a_row_can_be_read_by_a_person(now: Any) -> None:
    spend(FIVE)

    assert str(Allowance.objects.get()) == "five: 1 of 5"
    assert Allowance.objects.get().ends == in_milliseconds(timezone.now()) + 60_000
