"""Spending what limits allow: each process takes a few calls at once from the database and hands them out from memory,
so that hardly any call writes. What is taken and not spent when the window ends is lost: a caller may be refused a few
calls early, and is never let over the limit."""

import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from django.utils import timezone

from marketdesk.journal.models.allowance import Allowance, Lease, Limit, in_milliseconds

# Whom a process remembers; whoever was met first is forgotten first, and loses what was taken and not spent.
MOST_PURSES = 10_000


@dataclass(frozen=True)
class Left:
    """What is left of a limit after a call, as far as this process knows, and for how many seconds."""

    limit: Limit
    calls: int
    seconds: int


class Exceeded(Exception):
    """A limit is used up: nothing was spent, of no other limit either."""

    def __init__(self, left: Left) -> None:
        super().__init__(f"{left.limit.subject} has used up {left.limit.most} in {left.limit.seconds} s")
        self.left = left


@dataclass
class _Purse:
    """What this process holds of one limit. `ends` is 0 when it knows nothing."""

    limit: Limit
    held: int = 0
    used: int = 0
    ends: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, limit: Limit, now: int) -> None:
        """Forget a window that is over, or that had another limit."""
        if limit != self.limit or not now < self.ends <= now + 2000 * limit.seconds:
            self.limit, self.held, self.used, self.ends = limit, 0, 0, 0

    def put(self, lease: Lease) -> None:
        self.held, self.used, self.ends = lease.taken, lease.used, lease.ends

    @property
    def is_used_up(self) -> bool:
        """Whether nothing can be had before the window ends, so that the database need not be asked again."""
        return self.ends > 0 and not self.held and self.used >= self.limit.most

    def left(self, now: int) -> Left:
        calls = max(0, self.held + self.limit.most - self.used)
        return Left(self.limit, calls, max(1, -(-(self.ends - now) // 1000)))


_purses: dict[str, _Purse] = {}
_purses_lock = threading.Lock()


def spend(limits: Sequence[Limit]) -> list[Left]:
    """Spend one of each limit. Raises Exceeded where one of them is used up, and spends nothing."""
    with ExitStack() as locks:
        purses = [_purse(limit) for limit in limits]
        for purse in purses:
            locks.enter_context(purse.lock)
        now = in_milliseconds(timezone.now())
        for purse, limit in zip(purses, limits, strict=True):
            purse.look(limit, now)
        _fill([purse for purse in purses if not purse.held], now)
        for purse in purses:
            purse.held -= 1
        return [purse.left(now) for purse in purses]


def _fill(empty: list[_Purse], now: int) -> None:
    """Take a batch for each, or else one alone: the last ones of a limit."""
    _refuse(empty, now)
    _take([(purse, purse.limit.batch) for purse in empty], now)
    _take([(purse, 1) for purse in empty if not purse.held and purse.limit.batch > 1], now)
    for purse in empty:
        if not purse.held:
            purse.used, purse.ends = purse.limit.most, Allowance.end_of(purse.limit, now)
    _refuse(empty, now)


def _take(wishes: list[tuple[_Purse, int]], now: int) -> None:
    taken = Allowance.lease([(purse.limit, number) for purse, number in wishes], now) if wishes else {}
    for purse, _number in wishes:
        if purse.limit.subject in taken:
            purse.put(taken[purse.limit.subject])


def _refuse(purses: list[_Purse], now: int) -> None:
    """Raise Exceeded for the one that lasts longest of those that are used up."""
    used_up = [purse for purse in purses if purse.is_used_up]
    if used_up:
        raise Exceeded(max(used_up, key=lambda purse: purse.ends).left(now))


def _purse(limit: Limit) -> _Purse:
    with _purses_lock:
        if limit.subject not in _purses and len(_purses) >= MOST_PURSES:
            del _purses[next(iter(_purses))]
        return _purses.setdefault(limit.subject, _Purse(limit))


def forget() -> None:
    """Hold nothing, and know nothing, as after a start."""
    with _purses_lock:
        _purses.clear()
