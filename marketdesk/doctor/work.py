"""Whether what is due is done: jobs, waits, webhooks."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from marketdesk.doctor.finding import Finding, fine, look, mend
from marketdesk.journal.models import Job
from marketdesk.lib import sealing
from marketdesk.outbox.models import Endpoint
from marketdesk.tickets.models import Wait

# A worker looks every second; one that is busy still begins what is due within this.
BEGUN_WITHIN = timedelta(minutes=5)
# What is late is marked each minute.
MARKED_WITHIN = timedelta(minutes=5)
SOON = timedelta(hours=1)


def jobs_are_done() -> Iterator[Finding]:
    """Somebody works, and nothing was given up."""
    now = timezone.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    due = Job.objects.filter(free, done_at__isnull=True, dead_at__isnull=True, run_at__lte=now - BEGUN_WITHIN)
    oldest = due.order_by("run_at", "id").first()
    if oldest:
        waited = int((now - oldest.run_at).total_seconds() // 60)
        words = f"{due.count()} jobs wait to be done, the oldest ({oldest.kind}) for {waited} minutes."
        yield mend("worker", words, "Start marketdesk worker, or more of them.")
    else:
        yield fine("worker", "What is due is done.")
    dead = Job.objects.filter(dead_at__isnull=False)
    if number := dead.count():
        last = dead.latest("dead_at")
        words = f"{number} jobs failed for good, the last one ({last.kind}) with: {last.error[:200]}"
        yield look("dead-jobs", words, "Mend the cause.")


def answers_are_watched() -> Iterator[Finding]:
    """Late answers are marked as such; how many will be late soon."""
    now = timezone.now()
    running = Wait.objects.filter(ended_at__isnull=True)
    unmarked = running.filter(due_at__lt=now - MARKED_WITHIN, late_told_at__isnull=True).count()
    if unmarked:
        words = f"{unmarked} answers are late and nothing followed from it yet."
        yield mend("waits", words, "Start marketdesk worker.")
    else:
        soon = running.filter(due_at__gte=now, due_at__lt=now + SOON).count()
        yield fine("waits", f"{soon} answers of merchants are due within an hour.")


def webhooks_arrive() -> Iterator[Finding]:
    """The marketplace's own programs can be told; merchants look after theirs."""
    ours = Endpoint.of_operator()
    gone = ours.filter(disabled_because__in=("gone", "dead"), disabled_at__isnull=False).count()
    failing = ours.filter(failing_since__isnull=False, disabled_at__isnull=True).count()
    if gone or failing:
        words = f"Of the marketplace's webhooks {failing} fail, and {gone} were switched off because nobody was there."
        yield look("webhooks", words, "See marketdesk webhook list.")
    else:
        yield fine("webhooks", "No webhook of the marketplace fails.")


def secret_key_is_the_same() -> Iterator[Finding]:
    """What is sealed in the database can be read with this key."""
    for endpoint in Endpoint.objects.order_by("-pk")[:20]:
        try:
            sealing.unseal(endpoint.sealed_secret)
        except sealing.Unreadable:
            words = "Secrets in the database were sealed with another MARKETDESK_SECRET_KEY."
            yield mend(
                "secret-key", words, "Put that key back, or rotate every webhook's secret and renew every app's."
            )
            return
