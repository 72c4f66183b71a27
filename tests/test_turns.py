"""Reads take turns in a web process, and so do writes where that is asked; who has lost patience does not wait."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from marketdesk import serving, turns
from marketdesk.turns import Turns

SOON = 5.0


@dataclass(eq=False)
class Task:
    """A connection with one request, whose answer takes until `goes_on` is set."""

    method: str = "GET"
    goes_on: threading.Event = field(default_factory=threading.Event)
    has_begun: threading.Event = field(default_factory=threading.Event)
    is_done: threading.Event = field(default_factory=threading.Event)
    threads: list[str] = field(default_factory=list)

    @property
    def requests(self) -> list[SimpleNamespace]:
        return [SimpleNamespace(command=self.method)]

    def service(self) -> None:
        self.threads.append(threading.current_thread().name)
        self.has_begun.set()
        assert self.goes_on.wait(SOON)
        self.is_done.set()

    def cancel(self) -> None:
        self.threads.append("cancelled")


def quick(method: str = "GET") -> Task:
    task = Task(method)
    task.goes_on.set()
    return task


def soon(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    end = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.001)


@pytest.fixture
def start() -> Iterator[Callable[..., Turns]]:
    begun = []

    def _start(reads: int = 1, writes: int = 8, threads: int = 4) -> Turns:
        turns = Turns(reads=reads, writes=writes)
        turns.set_thread_count(threads)
        begun.append(turns)
        soon(lambda: len(turns._idle) == threads)  # whoever begins later looks into the line by himself
        return turns

    yield _start
    for one in begun:
        assert one.shutdown(timeout=SOON)
        assert not one.threads, "a thread goes on"
        assert not one._coming, "somebody was woken and did not look"


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 60.0)


def test_reads_are_worked_on_one_after_the_other(start: Callable[..., Turns], patient: None) -> None:
    line, tasks = start(), [Task() for _ in range(3)]
    for task in tasks:
        line.add_task(task)

    for here, after in zip(tasks, [*tasks[1:], None], strict=True):
        assert here.has_begun.wait(SOON)
        assert not (after and after.has_begun.wait(0.05))
        here.goes_on.set()

    assert all(task.is_done.wait(SOON) for task in tasks)


def test_so_many_at_once_as_it_is_told(start: Callable[..., Turns], patient: None) -> None:
    line, tasks = start(reads=2), [Task() for _ in range(3)]
    for task in tasks:
        line.add_task(task)

    assert tasks[0].has_begun.wait(SOON)
    assert tasks[1].has_begun.wait(SOON)
    assert not tasks[2].has_begun.wait(0.05)
    tasks[1].goes_on.set()
    assert tasks[2].has_begun.wait(SOON)
    for task in tasks:
        task.goes_on.set()


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_what_takes_long_keeps_nobody_of_its_kind_waiting(start: Callable[..., Turns], method: str) -> None:
    line, long, others = start(writes=1), Task(method), [quick(method) for _ in range(20)]
    line.add_task(long)
    assert long.has_begun.wait(SOON)
    for other in others:
        line.add_task(other)

    assert all(other.is_done.wait(SOON) for other in others)
    assert not long.is_done.is_set()
    long.goes_on.set()


def test_writes_wait_for_nobody(start: Callable[..., Turns], patient: None) -> None:
    line, reads, write = start(), [Task(), Task()], quick("POST")
    for task in (*reads, write):
        line.add_task(task)

    assert write.is_done.wait(SOON)
    assert not reads[1].has_begun.is_set()
    for task in reads:
        task.goes_on.set()


def test_a_write_keeps_no_read_waiting(start: Callable[..., Turns], patient: None) -> None:
    line, write, read = start(), Task("POST"), quick()
    line.add_task(write)
    assert write.has_begun.wait(SOON)

    line.add_task(read)

    assert read.is_done.wait(SOON)
    write.goes_on.set()


def test_where_writes_take_turns_too_neither_kind_waits_for_the_other(
    start: Callable[..., Turns], patient: None
) -> None:
    line, writes, reads = start(writes=1), [Task("POST"), Task("POST")], [Task(), Task()]
    for task in (*writes, *reads):
        line.add_task(task)

    assert writes[0].has_begun.wait(SOON)
    assert reads[0].has_begun.wait(SOON)
    assert not any(task.has_begun.wait(0.05) for task in (writes[1], reads[1]))
    writes[0].goes_on.set()
    assert writes[1].has_begun.wait(SOON)
    assert not reads[1].has_begun.wait(0.05)
    reads[0].goes_on.set()
    assert reads[1].has_begun.wait(SOON)
    for task in (writes[1], reads[1]):
        task.goes_on.set()


def test_more_writes_than_threads_are_all_done(start: Callable[..., Turns], patient: None) -> None:
    line, writes = start(threads=2), [quick("POST") for _ in range(50)]
    for write in writes:
        line.add_task(write)

    assert all(write.is_done.wait(SOON) for write in writes)


@pytest.mark.usefixtures("patient")
def test_who_was_idle_last_is_woken_first(start: Callable[..., Turns]) -> None:
    line, names = start(threads=8), set[str]()
    for _ in range(30):
        task = quick()
        line.add_task(task)
        assert task.is_done.wait(SOON)
        soon(lambda: len(line._idle) == 8)
        names |= set(task.threads)

    assert len(names) <= 2


@pytest.mark.usefixtures("patient")
def test_however_many_stand_in_line_one_thread_does_it_all(start: Callable[..., Turns]) -> None:
    line = start(threads=8)
    tasks = [quick() for _ in range(900)]

    for number in range(0, len(tasks), 4):
        for task in tasks[number : number + 4]:
            line.add_task(task)
        awaited = number // 4 % 4  # the next ones come while three are left, two, one or none
        assert tasks[number + awaited].is_done.wait(SOON)

    assert all(task.is_done.wait(SOON) for task in tasks)
    # Another one watches the line meanwhile, and may be the quicker one now and then.
    assert len({name for task in tasks for name in task.threads}) <= 2


@pytest.mark.parametrize("writes", [1, 8])
def test_everything_is_done_once_whoever_comes_in_whichever_order(
    start: Callable[..., Turns], monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.001)
    line = start(reads=2, writes=writes, threads=8)
    tasks = [quick("POST" if number % 3 == 0 else "GET") for number in range(900)]

    def come(which: list[Task]) -> None:
        for task in which:
            line.add_task(task)

    comers = [threading.Thread(target=come, args=[tasks[n::3]]) for n in range(3)]
    for comer in comers:
        comer.start()
    for comer in comers:
        comer.join()

    assert all(task.is_done.wait(SOON) for task in tasks)
    assert [len(task.threads) for task in tasks] == [1] * 900
    assert not line._in_line.total()
    assert not line.queue


def test_a_request_that_fails_badly_keeps_its_thread(start: Callable[..., Turns], patient: None) -> None:
    line, bad, good = start(threads=1), quick(), quick()
    bad.service = lambda: 1 / 0  # type: ignore[assignment, method-assign]
    line.add_task(bad)
    line.add_task(good)

    assert good.is_done.wait(SOON)


def test_whoever_stands_in_line_at_the_end_is_told(patient: None) -> None:
    line, reads = Turns(reads=1, writes=1), [Task(), Task()]
    line.set_thread_count(2)
    for task in reads:
        line.add_task(task)
    assert reads[0].has_begun.wait(SOON)

    line.shutdown(timeout=0)
    reads[0].goes_on.set()

    assert reads[1].threads == ["cancelled"]


@pytest.mark.parametrize(
    ("host", "options", "is_beside"),
    [
        ("", {}, True),
        ("/var/run/postgresql", {"prepare_threshold": 5}, True),
        ("127.0.0.1", {"prepare_threshold": 5}, True),
        ("localhost", {"prepare_threshold": 5}, True),
        ("db.internal", {"prepare_threshold": 5}, False),
        ("10.0.0.7", {"prepare_threshold": 5}, False),
        ("127.0.0.1", {"prepare_threshold": None}, False),
    ],
)
def test_where_the_database_runs(host: str, options: dict[str, int | None], is_beside: bool) -> None:
    assert serving.is_beside({"HOST": host, "OPTIONS": options}) is is_beside
