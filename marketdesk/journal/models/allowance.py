"""Allowances: how much of a limit is used up, counted where every process sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, models


@dataclass(frozen=True)
class Limit:
    """At most so much within so many seconds. A process takes `batch` at once, and hands it out from memory."""

    subject: str
    most: int
    seconds: int
    batch: int = 1


@dataclass(frozen=True)
class Lease:
    """What a process may hand out until the window ends, and how much of the limit all have taken by then."""

    taken: int
    used: int
    ends: int


class Allowance(models.Model):
    """What was taken of a limit in its window, which begins with the first taking and not with a minute of the clock.

    Times are milliseconds since 1970: numbers that both databases compare and hand back alike.
    """

    subject = models.CharField(max_length=100, primary_key=True)
    used = models.IntegerField()
    most = models.IntegerField()
    ends = models.BigIntegerField(db_index=True)
    length = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.subject}: {self.used} of {self.most}"

    @classmethod
    def lease(cls, wishes: Sequence[tuple[Limit, int]], now: int) -> dict[str, Lease]:
        """Take so much of each limit, where so much is left; whoever is not in the answer got nothing.

        One statement, so that nobody takes between the look and the writing. Who names several limits always names
        them in the same order, or two could wait for each other.
        """
        # A new row asks nobody whether it fits.
        taken = {limit.subject: min(number, limit.most) for limit, number in wishes}
        values = [
            (limit.subject, taken[limit.subject], limit.most, now + 1000 * limit.seconds, 1000 * limit.seconds)
            for limit, _number in wishes
        ]
        with connection.cursor() as cursor:
            rows = ", ".join(["(%s, %s, %s, %s, %s)"] * len(values))
            cursor.execute(LEASE.replace("ROWS", rows), [value for row in values for value in row])
            return {subject: Lease(taken[subject], used, ends) for subject, used, ends in cursor.fetchall()}

    @classmethod
    def end_of(cls, limit: Limit, now: int) -> int:
        """When there is something again of a limit that is used up."""
        ends = cls.objects.filter(pk=limit.subject).values_list("ends", flat=True).first()
        return now if ends is None else ends

    @classmethod
    def sweep(cls, before: datetime) -> int:
        """Forget windows that ended before a moment."""
        return cls.objects.filter(ends__lt=in_milliseconds(before)).delete()[0]


def in_milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


# A window that has ended, or begins in a future that a clock has meanwhile taken back, makes room for a new one. It may
# have begun a moment later than now: another process looked at the clock later, and was quicker.
LEASE = """
    INSERT INTO journal_allowance AS kept (subject, used, most, ends, length) VALUES ROWS
    ON CONFLICT (subject) DO UPDATE SET
        used = excluded.used + CASE
            WHEN kept.ends > excluded.ends - excluded.length AND kept.ends <= excluded.ends + excluded.length
            THEN kept.used ELSE 0 END,
        ends = CASE
            WHEN kept.ends > excluded.ends - excluded.length AND kept.ends <= excluded.ends + excluded.length
            THEN kept.ends ELSE excluded.ends END,
        most = excluded.most,
        length = excluded.length
    WHERE kept.used + excluded.used <= excluded.most
        OR kept.ends <= excluded.ends - excluded.length OR kept.ends > excluded.ends + excluded.length
    RETURNING subject, used, ends
"""
