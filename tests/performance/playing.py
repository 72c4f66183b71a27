"""A store whose history is played through the product's own verbs, and beside it somebody with a stopwatch, who writes
down what a ticket's state shows and knows nothing of waits, windows and verdicts."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from marketdesk.merchants.models import Membership, Merchant
from marketdesk.orders.models import Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance import contesting, incidents, rating
from marketdesk.policy import promises
from marketdesk.refunds.refunding import refund_items
from marketdesk.tickets import rules
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Issue, Ticket
from marketdesk.tickets.rules import OVER, State, Verb
from tests.conftest import make_order

A_MOMENT = timedelta(microseconds=1)
ISSUES = ("item_problem", "product_question", "order_status")

Deed = Callable[[Ticket, Actor], object]
DEEDS: dict[Verb, Deed] = {
    Verb.REPLY: lambda ticket, by: ticket.reply("So it is.", by=by),
    Verb.RESOLVE: lambda ticket, by: ticket.resolve("Done.", by=by),
    Verb.CLOSE: lambda ticket, by: ticket.close(by=by),
    Verb.CLOSE_FOR_GOOD: lambda ticket, by: ticket.close_for_good(by=by),
    Verb.REFUND: lambda ticket, by: refund_items(ticket, list(ticket.items.all()), by=by),
    Verb.APPEAL: lambda ticket, by: ticket.appeal("I cannot solve this.", by=by),
    Verb.REOPEN: lambda ticket, by: ticket.reopen("Not yet.", by=by),
    Verb.TAKE_OVER: lambda ticket, by: ticket.take_over(by=by),
    Verb.HAND_BACK: lambda ticket, by: ticket.hand_back(by=by),
    Verb.MARK_LATE: lambda ticket, by: ticket.mark_late(by=by),
    Verb.REMIND: lambda ticket, by: ticket.remind_customer(by=by),
}


@dataclass
class Stretch:
    """What the stopwatch shows of one time with the merchant."""

    began: datetime
    due: datetime
    ended: datetime | None = None
    ended_by: str = ""
    excused: bool = False

    def word(self, now: datetime, incidents: list[tuple[datetime, datetime | None]]) -> str:
        """What a person would say of it at a moment."""
        if self.ended is None and now <= self.due:
            return "running"
        if self.ended is not None and self.ended <= self.due and self.ended_by != Party.MERCHANT:
            return "platform"
        if self.excused:
            return "contest"
        if self.ended is not None and self.ended <= self.due:
            return "in_time"
        lasted = any(start < self.due and (end is None or end > self.began) for start, end in incidents)
        return "incident" if lasted else "late"

    @property
    def moment(self) -> datetime:
        return self.due if self.ended is None or self.ended > self.due else self.ended


@dataclass
class Seen:
    """What the stopwatch's owner wrote down of one ticket."""

    ticket: Ticket
    asked: datetime
    stretches: list[Stretch] = field(default_factory=list)
    was_closed: bool = False
    reopened: bool = False
    refunded: bool = False
    rated_at: datetime | None = None  # for the first time
    rated: tuple[datetime, bool] | None = None  # of the merchant


