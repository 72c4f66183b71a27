"""The ticket and its verbs: nothing else writes `state`. Each takes the actor, asks the rules, leaves an event."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.db import connection, models
from django.db.models import Q
from django.utils.translation import gettext as _

from marketdesk.journal.models import AlreadyDone, Audience, Deed, Event, KeyReused
from marketdesk.lib import prepared, whole
from marketdesk.lib.ids import PublicIdField
from marketdesk.lib.languages import isolated
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, OrderItem, Product
from marketdesk.people.actor import Actor, Link
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.tickets import clock, routes, routing, routing_words, rules
from marketdesk.tickets.errors import NotAllowed, SomethingNew
from marketdesk.tickets.models.attachment import Attachment
from marketdesk.tickets.models.draft import Draft
from marketdesk.tickets.models.issue import Issue
from marketdesk.tickets.models.message import Message, clean_text
from marketdesk.tickets.models.wait import Wait
from marketdesk.tickets.rules import Category, Desk, Need, Rule, State, Verb

# A program that repeats itself within this time, with nothing in between, gets the same answer again.
REPEATED_WITHIN = timedelta(seconds=60)
# Events that change nothing that a person could be writing about.
QUIET = (Verb.MARK_LATE, Verb.REMIND, Verb.END_LINKS, "rated", "refund_requested", "refund_unanswered")

NEVER_CHANGE = ("id", "public_id", "merchant", "customer", "order", "product", "issue")
# What verbs change, and nothing else of a row is written.
CHANGE = (
    *("state", "desk", "shared", "due_at", "answered", "assignee_id"),
    *("turned_at", "public_updated_at", "reminded_at", "closed_at", "closed_by", "closed_how"),
    *("excerpt", "language", "has_pictures", "link_generation"),
)


class Tickets(models.QuerySet["Ticket"]):
    """Tickets, seen through the one gate."""

    def visible_to(self, actor: Actor) -> "Tickets":
        """What this actor may see at all; anything else is as if absent (D22, D31)."""
        match actor.party:
            case Party.CUSTOMER if actor.user_id and actor.link:
                only = {"pk": actor.link.ticket_id, "link_generation": actor.link.generation}
                return self.filter(customer_id=actor.user_id, **only)
            case Party.CUSTOMER if actor.user_id:
                return self.filter(customer_id=actor.user_id, customer__erased_at__isnull=True)
            case Party.MERCHANT if actor.merchant_id:
                return self.filter(merchant_id=actor.merchant_id, shared=True)
            case Party.SUPPORT if actor.merchant_id:  # who plays support in a sandbox
                return self.filter(merchant_id=actor.merchant_id, is_sandbox=True)
            case Party.CLOCK if not actor.is_program:  # time passes in sandboxes too
                return self.all()
            case Party.SUPPORT | Party.CLOCK:
                return self.filter(is_sandbox=False)
        return self.none()

    def for_page(self) -> "Tickets":
        """With everything that the page of a ticket names."""
        related = ("customer", "merchant", "issue", "order", "product", "assignee")
        return self.select_related(*related).prefetch_related("items")

    def for_list(self) -> "Tickets":
        """With what a line of a merchant's list shows of them, and nothing else."""
        mine = "public_id state desk category subject excerpt language has_pictures due_at turned_at closed_at".split()
        ending = ("closed_how", "closed_by")
        customer = ("customer__name", "customer__language", "customer__country")
        shown = (*mine, *ending, "issue__labels", "issue__v2_label", *customer, "order__country")
        return self.select_related("customer", "issue", "order").only(*shown)

    def waiting_for_merchant(self) -> "Tickets":
        """What the red number counts (D15)."""
        return self.filter(state=State.WITH_MERCHANT)


