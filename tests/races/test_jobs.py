"""Four workers share the jobs: each job is done once (J1 of the programme, without the crashes)."""

from collections import Counter

from django.utils import timezone

from marketdesk.journal.models import Job
from tests.races.conftest import Arena, race

WORKERS, JOBS = 4, 100


def test_four_workers_never_claim_the_same_job(arena: Arena) -> None:
    Job.objects.all().delete()
    for number in range(JOBS):
        Job.put("count", {"number": number})

    def work() -> list[int]:
        mine = []
        while job := Job.claim(timezone.now()):
            mine.append(job.payload["number"])
            assert job.finish(timezone.now())
        return mine

    answers = race(*[work] * WORKERS)

    claimed = Counter(number for answer in answers for number in answer)
    assert sorted(claimed) == list(range(JOBS))
    assert set(claimed.values()) == {1}
    assert not Job.objects.filter(done_at=None).exists()


def test_a_keyed_job_put_eight_times_at_once_is_there_once(arena: Arena) -> None:
    Job.objects.all().delete()

    answers = race(*[lambda: Job.put("sweep", {}, key="sweep:1")] * 8)

    assert answers == [None] * 8
    assert Job.objects.count() == 1
