"""The processes of `marketdesk serve`: web processes on one socket, a worker, and a parent that looks after them.

The parent does nothing but fork, wait and restart: it holds no database connection and no thread, so a fork is
always safe. A child notices by the closed pipe when the parent is gone, however it went, and stops: no orphans.
"""

import contextlib
import ctypes
import fcntl
import gc
import logging
import mmap
import os
import resource
import select
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from django.conf import settings
from django.db import connections
from django.urls import get_resolver
from waitress import create_server, wasyncore

from marketdesk import home, metrics, schedule
from marketdesk.api.channel import EnvelopedChannel
from marketdesk.lib import languages
from marketdesk.turns import Turns

log = logging.getLogger(__name__)

THREADS = 8
# Reads that a process works on at once: who waits for a database on the same machine waits for the same processors.
READS_BESIDE, READS_AFAR = 1, 4
# Writes: they wait for each other in SQLite anyway, and with PostgreSQL for a disk, which writes several together.
WRITES_SQLITE, WRITES_POSTGRESQL = 1, THREADS
# Open connections of a web process, idle and slow ones included: they cost a few kilobytes each, and no thread.
CONNECTIONS = 2000
# Seconds that a stopping child has to finish what it is doing, and a child must live to count as healthy.
GRACE = 10.0
HEALTHY = 5.0
# Seconds that a process leaves a new connection to another that has fewer.
TURN = 0.0005
LARGEST_REQUEST = 72 * 1024 * 1024  # six pictures of 10 MB and the words around them
M_ARENA_MAX = -8  # of mallopt(3)
STOPPING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def cores() -> int:
    """How many processes can run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def listen(host: str, port: int) -> socket.socket:
    """The socket that every web process accepts on. Raises OSError where the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except BaseException:
        listening.close()
        raise
    return listening


class ServedAlready(Exception):
    """Another `serve` is at work on this SQLite home: which process, on which machine."""

    def __init__(self, pid: str, host: str) -> None:
        super().__init__(pid, host)
        self.pid, self.host = pid, host
        self.is_elsewhere = host != socket.gethostname()


