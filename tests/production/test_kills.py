"""Several machines: what was acknowledged stays and is told once, whichever of them is killed; and a database that is
started anew is waited for (CR4 of the programme)."""

import http.client
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from email import message_from_string

import psutil
import pytest

from tests.crashes import clients, postgres
from tests.crashes.clients import Crowd
from tests.desk import Address, free_ports, until
from tests.outbox import webhooks
from tests.production.topology import Machine, Primary, Production, production
from tests.results import cases, record

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(not postgres.programs(), reason="NO MACHINE WAS KILLED (CR4 is not shown): install PostgreSQL"),
]

KILLS = cases(5, release=50)
RESTARTS = cases(5, release=50)
WRITTEN = 8  # between two kills
PAUSE = 1.0  # of each of the six
WINDOW = 5.0
WATCHERS = 2
REPORTS = ("/dashboard/performance", "/dashboard/performance/ledger")
# A web process that believes in a connection as long as it has it.
BELIEVING = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "marketdesk.settings"
django.setup()
from django.db.backends.base.base import BaseDatabaseWrapper
from marketdesk import cli
for look in ("close_if_health_check_failed", "close_if_unusable_or_obsolete"):
    assert hasattr(BaseDatabaseWrapper, look)
    setattr(BaseDatabaseWrapper, look, lambda self: None)
raise SystemExit(cli.main())
"""


@pytest.fixture(scope="module")
def everything() -> Iterator[Production]:
    with production() as everything:
        yield everything


@pytest.fixture(scope="module")
def crowd(everything: Production) -> Crowd:
    """Mehmet, his program and the marketplace's, who all write through nginx."""
    crowd = clients.furnish(everything.webs[0], everything.nginx)
    for client in crowd.clients:
        client.pause = PAUSE
    return crowd


@pytest.fixture
def mehmet(crowd: Crowd) -> dict[str, str]:
    """His cookie."""
    (session,) = {client.secret for client in crowd.clients if isinstance(client, clients.Person)}
    return {"Cookie": f"sessionid={session}"}


@dataclass
class Answer:
    """What somebody was told: when they asked, until when it took, and what it was; 0 is no answer."""

    asked_at: float
    came_at: float
    status: int
    retry_after: str | None


@dataclass
class Watcher(threading.Thread):
    """Somebody who looks at pages one after the other."""

    front: Address
    paths: tuple[str, ...]
    headers: dict[str, str]
    stop: threading.Event
    answers_: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        while not self.stop.wait(0.02):
            for path in self.paths:
                asked_at = time.monotonic()
                status, retry_after = self._look(path)
                self.answers_.append(Answer(asked_at, time.monotonic(), status, retry_after))

    def _look(self, path: str) -> tuple[int, str | None]:
        line = self.front.connect(timeout=20)
        try:
            line.request("GET", path, headers=self.headers)
            answer = line.getresponse()
            answer.read()
            return answer.status, answer.headers["Retry-After"]
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            line.close()


@contextmanager
def watching(front: Address, paths: tuple[str, ...], headers: dict[str, str]) -> Iterator[list[Watcher]]:
    stop = threading.Event()
    watchers = [Watcher(front, paths, headers, stop) for _ in range(WATCHERS)]
    for watcher in watchers:
        watcher.start()
    try:
        yield watchers
    finally:
        stop.set()
        for watcher in watchers:
            watcher.join(30)


def answers(watchers: list[Watcher]) -> list[Answer]:
    return [answer for watcher in watchers for answer in watcher.answers_]


def until_all_is_told(everything: Production) -> None:
    """A minute after a worker was killed another one takes its jobs: here it is over at once."""
    with everything.connect() as database:
        database.execute("UPDATE journal_job SET lease_until = now() WHERE done_at IS NULL AND lease_until > now()")
        undone = "SELECT count(*) FROM journal_job WHERE done_at IS NULL AND run_at <= now()"
        unsent = "SELECT count(*) FROM outbox_delivery WHERE status = 'waiting'"
        until(lambda: database.execute(f"SELECT ({undone}) + ({unsent})").fetchone() == (0,), patience=240)


