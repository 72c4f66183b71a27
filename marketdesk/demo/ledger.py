"""The past of thousands of tickets, written in memory by the same rules and stored in a few large steps.

A ticket's own verbs ask the database a dozen questions each, which for a past of this size is longer than
anybody waits for a demo. `History` does to the rows what the verbs of `Ticket` do; a test plays every plot both
ways and compares.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from marketdesk.journal.models import Audience, Event
from marketdesk.lib.ids import LENGTH
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import ItemState, Order, OrderItem, Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance.models import Rating
from marketdesk.policy import promises
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.tickets import clock, rules
from marketdesk.tickets.models import Attachment, Issue, Message, Ticket, Wait
from marketdesk.tickets.models.message import clean_text
from marketdesk.tickets.models.ticket import first_words, shorten
from marketdesk.tickets.rules import Desk, State, Verb
from marketdesk.translations.models import Translation


def public_id(rng: random.Random) -> str:
    """A public id that comes again with the same seed."""
    return f"{rng.getrandbits(4 * LENGTH):0{LENGTH}x}"


@dataclass
class Ledger:
    """Rows that wait to be stored, in the order in which they need each other."""

    orders: list[Order] = field(default_factory=list)
    items: list[OrderItem] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    affected: list[tuple[Ticket, OrderItem]] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    events: list[tuple[Event, Ticket, Message | None]] = field(default_factory=list)
    pictures: list[Attachment] = field(default_factory=list)
    translations: list[Translation] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    requests: list[tuple[Event, Refund]] = field(default_factory=list)
    ratings: list[Rating] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(len(rows) for rows in vars(self).values())

    def store(self, told: Callable[[int], Any] = lambda _number: None) -> None:
        """Write everything, oldest first, so that row numbers grow with time."""

        def put(model: Any, rows: Sequence[Any]) -> None:
            model.objects.bulk_create(rows)
            told(len(rows))

        put(Order, self.orders)
        put(OrderItem, self.items)
        put(Ticket, sorted(self.tickets, key=lambda ticket: ticket.opened_at))
        through = Ticket.items.through
        put(through, [through(ticket_id=ticket.pk, orderitem_id=item.pk) for ticket, item in self.affected])
        put(Wait, sorted(self.waits, key=lambda wait: wait.started_at))
        put(Message, sorted(self.messages, key=lambda message: message.at))
        for event, ticket, message in self.events:
            event.subject_id = event.ticket_id = ticket.pk
            if message:
                event.data["message"] = message.pk
        put(Refund, self.refunds)
        for event, refund in self.requests:
            event.subject_id, event.ticket_id = refund.pk, refund.ticket_id
        happened = [*(event for event, _ticket, _message in self.events), *(event for event, _refund in self.requests)]
        put(Event, sorted(happened, key=lambda event: event.at))
        for rows, model in (
            (self.pictures, Attachment),
            (self.translations, Translation),
            (self.ratings, Rating),
        ):
            put(model, rows)

    def remind(self, now: datetime) -> None:
        """Merchants were reminded of what is due soon (D29), so that nobody is reminded again when the clock starts."""
        for wait in self.waits:
            if wait.ended_at is None:
                left = clock.time_left(wait.due_at, now)
                stages = sorted(promises.current().reminder_hours, reverse=True)
                wait.reminded = [hours for hours in stages if left <= timedelta(hours=hours)]


class History:
    """One ticket on its way through the rules, with the words of its verbs."""

    def __init__(self, ledger: Ledger, ticket: Ticket, items: Sequence[OrderItem]) -> None:
        self.ledger = ledger
        self.ticket = ticket
        self.items = list(items)
        self.wait: Wait | None = None
        self.waited = False
        self.refunded: list[Refund] = []

    @classmethod
    def open(
        cls,
        ledger: Ledger,
        *,
        public_id: str,
        customer: User,
        merchant: Merchant,
        issue: Issue,
        text: str,
        by: Actor,
        subject: str = "",
        order: Order | None = None,
        product: Product | None = None,
        items: Sequence[OrderItem] = (),
        wants: str = "",
        pictures: Sequence[Attachment] = (),
        language: str = "",
    ) -> "History":
        """A customer asks, and the routing decides."""
        route = Ticket.route(customer=customer, merchant=merchant, issue=issue, order=order, now=by.at)
        to_merchant = route.desk == Desk.MERCHANT
        ticket = Ticket(
            public_id=public_id,
            merchant=merchant,
            customer=customer,
            order=order,
            product=product,
            issue=issue,
            category=issue.category,
            subject=shorten(subject, 120) or first_words(text),
            wants=wants,
            state=State.WITH_MERCHANT if to_merchant else State.WITH_SUPPORT,
            desk=route.desk,
            shared=to_merchant,
            routed_by=route.as_json(),
            opened_at=by.at,
            turned_at=by.at,
            public_updated_at=by.at,
        )
        self = cls(ledger, ticket, items)
        ledger.tickets.append(ticket)
        ledger.affected += [(ticket, item) for item in items]
        self._say(text, by, Audience.EVERYONE, pictures, language)
        if to_merchant:
            self._start_wait(by)
        self._tell("open", by, Audience.EVERYONE, {"routed_by": ticket.routed_by})
        return self

    # What people do

    def reply(self, text: str, *, by: Actor, pictures: Sequence[Attachment] = (), language: str = "") -> None:
        self._do(Verb.REPLY, by, text, pictures=pictures, language=language)

    def resolve(self, text: str, *, by: Actor, pictures: Sequence[Attachment] = (), language: str = "") -> None:
        self._do(Verb.RESOLVE, by, text, pictures=pictures, language=language, how="resolved")

    def reopen(self, text: str, *, by: Actor, pictures: Sequence[Attachment] = (), language: str = "") -> None:
        self._do(Verb.REOPEN, by, text, pictures=pictures, language=language)

    def appeal(self, reason: str, *, by: Actor) -> None:
        self._do(Verb.APPEAL, by, reason)

    def note(self, text: str, *, by: Actor) -> None:
        self._do(Verb.NOTE, by, text)

    def close(self, *, by: Actor, how: str = "") -> None:
        self._do(Verb.CLOSE, by, how=how or ("silence" if by.party == Party.CLOCK else "closed"))

    def close_for_good(self, *, by: Actor) -> None:
        self._do(Verb.CLOSE_FOR_GOOD, by, how="closed")

    def take_over(self, *, by: Actor) -> None:
        self._do(Verb.TAKE_OVER, by)

    def hand_back(self, *, by: Actor) -> None:
        self._do(Verb.HAND_BACK, by)
        self.ticket.shared, self.ticket.assignee = True, None

    def assign(self, agent: User | None, *, by: Actor) -> None:
        self.ticket.assignee = agent
        self._do(Verb.ASSIGN, by, data={"to": agent.name if agent else ""})

    def mark_returned(self, items: Iterable[OrderItem], *, by: Actor) -> None:
        items = list(items)
        for item in items:
            item.returned_at = item.returned_at or by.at
        self._do(Verb.MARK_RETURNED, by, data={"items": [item.name for item in items]})

    def refund(self, items: Sequence[OrderItem], *, by: Actor) -> None:
        """What `refunds.refunding.refund_items` does."""
        self._do(Verb.REFUND, by, how="refunded", data={"items": [item.public_id for item in items]})
        for item in items:
            attempt = 1 + sum(refund.item is item for refund in self.refunded)
            refund = Refund(
                item=item,
                ticket=self.ticket,
                merchant_id=item.merchant_id,
                amount=item.refundable,
                currency=self.ticket.order.currency if self.ticket.order else "",
                key=f"refund-{item.public_id}-{attempt}",
                actor=by.as_json(),
                requested_at=by.at,
            )
            item.refunded, item.state = item.paid, ItemState.REFUNDED
            self.refunded.append(refund)
            self.ledger.refunds.append(refund)
            request = Event(
                verb="refund_requested",
                subject_kind="refund",
                merchant_id=item.merchant_id,
                actor=by.as_json(),
                data={"refund": refund.public_id},
                at=by.at,
            )
            self.ledger.requests.append((request, refund))

    def settle(self, *, succeeded: bool, by: Actor, note: str = "") -> None:
        """What `refunds.refunding.settle` does, for every refund on its way."""
        for refund in [one for one in self.refunded if one.status == RefundStatus.PENDING]:
            refund.status = RefundStatus.SUCCEEDED if succeeded else RefundStatus.FAILED
            refund.settled_at, refund.settled_by, refund.settled_note = by.at, by.as_json(), note
            told = {"refund": refund.public_id, "item": refund.item.name, "note": note}
            if succeeded:
                self._do(Verb.REFUND_SUCCEEDED, by, data=told)
                continue
            refund.item.refunded -= refund.amount
            shipped = self.ticket.order and self.ticket.order.shipped_at
            refund.item.state = ItemState.SHIPPED if shipped else ItemState.APPROVED
            self._do(Verb.REFUND_FAILED, by, data=told)

    def mark_late(self, *, by: Actor) -> None:
        if self.wait:
            self.wait.late_told_at = by.at
        due = self.ticket.due_at
        self._do(Verb.MARK_LATE, by, data={"due_at": due.isoformat() if due else ""})

    def remind_customer(self, *, by: Actor) -> None:
        self.ticket.reminded_at = by.at
        self._do(Verb.REMIND, by)

    def rate(self, *, helpful: bool, comment: str, at: datetime) -> None:
        """What `performance.models.rate` does."""
        desk = Desk.PLATFORM if self.ticket.closed_by == Party.SUPPORT else Desk(self.ticket.desk)
        served = desk == Desk.MERCHANT and self.waited
        self.ledger.ratings.append(
            Rating(
                ticket=self.ticket,
                merchant_id=self.ticket.merchant_id if served else None,
                desk=desk,
                helpful=helpful,
                comment=comment,
                at=at,
                changeable_until=at + timedelta(days=promises.current().rating_days),
            )
        )

    # Inside

    def _do(
        self,
        verb: Verb,
        by: Actor,
        text: str = "",
        *,
        pictures: Sequence[Attachment] = (),
        language: str = "",
        how: str = "",
        data: dict[str, Any] | None = None,
    ) -> None:
        ticket = self.ticket
        rule = rules.check(verb, by.party, ticket.facts(by.at))
        message = self._say(text, by, rule.audience, pictures, language) if text else None
        before = State(ticket.state)
        ticket.state = rule.target(before, Desk(ticket.desk))
        ticket.desk = rule.to_desk or ticket.desk
        if ticket.state != before:
            ticket.turned_at = by.at
            if before == State.WITH_MERCHANT:
                self._end_wait(verb, by)
            if ticket.state == State.WITH_MERCHANT:
                self._start_wait(by)
            if ticket.state in rules.OVER:
                ticket.closed_at = ticket.closed_at or by.at
                ticket.closed_by = ticket.closed_by or by.party
                ticket.closed_how = ticket.closed_how or how
            elif before in rules.OVER:
                ticket.closed_at, ticket.closed_by, ticket.closed_how = None, "", ""
        if rule.audience != Audience.PLATFORM:
            ticket.public_updated_at = by.at
        moved = {"from": before, "to": ticket.state, "desk": ticket.desk, "how": how}
        self._tell(verb, by, rule.audience, {**moved, **(data or {})}, message)

    def _say(self, text: str, by: Actor, audience: Audience, pictures: Sequence[Attachment], language: str) -> Message:
        ticket = self.ticket
        message = Message(
            ticket=ticket,
            merchant_id=ticket.merchant_id,
            author=by.party,
            author_name=by.name,
            user_id=by.user_id,
            audience=audience,
            body=clean_text(text),
            language=language,
            at=by.at,
        )
        self.ledger.messages.append(message)
        for picture in pictures:
            picture.message, picture.merchant_id, picture.uploader, picture.at = (
                message,
                ticket.merchant_id,
                by.who,
                by.at,
            )
            self.ledger.pictures.append(picture)
        if audience == Audience.EVERYONE:
            ticket.excerpt = shorten(message.body, 200)
            ticket.has_pictures = ticket.has_pictures or bool(pictures)
            if by.party == Party.CUSTOMER:
                ticket.answered = False
                ticket.language = language or ticket.language
            elif by.party == Party.MERCHANT:
                ticket.answered = True
        return message

    def _tell(
        self, verb: str, by: Actor, audience: Audience, data: dict[str, Any], message: Message | None = None
    ) -> None:
        event = Event(
            verb=verb,
            subject_kind="ticket",
            merchant_id=self.ticket.merchant_id,
            audience=audience,
            actor=by.as_json(),
            data=data,
            at=by.at,
        )
        self.ledger.events.append((event, self.ticket, message))

    def _start_wait(self, by: Actor) -> None:
        hours = promises.current().reply_hours
        self.ticket.due_at = clock.due_at(by.at, hours)
        self.wait = Wait(
            ticket=self.ticket,
            merchant_id=self.ticket.merchant_id,
            started_at=by.at,
            due_at=self.ticket.due_at,
            hours=hours,
        )
        self.waited = True
        self.ledger.waits.append(self.wait)

    def _end_wait(self, how: str, by: Actor) -> None:
        wait, self.wait = self.wait, None
        if wait:
            wait.ended_at, wait.ended_by, wait.ended_how = by.at, by.party, how
            wait.counted = by.party == Party.MERCHANT or wait.is_late
        self.ticket.due_at = None
