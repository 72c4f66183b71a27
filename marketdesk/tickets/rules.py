"""Who may do what, when: one table that a support manager could check against the help page. No database.

Pages ask `possible` which buttons to draw, verbs ask `check` which calls to refuse, and one test walks every cell.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from marketdesk.journal.models import Audience
from marketdesk.people.party import Party
from marketdesk.tickets.errors import NotAllowed


class Category(TextChoices):
    """The three categories, in the order of the menu (M8, M35)."""

    POST_PURCHASE = "post_purchase", gettext_lazy("Post Purchase Tickets")
    PRE_PURCHASE = "pre_purchase", gettext_lazy("Pre-Purchase Questions")
    POST_CUSTOMER_SUPPORT = "post_customer_support", gettext_lazy("Post Customer Support Questions")


class State(TextChoices):
    """Whose turn it is."""

    WITH_MERCHANT = "with_merchant", gettext_lazy("Awaiting your response")
    WITH_CUSTOMER = "with_customer", gettext_lazy("Awaiting User")
    WITH_SUPPORT = "with_support", gettext_lazy("With support")
    CLOSED = "closed", pgettext_lazy("state of a ticket", "Closed")
    CLOSED_FOR_GOOD = "closed_for_good", gettext_lazy("Closed for good")


class Desk(TextChoices):
    """Who serves the ticket (D23): an answer of the customer returns it there."""

    MERCHANT = "merchant", gettext_lazy("Merchant")
    PLATFORM = "platform", gettext_lazy("Platform support")


class Verb(StrEnum):
    """What can be done to an open or closed ticket; the words are the events' names too."""

    REPLY = "reply"
    RESOLVE = "resolve"
    CLOSE = "close"
    CLOSE_FOR_GOOD = "close_for_good"
    REFUND = "refund"
    MARK_RETURNED = "mark_returned"
    APPEAL = "appeal"
    REOPEN = "reopen"
    NOTE = "note"
    ASSIGN = "assign"
    TAKE_OVER = "take_over"
    HAND_BACK = "hand_back"
    END_LINKS = "end_links"
    REFUND_SUCCEEDED = "refund_succeeded"
    REFUND_FAILED = "refund_failed"
    MARK_LATE = "mark_late"
    REMIND = "remind"


class Need(StrEnum):
    """What a rule asks for beyond state, desk and category."""

    SHARED = "shared"  # the merchant may see the ticket (D22)
    ANSWERED = "answered"  # the merchant answered since the customer's last message (D25)
    REOPENABLE = "reopenable"  # closed no longer than `reopen_days` ago (D16)
    OVERDUE = "overdue"  # the wait has passed its due time (D14)
    TRADING = "trading"  # the merchant's account is not suspended (D8); asked of closed tickets only


class Target(StrEnum):
    """Where a rule leads that names no state."""

    STAY = "stay"
    DESK = "desk"  # to whoever serves the ticket


MERCHANTS, CUSTOMERS, PLATFORM = State.WITH_MERCHANT, State.WITH_CUSTOMER, State.WITH_SUPPORT
OPEN = frozenset({MERCHANTS, CUSTOMERS, PLATFORM})
OVER = frozenset({State.CLOSED, State.CLOSED_FOR_GOOD})
ANY_CATEGORY = frozenset(Category)
PURCHASES = frozenset({Category.POST_PURCHASE})
QUESTIONS = ANY_CATEGORY - PURCHASES
ANY_DESK = frozenset(Desk)
AT_MERCHANT, AT_PLATFORM = frozenset({Desk.MERCHANT}), frozenset({Desk.PLATFORM})


@dataclass(frozen=True)
class Rule:
    """One party may do one verb in these states, at these desks, about these categories; the ticket then
    goes `to` a state (and perhaps another desk; `wordless` where it leads when nothing was said and that differs), and
    `audience` reads what was said."""

    verb: Verb
    by: Party
    when: frozenset[State]
    to: State | Target
    desk: frozenset[Desk] = ANY_DESK
    about: frozenset[Category] = ANY_CATEGORY
    to_desk: Desk | None = None
    audience: Audience = Audience.EVERYONE
    needs: frozenset[Need] = frozenset()
    wordless: State | None = None

    def fits(self, verb: Verb, by: Party, state: str, desk: str, category: str) -> bool:
        """Whether this is the rule of a cell of the table."""
        place = state in self.when and desk in self.desk and category in self.about
        return verb == self.verb and by == self.by and place

    def target(self, state: State, desk: Desk, *, said: bool = True) -> State:
        """The state that a ticket is in afterwards."""
        if self.wordless and not said:
            return self.wordless
        if self.to is Target.STAY:
            return state
        if self.to is Target.DESK:
            return MERCHANTS if (self.to_desk or desk) == Desk.MERCHANT else PLATFORM
        return State(self.to)


