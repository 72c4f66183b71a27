"""Contesting: a merchant says that a late mark, a rating or a notice is not right; a person of the platform decides."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketdesk.journal.models import Audience, Deed, Event
from marketdesk.lib import ids
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.performance import counting, judging, noticing, reading, rollups
from marketdesk.performance.counting import Verdict, Window
from marketdesk.performance.models import Contest, ContestKind, Notice, NoticeCause, Outcome, Rating, Standing
from marketdesk.performance.reading import JudgedWait, Rates
from marketdesk.policy import promises
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Attachment, Excuse, Ticket, Wait
from marketdesk.tickets.models.attachment import MOST
from marketdesk.tickets.models.message import clean_text

Subject = Wait | Rating | Notice
MODELS: dict[ContestKind, type[Subject]] = {
    ContestKind.WAIT: Wait,
    ContestKind.RATING: Rating,
    ContestKind.NOTICE: Notice,
}


# What can be contested


def find(kind: str, name: str, by: Actor) -> Subject | None:
    """What a merchant sees under this name in an address: the number of a wait or a rating, the public id of a notice.
    Another merchant's is as if absent."""
    if kind not in ContestKind.values:
        return None
    if kind == ContestKind.NOTICE:
        return _seen(ContestKind.NOTICE, by).filter(public_id=name).first()
    return _seen(ContestKind(kind), by).filter(pk=ids.row_number(name)).first()


def _seen(kind: ContestKind, by: Actor) -> models.QuerySet[Any]:
    """A merchant's own, through the gate of notices or of the tickets that the others are about."""
    if kind == ContestKind.NOTICE:
        return Notice.objects.visible_to(by)
    found: models.QuerySet[Any] = MODELS[kind]._default_manager.select_related("ticket__customer")
    return found.filter(merchant_id=by.merchant_id, ticket__in=Ticket.objects.visible_to(by))


def kind_of(subject: Subject) -> ContestKind:
    """What it is."""
    return next(kind for kind, model in MODELS.items() if isinstance(subject, model))


def of(subject: Subject) -> Contest | None:
    """The contest of it, open or decided."""
    return Contest.objects.filter(**{kind_of(subject): subject}).first()


def happened_at(subject: Subject) -> datetime:
    """The moment from which the days to contest it run: when it became late, was rated or was given."""
    match subject:
        case Wait():
            return subject.due_at
        case Rating():
            return subject.at
    return subject.given_at


def until(moment: datetime) -> datetime:
    """Until when, exclusively, something of this moment can be contested."""
    return moment + timedelta(days=promises.current().contest_days)


def check(subject: Subject, now: datetime) -> None:
    """Raises NotAllowed, saying why, where it cannot be contested (any more)."""
    if Merchant.objects.is_sandbox(subject.merchant_id):
        raise NotAllowed("sandbox", _("Nothing counts in a sandbox, so there is nothing to contest."))
    if of(subject) is not None:
        raise NotAllowed("contested", _("This was contested already. Each thing can be contested once."))
    if not is_against(subject, now):
        raise NotAllowed("not_against", _("This does not count against you, so there is nothing to contest."))
    if now >= until(happened_at(subject)):
        days = promises.current().contest_days
        words = ngettext(
            "This is over: it could be contested for %(days)s day.",
            "This is over: it could be contested for %(days)s days.",
            days,
        )
        raise NotAllowed("too_late", words % {"days": days})


def is_against(subject: Subject, now: datetime) -> bool:
    """Whether it counts against the merchant, or stands."""
    match subject:
        case Wait():
            return verdict(subject, now) == Verdict.LATE
        case Rating():
            return not subject.helpful and not subject.excused
    return subject.withdrawn_at is None


def verdict(wait: Wait, now: datetime) -> Verdict:
    """What the rule says of a wait, whatever window it lies in."""
    return counting.of_wait(wait, Window(wait.started_at, now), reading.incidents(wait.merchant_id))


# What the two sides do


@transaction.atomic
def contest(subject: Subject, reason: str, pictures: Sequence[Attachment] = (), *, by: Actor) -> Contest:
    """The merchant contests something, once. Raises NotAllowed where it cannot be contested."""
    if by.party != Party.MERCHANT or by.merchant_id is None or by.is_program:
        raise NotAllowed("not_merchant", _("Only the merchant can contest this."))
    kind, reason = kind_of(subject), clean_text(reason)
    _begin(by, ["contest", kind, subject.pk, reason])
    # Locked, so that of two colleagues one contests it.
    locked: Subject | None = _seen(kind, by).select_for_update(of=("self",)).filter(pk=subject.pk).first()
    if locked is None:
        raise NotAllowed("absent", _("There is no such thing to contest."))
    check(locked, by.at)
    made = Contest(merchant_id=by.merchant_id, kind=kind, reason=reason, made_at=by.at, made_by_id=by.user_id)
    setattr(made, kind, locked)
    made.save(force_insert=True)
    made.pictures.set(_take(pictures, by))
    _tell("contested", made, by)
    return made


def _take(pictures: Sequence[Attachment], by: Actor) -> list[Attachment]:
    """These pictures belong to the contest from now on; those that were sent elsewhere meanwhile do not."""
    chosen = [picture.pk for picture in pictures[:MOST]]
    unsent = Attachment.objects.filter(pk__in=chosen, message__isnull=True, kept=False, uploader=by.who)
    taken = list(unsent.select_for_update())
    Attachment.objects.filter(pk__in=[one.pk for one in taken]).update(kept=True, merchant_id=by.merchant_id)
    return taken


