"""A merchant's past: questions that were answered in time, and late."""

from datetime import datetime, timedelta

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.tickets.models import Issue, Ticket, Wait


def ask(customer: User, store: Merchant, at: datetime) -> Ticket:
    """A question to the store, which the merchant answers for."""
    return Ticket.open(
        customer=customer,
        merchant=store,
        issue=Issue.objects.get(pk="store_question"),
        text="Do you ship to Iceland?",
        by=Actor(Party.CUSTOMER, user_id=customer.pk, name=customer.name, at=at),
    )


def in_time(customer: User, store: Merchant, at: datetime, number: int = 1) -> list[Wait]:
    """So many questions, each answered at this moment, an hour after it was asked."""
    return [_answered(ask(customer, store, at - timedelta(hours=1)), at) for _ in range(number)]


def late(customer: User, store: Merchant, due: datetime, number: int = 1) -> list[Wait]:
    """So many questions that were due at this moment, and were answered a day later."""
    waits = []
    for _ in range(number):
        ticket = ask(customer, store, due - timedelta(hours=promises.current().reply_hours))
        ticket.mark_late(by=clock(due + timedelta(minutes=1)))
        waits.append(_answered(ticket, due + timedelta(days=1)))
    return waits


def _answered(ticket: Ticket, at: datetime) -> Wait:
    ticket.reply("Yes, we do.", by=Actor(Party.MERCHANT, merchant_id=ticket.merchant_id, name="Mehmet", at=at))
    return ticket.waits.get()