M, C, S, CLOCK = Party.MERCHANT, Party.CUSTOMER, Party.SUPPORT, Party.CLOCK
_closed = frozenset({State.CLOSED})

RULES: tuple[Rule, ...] = (
    # The merchant. A suspended one does all of it but what needs TRADING: open tickets are answered in any case.
    Rule(Verb.REPLY, M, frozenset({MERCHANTS}), CUSTOMERS),  # M72, M73
    Rule(Verb.REPLY, M, frozenset({CUSTOMERS, PLATFORM}), Target.STAY, needs=frozenset({Need.SHARED})),  # D24
    Rule(Verb.RESOLVE, M, frozenset({MERCHANTS}), State.CLOSED, about=QUESTIONS),  # M74-M76
    Rule(Verb.CLOSE, M, frozenset({MERCHANTS, CUSTOMERS}), State.CLOSED, desk=AT_MERCHANT, about=QUESTIONS),  # M107
    Rule(
        Verb.CLOSE,
        M,
        frozenset({MERCHANTS, CUSTOMERS}),
        State.CLOSED,
        desk=AT_MERCHANT,
        about=PURCHASES,
        needs=frozenset({Need.ANSWERED}),
    ),  # D25
    Rule(
        Verb.REFUND, M, frozenset({MERCHANTS, CUSTOMERS}), State.CLOSED, desk=AT_MERCHANT, about=PURCHASES
    ),  # M57, M58
    Rule(
        Verb.APPEAL,
        M,
        frozenset({MERCHANTS, CUSTOMERS}),
        PLATFORM,
        desk=AT_MERCHANT,
        about=PURCHASES,
        to_desk=Desk.PLATFORM,
        audience=Audience.STAFF,
    ),  # M77, D26
    Rule(
        Verb.REOPEN,
        M,
        _closed,
        CUSTOMERS,
        desk=AT_MERCHANT,
        needs=frozenset({Need.REOPENABLE, Need.TRADING}),
        wordless=MERCHANTS,
    ),  # D16; without a message they still owe one
    Rule(Verb.MARK_RETURNED, M, OPEN | OVER, Target.STAY, about=PURCHASES, needs=frozenset({Need.SHARED})),  # D28
    # The customer
    Rule(Verb.REPLY, C, frozenset({CUSTOMERS}), Target.DESK),  # M81, D23
    Rule(Verb.REPLY, C, frozenset({MERCHANTS, PLATFORM}), Target.STAY),  # D1
    Rule(Verb.CLOSE, C, OPEN, State.CLOSED),  # D21
    Rule(Verb.REOPEN, C, _closed, Target.DESK, needs=frozenset({Need.REOPENABLE})),  # D16
    Rule(Verb.END_LINKS, C, OPEN | OVER, Target.STAY, audience=Audience.PLATFORM),
    # The platform's support team
    Rule(Verb.REPLY, S, frozenset({PLATFORM, MERCHANTS}), CUSTOMERS),  # M78, D3
    Rule(Verb.REPLY, S, frozenset({CUSTOMERS}), Target.STAY),
    Rule(Verb.NOTE, S, OPEN | OVER, Target.STAY, audience=Audience.PLATFORM),
    Rule(Verb.ASSIGN, S, OPEN, Target.STAY, audience=Audience.PLATFORM),
    Rule(Verb.TAKE_OVER, S, frozenset({MERCHANTS, CUSTOMERS}), PLATFORM, desk=AT_MERCHANT, to_desk=Desk.PLATFORM),
    Rule(Verb.HAND_BACK, S, frozenset({PLATFORM}), Target.DESK, to_desk=Desk.MERCHANT),
    Rule(Verb.REFUND, S, OPEN, State.CLOSED, about=PURCHASES),
    Rule(Verb.CLOSE, S, OPEN, State.CLOSED),
    Rule(Verb.CLOSE_FOR_GOOD, S, OPEN | _closed, State.CLOSED_FOR_GOOD),
    Rule(Verb.REOPEN, S, _closed, PLATFORM, to_desk=Desk.PLATFORM),
    Rule(Verb.END_LINKS, S, OPEN | OVER, Target.STAY, audience=Audience.PLATFORM),
    Rule(Verb.MARK_RETURNED, S, OPEN | OVER, Target.STAY, about=PURCHASES),  # D28
    Rule(Verb.REFUND_FAILED, S, _closed, PLATFORM, to_desk=Desk.PLATFORM),  # D17
    Rule(Verb.REFUND_FAILED, S, OPEN | {State.CLOSED_FOR_GOOD}, Target.STAY),
    Rule(Verb.REFUND_SUCCEEDED, S, OPEN | OVER, Target.STAY),
    # The clock
    Rule(
        Verb.MARK_LATE,
        CLOCK,
        frozenset({MERCHANTS}),
        Target.STAY,
        audience=Audience.STAFF,
        needs=frozenset({Need.OVERDUE}),
    ),
    Rule(
        Verb.TAKE_OVER,
        CLOCK,
        frozenset({MERCHANTS}),
        PLATFORM,
        about=PURCHASES,
        to_desk=Desk.PLATFORM,
        needs=frozenset({Need.OVERDUE}),
    ),  # M48, D14
    Rule(Verb.REMIND, CLOCK, frozenset({CUSTOMERS}), Target.STAY),  # D20
    Rule(Verb.CLOSE, CLOCK, frozenset({CUSTOMERS}), State.CLOSED),  # D20
    Rule(Verb.REFUND_FAILED, CLOCK, _closed, PLATFORM, to_desk=Desk.PLATFORM),  # D17
    Rule(Verb.REFUND_FAILED, CLOCK, OPEN | {State.CLOSED_FOR_GOOD}, Target.STAY),
    Rule(Verb.REFUND_SUCCEEDED, CLOCK, OPEN | OVER, Target.STAY),
)