class Ticket(models.Model):
    """A question of a customer, and everything that was said and done about it."""

    public_id = PublicIdField()
    merchant = models.ForeignKey(Merchant, models.PROTECT, related_name="tickets")
    is_sandbox = models.BooleanField(default=False)  # of a sandbox store: no person but its own team ever sees it
    customer = models.ForeignKey(User, models.PROTECT, related_name="tickets")
    order = models.ForeignKey(Order, models.PROTECT, null=True, related_name="tickets")
    product = models.ForeignKey(Product, models.PROTECT, null=True, related_name="+")
    items = models.ManyToManyField(OrderItem, related_name="tickets")
    issue = models.ForeignKey(Issue, models.PROTECT, related_name="+")
    category = models.CharField(max_length=30, choices=Category)
    subject = models.CharField(max_length=120)
    wants = models.CharField(max_length=10, blank=True)  # refund or return (D28)
    follows = models.ForeignKey("self", models.SET_NULL, null=True, related_name="followed_by")

    state = models.CharField(max_length=20, choices=State)
    desk = models.CharField(max_length=10, choices=Desk)
    shared = models.BooleanField(default=False)
    routed_by = models.JSONField(default=dict)
    due_at = models.DateTimeField(null=True)
    answered = models.BooleanField(default=False)  # by the merchant, since the customer's last message (D25)
    assignee = models.ForeignKey(User, models.SET_NULL, null=True, related_name="assigned_tickets", db_index=False)

    opened_at = models.DateTimeField()
    turned_at = models.DateTimeField()  # when the state last changed
    public_updated_at = models.DateTimeField()
    reminded_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=10, choices=Party, blank=True)
    closed_how = models.CharField(max_length=20, blank=True)

    excerpt = models.CharField(max_length=200)  # of the last message that everyone may read
    language = models.CharField(max_length=10, blank=True)  # of the customer's last message
    has_pictures = models.BooleanField(default=False)
    link_generation = models.PositiveSmallIntegerField(default=0)  # links in mails of an earlier one have ended

    objects = Tickets.as_manager()
    _held_by: Actor | None = None  # whoever has locked it in this transaction

    class Meta:
        indexes = [
            models.Index(  # with `shared` and `is_sandbox`, so that nobody who counts looks at a single row
                fields=["merchant", "due_at", "id", "shared", "is_sandbox"],
                name="ticket_due",
                condition=Q(state=State.WITH_MERCHANT),
            ),
            models.Index(
                fields=["merchant", "category", "due_at", "id", "shared"],
                name="ticket_due_by_category",
                condition=Q(state=State.WITH_MERCHANT),
            ),
            models.Index(
                fields=["merchant", "turned_at", "id"],
                name="ticket_awaiting_user",
                condition=Q(state=State.WITH_CUSTOMER, desk=Desk.MERCHANT, shared=True),
            ),
            models.Index(
                fields=["merchant", "turned_at", "id"],
                name="ticket_with_support",
                condition=Q(desk=Desk.PLATFORM, closed_at__isnull=True, shared=True),
            ),
            models.Index(
                fields=["merchant", "-closed_at", "-id"],
                name="ticket_closed",
                condition=Q(closed_at__isnull=False, shared=True),
            ),
            models.Index(fields=["opened_at"], name="ticket_by_opening"),
            models.Index(fields=["merchant", "opened_at"], name="ticket_by_asking", condition=Q(shared=True)),
            models.Index(fields=["merchant", "public_updated_at", "id"], name="ticket_by_update"),
            models.Index(fields=["customer", "-public_updated_at", "-id"], name="ticket_by_customer"),
            models.Index(fields=["turned_at", "id"], name="ticket_at_support", condition=Q(state=State.WITH_SUPPORT)),
            # Not of those that nobody has, which are nearly all: SQLite would look the unassigned up in it.
            models.Index(fields=["assignee"], name="ticket_assigned", condition=Q(assignee__isnull=False)),
            models.Index(  # for support, who sees the tickets of all merchants but sandboxes
                fields=["due_at", "id", "is_sandbox"],
                name="ticket_at_merchants",
                condition=Q(state=State.WITH_MERCHANT),
            ),
            models.Index(
                fields=["turned_at", "id", "is_sandbox"],
                name="ticket_awaited_by_support",
                condition=Q(state=State.WITH_CUSTOMER, desk=Desk.PLATFORM),
            ),
            models.Index(fields=["turned_at"], name="ticket_silent", condition=Q(state=State.WITH_CUSTOMER)),
            models.Index(
                fields=["-closed_at", "-id"], name="ticket_closed_by_support", condition=Q(closed_by=Party.SUPPORT)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.public_id} {self.subject}"

    # Opening

    @classmethod
    @whole.verb
    def open(
        cls,
        *,
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
        follows: "Ticket | None" = None,
        language: str = "",
    ) -> "Ticket":
        """A customer asks (M2). The issue decides the category (M18), the routing the desk (M20-M30)."""
        text = clean_text(text)
        about = [merchant.pk, order and order.pk, product and product.pk, *(item.pk for item in items), wants, subject]
        deed = _begin(f"open:{issue.pk}:{about}:{text}", pictures, by) if by.key else None
        if _is_erased(customer):
            raise NotAllowed("absent", _("There is no such ticket."))
        if order and (order.customer_id != customer.pk or order.merchant_id != merchant.pk):
            raise ValueError("The order is somebody else's.")
        if any(item.order_id != (order.pk if order else None) for item in items):
            raise ValueError("An item is of another order.")
        if product and product.merchant_id != merchant.pk:
            raise ValueError("The product is another merchant's.")
        if follows and follows.customer_id != customer.pk:
            raise ValueError("The earlier ticket is somebody else's.")
        route = cls.route(customer=customer, merchant=merchant, issue=issue, order=order, now=by.at)
        to_merchant = route.desk == Desk.MERCHANT
        ticket = cls(
            merchant=merchant,
            is_sandbox=merchant.is_sandbox,
            customer=customer,
            order=order,
            product=product,
            issue=issue,
            category=issue.category,
            subject=shorten(subject.replace("\x00", ""), 120) or first_words(text),
            wants=wants,
            follows=follows,
            state=State.WITH_MERCHANT if to_merchant else State.WITH_SUPPORT,
            desk=route.desk,
            shared=to_merchant,
            routed_by=route.as_json(),
            opened_at=by.at,
            turned_at=by.at,
            public_updated_at=by.at,
        )
        wait = ticket._new_wait(by) if to_merchant else None
        ticket._hear(text, by, language)
        with prepared.gathered(cls, Message, Event):
            prepared.insert(ticket)
            for item in items:
                prepared.put(Ticket.items.through(ticket_id=ticket.pk, orderitem_id=item.pk), unless_there=True)
            if wait:
                ticket._start(wait)
            ticket._say(text, by, Audience.EVERYONE, pictures, language)
            if ticket.has_pictures:  # known only now
                ticket._keep()
            ticket._tell("open", by, Audience.EVERYONE, {"routed_by": ticket.routed_by})
            if deed:
                deed.finish(ticket._answer(pictures))
        return ticket

    @staticmethod
    def route(*, customer: User, merchant: Merchant, issue: Issue, order: Order | None, now: datetime) -> routing.Route:
        """Who would answer such a question now, and why: also what a customer is shown before sending. In a sandbox
        it is always the merchant, by the article's last rule."""
        promised = promises.current()
        question = Ticket.question(customer=customer, merchant=merchant, issue=issue, order=order)
        return routing.route(question, promised, now, () if merchant.is_sandbox else routes.current())

    @staticmethod
    def question(*, customer: User, merchant: Merchant, issue: Issue, order: Order | None) -> routing.Question:
        """What the routing looks at."""
        window = promises.current().refund_window_days
        return routing.Question(
            category=Category(issue.category),
            country=order.country if order else customer.country,
            selected_merchant=merchant.selected,
            suspended_merchant=merchant.suspended_at is not None,
            total=order.total if order else 0,
            currency=order.currency if order else "",
            refund_ends_at=order.refund_ends_at(window) if order else None,
            issue=issue.code,
            merchant=merchant.external_id,
            tags=frozenset(merchant.tags),
            language=customer.language,
        )

    @classmethod
    @contextmanager
    def held(cls, public_id: str, by: Actor) -> Iterator["Ticket"]:
        """The ticket of that id, locked and read once for what the actor does with it here: whole, or not at all.
        Raises NotAllowed where they must not know of it."""
        with whole.deed():
            ticket = _locked("public_id", public_id, by)
            ticket._held_by = by
            try:
                yield ticket
            finally:
                ticket._held_by = None

    # What people do

    @whole.verb
    @prepared.gathered(Message, Event)
    def reply(self, text: str, *, by: Actor, pictures: Sequence[Attachment] = (), language: str = "") -> Message:
        """Answer, or add to the conversation (M72, M81, D24)."""
        text = clean_text(text)
        rule = self._allow(Verb.REPLY, by, text, pictures)
        message = self._say(text, by, rule.audience, pictures, language)
        self._move(rule, by, message=message)
        return message

    @whole.verb
    def resolve(self, text: str, *, by: Actor, pictures: Sequence[Attachment] = (), language: str = "") -> Message:
        """Reply & Resolve (M74)."""
        text = clean_text(text)
        rule = self._allow(Verb.RESOLVE, by, text, pictures)
        message = self._say(text, by, rule.audience, pictures, language)
        self._move(rule, by, message=message, how="resolved")
        return message

    @whole.verb
    def close(self, *, by: Actor, how: str = "") -> None:
        """Close without a refund (M107, D20, D21, D25). `how` is the customer's own word: solved or not_needed."""
        rule = self._allow(Verb.CLOSE, by)
        self._move(rule, by, how=how or ("silence" if by.party == Party.CLOCK else "closed"))

    @whole.verb
    def close_for_good(self, *, by: Actor) -> None:
        """Close so that it never re-opens (D16)."""
        rule = self._allow(Verb.CLOSE_FOR_GOOD, by)
        self._move(rule, by, how="closed")

    @whole.verb
    def close_as_refunded(self, *, by: Actor, body: str, data: dict[str, Any]) -> None:
        """Close because money goes back (M58); the refunds room calls this and writes the refunds beside it."""
        rule = self._allow(Verb.REFUND, by, body)
        self._move(rule, by, how="refunded", data=data)

    def close_locked_as_refunded(self, *, by: Actor, data: dict[str, Any]) -> None:
        """The same for who holds this ticket's lock and has just read it under that."""
        rule = rules.check(Verb.REFUND, by.party, self.facts(by.at))
        self._move(rule, by, how="refunded", data=data)

    @whole.verb
    def refund_succeeded(self, *, by: Actor, data: dict[str, Any]) -> None:
        """The marketplace has paid (D17)."""
        rule = self._allow(Verb.REFUND_SUCCEEDED, by)
        self._move(rule, by, data=data)

    @whole.verb
    def refund_failed(self, *, by: Actor, data: dict[str, Any]) -> None:
        """The marketplace could not pay: back to the platform's desk (D17)."""
        rule = self._allow(Verb.REFUND_FAILED, by)
        self._move(rule, by, data=data)

    @whole.verb
    def mark_returned(self, items: Iterable[OrderItem], *, by: Actor) -> None:
        """These items have come back (D28)."""
        items = list(items)
        rule = self._allow(Verb.MARK_RETURNED, by, ",".join(item.public_id for item in items))
        for item in items:
            item.mark_returned(by.at)
        self._move(rule, by, data={"items": [item.name for item in items]})

    @whole.verb
    def appeal(self, reason: str, *, by: Actor) -> None:
        """Bring platform support into the conversation (M77). Only merchant and platform read the reason (D26)."""
        reason = clean_text(reason) if reason or not by.is_program else ""
        rule = self._allow(Verb.APPEAL, by, reason)
        message = self._say(reason, by, rule.audience) if reason else None
        self._move(rule, by, message=message)

    @whole.verb
    def reopen(
        self, text: str, *, by: Actor, pictures: Sequence[Attachment] = (), language: str = ""
    ) -> Message | None:
        """Open a closed ticket again, with a message (M103, D16). Support may do it without one, and so may a
        merchant's program: it then stands with the merchant, who has the whole time to reply."""
        may_be_silent = by.party == Party.SUPPORT or (by.party == Party.MERCHANT and by.is_program)
        text = clean_text(text) if text or not may_be_silent else ""
        rule = self._allow(Verb.REOPEN, by, text, pictures)
        message = self._say(text, by, rule.audience, pictures, language) if text else None
        self._move(rule, by, message=message)
        return message

    @whole.verb
    def note(self, text: str, *, by: Actor, pictures: Sequence[Attachment] = ()) -> Message:
        """Write down something that only the platform reads."""
        text = clean_text(text)
        rule = self._allow(Verb.NOTE, by, text)
        message = self._say(text, by, rule.audience, pictures)
        self._move(rule, by, message=message)
        return message

    @whole.verb
    def assign(self, agent: User | None, *, by: Actor) -> None:
        """Say who of support looks after it; nobody takes it back to the queue."""
        rule = self._allow(Verb.ASSIGN, by, str(agent.pk if agent else ""))
        self.assignee = agent
        self._move(rule, by, data={"to": agent.name if agent else ""})

    @whole.verb
    def take_over(self, *, by: Actor) -> None:
        """The platform's desk serves it from now on (M48, D14)."""
        rule = self._allow(Verb.TAKE_OVER, by)
        self._move(rule, by)

    @whole.verb
    def hand_back(self, *, by: Actor) -> None:
        """The merchant serves it from now on; a new time left to reply runs (D1)."""
        rule = self._allow(Verb.HAND_BACK, by)
        self.shared = True
        self.assignee = None
        self._move(rule, by)

    @whole.verb
    def end_links(self, *, by: Actor) -> None:
        """The links in the mails sent so far open nothing any more; the next mail brings a new one."""
        rule = self._allow(Verb.END_LINKS, by)
        self.link_generation += 1
        self._move(rule, by)

    # What the clock does

    @whole.verb
    def mark_late(self, *, by: Actor) -> None:
        """The time left to reply has run out: told once for each wait (M45)."""
        rule = self._allow(Verb.MARK_LATE, by)
        if self.waits.filter(ended_at__isnull=True, late_told_at__isnull=True).update(late_told_at=by.at):
            self._move(rule, by, data={"due_at": self._due_iso()})

    @whole.verb
    def remind_customer(self, *, by: Actor) -> None:
        """Tell a silent customer that an answer is waiting (D20), once for each silence."""
        rule = self._allow(Verb.REMIND, by)
        if self.reminded_at is None or self.reminded_at <= self.turned_at:
            self.reminded_at = by.at
            self._move(rule, by)

    # Questions

    def can(self, actor: Actor) -> frozenset[Verb]:
        """Everything that the actor may do now: what a page draws buttons for."""
        return rules.possible(actor.party, self.facts(actor.at))

    def facts(self, now: datetime) -> rules.Facts:
        """What the rules need to know."""
        met = {
            Need.SHARED: self.shared,
            Need.ANSWERED: self.answered,
            Need.REOPENABLE: self.reopenable_until is not None and now < self.reopenable_until,
            Need.OVERDUE: self.is_overdue(now),
            Need.TRADING: self.is_open or self.merchant.suspended_at is None,
        }
        return rules.Facts(
            Category(self.category),
            State(self.state),
            Desk(self.desk),
            frozenset(need for need, is_met in met.items() if is_met),
        )

    @property
    def reopenable_until(self) -> datetime | None:
        """Until when a closed ticket can be re-opened (D16)."""
        if self.closed_at is None:
            return None
        return self.closed_at + timedelta(days=promises.current().reopen_days)

    @property
    def is_open(self) -> bool:
        return self.state in rules.OPEN

    @property
    def is_purchase(self) -> bool:
        """Whether it is a Post Purchase Ticket, with checkboxes and a refund button (M56, M57)."""
        return self.category == Category.POST_PURCHASE

    def is_overdue(self, now: datetime) -> bool:
        return self.due_at is not None and clock.is_late(self.due_at, now)

    @property
    def why_here(self) -> str:
        """The rule that sent it where it went first, in words (D32); and that platform support handed it on."""
        known = routing_words.Names({self.issue_id: self.issue.label}, {self.merchant.external_id: self.merchant.name})
        words = routing_words.explain(self.routed_by, known)
        if self.desk == Desk.PLATFORM or routing.desk_of(self.routed_by) != Desk.PLATFORM:
            return words
        names = {"platform": promises.current().platform_name, "merchant": self.merchant.name}
        names = {key: isolated(name) for key, name in names.items()}
        handed = _("%(platform)s Support handed this ticket to %(merchant)s")
        return f"{words} {handed % names}"

    def events_for(self, actor: Actor) -> models.QuerySet[Event]:
        """What happened, as far as the actor may read it."""
        return Event.objects.filter(ticket_id=self.pk, audience__in=Audience.readable_by(actor.party)).order_by("id")

    def messages_for(self, actor: Actor) -> models.QuerySet[Message]:
        """What was said, as far as the actor may read it."""
        return self.messages.filter(audience__in=Audience.readable_by(actor.party))

    def last_seen_by(self, actor: Actor) -> int:
        """The id of the newest event that the actor may read: what a form keeps as `seen`."""
        newest = self._newest_event(actor)
        return newest.pk if newest else 0

    def _newest_event(self, actor: Actor) -> Event | None:
        return _newest(actor.party).first(self.pk)

    # Inside

    def _allow(self, verb: Verb, by: Actor, body: str = "", pictures: Sequence[Attachment] = ()) -> Rule:
        """Key, lock and re-read, seen, rules: in this order, before anything is changed."""
        if by.key:
            _begin(f"{verb}:{self.pk}:{body}", pictures, by).finish(self._answer(pictures))
        self._lock(by)
        self._refuse_unseen(by)
        self._refuse_repetition(verb, by, body, pictures)
        return rules.check(verb, by.party, self.facts(by.at))

    def _lock(self, by: Actor) -> None:
        """Lock and re-read, if the actor may still see it. Whose and what it is about never changes, so what was read
        of that stays."""
        if self._held_by is by:  # read with its lock a moment ago
            return
        found = _locked("pk", self.pk, by)
        for field in self._meta.concrete_fields:
            if field.name not in NEVER_CHANGE:
                setattr(self, field.attname, getattr(found, field.attname))  # and forget whom another number named

    def _refuse_unseen(self, by: Actor) -> None:
        if by.seen is not None and self.last_seen_by(by) > by.seen:
            raise SomethingNew

    def _refuse_repetition(self, verb: Verb, by: Actor, body: str, pictures: Sequence[Attachment]) -> None:
        """API v2 knows no keys: the same program saying the same within a minute is a retry, and done already."""
        if not by.is_program or by.key or by.is_first:
            return
        if by.at - self.public_updated_at > REPEATED_WITHIN:  # whatever a program does to a ticket stands there
            return
        last = self._newest_event(by)
        if last is None or last.verb != verb or last.actor.get("app") != by.app or by.at - last.at > REPEATED_WITHIN:
            return
        said = Message.objects.filter(pk=last.data.get("message")).prefetch_related("attachments").first()
        before = (said.body, _prints(said.attachments.all())) if said else ("", [])
        if before == (body, _prints(pictures)):
            raise AlreadyDone(self._answer(pictures))

    def _answer(self, pictures: Iterable[Attachment]) -> dict[str, Any]:
        """What a deed's key remembers of it."""
        return {"ticket": self.public_id, "pictures": _prints(pictures)}

    def _say(
        self, text: str, by: Actor, audience: Audience, pictures: Sequence[Attachment] = (), language: str = ""
    ) -> Message:
        message = Message(
            ticket=self,
            merchant_id=self.merchant_id,
            author=by.party,
            author_name=by.name,
            user_id=by.user_id,
            audience=audience,
            body=text,
            language=language,
            at=by.at,
        )
        prepared.insert(message)
        sent = 0
        if pictures:
            kept = Attachment.objects.filter(pk__in=[picture.pk for picture in pictures])
            sent = kept.filter(message__isnull=True, uploader=by.who).update(
                message=message, merchant_id=self.merchant_id
            )
        if audience == Audience.EVERYONE:
            self._hear(text, by, language)
            self.has_pictures = self.has_pictures or bool(sent)
        if audience != Audience.STAFF:  # the reason of an appeal is no answer: one that was begun is kept
            Draft.forget(self.pk, by=by)
        return message

    def _hear(self, text: str, by: Actor, language: str) -> None:
        """Note what everybody may read."""
        self.excerpt = shorten(text, 200)
        if by.party == Party.CUSTOMER:
            self.answered = False
            self.language = language or self.language
        elif by.party == Party.MERCHANT:
            self.answered = True

    def _move(
        self,
        rule: Rule,
        by: Actor,
        *,
        message: Message | None = None,
        how: str = "",
        data: dict[str, Any] | None = None,
    ) -> None:
        """The only writer of `state` and `desk`: ends or starts the wait, and leaves an event."""
        before = State(self.state)
        self.state = rule.target(before, Desk(self.desk), said=message is not None)
        self.desk = rule.to_desk or self.desk
        if self.state != before:
            self.turned_at = by.at
            if before == State.WITH_MERCHANT:
                Wait.end(self, rule.verb, by)
                self.due_at = None
            if self.state == State.WITH_MERCHANT:
                self._start(self._new_wait(by))
            if self.state in rules.OVER:
                self.closed_at = self.closed_at or by.at
                self.closed_by = self.closed_by or by.party
                self.closed_how = self.closed_how or how
            elif before in rules.OVER:
                self.closed_at, self.closed_by, self.closed_how = None, "", ""
        if rule.audience != Audience.PLATFORM:
            self.public_updated_at = by.at
        self._keep()
        said = {"message": message.pk} if message else {}
        moved = {"from": before, "to": self.state, "desk": self.desk, "how": how}
        self._tell(rule.verb, by, rule.audience, {**moved, **said, **(data or {})})

    def _tell(self, verb: str, by: Actor, audience: Audience, data: dict[str, Any]) -> None:
        Event.tell(
            verb=verb,
            subject_kind="ticket",
            subject_id=self.pk,
            ticket_id=self.pk,
            merchant_id=self.merchant_id,
            audience=audience,
            actor=by.as_json(),
            data=data,
            at=by.at,
        )

    def _keep(self) -> None:
        prepared.change(Ticket, {"id": self.pk}, **{name: getattr(self, name) for name in CHANGE})

    def _new_wait(self, by: Actor) -> Wait:
        hours = promises.current().reply_hours
        self.due_at = clock.due_at(by.at, hours)
        return Wait(merchant_id=self.merchant_id, started_at=by.at, due_at=self.due_at, hours=hours)

    def _start(self, wait: Wait) -> None:
        wait.ticket = self
        prepared.put(wait)

    def _due_iso(self) -> str:
        return self.due_at.isoformat() if self.due_at else ""


@cache
def _locking(name: str, party: Party, is_program: bool, *has: bool) -> prepared.Prepared[Ticket]:
    """How an actor of a kind finds a ticket that they will change: through the gate, as everybody."""

    def make(value: int | str, user: int, merchant: int, ticket: int, generation: int) -> Tickets:
        has_user, has_merchant, has_link = has
        kind = Actor(
            party,
            user_id=user if has_user else None,
            merchant_id=merchant if has_merchant else None,
            app="program" if is_program else "",
            link=Link(ticket, generation) if has_link else None,
        )
        return Ticket.objects.visible_to(kind).select_for_update(of=("self",)).filter(**{name: value})

    return prepared.Prepared(make)


def _locked(name: str, value: int | str, by: Actor) -> Ticket:
    """The ticket, locked, if the actor may see it. Raises NotAllowed."""
    link = by.link or Link(0, 0)
    query = _locking(name, by.party, by.is_program, bool(by.user_id), bool(by.merchant_id), bool(by.link))
    found = query.first(value, by.user_id or 0, by.merchant_id or 0, link.ticket_id, link.generation)
    if found is None:
        raise NotAllowed("absent", _("There is no such ticket."))
    return found


@cache
def _newest(party: Party) -> prepared.Prepared[Event]:
    """How the last event is found that somebody of a party could be writing about."""
    return prepared.Prepared(
        lambda ticket: Ticket(pk=ticket).events_for(Actor(party)).exclude(verb__in=QUIET).order_by("-id")[:1]
    )


def _is_erased(customer: User) -> bool:
    """Asked with a lock, so that nobody is erased between our look and their question; one that others share, who ask
    for the same customer."""
    share = " FOR SHARE" if connection.features.has_select_for_update else ""
    asked = prepared.run(f"SELECT erased_at FROM people_user WHERE id = %s{share}", [customer.pk])  # noqa: S608
    return bool(asked.fetchone()[0])


def _begin(deed: str, pictures: Iterable[Attachment], by: Actor) -> Deed:
    """Claim the key of a deed. A repetition may lack pictures (they are sent already) but cannot bring others."""
    try:
        return Deed.begin(by.who, by.key, deed)
    except AlreadyDone as done:
        if not set(_prints(pictures)) <= set(done.answer.get("pictures", [])):
            raise KeyReused from done
        raise


def _prints(pictures: Iterable[Attachment]) -> list[str]:
    """What tells one choice of pictures from another, however often they are uploaded."""
    return sorted(picture.sha256 for picture in pictures)


def first_words(text: str) -> str:
    """The first sentence of a text, as a subject."""
    sentence = re.split(r"(?<=[.!?。！？؟])\s|\n", text, maxsplit=1)[0]
    return shorten(sentence, 80)


def shorten(text: str, length: int) -> str:
    """The beginning of a text on one line, cut at a word where it has words near its end: Chinese has no spaces."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    cut = line[: length - 1]
    words = cut.rsplit(" ", 1)[0]
    return (words if len(words) > length // 2 else cut) + "…"
