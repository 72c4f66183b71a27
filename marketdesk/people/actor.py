"""The actor: who does a deed, for which side, when, and with what they had seen."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from marketdesk.people.party import Party


@dataclass(frozen=True)
class Link:
    """The signed link by which a customer came, out of a mail: it opens one ticket, as long as that ticket's links are
    of this generation."""

    ticket_id: int
    generation: int


@dataclass(frozen=True)
class Actor:
    """Passed into every verb; never global.

    `key` makes the deed happen once, however often it is sent. `seen` is the id of the last event that was
    on the person's screen: when something newer concerns them, nothing is done (and they are shown it).
    Whoever comes by a `link` sees one ticket and nothing else of that customer. `is_first` says that the door has
    claimed the key of a program's deed already: it is no repetition of what looks the same.
    """

    party: Party
    user_id: int | None = None
    merchant_id: int | None = None
    name: str = ""
    app: str = ""
    at: datetime = field(default_factory=timezone.now)
    key: str = ""
    seen: int | None = None
    link: Link | None = None
    is_first: bool = False

    @property
    def who(self) -> str:
        """A stable name for the one who acts: a user, a program, or the clock. A link has a name of its own, so that
        it does not show what the customer began to write, or chose to send, when signed in."""
        if self.app:
            return f"app:{self.app}"
        if self.link:
            return f"user:{self.user_id}/link:{self.link.ticket_id}"
        return f"user:{self.user_id}" if self.user_id else str(self.party)

    @property
    def is_program(self) -> bool:
        return bool(self.app)

    def with_form(self, key: str, seen: int | None) -> "Actor":
        """The same actor, sending a form: its key, and the last event that it showed."""
        return replace(self, key=key, seen=seen)

    def as_json(self) -> dict[str, Any]:
        """What an event keeps of its actor."""
        kept = {"party": str(self.party), "user": self.user_id, "name": self.name, "app": self.app}
        return {**kept, "by_link": True} if self.link else kept


def clock(at: datetime | None = None) -> Actor:
    """The actor of everything that happens because time passed."""
    return Actor(Party.CLOCK, at=at or timezone.now())
