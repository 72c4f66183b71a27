"""Every repeating job and its cadence, and who handles which kind of job: one table each."""

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.contrib.sessions.backends.db import SessionStore
from django.db import connections
from django.utils import timezone

from marketdesk import metrics
from marketdesk.journal.models import Allowance, Job
from marketdesk.journal.worker import Handler, Repeating, Worker
from marketdesk.outbox import jobs as outbox
from marketdesk.outbox.webhooks import delivering
from marketdesk.people import accounts, arriving
from marketdesk.performance import incidents, judging, rollups, sanctioning
from marketdesk.programs import answering, clearing
from marketdesk.records import erasing
from marketdesk.refunds import reconciling
from marketdesk.tickets import jobs as tickets
from marketdesk.translations import translating
from marketdesk.translations.models import JOB as TRANSLATE

# How long a finished job is remembered; longer than any job is retried, so that its key still stops a twin.
DONE_JOBS_KEPT = timedelta(days=30)
# What takes seconds may end with the process: its lease runs out, and it is done again. In seconds.
SLOW_END = 2.0
# Longer than any clock of several machines differs from the others'.
ALLOWANCES_KEPT = timedelta(hours=1)


def sweep_jobs(_payload: dict[str, Any]) -> None:
    """Forget jobs that were finished long ago."""
    Job.sweep(timezone.now() - DONE_JOBS_KEPT)


def sweep_sessions(_payload: dict[str, Any]) -> None:
    """Forget sessions that are over; every visit of a customer has one of its own."""
    SessionStore.clear_expired()


def sweep_allowances(_payload: dict[str, Any]) -> None:
    """Forget how much was used of limits whose window is long over."""
    Allowance.sweep(timezone.now() - ALLOWANCES_KEPT)


def roll_up(_payload: dict[str, Any]) -> None:
    """Count the days that are over, and those of which something changed."""
    rollups.catch_up(timezone.now())


HANDLERS: Mapping[str, Handler] = {
    "tell": outbox.tell,
    "mail": outbox.send,
    TRANSLATE: translating.translate,
    "account_mail": accounts.send,
    "invite": outbox.invite,
    answering.JOB: answering.act,
    judging.JOB: judging.run,
    incidents.JOB: incidents.follow,
    incidents.ONE: incidents.reconsider,
    "forget_answers": erasing.forget_answers,
    "forget_sessions": erasing.forget_sessions,
    "sweep_overdue": tickets.sweep_overdue,
    "sweep_due_soon": tickets.sweep_due_soon,
    "sweep_silent": tickets.sweep_silent,
    "sweep_watched": judging.sweep_watched,
    "sweep_everybody": judging.sweep_everybody,
    "sweep_arrivals": arriving.sweep_arrivals,
    "sweep_leftovers": tickets.sweep_leftovers,
    "sweep_unanswered": reconciling.sweep_unanswered,
    sanctioning.JOB: sanctioning.sweep_sanctions,
    rollups.JOB: roll_up,
    "sweep_jobs": sweep_jobs,
    "sweep_deliveries": outbox.sweep_deliveries,
    "sweep_sessions": sweep_sessions,
    "sweep_allowances": sweep_allowances,
    "sweep_tokens": clearing.sweep_tokens,
    "sweep_wanted": translating.sweep_wanted,
}

REPEATING: tuple[Repeating, ...] = (
    Repeating("sweep_overdue", timedelta(minutes=1)),  # M45, M48, D14
    Repeating("sweep_due_soon", timedelta(minutes=5)),  # D29
    Repeating("sweep_silent", timedelta(minutes=10)),  # D20
    Repeating("sweep_watched", timedelta(hours=1)),  # M45, D7
    Repeating("sweep_everybody", timedelta(days=1)),
    Repeating("sweep_arrivals", timedelta(hours=1)),
    Repeating("sweep_tokens", timedelta(hours=1)),
    Repeating("sweep_unanswered", timedelta(hours=1)),  # D17
    Repeating(sanctioning.JOB, timedelta(hours=1)),  # D8
    Repeating("sweep_allowances", timedelta(hours=1)),
    Repeating(rollups.JOB, timedelta(hours=1)),  # a day is counted within two hours of its end
    Repeating("sweep_leftovers", timedelta(days=1)),
    Repeating("sweep_jobs", timedelta(days=1)),
    Repeating("sweep_deliveries", timedelta(days=1)),
    Repeating("sweep_sessions", timedelta(days=1)),
    Repeating("sweep_wanted", timedelta(days=1)),
)


def worker() -> Worker:
    """The worker of this installation."""
    return Worker(metrics.timed(HANDLERS), REPEATING)


def slow_worker() -> Worker:
    """Who does what takes seconds."""
    return Worker(metrics.timed(HANDLERS), slow=True)


def work(stop: threading.Event) -> None:
    """Do what is due until told to stop. Webhooks go out beside the jobs, and translations are made beside them, so
    that a program that does not answer and a long message delay no mail."""
    lanes = delivering.start(stop)
    slow = threading.Thread(target=_work_slowly, args=(stop,), name="slow", daemon=True)
    slow.start()
    worker().run(stop)
    delivering.wait_for(lanes)
    slow.join(SLOW_END)


def _work_slowly(stop: threading.Event) -> None:
    try:
        slow_worker().run(stop, pause=0.5)
    finally:
        connections.close_all()
