"""Who is told of what: one table by deed, doer and reader, and the people behind it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import QuerySet

from marketdesk.journal.models import Audience, Event
from marketdesk.merchants.models import Membership, Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State, Verb

C, M, S, CLOCK = Party.CUSTOMER, Party.MERCHANT, Party.SUPPORT, Party.CLOCK


@dataclass(frozen=True)
class Told:
    """When one of `by` has done `verb`, the party `to` gets the letter `letter` (a template's name)."""

    verb: str
    by: frozenset[Party]
    to: Party
    letter: str
    only_when_with_merchant: bool = False  # for what asks the merchant to do something
    only_on_ticket: bool = False  # not of a refund outside a ticket

    def fits(self, event: Event, ticket: Ticket | None) -> bool:
        if event.verb != self.verb or event.actor.get("party") not in self.by:
            return False
        if self.only_on_ticket and ticket is None:
            return False
        return not self.only_when_with_merchant or (ticket is not None and ticket.state == State.WITH_MERCHANT)


def _told(
    verb: str, by: Iterable[Party], to: Party, letter: str, *, with_merchant: bool = False, on_ticket: bool = False
) -> Told:
    return Told(verb, frozenset(by), to, letter, with_merchant, on_ticket)


TOLD: tuple[Told, ...] = (
    # The customer
    _told(Verb.REPLY, [M, S], C, "answered"),
    _told(Verb.RESOLVE, [M], C, "resolved"),
    _told(Verb.CLOSE, [M, S, CLOCK], C, "closed"),  # D20, D25
    _told(Verb.CLOSE_FOR_GOOD, [S], C, "closed"),
    _told(Verb.REOPEN, [M, S], C, "reopened"),  # D16
    _told(Verb.REFUND, [M, S], C, "refunded"),
    _told(Verb.REFUND_SUCCEEDED, [S, CLOCK], C, "refund_paid"),  # D17
    _told(Verb.REFUND_FAILED, [S, CLOCK], C, "refund_failed"),  # D17
    _told(Verb.TAKE_OVER, [S, CLOCK], C, "taken_over"),  # M48
    _told(Verb.REMIND, [CLOCK], C, "reminder"),  # D20
    # The merchant's team
    _told("open", [C], M, "new_ticket", with_merchant=True),
    _told(Verb.REPLY, [C], M, "customer_answered", with_merchant=True),  # M81
    _told(Verb.REOPEN, [C], M, "reopened", with_merchant=True),  # D16
    _told(Verb.HAND_BACK, [S], M, "handed_back", with_merchant=True),
    _told(Verb.MARK_LATE, [CLOCK], M, "late", with_merchant=True),  # M45; a takeover says it too
    _told(Verb.TAKE_OVER, [S, CLOCK], M, "taken_over"),  # D14
    _told(Verb.REFUND, [S], M, "refunded"),
    _told(Verb.REFUND_SUCCEEDED, [S, CLOCK], M, "refund_paid", on_ticket=True),
    _told(Verb.REFUND_FAILED, [S, CLOCK], M, "refund_failed"),
    _told(Verb.CLOSE, [C, S], M, "closed"),  # D21
    _told(Verb.CLOSE_FOR_GOOD, [S], M, "closed"),
    _told("due_soon", [CLOCK], M, "due_soon"),  # D29
    _told("warned", [CLOCK], M, "warned"),  # M45
    _told("penalty_noticed", [CLOCK], M, "penalty_noticed"),  # M46
    _told("notice_withdrawn", [S, CLOCK], M, "notice_withdrawn"),
    _told("contest_decided", [S], M, "contest_decided"),  # D7
    _told("incident_declared", [S], M, "incident_declared"),  # of one merchant; those of all stand in every ledger
    _told("incident_withdrawn", [S], M, "incident_withdrawn"),
    _told("sanction_proposed", [S, CLOCK], M, "sanction_proposed"),  # D8
    _told("impressions_blocked", [S, CLOCK], M, "sanction_confirmed"),
    _told("suspended", [S], M, "sanction_confirmed"),
    _told("sanction_declined", [S], M, "sanction_declined"),
    _told("sanction_withdrawn", [CLOCK], M, "sanction_withdrawn"),
    _told("sanction_ended", [S, CLOCK], M, "sanction_ended"),
    # The platform's support team
    _told(Verb.APPEAL, [M], S, "appealed"),  # M77
    _told(Verb.TAKE_OVER, [CLOCK], S, "taken_over"),  # M48, D14
    _told(Verb.REFUND_FAILED, [S, CLOCK], S, "refund_failed"),  # D17
    _told("refund_contradicted", [CLOCK], S, "refund_contradicted"),  # D17
    _told("refunds_unanswered", [CLOCK], S, "refunds_unanswered"),  # D17
    _told("contested", [M], S, "contested"),  # D7
    _told("webhook_disabled", [CLOCK], S, "webhook_disabled"),
    _told("sanction_proposed", [S, CLOCK], S, "sanction_proposed"),  # D8
    _told("sanction_answered", [M], S, "sanction_answered"),
)


@dataclass(frozen=True)
class Recipient:
    """One person, and the letter that they get."""

    user: User
    letter: str


def of(event: Event) -> list[Recipient]:
    """Everyone who is told of an event: never the one who did it, never somebody who may not read of it. Nobody is
    told what happened in a sandbox."""
    if Merchant.objects.is_sandbox(event.merchant_id):
        return []
    ticket = Ticket.objects.filter(pk=event.ticket_id).first() if event.ticket_id else None
    return [
        Recipient(user, f"{told.to}/{told.letter}")
        for told in TOLD
        if told.fits(event, ticket)
        for user in _people(told.to, event, ticket)
        if user.pk != event.actor.get("user") and reader(user, event) is not None
    ]


def _people(party: Party, event: Event, ticket: Ticket | None) -> QuerySet[User]:
    """The people of a party whom an event concerns, as far as a mail can reach them."""
    reachable = User.objects.filter(is_active=True, party=party, email__isnull=False).exclude(email="").order_by("pk")
    if party == Party.CUSTOMER:
        return reachable.filter(pk=ticket.customer_id) if ticket else reachable.none()
    if party == Party.MERCHANT:
        return reachable.filter(membership__merchant_id__in=[event.merchant_id])
    if event.subject_kind in {"endpoint", "sanction"}:  # the administrators' business, while there are any
        administrators = reachable.filter(is_staff=True)
        return administrators if administrators.exists() else reachable
    # Whoever looks after it; the whole team as long as nobody does, or who did has left.
    looking_after = reachable.filter(assigned_tickets=ticket) if ticket else reachable.none()
    return looking_after if looking_after.exists() else reachable


def reader(user: User, event: Event) -> Actor | None:
    """The actor as whom a person reads of an event; None where they may not."""
    actor = Actor(Party(user.party), user_id=user.pk, name=user.name)
    if actor.party == Party.MERCHANT:
        if not Membership.objects.filter(user=user, merchant_id__in=[event.merchant_id]).exists():
            return None
        actor = Actor(Party.MERCHANT, user_id=user.pk, merchant_id=event.merchant_id, name=user.name)
    if event.audience not in Audience.readable_by(actor.party):
        return None
    if event.ticket_id and not Ticket.objects.visible_to(actor).filter(pk=event.ticket_id).exists():
        return None
    return actor