class Stage:
    """One store, three customers, one of support; `at` is the moment, which only ever moves on."""

    _numbers = itertools.count(1)

    def __init__(self, clock: Any, at: datetime) -> None:
        self.clock = clock
        number = next(self._numbers)
        self.at = at
        self.move_to(at)
        self.store = Merchant.objects.create(external_id=f"stage-{number}", name="Anadolu Home", country="TR")
        self.product = Product.objects.create(
            external_id=f"stage-{number}", merchant=self.store, name="Lamp", price=8990
        )
        people = {
            name: User.objects.create_user(f"{name}-{number}@example.org", name=name, party=party, country="DE")
            for name, party in (
                ("ada", Party.CUSTOMER),
                ("ben", Party.CUSTOMER),
                ("cem", Party.CUSTOMER),
                ("mehmet", Party.MERCHANT),
                ("sofia", Party.SUPPORT),
            )
        }
        Membership.objects.create(user=people["mehmet"], merchant=self.store)
        self.customers = [people["ada"], people["ben"], people["cem"]]
        self.staff = {
            Party.MERCHANT: Actor(Party.MERCHANT, user_id=people["mehmet"].pk, merchant_id=self.store.pk),
            Party.SUPPORT: Actor(Party.SUPPORT, user_id=people["sofia"].pk),
            Party.CLOCK: Actor(Party.CLOCK),
        }
        self.hours = promises.current().reply_hours
        self.seen: list[Seen] = []
        self.incidents: list[tuple[datetime, datetime | None]] = []

    # Time

    def move_to(self, moment: datetime) -> None:
        self.at = max(self.at, moment)
        self.clock.move_to(self.at, tick=False)
        promises.forget()

    def move(self, length: timedelta) -> None:
        self.move_to(self.at + length)

    # What people do

    def actor(self, party: Party, ticket: Ticket | None = None) -> Actor:
        if party == Party.CUSTOMER:
            assert ticket
            return Actor(Party.CUSTOMER, user_id=ticket.customer_id, at=self.at)
        return replace(self.staff[party], at=self.at)

    def ask(self, issue: str, customer: int = 0) -> Seen:
        """A customer asks, of an order of high value that was delivered long ago."""
        user, found = self.customers[customer], Issue.objects.get(pk=issue)
        about: dict[str, Any] = {"product": self.product}
        if found.category != "pre_purchase":
            order = make_order(user, self.product, f"O-{self.store.pk}-{len(self.seen)}")
            about = {"order": order, "items": list(order.items.all()[:1])}
        by = Actor(Party.CUSTOMER, user_id=user.pk, at=self.at)
        ticket = Ticket.open(customer=user, merchant=self.store, issue=found, text="Where?", by=by, **about)
        one = Seen(ticket, self.at)
        self.seen.append(one)
        self._watch(one, None, Party.CUSTOMER)
        return one

    def possible(self, one: Seen) -> list[tuple[Party, Verb]]:
        """What somebody may do with it now."""
        facts = one.ticket.facts(self.at)
        allowed = ((party, rules.possible(party, facts)) for party in Party)
        return [(party, verb) for party, verbs in allowed for verb in sorted(verbs) if verb in DEEDS]

    def do(self, one: Seen, party: Party, verb: Verb) -> bool:
        """Somebody does it, if it is not refused."""
        before = State(one.ticket.state)
        try:
            DEEDS[verb](one.ticket, self.actor(party, one.ticket))
        except NotAllowed:
            one.ticket.refresh_from_db()
            return False
        one.refunded = one.refunded or verb == Verb.REFUND
        self._watch(one, before, party)
        return True

    def rate(self, one: Seen, *, helpful: bool) -> None:
        """The customer says whether it helped, if they may."""
        try:
            given = rating.rate(one.ticket, helpful=helpful, comment="", by=self.actor(Party.CUSTOMER, one.ticket))
        except NotAllowed:
            return
        one.rated_at = one.rated_at or self.at
        one.rated = (one.rated_at, helpful) if given.merchant_id else None

    def contest(self, one: Seen, *, granted: bool = True) -> bool:
        """The merchant contests its last late stretch, if that is not refused, and a person decides."""
        late = [place for place, it in enumerate(one.stretches) if it.word(self.at, self.incidents) == "late"]
        if not late:
            return False
        wait = one.ticket.waits.order_by("pk")[late[-1]]
        try:
            made = contesting.contest(wait, "The mails were late.", by=self.actor(Party.MERCHANT))
        except NotAllowed:
            return False
        contesting.decide(made, granted=granted, reason="We looked into it.", by=self.actor(Party.SUPPORT))
        one.stretches[late[-1]].excused = granted
        return True

    def declare(self, start: datetime, end: datetime | None) -> None:
        """Support says that something kept answers from coming."""
        incidents.declare("The mails were late.", start, end, self.store, by=self.actor(Party.SUPPORT))
        self.incidents.append((start, end))

    def promise(self, hours: int) -> None:
        """The platform changes how long a merchant has."""
        if hours != self.hours:
            promises.change({"reply_hours": hours}, reason="Other hours.", by=self.actor(Party.SUPPORT))
            promises.forget()
            self.hours = hours

    # The stopwatch

    def _watch(self, one: Seen, before: State | None, party: Party) -> None:
        """Look at whose turn it is, and press the button."""
        state = State(one.ticket.state)
        if before == State.WITH_MERCHANT and state != before:
            one.stretches[-1].ended, one.stretches[-1].ended_by = self.at, party
        if state == State.WITH_MERCHANT and state != before:
            one.stretches.append(Stretch(self.at, self.at + timedelta(hours=self.hours)))
        one.was_closed = one.was_closed or state in OVER
        one.reopened = one.reopened or (before == State.CLOSED and state not in OVER and party == Party.CUSTOMER)


@contextmanager
def taken_back() -> Iterator[None]:
    """What happens inside never happened afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    promises.forget()
