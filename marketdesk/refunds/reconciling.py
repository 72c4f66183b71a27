"""Reconciling: what the marketplace's program says of a refund, whenever and however often; and what it never said.

Nothing here asks for money: a refund is requested once, and what is told later carries the same key (D17).
"""

import logging
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, TextChoices
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketdesk.journal.models import Audience, Deed, Event
from marketdesk.people.actor import Actor, clock
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.refunds.models import CONTRADICTED, Refund, Refunds, RefundStatus
from marketdesk.refunds.refunding import lock, settle
from marketdesk.tickets.errors import NotAllowed

log = logging.getLogger(__name__)

BATCH = 500


class RefundList(TextChoices):
    """The lists of the platform's support team, in the order of their menu."""

    PENDING = "pending", gettext_lazy("On its way")
    CONTRADICTED = "contradicted", gettext_lazy("Two answers")
    FAILED = "failed", gettext_lazy("Failed")
    PAID = "paid", gettext_lazy("Paid back")

    @property
    def order_field(self) -> str:
        """The moment by which it is ordered."""
        return "contradicted_at" if self is RefundList.CONTRADICTED else "requested_at"

    @property
    def newest_first(self) -> bool:
        """What is over shows the latest first; what waits for somebody the oldest."""
        return self in (RefundList.FAILED, RefundList.PAID)

    @property
    def holds(self) -> Q:
        """The condition of its refunds."""
        match self:
            case RefundList.CONTRADICTED:
                return CONTRADICTED
            case RefundList.FAILED:
                return Q(status=RefundStatus.FAILED)
            case RefundList.PAID:
                return Q(status=RefundStatus.SUCCEEDED)
        return Q(status=RefundStatus.PENDING)


def refunds(chosen: RefundList, actor: Actor) -> Refunds:
    """The refunds of a list, with what it shows of them."""
    return seen_by(actor).filter(chosen.holds)


def seen_by(actor: Actor) -> Refunds:
    """What the actor may see, with what a page or a program is shown of it."""
    seen: Refunds = Refund.objects.visible_to(actor)
    return seen.select_related("item__merchant", "item__order__customer", "ticket")


def counts(actor: Actor) -> dict[RefundList, int]:
    """How many refunds wait for somebody. What is over grows for ever and is not counted."""
    seen: Refunds = Refund.objects.visible_to(actor)
    return {one: seen.filter(one.holds).count() for one in (RefundList.PENDING, RefundList.CONTRADICTED)}


def to_look_into(actor: Actor) -> int:
    """How many refunds need a person: two answers, or none within the time that is promised."""
    seen: Refunds = Refund.objects.visible_to(actor)
    return seen.filter(CONTRADICTED).count() + seen.filter(_unanswered(actor.at)).count()


def is_unanswered(refund: Refund, now: datetime) -> bool:
    """Whether the marketplace should have said by now what became of it."""
    return refund.status == RefundStatus.PENDING and refund.requested_at <= now - _patience()


def acknowledgement(refund: Refund) -> Event | None:
    """Who looked into the two answers, and what they found."""
    if refund.acknowledged_at is None:
        return None
    told = Event.objects.filter(subject_kind="refund", subject_id=refund.pk, verb="refund_acknowledged")
    return told.order_by("pk").last()


@transaction.atomic
def hear(refund: Refund, *, succeeded: bool, by: Actor, note: str = "") -> bool:
    """What the marketplace's program says. False when it contradicts what is noted: that stays as it is, and support
    is told, once."""
    try:
        settle(refund, succeeded=succeeded, by=by, note=note)
    except NotAllowed as refusal:
        if refusal.reason != "settled":
            raise
        _contradict(refund, by, note)
        return False
    return True


def _contradict(refund: Refund, by: Actor, note: str) -> None:
    lock(refund)
    said = RefundStatus.FAILED if refund.status == RefundStatus.SUCCEEDED else RefundStatus.SUCCEEDED
    log.warning("refund %s is noted as %s; %s says now: %s", refund.public_id, refund.status, by.who, said)
    if refund.contradicted_at:
        return
    refund.contradicted_at, refund.contradicted_note = by.at, note[:500]
    refund.save(update_fields=["contradicted_at", "contradicted_note"])
    _tell("refund_contradicted", refund, by, status=refund.status, said=said, note=note[:500])


@transaction.atomic
def acknowledge(refund: Refund, *, reason: str, by: Actor) -> None:
    """A person of support has looked into two answers. What is noted stays: nothing here moves money."""
    if by.party != Party.SUPPORT:
        raise NotAllowed("not_support", _("Only platform support can do this."))
    if by.key:
        Deed.begin(by.who, by.key, f"acknowledge:{refund.pk}:{reason}")
    lock(refund)
    if not refund.is_contradicted:
        raise NotAllowed("no_contradiction", _("There are no two answers to look into any more."))
    refund.acknowledged_at = by.at
    refund.save(update_fields=["acknowledged_at"])
    _tell("refund_acknowledged", refund, by, note=reason[:500])


def sweep_unanswered(_payload: dict[str, Any]) -> None:
    """Refunds that the marketplace has not answered in time: each is told to it again, with the same key and as a
    question, once for each further period; support gets one letter about all of them."""
    now = timezone.now()
    with transaction.atomic():
        told = Q(told_at__isnull=True) | Q(told_at__lte=now - _patience())
        locked = Refund.objects.visible_to(clock(now)).select_for_update(of=("self",)).select_related("item")
        silent = list(locked.filter(_unanswered(now)).filter(told).order_by("requested_at", "pk")[:BATCH])
        for refund in silent:
            refund.told_at = now
            _tell("refund_unanswered", refund, clock(now))
        Refund.objects.bulk_update(silent, ["told_at"])
        if silent:
            Event.tell(
                verb="refunds_unanswered",
                subject_kind="refunds",
                subject_id=silent[0].pk,
                audience=Audience.PLATFORM,
                actor=clock(now).as_json(),
                data={"refunds": [refund.pk for refund in silent]},
                at=now,
            )


def _unanswered(now: datetime) -> Q:
    return Q(status=RefundStatus.PENDING, requested_at__lte=now - _patience())


def _patience() -> timedelta:
    return timedelta(hours=promises.current().refund_answer_hours)


def _tell(verb: str, refund: Refund, by: Actor, **data: str) -> None:
    """Only the platform reads it, and its programs."""
    Event.tell(
        verb=verb,
        subject_kind="refund",
        subject_id=refund.pk,
        ticket_id=refund.ticket_id,
        merchant_id=refund.merchant_id,
        audience=Audience.PLATFORM,
        actor=by.as_json(),
        data={"refund": refund.public_id, "item": refund.item.name, **data},
        at=by.at,
    )
