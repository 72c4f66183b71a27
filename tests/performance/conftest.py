"""What the tests of figures share: the history of a store, played through the real verbs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from marketdesk.people.actor import Actor
from marketdesk.performance.models import Rating
from marketdesk.performance.rating import rate
from marketdesk.tickets.models import Ticket
from tests.conftest import NOW

LIMIT = 48


@dataclass
class Story:
    """`story.answer(due=-10)`: a ticket whose answer was due so many hours after NOW."""

    ask: Callable[..., Ticket]
    ada: Actor
    mehmet: Actor
    sofia: Actor

    def open(self, due: float, issue: str = "order_status") -> Ticket:
        """A ticket that stands with the merchant."""
        by = replace(self.ada, at=NOW + timedelta(hours=due - LIMIT))
        return self.ask(issue, f"Frage {due}.", by=by)

    def answer(self, due: float, *, early: float = 1) -> Ticket:
        """Answered so many hours before it was due."""
        ticket = self.open(due)
        ticket.reply("Unterwegs.", by=self._at(self.mehmet, due - early))
        return ticket

    def late(self, due: float, *, by: float = 1) -> Ticket:
        """Answered so many hours after it was due."""
        return self.answer(due, early=-by)

    def rated(self, hours: float, *, helpful: bool = True, comment: str = "") -> Rating:
        """Resolved in time, and rated so many hours after NOW."""
        ticket = self.open(hours)
        ticket.resolve("Unterwegs.", by=self._at(self.mehmet, hours - 1))
        return rate(ticket, helpful=helpful, comment=comment, by=self._at(self.ada, hours))

    def closed_by_customer(self, due: float) -> Ticket:
        """Closed in time by the customer."""
        ticket = self.open(due)
        ticket.close(by=self._at(self.ada, due - 1), how="solved")
        return ticket

    def taken_on(self, due: float, *, early: float = 1) -> Ticket:
        """Platform support takes it on."""
        ticket = self.open(due)
        ticket.take_over(by=self._at(self.sofia, due - early))
        return ticket

    def _at(self, actor: Actor, hours: float) -> Actor:
        return replace(actor, at=NOW + timedelta(hours=hours))


@pytest.fixture
def story(ask: Callable[..., Ticket], ada: Actor, mehmet: Actor, sofia: Actor) -> Story:
    return Story(ask, ada, mehmet, sofia)