class Claim:
    """The one server of a SQLite home. Two on one machine would do no harm but are never meant; on two machines they
    damage the database. A record lock, since it belongs to this process alone: what it forks may live longer."""

    def __init__(self) -> None:
        self.note = (settings.HOME / "serving.lock").open("a+")

    def take(self) -> None:
        """Be that one until this process ends. Raises ServedAlready."""
        patience = time.monotonic() + 1  # a worker may just be looking
        while not self._lock():
            if time.monotonic() > patience:
                raise self.holder()
            time.sleep(0.1)
        self.note.truncate(0)
        self.note.write(f"{os.getpid()} {socket.gethostname()}\n")
        self.note.flush()

    def holder(self) -> ServedAlready:
        """Who it is."""
        self.note.seek(0)
        pid, host = [*self.note.read().split(), "?", socket.gethostname()][:2]
        return ServedAlready(pid, host)

    def refuse_elsewhere(self) -> None:
        """A worker may run beside the server, not on another machine. Raises ServedAlready."""
        if not self._lock() and self.holder().is_elsewhere:
            raise self.holder()
        fcntl.lockf(self.note, fcntl.LOCK_UN)

    def _lock(self) -> bool:
        try:
            fcntl.lockf(self.note, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def load_pages() -> None:
    """Load every page before forking: the processes share the memory, and what is broken shows at the start. Not before
    the home is prepared: the application looks once at which static files there are."""
    import marketdesk.wsgi  # noqa: F401

    assert get_resolver().url_patterns
    assert languages.babel_locale(settings.LANGUAGE_CODE).territories  # 4 MB of names and formats


def share_one_heap() -> None:
    """Let threads share the process's heap instead of having one each: a third of the memory of a web process. Before
    any thread is started. Only one of them runs Python at a time, so they do not wait for each other."""
    with contextlib.suppress(AttributeError, OSError):  # glibc's alone
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def allow_connections() -> None:
    """Raise this process's limit of open files, which is 1024 or less on most systems, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS  # a request that is being received may have a temporary file
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


# Children


class Crowd:
    """How many connections each web process has, in memory that they share. Who happens to wake first would take all
    that come at once, and keep them, while another process has nothing to do."""

    def __init__(self, processes: int) -> None:
        self._connections = memoryview(mmap.mmap(-1, processes * struct.calcsize("I"))).cast("I")

    def note(self, process: int, connections: int) -> None:
        """Say how many one has, counted from 0."""
        self._connections[process] = connections

    def is_ahead(self, process: int) -> bool:
        """Whether another process has fewer."""
        return self._connections[process] > min(self._connections)


def serve_pages(listening: socket.socket, crowd: Crowd, process: int) -> None:
    """One web process: waitress on the shared socket, until told to stop; answers under way are finished."""
    from marketdesk.wsgi import application

    allow_connections()
    stop = stop_on(signal.SIGTERM)
    behind_proxy = {"trusted_proxy": "*", "trusted_proxy_headers": "x-forwarded-for x-forwarded-proto"}
    turns = Turns(
        reads=READS_BESIDE if is_beside(settings.DATABASES["default"]) else READS_AFAR,
        writes=WRITES_SQLITE if connections["default"].vendor == "sqlite" else WRITES_POSTGRESQL,
    )
    turns.set_thread_count(THREADS)
    server = create_server(
        application,
        _dispatcher=turns,
        sockets=[listening],
        connection_limit=CONNECTIONS,  # with waitress's own 100, a hundred slow clients lock everybody out
        asyncore_use_poll=True,  # select() ends at about a thousand sockets
        max_request_body_size=LARGEST_REQUEST,
        channel_timeout=60,
        ident=None,
        clear_untrusted_proxy_headers=True,
        **(behind_proxy if settings.SECURE_PROXY_SSL_HEADER else {}),
    )
    server.channel_class = EnvelopedChannel
    accept = server.handle_accept

    def accept_in_turn() -> None:
        crowd.note(process, len(server.active_channels))
        if crowd.is_ahead(process):
            time.sleep(TURN)  # whoever has fewer takes it meanwhile, or else it is still there
        accept()

    server.handle_accept = accept_in_turn
    while not stop.is_set():
        wasyncore.loop(timeout=0.5, use_poll=True, map=server._map, count=1)
        crowd.note(process, len(server.active_channels))
    # No new connections; those with a request or an unsent answer are waited for.
    server.del_channel()
    server.socket.close()
    last = time.monotonic() + GRACE - 2
    while time.monotonic() < last and any(
        channel.requests or channel.total_outbufs_len for channel in list(server.active_channels.values())
    ):
        wasyncore.loop(timeout=0.1, use_poll=True, map=server._map, count=1)
    server.task_dispatcher.shutdown(timeout=1)


def is_beside(database: Mapping[str, Any]) -> bool:
    """Whether a database of the settings runs on this machine. Behind PgBouncer nobody knows."""
    host, is_pooled = database.get("HOST", ""), database.get("OPTIONS", {}).get("prepare_threshold", 0) is None
    return not is_pooled and (not host or host.startswith(("/", "127.")) or host in {"localhost", "::1"})


def work() -> None:
    """The worker process."""
    do_what_is_due(stop_on(signal.SIGTERM))


def do_what_is_due(stop: threading.Event) -> None:
    """Be the worker until told to stop; while the desk is paused, wait."""
    home.wait_while_paused(stop)
    schedule.work(stop)


def tell_metrics() -> None:
    """The process that answers Prometheus."""
    metrics.serve(stop_on(signal.SIGTERM))


def stop_on(*numbers: int) -> threading.Event:
    """An event that is set when one of the signals comes."""
    stop = threading.Event()

    def handle(*_: object) -> None:
        # From a thread: the handler interrupts whoever waits for the event and may hold its lock.
        threading.Thread(target=stop.set).start()

    for number in numbers:
        signal.signal(number, handle)
    return stop


# The parent


@dataclass
class Child:
    """One process, and what it does. `pid` is 0 while it is not running; `start_at` is when it may start."""

    name: str
    run: Callable[[], None]
    pid: int = 0
    started_at: float = 0.0
    start_at: float = 0.0
    failures: int = 0


class Parent:
    """Keeps its children running until a signal says stop, then stops them all."""

    def __init__(self, children: list[Child]) -> None:
        self.children = children
        self.stopping = False
        self.kill_at = 0.0
        self._signals, self._wakeup = os.pipe()
        self._alive, self._held = os.pipe()  # the children read one end; the parent holds the other while it lives

    def run(self) -> None:
        """Start everybody, and return when everybody has stopped."""
        # The collector leaves alone what the children share: looking at it would copy it for each of them.
        gc.collect()
        gc.freeze()
        for end in (self._signals, self._wakeup):
            os.set_blocking(end, False)
        for number in (*STOPPING, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        signal.set_wakeup_fd(self._wakeup)
        while not self.stopping or any(child.pid for child in self.children):
            self._start_due()
            self._wait()
            self._reap()
            if self.stopping and time.monotonic() > self.kill_at:
                self._signal_all(signal.SIGKILL)

    def _start_due(self) -> None:
        for child in self.children:
            if not (child.pid or self.stopping or child.start_at > time.monotonic()):
                self._start(child)

    def _start(self, child: Child) -> None:
        connections.close_all()  # a connection must never be shared by two processes
        for one in connections.all(initialized_only=True):
            if hasattr(one, "close_pool"):
                one.close_pool()  # nor a pool, whose threads do not come along
        # A signal that arrives while the child still has the parent's handlers would be lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        child.started_at = time.monotonic()
        child.pid = os.fork()
        if not child.pid:
            self._be(child)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def _be(self, child: Child) -> NoReturn:
        """What the forked process does."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for number in (signal.SIGINT, signal.SIGHUP):  # a terminal sends them to everybody: the parent decides
                signal.signal(number, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
            os.close(self._held)
            threading.Thread(target=self._leave_with_parent, daemon=True).start()
            child.run()
            code = 0
        except BaseException:
            log.exception("%s failed", child.name)
        finally:
            logging.shutdown()
            os._exit(code)

    def _leave_with_parent(self) -> None:
        os.read(self._alive, 1)  # returns when the parent's end is closed
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os._exit(1)

    def _wait(self) -> None:
        """Sleep until a signal comes or a child may be started again."""
        pending = [child.start_at for child in self.children if not child.pid and not self.stopping]
        until = min([*pending, self.kill_at if self.stopping else time.monotonic() + 60])
        select.select([self._signals], [], [], max(0.05, until - time.monotonic()))
        with contextlib.suppress(BlockingIOError):
            received = set(os.read(self._signals, 1024))
            if received & set(STOPPING) and not self.stopping:
                self.stopping = True
                self.kill_at = time.monotonic() + GRACE
                self._signal_all(signal.SIGTERM)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            for child in self.children:
                if child.pid == pid:
                    self._ended(child, status)

    def _ended(self, child: Child, status: int) -> None:
        """Start it again: at once after a healthy life, ever more patiently when it fails from the start."""
        now = time.monotonic()
        child.failures = 0 if now - child.started_at > HEALTHY else child.failures + 1
        child.start_at = now + min(30.0, 0.25 * 2**child.failures if child.failures else 0.0)
        child.pid = 0
        if not self.stopping:
            log.warning("%s ended (%s); starting another", child.name, os.waitstatus_to_exitcode(status))

    def _signal_all(self, number: int) -> None:
        for child in self.children:
            if child.pid:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, number)