_OF = {(one.verb, one.by): [rule for rule in RULES if (rule.verb, rule.by) == (one.verb, one.by)] for one in RULES}


@dataclass(frozen=True)
class Facts:
    """What the rules need to know of a ticket at a moment."""

    category: Category
    state: State
    desk: Desk
    met: frozenset[Need] = frozenset()


def find(verb: Verb, by: Party, facts: Facts) -> Rule | None:
    """The rule of a cell, its needs not yet asked; None where the cell is empty."""
    place = (facts.state, facts.desk, facts.category)
    return next((rule for rule in _OF.get((verb, by), ()) if rule.fits(verb, by, *place)), None)


def check(verb: Verb, by: Party, facts: Facts) -> Rule:
    """The rule that allows the deed. Raises NotAllowed, which says why not."""
    rule = find(verb, by, facts)
    if rule is None:
        raise _refusal(verb, by, facts)
    for need in sorted(rule.needs - facts.met):
        raise NotAllowed(need, _NEEDS[need]())
    return rule


def possible(by: Party, facts: Facts) -> frozenset[Verb]:
    """Everything that a party may do now."""
    rules = ((verb, find(verb, by, facts)) for verb in Verb)
    return frozenset(verb for verb, rule in rules if rule and rule.needs <= facts.met)


def _refusal(verb: Verb, by: Party, facts: Facts) -> NotAllowed:
    """Why a cell is empty, in words."""
    if not any(rule.verb == verb and rule.by == by and facts.category in rule.about for rule in RULES):
        return NotAllowed("category", _("This cannot be done with a ticket of this category."))
    if facts.state == State.CLOSED_FOR_GOOD:
        return NotAllowed("closed_for_good", _("The ticket is closed for good."))
    if facts.state == State.CLOSED:
        if verb == Verb.REOPEN:
            return NotAllowed("other_desk", _("Platform support served this ticket last. Only they can re-open it."))
        return NotAllowed("closed", _("The ticket is closed"))
    if verb == Verb.REOPEN:
        return NotAllowed("open", _("The ticket is open already."))
    if by == Party.MERCHANT and (facts.state == State.WITH_SUPPORT or facts.desk == Desk.PLATFORM):
        return NotAllowed("with_support", _("Platform support is handling this ticket now."))
    if facts.state == State.WITH_CUSTOMER:
        return NotAllowed("with_customer", _("The ticket is waiting for the customer's answer."))
    return NotAllowed("not_now", _("This cannot be done while the ticket stands where it does."))


_NEEDS = {
    Need.SHARED: lambda: _("This ticket has not been with you yet."),
    Need.ANSWERED: lambda: _("Answer the customer's last message before you close this ticket without a refund."),
    Need.REOPENABLE: lambda: _("The time to re-open this ticket has passed. A new question can be asked instead."),
    Need.OVERDUE: lambda: _("The time left to reply has not run out yet."),
    Need.TRADING: lambda: _("Your account is suspended. You answer open tickets, but cannot re-open closed ones."),
}


def all_cells() -> Iterable[tuple[Verb, Party, State, Desk, Category]]:
    """Every cell of the table, for the test that walks them all."""
    return ((v, p, s, d, c) for v in Verb for p in Party for s in State for d in Desk for c in Category)
