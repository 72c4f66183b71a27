"""Judging a merchant: what follows from its figures, given once however often this runs (M45, M46, D6-D8)."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from marketdesk.journal.models import Event, Job
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import clock
from marketdesk.performance import levels, noticing, reading, sanctioning
from marketdesk.performance.counting import Rate, Verdict, Window
from marketdesk.performance.levels import Level
from marketdesk.performance.models import Notice, NoticeCause, NoticeKind, Standing
from marketdesk.performance.reading import JudgedWait, Rates
from marketdesk.policy import promises
from marketdesk.policy.defaults import Policy
from marketdesk.tickets.models import Wait
from marketdesk.tickets.rules import State, Verb

JOB = "judge"
# What happens to a merchant within so short a time is judged together.
TOGETHER = timedelta(seconds=10)
# Between two merchants when many are judged, so that mails in between do not wait for all of them.
APART = timedelta(milliseconds=100)
BATCH = 500


@transaction.atomic
def judge(merchant_id: int, now: datetime) -> None:
    """Count afresh; note how the merchant stands, give the notices that are due, propose sanctions and end those
    that have lost their reasons. One at a time for each merchant, and all of it or nothing: whoever comes second finds
    what was given. Nobody judges a sandbox."""
    if not Merchant.objects.real().filter(pk=merchant_id).exists():
        return
    standing = Standing.lock(merchant_id)
    now = max(now, standing.judged_at or now)  # clocks differ, and a lock can be waited for
    policy = promises.current()
    window = Window.before(now, policy.figures_days)
    waits = reading.waits(merchant_id, window)
    ratings = reading.ratings(merchant_id, window, policy.customer_ratings)
    rates = reading.rates_of(waits, ratings, policy.figures_sample)
    _note(standing, rates, policy, now)
    _warn(merchant_id, _late(waits), rates.late, policy, now)
    _penalise(merchant_id, policy, now)
    sanctioning.withdraw_baseless(merchant_id, now)
    sanctioning.propose_if_severe(merchant_id, rates, now)


@transaction.atomic
def reconsider(merchant_id: int, now: datetime) -> None:
    """Something that counted counts no more: withdraw the notices that would not have been given without it, and judge
    the merchant by what is left."""
    if not Merchant.objects.real().filter(pk=merchant_id).exists():
        return
    now = max(now, Standing.lock(merchant_id).judged_at or now)
    still = Notice.objects.filter(merchant_id=merchant_id, withdrawn_at__isnull=True).order_by("pk")
    for notice in [*still.filter(kind=NoticeKind.WARNING), *still.filter(kind=NoticeKind.PENALTY)]:
        if not _is_earned(notice):
            noticing.withdraw(notice, noticing.BASELESS, by=clock(now))
    judge(merchant_id, now)


def _late(waits: Iterable[JudgedWait]) -> list[int]:
    return [one.id for one in waits if one.verdict == Verdict.LATE]


def _note(standing: Standing, rates: Rates, policy: Policy, now: datetime) -> None:
    level = rates.level(policy)
    if standing.level != level:
        standing.level, standing.changed_at = level, now
    standing.late, standing.answers = rates.late.part, rates.late.whole
    standing.helpful, standing.ratings = rates.csat.part, rates.csat.whole
    standing.judged_at = now
    standing.save()


def _warn(merchant_id: int, late: Collection[int], rate: Rate, policy: Policy, now: datetime) -> None:
    """A warning for every late wait that no warning was given for, once there are enough of them (D7)."""
    fed = NoticeCause.objects.filter(kind=NoticeKind.WARNING, wait__in=late).values_list("wait", flat=True)
    fresh = sorted(set(late).difference(fed))
    pause = now - timedelta(days=policy.warning_pause_days)
    warnings = Notice.objects.filter(merchant_id=merchant_id, kind=NoticeKind.WARNING)
    if _deserves_warning(fresh, rate, policy) and not warnings.filter(given_at__gt=pause).exists():
        noticing.warn(merchant_id, fresh, rate, policy, now)


def _deserves_warning(late: Collection[int], rate: Rate, policy: Policy) -> bool:
    return len(late) >= policy.warning_waits and levels.of_late(rate, policy) != Level.NORMAL


def warnings_that_count(merchant_id: int, now: datetime) -> list[Notice]:
    """The warnings of a merchant that can lead to a penalty notice: young enough, not withdrawn, and not led to one
    yet (D7)."""
    warnings = Notice.objects.filter(merchant_id=merchant_id, kind=NoticeKind.WARNING, withdrawn_at__isnull=True)
    recent = warnings.filter(given_at__gt=now - timedelta(days=promises.current().penalty_days))
    return list(recent.filter(caused__isnull=True).order_by("pk"))


def _penalise(merchant_id: int, policy: Policy, now: datetime) -> None:
    fresh = warnings_that_count(merchant_id, now)
    if len(fresh) >= policy.penalty_warnings:
        noticing.penalise(merchant_id, fresh, policy, now)


def _is_earned(notice: Notice) -> bool:
    """Whether a notice would be given by its own rule and for its own causes, as far as they still count."""
    rule = replace(promises.current(), **notice.rule)
    if notice.kind == NoticeKind.PENALTY:
        return notice.causes.filter(warning__withdrawn_at__isnull=True).count() >= rule.penalty_warnings
    waits = reading.waits(notice.merchant_id, Window.before(notice.given_at, rule.figures_days))
    causes = set(notice.causes.values_list("wait", flat=True))
    rate = reading.rates_of(waits, [], rule.figures_sample).late
    return _deserves_warning(causes.intersection(_late(waits)), rate, rule)


# When merchants are judged


def follow(event: Event, now: datetime) -> None:
    """An event that can make figures worse has its merchant judged soon. What it did is committed, so a judgement that
    is due later than now knows of it."""
    if event.merchant_id and (event.verb in {Verb.MARK_LATE, "rated"} or _ended_late(event)):
        turn = int(now.timestamp() // TOGETHER.total_seconds()) + 1
        _put(event.merchant_id, f"soon:{turn}", datetime.fromtimestamp(turn * TOGETHER.total_seconds(), UTC))


def _ended_late(event: Event) -> bool:
    """Whether it ended a wait too late, perhaps before the clock had marked that."""
    if event.ticket_id is None or event.data.get("from") != State.WITH_MERCHANT:
        return False
    late = Wait.objects.filter(ticket_id=event.ticket_id, ended_at=event.at, due_at__lt=F("ended_at"))
    return late.exists()


def run(payload: dict[str, Any]) -> None:
    """The job: judge one merchant."""
    judge(payload["merchant"], timezone.now())


def sweep_watched(_payload: dict[str, Any]) -> None:
    """Who is not normal is judged every hour: a pause may be over, or a late answer lie too far back."""
    now = timezone.now()
    watched = Standing.objects.exclude(level=Level.NORMAL).order_by("pk")
    _put_all(list(watched.values_list("pk", flat=True)), f"hour:{now:%Y-%m-%dT%H}", now)


def sweep_everybody(_payload: dict[str, Any]) -> None:
    """Whoever was judged before, or has anything that counts, is judged every day."""
    now = timezone.now()
    since = now - timedelta(days=promises.current().figures_days)
    served = Exists(Wait.objects.filter(merchant_id=OuterRef("pk"), counts_at__gte=since, counts_at__lt=now))
    found = Merchant.objects.real().filter(Q(standing__isnull=False) | served).order_by("pk")
    _put_all(list(found.values_list("pk", flat=True)), f"day:{now:%Y-%m-%d}", now)


def _put_all(merchants: list[int], turn: str, now: datetime) -> None:
    for first in range(0, len(merchants), BATCH):
        with transaction.atomic():  # one commit for many, and yet nobody waits long
            for number, merchant_id in enumerate(merchants[first : first + BATCH], first):
                _put(merchant_id, turn, now + APART * number)


def _put(merchant_id: int, turn: str, run_at: datetime) -> None:
    Job.put(JOB, {"merchant": merchant_id}, key=f"{JOB}:{merchant_id}:{turn}", run_at=run_at, merchant_id=merchant_id)
