"""A merchant's bad month: so many late answers of so many, and ratings that are not helpful."""

from dataclasses import replace
from datetime import datetime, timedelta

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance.rating import rate
from marketdesk.tickets.models import Ticket
from tests.answering import ask


def answer(store: Merchant, asked_at: datetime, *, hours: float, customer: User | None = None) -> Ticket:
    """Somebody asks, and the merchant resolves it so many hours later."""
    ticket = ask(customer or User.objects.filter(party=Party.CUSTOMER)[0], store, asked_at)
    answering = Actor(Party.MERCHANT, merchant_id=store.pk, name="Mehmet", at=asked_at + timedelta(hours=hours))
    ticket.resolve("It is.", by=answering)
    return ticket


def month(
    store: Merchant, now: datetime, *, late: int = 3, in_time: int = 2, customer: User | None = None
) -> list[Ticket]:
    """Answers of the days before `now`, the late ones first. As it stands, 60 % are late: severe."""
    start = now - timedelta(days=10)
    hours = [49.0] * late + [1.0] * in_time
    moments = [start + timedelta(minutes=number) for number in range(len(hours))]
    return [answer(store, at, hours=one, customer=customer) for at, one in zip(moments, hours, strict=True)]


def rated(ticket: Ticket, by: Actor, *, helpful: bool) -> None:
    """Its customer says whether it helped, an hour after it was closed."""
    assert ticket.closed_at
    rate(ticket, helpful=helpful, comment="", by=replace(by, at=ticket.closed_at + timedelta(hours=1)))
