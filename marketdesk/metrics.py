"""What Prometheus reads, on a port of its own: request and job times, and what waits too long.

Web processes and workers note times in small files that they share (prometheus_client's multi-process mode); whoever
serves the port reads those, and asks the database about queues when it is asked itself. Without
`MARKETDESK_METRICS_PORT` nothing is noted and nothing costs anything.
"""

import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.models import Min
from django.utils import timezone

from marketdesk.journal.models import Job
from marketdesk.journal.worker import Handler
from marketdesk.outbox.models import Delivery, Endpoint
from marketdesk.refunds.models import Refund
from marketdesk.tickets.models import Wait

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily
    from prometheus_client.registry import Collector

log = logging.getLogger(__name__)

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# Waits that end within this time without an answer become late: "at risk".
RISK = timedelta(hours=12)
# Seconds. Most calls take milliseconds, an export of a year some seconds.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@contextmanager
def shared() -> Iterator[None]:
    """A folder for the times of all processes that are forked within; gone afterwards. Must be entered before
    anything is noted: prometheus_client looks once whether it is to share."""
    if not settings.METRICS_PORT:
        yield
        return
    folder = tempfile.mkdtemp(prefix="marketdesk-metrics-")
    os.environ[FOLDER] = folder
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# What is noted


@dataclass(frozen=True)
class Times:
    """The histograms that web processes and workers note into."""

    request: Callable[[str, int, float], None]
    job: Callable[[str, bool, float], None]


_times: Times | None = None


def times() -> Times:
    """The histograms of this process, made when the first time is noted: after the fork."""
    global _times
    if _times is None:
        from prometheus_client import Histogram

        requests = Histogram(
            "marketdesk_request_seconds",
            "Time until an answer was ready, by door and kind of status.",
            ("door", "status"),
            buckets=BUCKETS,
        )
        jobs = Histogram(
            "marketdesk_job_seconds", "Time that a job of the worker took.", ("kind", "outcome"), buckets=BUCKETS
        )
        _times = Times(
            request=lambda door, status, seconds: requests.labels(door, f"{status // 100}xx").observe(seconds),
            job=lambda kind, is_done, seconds: jobs.labels(kind, "done" if is_done else "failed").observe(seconds),
        )
    return _times


def timed(handlers: Mapping[str, Handler]) -> Mapping[str, Handler]:
    """The same handlers; each notes how long it took and whether it failed."""
    if not settings.METRICS_PORT:
        return handlers

    def noting(kind: str, handler: Handler) -> Handler:
        @wraps(handler)
        def note(payload: dict[str, Any]) -> None:
            begun, is_done = time.perf_counter(), False
            try:
                handler(payload)
                is_done = True
            finally:
                times().job(kind, is_done, time.perf_counter() - begun)

        return note

    return {kind: noting(kind, handler) for kind, handler in handlers.items()}


# What the database says


@dataclass(frozen=True)
class Gauge:
    """One figure that is read when it is asked for."""

    name: str
    words: str
    read: Callable[[datetime], float]


def _seconds(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0


def _oldest_job(now: datetime) -> float:
    return _seconds(Job.due(now).aggregate(oldest=Min("run_at"))["oldest"], now)


def _oldest_delivery(now: datetime) -> float:
    # Each endpoint has its own index of what is due: a look at each, instead of one at every message that waits.
    firsts = (Delivery.due(now).filter(endpoint=one).values_list("next_at", flat=True).first() for one in _endpoints())
    return max((_seconds(first, now) for first in firsts), default=0.0)


def _endpoints() -> list[int]:
    return list(Endpoint.objects.filter(disabled_at__isnull=True).values_list("pk", flat=True))


GAUGES = (
    Gauge("marketdesk_jobs_due", "Jobs that are due and not done.", lambda now: Job.due(now).count()),
    Gauge("marketdesk_job_oldest_seconds", "How long the oldest due job has been due.", _oldest_job),
    Gauge(
        "marketdesk_jobs_dead",
        "Jobs that were given up and wait for a person.",
        lambda _now: Job.dead().count(),
    ),
    Gauge(
        "marketdesk_waits_open",
        "Tickets that wait for a merchant's answer.",
        lambda _now: Wait.objects.filter(ended_at__isnull=True).count(),
    ),
    Gauge(
        "marketdesk_waits_at_risk",
        "Tickets whose time to reply ends within 12 hours.",
        lambda now: Wait.objects.filter(ended_at__isnull=True, due_at__gt=now, due_at__lte=now + RISK).count(),
    ),
    Gauge(
        "marketdesk_waits_overdue",
        "Tickets whose time to reply is over, still without an answer.",
        lambda now: Wait.objects.filter(ended_at__isnull=True, due_at__lte=now).count(),
    ),
    Gauge("marketdesk_delivery_oldest_seconds", "How long the oldest due webhook has been due.", _oldest_delivery),
    Gauge(
        "marketdesk_endpoints_failing",
        "Webhook endpoints whose last messages failed.",
        lambda _now: Endpoint.objects.filter(disabled_at__isnull=True, failing_since__isnull=False).count(),
    ),
    Gauge(
        "marketdesk_refunds_pending",
        "Refunds of which the marketplace has not said what became of them.",
        lambda _now: Refund.objects.filter(status="pending").count(),
    ),
)


def _read() -> Iterator["GaugeMetricFamily"]:
    """Every gauge, and whether the database answered at all."""
    from prometheus_client.core import GaugeMetricFamily

    now, is_up = timezone.now(), 1
    for gauge in GAUGES:
        try:
            value = gauge.read(now)
        except DatabaseError:
            log.exception("%s could not be read", gauge.name)
            is_up = 0
            break
        yield GaugeMetricFamily(gauge.name, gauge.words, value=value)
    yield GaugeMetricFamily("marketdesk_database_up", "1 when the database answers.", value=is_up)


def _collector() -> "Collector":
    from prometheus_client.registry import Collector

    class Database(Collector):
        """The gauges, read when Prometheus asks."""

        def collect(self) -> Iterator["GaugeMetricFamily"]:
            try:
                yield from _read()
            finally:
                connections.close_all()  # each request comes in a thread of its own

    return Database()


# The port


def listen() -> tuple[Any, threading.Thread]:
    """Answer `GET /metrics` on the private port from now on, in a thread. Raises OSError where the port is taken."""
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(_collector())
    return start_http_server(settings.METRICS_PORT, settings.METRICS_HOST, registry)


def serve(stop: threading.Event) -> None:
    """Answer there until told to stop."""
    server, _thread = listen()
    stop.wait()
    server.shutdown()
