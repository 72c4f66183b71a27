"""Who in a web process works on what: reads take turns, in the order in which they came, and so do those who write to
SQLite.

Eight threads that each draw a page keep a processor no busier than one, and get in each other's way: a page took a
quarter more of the processor, and one of a hundred twice as long (docs/decisions/0038-reads-take-turns.md)."""

import threading
import time
from bisect import insort
from collections import Counter
from enum import Enum
from typing import Any

from waitress.task import ThreadedTaskDispatcher

# Seconds after which a request that is still worked on keeps nobody waiting.
PATIENCE = 0.05


class Kind(Enum):
    """Whether a request only asks for something."""

    READ = "read"
    WRITE = "write"


WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Turns(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Gives requests to threads. One begins while fewer than so many others of its kind are worked on; one that takes
    longer than PATIENCE counts no more. Reads keep no write waiting, and writes no read."""

    def __init__(self, *, reads: int, writes: int) -> None:
        super().__init__()
        self._at_once = {Kind.READ: reads, Kind.WRITE: writes}
        self._since: dict[Kind, dict[int, float]] = {kind: {} for kind in Kind}  # the threads that work on one
        self._in_line: Counter[Kind] = Counter()
        self._is_watched = False  # one idle thread looks whether somebody has lost patience
        # By when they last had something to do: that one is woken first whose connection is warm.
        self._idle: list[tuple[float, int, threading.Condition]] = []
        self._coming = 0  # those who were woken and have not looked yet

    def add_task(self, task: Any) -> None:
        """A request stands in line."""
        with self.lock:
            self.queue.append(task)
            self._in_line[_kind(task)] += 1
            self._wake_one()

    def set_thread_count(self, count: int) -> None:
        """Start threads, or let some end."""
        super().set_thread_count(count)
        with self.lock:
            while self.stop_count and self._idle:
                self._wake()

    def handler_thread(self, thread_no: int) -> None:
        """What a thread does until it is stopped."""
        while task := self._taken(thread_no):
            try:
                task.service()
            except BaseException:
                self.logger.exception("Exception when servicing %r", task)

    def _taken(self, thread_no: int) -> Any:
        """The request whose turn it is, as soon as there is one; None where the thread is to end."""
        last = time.monotonic()
        with self.lock:
            for since in self._since.values():
                since.pop(thread_no, None)
            while not self.stop_count:
                if task := self._next():
                    self.queue.remove(task)
                    self._in_line[_kind(task)] -= 1
                    self._since[_kind(task)][thread_no] = time.monotonic()
                    self._wake_one()
                    return task
                self._wait(last, thread_no)
            self.active_count -= 1
            self.stop_count -= 1
            self.threads.discard(thread_no)
            self.thread_exit_cv.notify()
            return None

    def _next(self) -> Any:
        """The first in line that may begin now, if any."""
        may_begin = [kind for kind, number in self._in_line.items() if number and self._is_turn_of(kind)]
        return next((task for task in self.queue if _kind(task) in may_begin), None) if may_begin else None

    def _is_turn_of(self, kind: Kind) -> bool:
        begun = self._since[kind]
        if len(begun) < self._at_once[kind]:
            return True
        now = time.monotonic()
        return sum(now - since < PATIENCE for since in begun.values()) < self._at_once[kind]

    def _wait(self, last: float, thread_no: int) -> None:
        """Until it is woken; who watches a line looks again by itself. `last` is when it had something to do."""
        watches = bool(self.queue) and not self._is_watched
        self._is_watched |= watches
        woken = threading.Condition(self.lock)
        here = (last, thread_no, woken)
        insort(self._idle, here)
        self.active_count -= 1
        woken.wait(PATIENCE if watches else None)
        self.active_count += 1
        if here in self._idle:
            self._idle.remove(here)
        else:
            self._coming -= 1
        if watches:
            self._is_watched = False

    def _wake_one(self) -> None:
        """If there is something to do or to watch, and nobody is coming who will wake the next one in turn."""
        if self.queue and not self._coming and (not self._is_watched or self._next()):
            self._wake()

    def _wake(self) -> None:
        if self._idle:
            self._coming += 1
            _last, _thread_no, woken = self._idle.pop()
            woken.notify()


def _kind(task: Any) -> Kind:
    """Of a connection's next request. One without sense has no method: it only asks."""
    return Kind.WRITE if any(getattr(one, "command", "") in WRITES for one in task.requests[:1]) else Kind.READ
