"""The customer says whether the answer helped (M96, D5)."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from marketdesk.journal.models import Event
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.performance import rollups
from marketdesk.performance.models import Contest, Outcome, Rating
from marketdesk.policy import promises
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Excuse, Ticket
from marketdesk.tickets.rules import OVER, Desk

_OVER = sorted(OVER)


def can_rate(ticket: Ticket, now: datetime) -> bool:
    """Whether the customer may say, or change, whether it helped."""
    if ticket.state not in OVER:
        return False
    rating = Rating.objects.filter(ticket=ticket).first()
    return rating is None or now < rating.changeable_until


def is_asked(ticket: Ticket) -> bool:
    """Whether the customer is asked, and not only let say it: once, when it is closed for the first time (D5)."""
    turned = Event.objects.filter(ticket_id=ticket.pk, data__to__in=_OVER).exclude(data__from__in=_OVER)
    return turned.count() == 1


@transaction.atomic
def rate(ticket: Ticket, *, helpful: bool, comment: str, by: Actor) -> Rating:
    """The customer says whether it helped; for some days they can change it. What they said already is said once.
    Raises NotAllowed."""
    ticket.refresh_from_db(from_queryset=Ticket.objects.select_for_update())
    is_theirs = by.party == Party.CUSTOMER and Ticket.objects.visible_to(by).filter(pk=ticket.pk).exists()
    if not is_theirs or not can_rate(ticket, by.at):
        raise NotAllowed("rating", _("This ticket cannot be rated now."))
    desk = Desk.PLATFORM if ticket.closed_by == Party.SUPPORT else Desk(ticket.desk)
    served = desk == Desk.MERCHANT and ticket.waits.exists()
    # Locked before its contest is looked at, which may be decided at this moment.
    before = Rating.objects.select_for_update().filter(ticket=ticket).first()
    said = {
        "helpful": helpful,
        "comment": comment.replace("\x00", "").strip()[:2000],
        # Another desk may have closed it since.
        "merchant_id": ticket.merchant_id if served else None,
        "desk": desk,
        "excused": Excuse.CONTEST if not helpful and _was_granted(before) else "",
    }
    if before and all(getattr(before, name) == value for name, value in said.items()):
        return before
    until = by.at + timedelta(days=promises.current().rating_days)
    rating, _created = Rating.objects.update_or_create(
        ticket=ticket, defaults=said, create_defaults={**said, "at": by.at, "changeable_until": until}
    )
    if before:  # of a day that may have been counted
        for merchant_id in {before.merchant_id, rating.merchant_id} - {None}:
            rollups.again(merchant_id, rollups.span(rating.at, rating.at))
    Event.tell(
        verb="rated",
        subject_kind="ticket",
        subject_id=ticket.pk,
        ticket_id=ticket.pk,
        merchant_id=ticket.merchant_id,
        actor=by.as_json(),
        data={"helpful": helpful, "desk": desk, "changed": before is not None},
        at=by.at,
    )
    return rating


def _was_granted(rating: Rating | None) -> bool:
    """Whether it was contested with success: then it stays so, whatever the customer said in between."""
    return rating is not None and Contest.objects.filter(rating=rating, outcome=Outcome.GRANTED).exists()
