"""Who in a web process works on what: reads take turns, in the order in which they came.

Eight threads that each draw a page keep a processor no busier than one, and get in each other's way: a page took a
quarter more of the processor, and one of a hundred twice as long (docs/decisions/0038-reads-take-turns.md)."""

import threading
import time
from typing import Any

from waitress.task import ThreadedTaskDispatcher

# Seconds after which a read that is still worked on keeps nobody waiting.
PATIENCE = 0.05
WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Turns(ThreadedTaskDispatcher):  # type: ignore[misc]
    """Gives requests to threads. Reads begin while fewer than `at_once` others are worked on; one that takes longer
    than PATIENCE counts no more. Writes, which wait for a disk and for locks, begin at once."""

    def __init__(self, at_once: int) -> None:
        super().__init__()
        self._at_once = at_once
        self._since: dict[int, float] = {}  # the threads that work on a read
        self._is_watched = False  # one idle thread looks whether somebody has lost patience
        self._writes = 0  # in line
        self._idle: list[threading.Condition] = []  # the last one to be idle is woken first: its connection is warm

    def add_task(self, task: Any) -> None:
        """A request stands in line."""
        with self.lock:
            self.queue.append(task)
            self._writes += not _reads(task)
            if not self._is_watched or self._next():
                self._wake()

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
        with self.lock:
            self._since.pop(thread_no, None)
            while not self.stop_count:
                if task := self._next():
                    self.queue.remove(task)
                    if _reads(task):
                        self._since[thread_no] = time.monotonic()
                    else:
                        self._writes -= 1
                    if self.queue and not self._is_watched:
                        self._wake()
                    return task
                self._wait()
            self.active_count -= 1
            self.stop_count -= 1
            self.threads.discard(thread_no)
            self.thread_exit_cv.notify()
            return None

    def _next(self) -> Any:
        """The first in line that may begin now, if any."""
        if not self.queue:
            return None
        if len(self._since) >= self._at_once:
            now = time.monotonic()
            if sum(now - since < PATIENCE for since in self._since.values()) >= self._at_once:
                return next((task for task in self.queue if not _reads(task)), None) if self._writes else None
        return self.queue[0]

    def _wait(self) -> None:
        """Until somebody is woken; who watches a line looks again by itself."""
        watches = bool(self.queue) and not self._is_watched
        self._is_watched |= watches
        here = threading.Condition(self.lock)
        self._idle.append(here)
        self.active_count -= 1
        here.wait(PATIENCE if watches else None)
        self.active_count += 1
        if here in self._idle:
            self._idle.remove(here)
        if watches:
            self._is_watched = False

    def _wake(self) -> None:
        if self._idle:
            self._idle.pop().notify()


def _reads(task: Any) -> bool:
    """Whether a connection's next request only asks for something. One without sense has no method: it does no more."""
    return not any(getattr(request, "command", "") in WRITES for request in task.requests[:1])
