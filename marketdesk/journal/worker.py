"""The worker: takes due jobs one after the other, and writes the repeating ones when their time has come."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import close_old_connections, connection
from django.utils import timezone

from marketdesk.journal.models import Job

log = logging.getLogger(__name__)

Handler = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Repeating:
    """A job that comes again and again: written once per tick, however many workers there are."""

    kind: str
    every: timedelta

    def tick(self, now: datetime) -> int:
        """The number of the period that `now` lies in."""
        return int(now.timestamp() // self.every.total_seconds())


class Worker:
    """Runs jobs by kind. A job may run twice (a crash between doing and noting it), so handlers allow that."""

    def __init__(
        self, handlers: Mapping[str, Handler], repeating: tuple[Repeating, ...] = (), *, slow: bool = False
    ) -> None:
        self.handlers = handlers
        self.repeating = repeating
        self.slow = slow
        self._ticks: dict[str, int] = {}

    def run_one(self) -> bool:
        """Run the job that is due first; False when nothing is due."""
        job = Job.claim(timezone.now(), slow=self.slow)
        if job is None:
            return False
        try:
            self.handlers[job.kind](job.payload)
        except Exception as failure:
            log.exception("job %s failed (attempt %s)", job, job.attempts)
            job.fail(repr(failure), timezone.now())
        else:
            job.finish(timezone.now())
        return True

    def run_due(self, stop: threading.Event | None = None) -> int:
        """Run everything that is due now, repeating jobs included, unless told to stop; how many ran."""
        now = timezone.now()
        for repeating in self.repeating:
            tick = repeating.tick(now)
            if self._ticks.get(repeating.kind) != tick:
                Job.put(repeating.kind, {}, key=f"{repeating.kind}:{tick}", run_at=now)
                self._ticks[repeating.kind] = tick
        ran = 0
        while not (stop and stop.is_set()) and self.run_one():
            ran += 1
        return ran

    def run(self, stop: threading.Event, pause: float = 1.0) -> None:
        """Work until told to stop; a database that is away for a while is waited for."""
        while not stop.is_set():
            try:
                close_old_connections()
                self.run_due(stop)
            except Exception:
                log.exception("the worker could not reach its jobs; trying again")
                connection.close()
                stop.wait(5)
            stop.wait(pause)
