"""Warnings and penalty notices: when they are given, for what, and that each is given once (D7)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketdesk import schedule
from marketdesk.journal.models import Event, Job
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.performance import judging, noticing
from marketdesk.performance.levels import Level
from marketdesk.performance.models import Incident, Notice, NoticeKind, Sanction, SanctionKind, Standing
from marketdesk.policy import promises
from marketdesk.tickets.models import Ticket, Wait
from tests import answering
from tests.conftest import NOW

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
Ask = Callable[..., Ticket]


@pytest.fixture
def late(ada_user: User, store: Merchant) -> Callable[..., list[Wait]]:
    """`late(3, days=5)`: three answers that were due five days ago, and came a day later."""
    return lambda number, days=5.0: answering.late(ada_user, store, NOW - days * DAY, number)


@pytest.fixture
def in_time(ada_user: User, store: Merchant) -> Callable[..., list[Wait]]:
    return lambda number, days=5.0: answering.in_time(ada_user, store, NOW - days * DAY, number)


@pytest.fixture
def warned(late: Callable[..., list[Wait]], in_time: Callable[..., list[Wait]], store: Merchant) -> Notice:
    """A warning for three late answers of ten."""
    in_time(7)
    late(3)
    judging.judge(store.pk, NOW)
    return Notice.objects.get()


def _promise(**values: Any) -> None:
    promises.change(values, reason="a test", by=clock(NOW - 200 * DAY))
    promises.forget()


def _causes(notice: Notice) -> list[Wait]:
    return list(Wait.objects.filter(caused__notice=notice).order_by("pk"))


def _given(kind: NoticeKind) -> list[Notice]:
    return list(Notice.objects.filter(kind=kind).order_by("pk"))


# Warnings


def test_three_late_answers_and_a_rate_that_is_not_normal_are_a_warning(
    now: Any, late: Any, in_time: Any, store: Merchant
) -> None:
    in_time(7)
    waits = late(3)

    judging.judge(store.pk, NOW)

    (notice,) = Notice.objects.all()
    assert (notice.kind, notice.merchant, notice.given_at) == (NoticeKind.WARNING, store, NOW)
    assert _causes(notice) == waits
    assert notice.figures == {"late": 3, "answers": 10}
    assert notice.rule == {
        "figures_days": 30, "figures_sample": 5, "late_normal": 5, "warning_waits": 3, "warning_pause_days": 7,
    }  # fmt: skip
    event = Event.objects.get(verb="warned")
    assert (event.subject_id, event.merchant_id, event.at) == (notice.pk, store.pk, NOW)


@pytest.mark.parametrize(
    ("number_late", "number_in_time", "normal", "given"),
    [(2, 3, 5, 0), (3, 7, 31, 0), (3, 7, 30, 1), (3, 1, 5, 0), (3, 2, 5, 1)],
    ids=["two are few", "below the line is normal", "on the line is not", "four are no sample", "five are"],
)
def test_the_edges_of_a_warning(
    now: Any, number_late: int, number_in_time: int, normal: int, given: int, store: Merchant, late: Any, in_time: Any
) -> None:
    _promise(late_normal=normal)
    in_time(number_in_time)
    late(number_late)

    judging.judge(store.pk, NOW)

    assert Notice.objects.count() == given


def test_what_becomes_late_at_the_moment_of_judging_belongs_to_the_next_one(
    now: Any, late: Any, in_time: Any, ada_user: User, store: Merchant
) -> None:
    in_time(2)
    late(2)
    answering.ask(ada_user, store, NOW - timedelta(hours=48))

    judging.judge(store.pk, NOW)
    at_once = Notice.objects.count()
    judging.judge(store.pk, NOW + timedelta(microseconds=1))

    assert (at_once, Notice.objects.count()) == (0, 1)


def test_judging_again_gives_nothing_again(now: Any, warned: Notice, store: Merchant) -> None:
    for days in (0, 1, 8, 20):
        judging.judge(store.pk, NOW + days * DAY)

    assert list(Notice.objects.all()) == [warned]
    assert Event.objects.filter(verb="warned").count() == 1


def test_a_wait_feeds_one_warning_and_between_two_lie_seven_days(
    now: Any, warned: Notice, late: Any, ada_user: User, store: Merchant
) -> None:
    fresh = answering.late(ada_user, store, NOW + DAY, 3)
    almost, then = NOW + 7 * DAY - timedelta(microseconds=1), NOW + 7 * DAY

    judging.judge(store.pk, almost)
    before = Notice.objects.count()
    judging.judge(store.pk, then)

    first, second = _given(NoticeKind.WARNING)
    assert (before, first, second.given_at) == (1, warned, then)
    assert _causes(second) == fresh
    assert second.figures == {"late": 6, "answers": 13}


def test_what_lies_outside_the_window_warns_nobody(now: Any, late: Any, in_time: Any, store: Merchant) -> None:
    in_time(7)
    late(2)
    late(1, days=30.0001)

    judging.judge(store.pk, NOW)

    assert not Notice.objects.exists()
    assert Standing.objects.get().late == 2


def test_nobody_judges_a_sandbox(now: Any, late: Any, in_time: Any, store: Merchant, rival_store: Merchant) -> None:
    in_time(7)
    late(3)
    Merchant.objects.filter(pk=store.pk).update(sandbox_of=rival_store)

    judging.judge(store.pk, NOW)
    judging.reconsider(store.pk, NOW)

    assert not Notice.objects.exists()
    assert not Standing.objects.exists()


def test_a_later_policy_rewrites_no_notice(now: Any, warned: Notice, store: Merchant) -> None:
    _promise(warning_waits=5, late_normal=40)

    judging.reconsider(store.pk, NOW + DAY)

    warned.refresh_from_db()
    assert warned.withdrawn_at is None
    assert warned.rule["warning_waits"] == 3


# Penalty notices


@pytest.fixture
def penalised(now: Any, warned: Notice, ada_user: User, store: Merchant) -> Notice:
    """A penalty notice for three warnings, the last of them given with it."""
    for days in (10, 20):
        answering.late(ada_user, store, NOW + (days - 2) * DAY, 3)
        judging.judge(store.pk, NOW + days * DAY)
    return Notice.objects.get(kind=NoticeKind.PENALTY)


def test_three_warnings_are_a_penalty_notice(penalised: Notice) -> None:
    warnings = _given(NoticeKind.WARNING)

    assert penalised.given_at == NOW + 20 * DAY
    assert [cause.warning for cause in penalised.causes.order_by("pk")] == warnings
    assert (penalised.rule, penalised.figures) == ({"penalty_warnings": 3, "penalty_days": 90}, {"warnings": 3})
    assert Event.objects.filter(verb="penalty_noticed").count() == 1


def test_a_warning_feeds_one_penalty_notice(penalised: Notice, ada_user: User, store: Merchant) -> None:
    answering.late(ada_user, store, NOW + 28 * DAY, 3)

    judging.judge(store.pk, NOW + 30 * DAY)

    assert len(_given(NoticeKind.WARNING)) == 4
    assert _given(NoticeKind.PENALTY) == [penalised]


def test_a_withdrawn_warning_leads_to_no_penalty_notice(
    now: Any, warned: Notice, ada_user: User, store: Merchant, sofia: Actor
) -> None:
    _promise(penalty_warnings=2)
    noticing.withdraw(warned, noticing.CONTESTED, by=sofia)
    answering.late(ada_user, store, NOW + 8 * DAY, 3)

    judging.judge(store.pk, NOW + 10 * DAY)

    assert len(_given(NoticeKind.WARNING)) == 2
    assert _given(NoticeKind.PENALTY) == []


@pytest.mark.parametrize(("microseconds", "given"), [(-1, 1), (0, 0)])
def test_a_warning_counts_for_ninety_days(
    now: Any, warned: Notice, ada_user: User, store: Merchant, microseconds: int, given: int
) -> None:
    _promise(penalty_warnings=2)
    then = NOW + 90 * DAY + timedelta(microseconds=microseconds)
    answering.late(ada_user, store, then - 2 * DAY, 3)
    answering.in_time(ada_user, store, then - 2 * DAY, 2)

    judging.judge(store.pk, then)

    assert len(_given(NoticeKind.WARNING)) == 2
    assert len(_given(NoticeKind.PENALTY)) == given


# What falls


def test_a_warning_falls_when_too_few_of_its_late_answers_are_left(now: Any, warned: Notice, store: Merchant) -> None:
    Wait.objects.filter(pk=_causes(warned)[0].pk).update(excused="contest")

    judging.reconsider(store.pk, NOW + DAY)

    warned.refresh_from_db()
    assert (warned.withdrawn_at, warned.withdrawn_how) == (NOW + DAY, noticing.BASELESS)
    event = Event.objects.get(verb="notice_withdrawn")
    assert (event.subject_id, event.data["how"], event.actor["party"]) == (warned.pk, "causes", "clock")
    assert Standing.objects.get().late == 2


def test_a_warning_stands_when_enough_is_left(now: Any, late: Any, in_time: Any, store: Merchant) -> None:
    in_time(6)
    waits = late(4)
    judging.judge(store.pk, NOW)
    Wait.objects.filter(pk=waits[0].pk).update(excused="contest")

    judging.reconsider(store.pk, NOW + DAY)

    assert Notice.objects.get().withdrawn_at is None


def test_a_warning_falls_when_its_rate_was_normal_after_all(now: Any, late: Any, in_time: Any, store: Merchant) -> None:
    _promise(late_normal=38)
    in_time(6)
    waits = late(4)
    judging.judge(store.pk, NOW)
    Wait.objects.filter(pk=waits[0].pk).update(excused="contest")

    judging.reconsider(store.pk, NOW + DAY)

    assert Notice.objects.get().withdrawn_how == noticing.BASELESS


def test_a_warning_falls_when_an_incident_is_declared(now: Any, warned: Notice, store: Merchant) -> None:
    Incident.objects.create(words="No mail", starts_at=NOW - 6 * DAY, ends_at=NOW - 5 * DAY, at=NOW)

    judging.reconsider(store.pk, NOW + DAY)

    warned.refresh_from_db()
    assert warned.withdrawn_at == NOW + DAY


def test_what_happens_after_a_warning_takes_nothing_from_it(
    now: Any, late: Any, in_time: Any, ada_user: User, store: Merchant
) -> None:
    _promise(late_normal=30)
    in_time(7)
    late(3)
    judging.judge(store.pk, NOW)
    answering.in_time(ada_user, store, NOW + DAY, 1)

    judging.reconsider(store.pk, NOW + 2 * DAY)

    assert Notice.objects.get().withdrawn_at is None
    assert Standing.objects.get().level == Level.NORMAL


def test_a_penalty_notice_falls_with_one_of_its_warnings(penalised: Notice, store: Merchant, sofia: Actor) -> None:
    noticing.withdraw(_given(NoticeKind.WARNING)[1], noticing.CONTESTED, by=sofia)

    judging.reconsider(store.pk, NOW + 21 * DAY)
    judging.reconsider(store.pk, NOW + 21 * DAY)

    penalised.refresh_from_db()
    assert penalised.withdrawn_how == noticing.BASELESS
    assert Event.objects.filter(verb="notice_withdrawn").count() == 2
    assert [one.withdrawn_at for one in _given(NoticeKind.WARNING)].count(None) == 2


def test_a_notice_is_withdrawn_once_and_keeps_the_first_reason(warned: Notice, sofia: Actor) -> None:
    noticing.withdraw(warned, noticing.CONTESTED, by=sofia)
    noticing.withdraw(warned, noticing.BASELESS, by=sofia)

    assert warned.withdrawn_how == noticing.CONTESTED
    assert Event.objects.filter(verb="notice_withdrawn").count() == 1


def test_a_withdrawn_warning_gives_its_waits_to_no_other(
    now: Any, warned: Notice, ada_user: User, store: Merchant, sofia: Actor
) -> None:
    noticing.withdraw(warned, noticing.CONTESTED, by=sofia)
    answering.late(ada_user, store, NOW + DAY, 2)

    judging.judge(store.pk, NOW + 10 * DAY)

    assert list(Notice.objects.all()) == [warned]


# Sanctions


def test_a_severe_rate_proposes_each_sanction_once_and_a_granted_contest_takes_them_back(
    now: Any, late: Any, in_time: Any, store: Merchant
) -> None:
    in_time(2)
    waits = late(3)
    for hours in range(3):
        judging.judge(store.pk, NOW + timedelta(hours=hours))
    proposed = list(Sanction.objects.values_list("state", flat=True))
    Wait.objects.filter(pk__in=[wait.pk for wait in waits]).update(excused="contest")

    judging.reconsider(store.pk, NOW + DAY)

    assert proposed == ["proposed"] * len(SanctionKind)
    assert list(Sanction.objects.values_list("state", flat=True)) == ["withdrawn"] * len(SanctionKind)


# How a merchant stands


def test_the_standing_keeps_what_was_counted_and_since_when(now: Any, warned: Notice, store: Merchant) -> None:
    judging.judge(store.pk, NOW + DAY)

    standing = Standing.objects.get(merchant=store)
    assert (standing.level, standing.changed_at, standing.judged_at) == (Level.WATCH, NOW, NOW + DAY)
    assert (standing.late, standing.answers, standing.helpful, standing.ratings) == (3, 10, 0, 0)


def test_a_clock_that_is_behind_turns_nothing_back(now: Any, warned: Notice, store: Merchant) -> None:
    judging.judge(store.pk, NOW - 20 * DAY)

    standing = Standing.objects.get(merchant=store)
    assert (standing.level, standing.judged_at) == (Level.WATCH, NOW)


# When somebody is judged


def test_a_late_answer_is_judged_within_seconds(now: Any, ask: Ask, mehmet: Actor, store: Merchant) -> None:
    ask("store_question")
    now.shift(timedelta(hours=48, seconds=1))
    schedule.HANDLERS["sweep_overdue"]({})
    worker = schedule.worker()
    while worker.run_one():
        pass

    now.shift(judging.TOGETHER)
    while worker.run_one():
        pass

    assert Standing.objects.get(merchant=store).judged_at == NOW + timedelta(hours=48, seconds=11)
    assert Job.objects.filter(kind=judging.JOB, merchant_id=store.pk, key__contains="soon").count() == 1


@pytest.mark.parametrize(("hours", "jobs"), [(48, 0), (48.001, 1)])
def test_an_answer_that_came_late_before_the_clock_saw_it_is_judged_too(
    now: Any, ticket: Ticket, mehmet: Actor, hours: float, jobs: int
) -> None:
    now.shift(timedelta(hours=hours))
    ticket.reply("It left today.", by=Actor(mehmet.party, mehmet.user_id, mehmet.merchant_id))

    for event in Event.objects.all():
        judging.follow(event, NOW)

    assert Job.objects.filter(kind=judging.JOB).count() == jobs


def test_many_late_answers_at_once_are_one_judgement(now: Any, ask: Ask) -> None:
    for _ in range(3):
        ask("store_question")
    now.shift(timedelta(hours=49))
    schedule.HANDLERS["sweep_overdue"]({})

    for event in Event.objects.filter(verb="mark_late"):
        judging.follow(event, NOW)

    assert Job.objects.filter(kind=judging.JOB).count() == 1


def test_who_is_not_normal_is_judged_every_hour_and_everybody_every_day(
    now: Any, warned: Notice, in_time: Any, rival_store: Merchant, ada_user: User
) -> None:
    answering.in_time(ada_user, rival_store, NOW - DAY)
    good = Merchant.objects.create(external_id="m-4", name="Good Goods", country="TR")
    judging.judge(good.pk, NOW)
    Merchant.objects.create(external_id="m-3", name="Asleep", country="TR")

    def judged(sweep: str) -> list[int | None]:
        Job.objects.all().delete()
        for _twice in range(2):
            schedule.HANDLERS[sweep]({})
        return list(Job.objects.order_by("merchant_id").values_list("merchant_id", flat=True))

    assert judged("sweep_watched") == [warned.merchant_id]
    assert judged("sweep_everybody") == sorted([warned.merchant_id, rival_store.pk, good.pk])


def test_a_judgement_costs_the_same_however_much_there_is_to_count(
    now: Any, warned: Notice, in_time: Any, store: Merchant
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as counted:
            judging.judge(store.pk, NOW)
        return len(counted)

    before = queries()
    in_time(10)

    assert queries() == before
    assert before <= 15