@transaction.atomic
def decide(contest: Contest, *, granted: bool, reason: str, by: Actor) -> None:
    """A person of the platform decides, for good. What is granted no longer counts, or is withdrawn, and what followed
    from it is looked at again. Raises NotAllowed."""
    if by.party != Party.SUPPORT or by.is_program:
        raise NotAllowed("not_support", _("Only platform support can do this."))
    reason, outcome = clean_text(reason), Outcome.GRANTED if granted else Outcome.DECLINED
    _begin(by, ["decide", contest.pk, outcome, reason])
    Standing.lock(contest.merchant_id)  # first of all, as whoever judges does
    contest.refresh_from_db(from_queryset=Contest.objects.visible_to(by).select_for_update(of=("self",)))
    if contest.outcome:
        raise NotAllowed("decided", _("Somebody has decided this contest meanwhile. A decision is final."))
    contest.outcome, contest.decision = outcome, reason
    contest.decided_at, contest.decided_by_id = by.at, by.user_id
    contest.save(update_fields=["outcome", "decision", "decided_at", "decided_by"])
    _tell("contest_decided", contest, by)
    if granted:
        _excuse(contest, by)
        judging.reconsider(contest.merchant_id, by.at)


def _excuse(contest: Contest, by: Actor) -> None:
    """A customer may have found it helpful meanwhile: then the rating stays."""
    if contest.notice:
        noticing.withdraw(contest.notice, noticing.CONTESTED, by=by)
        return
    if contest.wait:
        Wait.objects.filter(pk=contest.wait.pk).update(excused=Excuse.CONTEST)
        rollups.again(contest.merchant_id, {counting.counts_at(contest.wait).date()})
    if contest.rating:
        Rating.objects.filter(pk=contest.rating.pk, helpful=False).update(excused=Excuse.CONTEST)
        rollups.again(contest.merchant_id, {contest.rating.at.date()})


def _begin(by: Actor, body: list[Any]) -> None:
    if by.key:
        Deed.begin(by.who, by.key, json.dumps(body))


def _tell(verb: str, contest: Contest, by: Actor) -> None:
    Event.tell(
        verb=verb,
        subject_kind="contest",
        subject_id=contest.pk,
        merchant_id=contest.merchant_id,
        audience=Audience.STAFF,
        actor=by.as_json(),
        data={"contest": contest.public_id, "kind": contest.kind, "outcome": contest.outcome},
        at=by.at,
    )


# What the two sides read


def seen_by(actor: Actor) -> models.QuerySet[Contest]:
    """Contests that the actor may see, with what a list or a page names of them."""
    tickets = [f"{kind}__ticket__{whose}" for kind in ("wait", "rating") for whose in ("customer", "merchant")]
    related = ("merchant", *tickets, "notice", "made_by", "decided_by")
    return Contest.objects.visible_to(actor).select_related(*related)


def waiting(actor: Actor) -> int:
    """How many contests wait for a decision."""
    return Contest.objects.visible_to(actor).filter(outcome="").count()


def about(contest: Contest) -> Subject:
    """What it contests."""
    return next(one for one in (contest.wait, contest.rating, contest.notice) if one is not None)


@dataclass(frozen=True)
class Facts:
    """What a page says of the thing that is contested."""

    kind: ContestKind
    subject: Subject
    ticket: Ticket | None
    late_by: timedelta
    causes: Sequence[NoticeCause]


def facts(subject: Subject, now: datetime) -> Facts:
    """What both sides look at."""
    late_by, causes = timedelta(0), list[NoticeCause]()
    if isinstance(subject, Wait):
        late_by = (subject.ended_at or now) - subject.due_at
    if isinstance(subject, Notice):
        causes = list(subject.causes.select_related("wait__ticket", "warning").order_by("pk"))
    ticket = None if isinstance(subject, Notice) else subject.ticket
    return Facts(kind_of(subject), subject, ticket, late_by, causes)


@dataclass(frozen=True)
class Effect:
    """A merchant's rates as they are, and as they would be if a contest were granted."""

    now: Rates
    granted: Rates


def effect(contest: Contest, now: datetime) -> Effect | None:
    """What granting would change; None for a notice, and for what no longer lies in the window."""
    policy = promises.current()
    window, sample = Window.before(now, policy.figures_days), policy.figures_sample
    waits = reading.waits(contest.merchant_id, window)
    ratings = reading.ratings(contest.merchant_id, window, policy.customer_ratings)
    fewer_waits = [_excused(one, contest.wait_id) for one in waits]
    # Ratings again by the rule: another one of the same customer may count instead.
    without = [replace(one, excused=Excuse.CONTEST) if one.id == contest.rating_id else one for one in ratings]
    fewer_ratings = reading.judged_again(without, window, policy.customer_ratings)
    before, after = reading.rates_of(waits, ratings, sample), reading.rates_of(fewer_waits, fewer_ratings, sample)
    return Effect(before, after) if before != after else None


def _excused(wait: JudgedWait, contested: int | None) -> JudgedWait:
    return replace(wait, verdict=Verdict.CONTEST) if wait.id == contested else wait