def test_whichever_machine_is_killed_nothing_is_lost_and_nothing_told_twice(
    everything: Production, crowd: Crowd, mehmet: dict[str, str]
) -> None:
    webs, workers = everything.webs, everything.workers
    heard = {web: len(web.said()) for web in webs}  # another test may have stopped the database before
    victims: list[Machine | Primary] = [webs[0], workers[0], everything.replica, webs[1], workers[1]]
    with ExitStack() as stack:
        shop = stack.enter_context(webhooks.receiver())
        assert everything.webs[0].run("webhook", "add", shop.url).returncode == 0
        watchers = stack.enter_context(watching(everything.nginx, REPORTS, mehmet))
        with crowd.writing():
            for kill in range(KILLS):
                victim = victims[kill % len(victims)]
                crowd.write(WRITTEN)
                victim.kill()
                crowd.write(WRITTEN)
                victim.revive()
        until_all_is_told(everything)
        with everything.connect() as database:
            wrong = clients.what_is_wrong(database, crowd.acknowledged)
            told = {one for (one,) in database.execute("SELECT message_id FROM outbox_delivery").fetchall()}
            mailed = database.execute("SELECT count(*) FROM journal_job WHERE kind = 'mail'").fetchone()
        seen = Counter(answer.status for answer in answers(watchers))

    mails = [message_from_string(mail) for mail in everything.mails()]
    bodies = {request.body: request.id for request in shop.came}
    record(
        "machines killed",
        database="postgresql",
        kills=KILLS,
        acknowledged=len(crowd.acknowledged),
        webhooks=len(told),
        mails=len(mails),
        reports_read=seen.total(),
        lost=0,
    )
    assert wrong == {}
    assert set(crowd.statuses) <= {200, 201, 302, 503}, crowd.refused[-3:]
    assert set(seen) <= {200, 503}
    assert {request.id for request in shop.came} == told, "each is told, under its one name"
    assert len(bodies) == len(told)
    assert mailed is not None
    assert len({mail["Message-ID"] for mail in mails}) == mailed[0], "as many mails as there are to be sent"
    assert "Traceback" not in "".join(web.said()[length:] for web, length in heard.items())


def wait_for(watchers: list[Watcher], more: int) -> None:
    """Until they have so many more answers."""
    aim = len(answers(watchers)) + more
    until(lambda: len(answers(watchers)) >= aim, patience=60)


def look_while_it_restarts(
    primary: Primary, front: Address, mehmet: dict[str, str], modes: list[str]
) -> tuple[list[Answer], list[float], list[Answer]]:
    """All answers; how long each restart was felt after it was over; and the failures of those who asked then."""
    windows, late = [], []
    with watching(front, PAGES, mehmet) as watchers:
        for mode in modes:
            wait_for(watchers, 8)
            begun = time.monotonic()
            primary.restart(mode)
            ready = time.monotonic()
            wait_for(watchers, 40)
            failed = [one for one in answers(watchers) if one.came_at > begun and one.status != 200]
            windows.append(max([one.came_at - ready for one in failed if one.came_at > ready], default=0.0))
            late += [one for one in failed if one.asked_at > ready]
    return answers(watchers), windows, late


PAGES = ("/dashboard/performance", "/dashboard/tickets/closed/", "/api/v2/ticket/get-action-required")


def test_a_database_that_starts_anew_is_waited_for_without_a_mistake(
    everything: Production, crowd: Crowd, mehmet: dict[str, str]
) -> None:
    (token,) = {client.secret for client in crowd.clients if isinstance(client, clients.Program)}
    known = mehmet | {"Authorization": f"Bearer {token}"}
    machines = [*everything.webs, *everything.workers]
    before = {process.pid for machine in machines for process in family(machine)}
    modes = [("fast", "immediate")[number % 2] for number in range(RESTARTS)]

    seen, windows, late = look_while_it_restarts(everything.primary, everything.nginx, known, modes)

    statuses = Counter(one.status for one in seen)
    record(
        "CR4",
        database="postgresql",
        restarts=RESTARTS,
        answers=len(seen),
        told_to_wait=statuses[503],
        seconds_after_it_was_back=max(windows),
    )
    assert set(statuses) == {200, 503}
    assert all(one.retry_after for one in seen if one.status == 503)
    assert max(windows) <= WINDOW
    assert late == []
    assert {process.pid for machine in machines for process in family(machine)} == before
    with everything.connect() as database:
        database.execute("UPDATE journal_job SET run_at = now() WHERE done_at IS NULL AND dead_at IS NULL")
    until_all_is_told(everything)


def family(machine: Machine) -> list[psutil.Process]:
    assert machine.process
    return [machine.process, *machine.process.children(recursive=True)]


def test_who_believes_in_connections_makes_people_wait_longer(
    everything: Production, crowd: Crowd, mehmet: dict[str, str]
) -> None:
    """The control: were this green, the test above would show nothing."""
    (token,) = {client.secret for client in crowd.clients if isinstance(client, clients.Program)}
    (port,) = free_ports(1)
    web = everything._machine("web-believing", port, *everything.webs[0].words)
    web.command = [sys.executable, "-c", BELIEVING]
    try:
        web.revive()
        known = mehmet | {"Authorization": f"Bearer {token}", "X-Forwarded-Proto": "https"}

        _, _, late = look_while_it_restarts(everything.primary, web, known, ["fast"])
    finally:
        web.kill()

    assert late != []
