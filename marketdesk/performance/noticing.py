"""Notices are given, read and withdrawn. What they were given for is kept with them (M45, M46, D7)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from marketdesk.journal.models import Audience, Deed, Event
from marketdesk.people.actor import Actor, clock
from marketdesk.performance import counting, reading
from marketdesk.performance.counting import Rate, Verdict, Window
from marketdesk.performance.models import Notice, NoticeCause, NoticeKind, Withdrawal
from marketdesk.policy.defaults import Policy
from marketdesk.tickets.models import Ticket, Wait

GIVEN = {NoticeKind.WARNING: "warned", NoticeKind.PENALTY: "penalty_noticed"}
READ = "notice_read"
WITHDRAWN = "notice_withdrawn"
CONTESTED, BASELESS = Withdrawal.CONTEST, Withdrawal.CAUSES

# The promises by which each kind is given; a notice keeps their values.
RULES = {
    NoticeKind.WARNING: ("figures_days", "figures_sample", "late_normal", "warning_waits", "warning_pause_days"),
    NoticeKind.PENALTY: ("penalty_warnings", "penalty_days"),
}


@transaction.atomic
def warn(merchant_id: int, waits: Sequence[int], rate: Rate, policy: Policy, now: datetime) -> Notice:
    """A warning for these late waits."""
    figures = {"late": rate.part, "answers": rate.whole}
    notice = _give(merchant_id, NoticeKind.WARNING, figures, policy, now)
    NoticeCause.objects.bulk_create(NoticeCause(notice=notice, kind=notice.kind, wait_id=wait) for wait in waits)
    return notice


@transaction.atomic
def penalise(merchant_id: int, warnings: Sequence[Notice], policy: Policy, now: datetime) -> Notice:
    """A penalty notice for these warnings."""
    notice = _give(merchant_id, NoticeKind.PENALTY, {"warnings": len(warnings)}, policy, now)
    NoticeCause.objects.bulk_create(NoticeCause(notice=notice, kind=notice.kind, warning=one) for one in warnings)
    return notice


def _give(merchant_id: int, kind: NoticeKind, figures: dict[str, Any], policy: Policy, now: datetime) -> Notice:
    rule = {name: getattr(policy, name) for name in RULES[kind]}
    notice = Notice.objects.create(merchant_id=merchant_id, kind=kind, rule=rule, figures=figures, given_at=now)
    Event.tell(verb=GIVEN[kind], data={"notice": notice.public_id}, **_about(notice, clock(now)))
    return notice


@transaction.atomic
def read(notice: Notice, *, by: Actor) -> None:
    """Somebody of the merchant's has read it; the first one stays noted."""
    if by.key:
        Deed.begin(by.who, by.key, f"read {notice.pk}")
    first = Notice.objects.filter(pk=notice.pk, read_at__isnull=True)
    if first.update(read_at=by.at, read_by=by.user_id):
        Event.objects.create(verb=READ, data={"notice": notice.public_id}, **_about(notice, by))


@transaction.atomic
def withdraw(notice: Notice, how: Withdrawal, *, by: Actor) -> None:
    """It counts no more, and the merchant is told."""
    standing = Notice.objects.filter(pk=notice.pk, withdrawn_at__isnull=True)
    if standing.update(withdrawn_at=by.at, withdrawn_how=how):
        Event.tell(verb=WITHDRAWN, data={"notice": notice.public_id, "how": how}, **_about(notice, by))
    notice.refresh_from_db(fields=["withdrawn_at", "withdrawn_how"])


# What a notice was given for


@dataclass(frozen=True)
class Cause:
    """A late answer behind a warning, and whether it still counts."""

    wait: Wait
    verdict: Verdict


def waits(notice: Notice, by: Actor) -> list[Wait]:
    """The waits behind a warning that the reader may see, the first that was due first."""
    behind = Wait.objects.filter(caused__notice=notice, ticket__in=Ticket.objects.visible_to(by))
    return list(behind.select_related("ticket", "contest").order_by("due_at", "pk"))


def causes(notice: Notice, by: Actor) -> list[Cause]:
    """The waits behind a warning, each as it counts by now."""
    behind = waits(notice, by)
    if not behind:
        return []
    window = Window.before(notice.given_at, notice.rule["figures_days"])
    incidents = reading.incidents(notice.merchant_id)
    return [Cause(wait, counting.of_wait(wait, window, incidents)) for wait in behind]


def warnings(notice: Notice) -> list[Notice]:
    """The warnings behind a penalty notice, the first one first."""
    return list(Notice.objects.filter(caused__notice=notice).order_by("given_at", "pk"))


def follower(notice: Notice) -> Notice | None:
    """The penalty notice that a warning led to."""
    return Notice.objects.filter(causes__warning=notice).first()


def _about(notice: Notice, by: Actor) -> dict[str, Any]:
    """What every event of a notice says of it; customers never read of one."""
    return {
        "subject_kind": "notice",
        "subject_id": notice.pk,
        "merchant_id": notice.merchant_id,
        "audience": Audience.STAFF,
        "actor": by.as_json(),
        "at": by.at,
    }
