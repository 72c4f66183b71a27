"""What can happen to a ticket: each plot tells its steps in hours since the question was asked.

A plot goes on to the end of its story; whoever plays it leaves out what has not happened yet. So a refund that was
asked for an hour ago is on its way, and one of last week is paid.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.tickets.rules import ANY_CATEGORY, PURCHASES, QUESTIONS, Category, Desk, State, Verb


class Line(StrEnum):
    """Which words of its conversation a step says."""

    OPENING = "opening"
    ANSWER = "answer"
    SECOND = "second"
    LAST = "last"
    SUPPORT = "support"
    APPEAL = "appeal"
    NOTE = "note"


@dataclass(frozen=True)
class Step:
    """One deed of one side, so many hours after the question."""

    hours: float
    by: Party
    verb: Verb
    line: Line | None = None
    how: str = ""


C, M, S, CLOCK = Party.CUSTOMER, Party.MERCHANT, Party.SUPPORT, Party.CLOCK
A_MINUTE = 1 / 60


class Tale:
    """The steps of one ticket as they are told. `turned` is the moment that its last turn dates from: whoever
    plays it puts that moment where a queue needs it."""

    def __init__(self, rng: random.Random, category: Category, late_share: float) -> None:
        self.rng = rng
        self.category = category
        # An overdue purchase is taken over by the platform, so merchants are late with questions only.
        self.late_share = late_share if category in QUESTIONS else 0.0
        self.steps: list[Step] = []
        self.hours = self.turned = 0.0

    def then(self, hours: float, by: Party, verb: Verb, line: Line | None = None, how: str = "") -> "Tale":
        """The next step, so many hours after the one before."""
        self.hours += hours
        self.steps.append(Step(self.hours, by, verb, line, how))
        return self

    def soon(self, low: float, high: float, mostly: float) -> float:
        """Some hours, most often near `mostly`."""
        return self.rng.triangular(low, high, mostly)

    def turn(self) -> "Tale":
        """The ticket stands where it stands since this moment."""
        self.turned = self.hours
        return self

    # The merchant's answers, in time or not

    def answers(self, verb: Verb = Verb.REPLY, line: Line = Line.ANSWER) -> "Tale":
        if self.rng.random() < self.late_share:
            return self.runs_out().then(self.soon(0.5, 30, 4), M, verb, line)
        return self.then(self.soon(0.3, 46, 9), M, verb, line)

    def runs_out(self) -> "Tale":
        return self.then(promises.current().reply_hours + A_MINUTE, CLOCK, Verb.MARK_LATE)

    def resolves(self, line: Line = Line.ANSWER) -> "Tale":
        return self.answers(Verb.RESOLVE, line)

    # The customer

    def writes_back(self) -> "Tale":
        return self.then(self.soon(0.2, 80, 8), C, Verb.REPLY, Line.SECOND)

    def closes(self, how: str = "solved") -> "Tale":
        return self.then(self.soon(0.5, 90, 14), C, Verb.CLOSE, how=how)

    def stays_silent(self) -> "Tale":
        """Reminded, then closed (D20)."""
        promised = promises.current()
        self.then(promised.silence_reminder_days * 24, CLOCK, Verb.REMIND)
        return self.then((promised.silence_close_days - promised.silence_reminder_days) * 24, CLOCK, Verb.CLOSE)

    # Support and the marketplace

    def support_answers(self) -> "Tale":
        return self.then(self.soon(0.5, 40, 6), S, Verb.REPLY, Line.SUPPORT)

    def looked_at(self) -> "Tale":
        """Somebody of support has taken it on, or nobody yet."""
        if self.rng.random() < 0.6:
            self.then(self.soon(0.2, 12, 2), S, Verb.ASSIGN)
            if self.rng.random() < 0.5:
                self.then(self.soon(0.1, 3, 0.5), S, Verb.NOTE, Line.NOTE)
        return self

    def refunds(self, by: Party = M) -> "Tale":
        hours = self.soon(0.3, 46, 9) if by == M else self.soon(0.5, 30, 5)
        return self.then(hours, by, Verb.REFUND)

    def is_paid(self) -> "Tale":
        return self.then(self.soon(6, 60, 26), CLOCK, Verb.REFUND_SUCCEEDED)

    def payment_fails(self) -> "Tale":
        return self.then(self.soon(4, 40, 18), CLOCK, Verb.REFUND_FAILED)


# Waiting for the merchant


def asked(tale: Tale) -> None:
    tale.turn().runs_out()


def asked_again(tale: Tale) -> None:
    tale.answers().writes_back().turn().runs_out()


def reopened(tale: Tale) -> None:
    if tale.category in PURCHASES:
        tale.answers().then(24, M, Verb.CLOSE)
    else:
        tale.resolves()
    tale.then(tale.soon(2, 200, 30), C, Verb.REOPEN, Line.SECOND).turn().runs_out()


def handed_back(tale: Tale) -> None:
    tale.then(tale.soon(1, 24, 4), S, Verb.HAND_BACK).turn().runs_out()


# Waiting for the customer


def answered(tale: Tale) -> None:
    tale.answers().turn().stays_silent()


def answered_twice(tale: Tale) -> None:
    tale.answers().writes_back().answers(line=Line.LAST).turn().stays_silent()


def reopened_by_merchant(tale: Tale) -> None:
    tale.resolves().then(tale.soon(5, 60, 20), M, Verb.REOPEN, Line.LAST).turn().stays_silent()


def answered_after_appeal(tale: Tale) -> None:
    tale.answers().writes_back()
    tale.then(tale.soon(1, 30, 6), M, Verb.APPEAL, Line.APPEAL).support_answers().turn().stays_silent()


def platform_answered(tale: Tale) -> None:
    tale.support_answers().turn().stays_silent()


# With support


def appealed(tale: Tale) -> None:
    tale.then(tale.soon(1, 40, 10), M, Verb.APPEAL, Line.APPEAL).turn().looked_at()


def appealed_after_all(tale: Tale) -> None:
    tale.answers().writes_back().then(tale.soon(1, 40, 10), M, Verb.APPEAL, Line.APPEAL).turn().looked_at()


def taken_over(tale: Tale) -> None:
    tale.runs_out().then(0, CLOCK, Verb.TAKE_OVER).turn().looked_at()


def taken_over_by_hand(tale: Tale) -> None:
    tale.then(tale.soon(2, 30, 10), S, Verb.TAKE_OVER).turn().then(0.1, S, Verb.ASSIGN)


def refund_failed(tale: Tale) -> None:
    tale.refunds().payment_fails().turn().looked_at()


def platform_asked(tale: Tale) -> None:
    tale.turn().looked_at()


def platform_asked_again(tale: Tale) -> None:
    tale.support_answers().writes_back().turn().looked_at()


# Closed


def resolved(tale: Tale) -> None:
    tale.resolves().turn()


def resolved_later(tale: Tale) -> None:
    tale.answers().writes_back().resolves(Line.LAST).turn()


def resolved_after_reopening(tale: Tale) -> None:
    tale.resolves().then(tale.soon(2, 200, 30), C, Verb.REOPEN, Line.SECOND).resolves(Line.LAST).turn()


def solved(tale: Tale) -> None:
    tale.answers().closes().turn()


def not_needed(tale: Tale) -> None:
    tale.then(tale.soon(0.2, 20, 3), C, Verb.CLOSE, how="not_needed").turn()


def silent(tale: Tale) -> None:
    tale.answers().stays_silent().turn()


def refunded(tale: Tale) -> None:
    tale.refunds().turn().is_paid()


def refunded_later(tale: Tale) -> None:
    tale.answers().writes_back().refunds().turn().is_paid()


def returned(tale: Tale) -> None:
    tale.answers().writes_back().then(tale.soon(2, 20, 8), M, Verb.REPLY, Line.LAST)
    tale.then(tale.soon(48, 160, 90), M, Verb.MARK_RETURNED).then(0.2, M, Verb.REFUND).turn().is_paid()


def not_refunded(tale: Tale) -> None:
    tale.answers().writes_back().answers(line=Line.LAST).then(tale.soon(20, 100, 40), M, Verb.CLOSE).turn()


def decided_for_customer(tale: Tale) -> None:
    tale.answers().writes_back().then(tale.soon(1, 30, 8), M, Verb.APPEAL, Line.APPEAL)
    tale.looked_at().support_answers().refunds(S).turn().is_paid()


def decided_for_merchant(tale: Tale) -> None:
    tale.answers().writes_back().then(tale.soon(1, 30, 8), M, Verb.APPEAL, Line.APPEAL)
    tale.looked_at().support_answers().then(tale.soon(20, 90, 30), S, Verb.CLOSE_FOR_GOOD).turn()


def taken_over_and_refunded(tale: Tale) -> None:
    tale.runs_out().then(0, CLOCK, Verb.TAKE_OVER).looked_at().support_answers().refunds(S).turn().is_paid()


def refunded_at_last(tale: Tale) -> None:
    tale.refunds().payment_fails().looked_at().refunds(S).turn().is_paid()


def closed_for_good(tale: Tale) -> None:
    tale.answers().writes_back().answers(line=Line.LAST).closes()
    tale.then(tale.soon(1, 40, 10), S, Verb.NOTE, Line.NOTE).then(0.1, S, Verb.CLOSE_FOR_GOOD).turn()


def platform_solved(tale: Tale) -> None:
    tale.looked_at().support_answers().closes().turn()


def platform_silent(tale: Tale) -> None:
    tale.support_answers().stays_silent().turn()


def platform_refunded(tale: Tale) -> None:
    tale.looked_at().support_answers().refunds(S).turn().is_paid()


def platform_closed(tale: Tale) -> None:
    tale.support_answers().writes_back().then(tale.soon(0.5, 20, 4), S, Verb.CLOSE).turn()


@dataclass(frozen=True)
class Plot:
    """A story, where it ends, about which categories, which desk it is first sent to, and how common it is.
    `shared` tells whether the merchant sees it in the end."""

    tell: Callable[[Tale], None]
    ends: State
    about: frozenset[Category] = ANY_CATEGORY
    desk: Desk = Desk.MERCHANT
    shared: bool = True
    weight: int = 1


WAITING, ANSWERED, SUPPORT, OVER = State.WITH_MERCHANT, State.WITH_CUSTOMER, State.WITH_SUPPORT, State.CLOSED

PLOTS: tuple[Plot, ...] = (
    Plot(asked, WAITING, weight=7),
    Plot(asked_again, WAITING, weight=4),
    Plot(reopened, WAITING),
    Plot(handed_back, WAITING, desk=Desk.PLATFORM),
    Plot(answered, ANSWERED, weight=6),
    Plot(answered_twice, ANSWERED, weight=4),
    Plot(reopened_by_merchant, ANSWERED, QUESTIONS),
    Plot(answered_after_appeal, ANSWERED, PURCHASES),
    Plot(platform_answered, ANSWERED, desk=Desk.PLATFORM, shared=False),
    Plot(appealed, SUPPORT, PURCHASES, weight=2),
    Plot(appealed_after_all, SUPPORT, PURCHASES, weight=2),
    Plot(taken_over, SUPPORT, PURCHASES, weight=2),
    Plot(refund_failed, SUPPORT, PURCHASES),
    Plot(taken_over_by_hand, SUPPORT, QUESTIONS),
    Plot(platform_asked, SUPPORT, desk=Desk.PLATFORM, shared=False, weight=3),
    Plot(platform_asked_again, SUPPORT, desk=Desk.PLATFORM, shared=False, weight=2),
    Plot(resolved, OVER, QUESTIONS, weight=6),
    Plot(resolved_later, OVER, QUESTIONS, weight=4),
    Plot(resolved_after_reopening, OVER, QUESTIONS),
    Plot(solved, OVER, weight=3),
    Plot(not_needed, OVER),
    Plot(silent, OVER, weight=3),
    Plot(refunded, OVER, PURCHASES, weight=5),
    Plot(refunded_later, OVER, PURCHASES, weight=4),
    Plot(returned, OVER, PURCHASES, weight=2),
    Plot(not_refunded, OVER, PURCHASES),
    Plot(decided_for_customer, OVER, PURCHASES, weight=2),
    Plot(decided_for_merchant, OVER, PURCHASES),
    Plot(taken_over_and_refunded, OVER, PURCHASES),
    Plot(refunded_at_last, OVER, PURCHASES),
    Plot(closed_for_good, OVER, QUESTIONS),
    Plot(platform_solved, OVER, desk=Desk.PLATFORM, shared=False, weight=4),
    Plot(platform_silent, OVER, desk=Desk.PLATFORM, shared=False, weight=2),
    Plot(platform_refunded, OVER, PURCHASES, desk=Desk.PLATFORM, shared=False, weight=4),
    Plot(platform_closed, OVER, desk=Desk.PLATFORM, shared=False, weight=2),
)
