"""What lies ahead of a merchant's rates, with the tickets that it is about."""

from collections.abc import Iterable
from dataclasses import dataclass

from marketdesk.people.actor import Actor
from marketdesk.performance import outlook, outlook_words, reading
from marketdesk.performance.figures import Known
from marketdesk.performance.levels import Level
from marketdesk.performance.outlook_words import Sentence
from marketdesk.policy.defaults import Policy
from marketdesk.tickets.models import Ticket

# So many tickets are named where a sentence is about many.
NAMED = 5


@dataclass(frozen=True)
class Ahead:
    """One sentence, as the page `dashboard/_outlook.html` shows it; `others` are so many tickets that it leaves out."""

    words: str
    level: Level
    tickets: list[Ticket]
    others: int


def ahead(known: Known, actor: Actor, policy: Policy) -> list[Ahead]:
    """Both rates of the merchant for whom somebody acts, from what its figures were worked out of."""
    assert actor.merchant_id is not None
    running = reading.running(actor.merchant_id, actor.at)
    late = outlook.of_late(known.waits, running, known.incidents, actor.at, policy)
    csat = outlook.of_csat(known.ratings, actor.at, policy)
    return with_tickets([*outlook_words.late(late, actor.at), *outlook_words.csat(csat)], actor)


def with_tickets(sentences: Iterable[Sentence], actor: Actor) -> list[Ahead]:
    """The sentences, each with the tickets that are due soonest."""
    said = [(one, [wait.ticket_id for wait in one.due]) for one in sentences]
    ids = {pk for _one, theirs in said for pk in theirs[:NAMED]}
    tickets = Ticket.objects.visible_to(actor).in_bulk(ids) if ids else {}
    return [
        Ahead(
            words=one.words,
            level=one.level,
            tickets=[tickets[pk] for pk in theirs[:NAMED] if pk in tickets],
            others=max(0, len(theirs) - NAMED),
        )
        for one, theirs in said
    ]
