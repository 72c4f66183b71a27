"""Jobs: what is due, as rows that survive a crash."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone

from marketdesk.lib import prepared

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 12
# Kinds that take seconds each: a thread of their own does them, so that no mail waits for one.
SLOW = ("translate",)


class Job(models.Model):
    """One thing to do at or after `run_at`. A worker leases it; when the worker dies, the lease runs out and
    another takes it. Only the holder of the current lease number can finish it (fencing)."""

    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=120, unique=True, null=True)
    payload = models.JSONField(default=dict)
    merchant_id = models.BigIntegerField(null=True)
    run_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    lease_no = models.PositiveIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["run_at", "id"], name="job_due", condition=Q(done_at__isnull=True, dead_at__isnull=True)
            ),
            models.Index(fields=["done_at"], name="job_done", condition=Q(done_at__isnull=False)),
            models.Index(fields=["dead_at"], name="job_dead", condition=Q(dead_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.payload}"

    @classmethod
    def put(
        cls,
        kind: str,
        payload: dict[str, Any],
        *,
        key: str | None = None,
        run_at: datetime | None = None,
        merchant_id: int | None = None,
    ) -> None:
        """Write a job. With a key it is written once, however often this runs."""
        job = Job(kind=kind, key=key, payload=payload, run_at=run_at or timezone.now(), merchant_id=merchant_id)
        prepared.put(job, unless_there=bool(key))

    @classmethod
    def claim(cls, now: datetime, *, slow: bool = False) -> "Job | None":
        """Lease the job that is due first, of the slow ones or of all others, or answer None. Two workers never get
        the same lease."""
        free = _FREE_SLOW if slow else _FREE
        if not connection.features.has_select_for_update_skip_locked and free.first(now) is None:
            return None  # an idle worker never takes SQLite's one write lock
        with transaction.atomic():
            job = free.first(now)
            if job is None:
                return None
            if job.attempts >= MAX_ATTEMPTS:  # it ended every worker that took it
                job.dead_at, job.error = now, job.error or "The worker did not survive this job."
                job.save(update_fields=["dead_at", "error"])
                return cls.claim(now, slow=slow)
            job.lease_until = now + LEASE
            job.lease_no += 1
            job.attempts += 1
            leased = {"lease_until": job.lease_until, "lease_no": job.lease_no, "attempts": job.attempts}
            prepared.update(Job, {"id": job.pk}, **leased)
            return job

    def finish(self, now: datetime) -> bool:
        """Done. False when the lease was lost meanwhile, and another worker has the job."""
        return bool(prepared.update(Job, self._lease(), done_at=now, lease_until=None, error=""))

    def fail(self, error: str, now: datetime) -> None:
        """Try again later, ever more rarely (about 17 hours in all); after the last attempt it is dead, and kept."""
        later = now + timedelta(seconds=min(15 * 2**self.attempts, 12 * 3600))
        dead = now if self.attempts >= MAX_ATTEMPTS else None
        prepared.update(Job, self._lease(), run_at=later, lease_until=None, dead_at=dead, error=error[:2000])

    @classmethod
    def due(cls, now: datetime) -> models.QuerySet["Job"]:
        """What is to be done now, whether or not a worker has it already."""
        return cls.objects.filter(done_at__isnull=True, dead_at__isnull=True, run_at__lte=now)

    @classmethod
    def dead(cls) -> models.QuerySet["Job"]:
        """What was given up and waits for a person, the longest dead first."""
        return cls.objects.filter(dead_at__isnull=False).order_by("dead_at", "id")

    def revive(self, now: datetime) -> bool:
        """Try again from the beginning. False when it is not dead any more."""
        fresh = {"dead_at": None, "attempts": 0, "run_at": now, "lease_until": None}
        return bool(Job.dead().filter(pk=self.pk).update(**fresh))

    def drop(self, now: datetime) -> bool:
        """Let it go, with its error; forgotten like what was done. False when it is not dead any more."""
        return bool(Job.dead().filter(pk=self.pk).update(dead_at=None, done_at=now))

    def _lease(self) -> dict[str, int | None]:
        """The row, as long as this lease is the current one."""
        return {"id": self.pk, "lease_no": self.lease_no, "done_at": None}

    @classmethod
    def sweep(cls, before: datetime) -> int:
        """Forget what was done before a moment; dead jobs stay."""
        return cls.objects.filter(done_at__lt=before).delete()[0]


def _free(now: datetime) -> models.QuerySet[Job]:
    """The job that is due first of those that no worker has, locked where others would take it too."""
    return _first(Job.due(now).exclude(kind__in=SLOW), now)


def _free_slow(now: datetime) -> models.QuerySet[Job]:
    return _first(Job.due(now).filter(kind__in=SLOW), now)


def _first(due: models.QuerySet[Job], now: datetime) -> models.QuerySet[Job]:
    free = due.filter(Q(lease_until__isnull=True) | Q(lease_until__lt=now))
    return free.order_by("run_at", "id").select_for_update(skip_locked=True)[:1]


_FREE, _FREE_SLOW = prepared.Prepared(_free), prepared.Prepared(_free_slow)
