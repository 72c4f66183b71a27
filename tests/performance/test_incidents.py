"""Something kept everybody from answering: what was late meanwhile does not count."""

from datetime import timedelta
from typing import Any

import pytest

from marketdesk import schedule
from marketdesk.journal.models import AlreadyDone, Event, Job
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.performance import counting, incidents, judging, reading, rollups
from marketdesk.performance.counting import Window
from marketdesk.performance.models import CountedDay, Incident, Notice
from marketdesk.policy import promises
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Wait
from tests import answering
from tests.conftest import NOW
from tests.unchanged import nothing_changed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]

DAY, HOUR, TICK = timedelta(days=1), timedelta(hours=1), timedelta(microseconds=1)
DUE = NOW - 5 * DAY
BEGAN = DUE - 2 * DAY


@pytest.fixture(autouse=True)
def _past(ada_user: User, store: Merchant) -> None:
    """Two answers in time, three late."""
    answering.in_time(ada_user, store, DUE, 2)
    answering.late(ada_user, store, DUE, 3)


@pytest.fixture
def rivals(ada_user: User, rival_store: Merchant) -> Merchant:
    """The same of another store."""
    answering.in_time(ada_user, rival_store, DUE, 2)
    answering.late(ada_user, rival_store, DUE, 3)
    return rival_store


def late(store: Merchant, at: Any = NOW) -> tuple[int, int]:
    found = reading.rates(store.pk, at, promises.current()).late
    return found.part, found.whole


def work() -> None:
    worker = schedule.worker()
    while worker.run_one():
        pass


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "excuses"),
    [
        (BEGAN + HOUR, BEGAN + 2 * HOUR, True),
        (BEGAN - HOUR, BEGAN, False),
        (BEGAN - DAY, None, True),
    ],
    ids=["within", "over before", "still lasting"],
)
def test_it_excuses_what_was_late_while_it_lasted(
    starts_at: Any, ends_at: Any, excuses: bool, sofia: Actor, store: Merchant
) -> None:
    made = incidents.declare("The mail service was down.", starts_at, ends_at, by=sofia)

    assert late(store) == ((0, 2) if excuses else (3, 5))
    assert incidents.touched(made, ends_at or NOW, NOW).count() == (3 if excuses else 0)


def test_the_worker_finds_exactly_what_the_rule_excuses(store: Merchant) -> None:
    """A microsecond before, at and after each edge, in every combination: in time, late, open and overdue."""
    overdue = answering.ask(User.objects.get(), store, NOW - 3 * DAY).waits.get()
    waits = [Wait.objects.earliest("pk"), Wait.objects.filter(ended_at__isnull=False).latest("pk"), overdue]
    assert [counting.of_wait(one, Window(one.started_at, NOW)) for one in waits] == ["in_time", "late", "late"]
    edges = {moment + n * TICK for one in waits for moment in (one.started_at, one.due_at) for n in (-1, 0, 1)}

    for starts_at, ends_at in [(a, b) for a in edges for b in (*edges, None) if b is None or a < b]:
        incident = Incident(merchant=store, starts_at=starts_at, ends_at=ends_at)
        excused = {one for one in waits if counting.of_wait(one, Window(one.started_at, NOW), [incident]) == "incident"}
        assert set(incidents.touched(incident, ends_at or NOW, NOW)) & set(waits) == excused, (starts_at, ends_at)


def test_it_can_be_one_merchants_alone(sofia: Actor, store: Merchant, rivals: Merchant) -> None:
    made = incidents.declare("The line to Anadolu Home was cut.", BEGAN, DUE, store, by=sofia)

    assert (late(store), late(rivals)) == ((0, 2), (3, 5))
    assert incidents.touched(made, DUE, NOW).count() == 3
    assert Event.objects.get(verb="incident_declared").merchant_id == store.pk


def test_the_worker_withdraws_the_notices_that_rest_on_it_and_counts_the_days_again(
    now: Any, sofia: Actor, store: Merchant, rivals: Merchant
) -> None:
    judging.judge(store.pk, NOW)
    judging.judge(rivals.pk, NOW)
    rollups.catch_up(NOW)

    incidents.declare("The mail service was down.", BEGAN, DUE, by=sofia)
    payload = Job.objects.get(kind=incidents.JOB).payload
    for _twice in range(2):
        incidents.follow(payload)
    assert list(CountedDay.objects.filter(counted_at=None)) == [CountedDay(DUE.date())]
    assert Job.objects.filter(kind=incidents.ONE).count() == 2
    now.shift(timedelta(minutes=1))
    work()

    assert list(Notice.objects.values_list("withdrawn_how", flat=True)) == ["causes", "causes"]
    assert not CountedDay.objects.filter(counted_at=None).exists()


def test_what_it_excused_counts_again_when_it_is_withdrawn(sofia: Actor, store: Merchant) -> None:
    made = incidents.declare("The mail service was down.", BEGAN, DUE, by=sofia)
    work()
    assert not Notice.objects.filter(merchant=store).exists()

    incidents.withdraw(made, by=sofia)
    work()

    assert late(store) == (3, 5)
    assert Notice.objects.filter(merchant=store).exists()
    with nothing_changed(), pytest.raises(NotAllowed, match="withdrawn"):
        incidents.withdraw(made, by=sofia)
    with nothing_changed(), pytest.raises(NotAllowed, match="withdrawn"):
        incidents.end(made, NOW, by=sofia)


def test_an_end_is_noted_once_and_what_came_later_counts(sofia: Actor, store: Merchant) -> None:
    made = incidents.declare("The mail service is down.", BEGAN - 2 * DAY, by=sofia)
    assert late(store) == (0, 2)

    incidents.end(made, BEGAN, by=sofia)
    work()

    assert late(store) == (3, 5)
    assert Notice.objects.filter(merchant=store).exists()
    with nothing_changed(), pytest.raises(NotAllowed, match="noted already"):
        incidents.end(made, NOW, by=sofia)


def test_it_ends_after_it_began(sofia: Actor) -> None:
    with nothing_changed(), pytest.raises(NotAllowed):
        incidents.declare("The mail service was down.", BEGAN, BEGAN, by=sofia)
    made = incidents.declare("The mail service is down.", BEGAN, by=sofia)
    with nothing_changed(), pytest.raises(NotAllowed):
        incidents.end(made, BEGAN, by=sofia)


def test_only_the_platform_declares_one(mehmet: Actor, ada: Actor) -> None:
    with nothing_changed():
        for actor in (mehmet, ada, clock(NOW)):
            with pytest.raises(NotAllowed):
                incidents.declare("I was ill.", BEGAN, by=actor)


def test_a_form_that_is_sent_twice_declares_once(sofia: Actor) -> None:
    keyed = sofia.with_form("k-1", None)
    incidents.declare("The mail service is down.", BEGAN, by=keyed)

    with nothing_changed(), pytest.raises(AlreadyDone):
        incidents.declare("The mail service is down.", BEGAN, by=keyed)


def test_sandboxes_are_not_touched(sofia: Actor, store: Merchant, ada_user: User) -> None:
    sandbox = Merchant.objects.create(external_id="m-s", name="Sandbox", sandbox_of=store)
    answering.late(ada_user, sandbox, DUE)

    made = incidents.declare("The mail service was down.", BEGAN, DUE, by=sofia)

    assert incidents.touched(made, DUE, NOW).count() == 3
