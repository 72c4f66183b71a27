"""How many jobs wait: each process looks once in a few seconds, and never counts further than it must."""

import time

from django.utils import timezone

from marketdesk.journal.models import Job

# Seconds that an answer is remembered. A counted index of jobs is walked for it.
REMEMBERED = 5.0
_memory: tuple[float, int, bool] | None = None


def is_longer_than(most: int) -> bool:
    """Whether more than so many jobs are due."""
    global _memory
    now, remembered = time.monotonic(), _memory
    if remembered is None or remembered[0] < now or remembered[1] != most:
        found = Job.due(timezone.now()).values("pk")[: most + 1].count()
        _memory = remembered = (now + REMEMBERED, most, found > most)
    return remembered[2]


def forget() -> None:
    """Look again at the next question."""
    global _memory
    _memory = None
