"""What merchants' apps are told of: which events belong to a topic, what each is about, and how it is said."""

import json
from collections.abc import Callable
from typing import Any

from marketdesk.journal.models import Audience, Event
from marketdesk.outbox.models import Subscription, Topic
from marketdesk.people.party import Party
from marketdesk.performance import noticing, sanctioning
from marketdesk.refunds.models import Refund
from marketdesk.tickets.rules import State, Verb

# What the app reads of an event: the ticket or order as its store may see it now, None where there is nothing to tell.
# The words are those of API v3, which says here how it says them (see its `telling`).
Says = Callable[[Event, Subscription], dict[str, Any] | None]
SAYS: dict[str, Says] = {}

# What begins a penalty; what ends one without saying that it was given wrongly.
_ISSUED = {*noticing.GIVEN.values(), *sanctioning.BEGINS.values(), "sanction_proposed"}
_OVER = {"sanction_declined", "sanction_withdrawn", "sanction_ended"}


def of(event: Event) -> Topic | None:
    """The topic that an event belongs to."""
    if event.verb in {"refund_requested", Verb.REFUND_FAILED}:
        return Topic.ORDER_REFUND
    if event.verb in _ISSUED:
        return Topic.PENALTY_ISSUE
    if event.verb == noticing.WITHDRAWN or (event.verb in _OVER and _was_wrong(event)):
        return Topic.PENALTY_REVERSE
    if event.verb in _OVER:
        return Topic.PENALTY_CANCEL
    return Topic.TICKET_AWAITING_MERCHANT if _awaits_merchant(event) else None


def _was_wrong(event: Event) -> bool:
    """Whether a sanction that was in force ended because its reasons do not count."""
    return event.verb == "sanction_ended" and event.data.get("how") == sanctioning.BASELESS


def _awaits_merchant(event: Event) -> bool:
    """Whether a ticket came to the merchant, or the customer added something while it stood there. Whether a new one
    did is seen when it is said."""
    if event.ticket_id is None or event.audience == Audience.PLATFORM or event.verb == Verb.ASSIGN:
        return False
    if event.verb == "open":
        return True
    added = event.verb == Verb.REPLY and event.actor.get("party") == Party.CUSTOMER
    return bool(
        event.data.get("to") == State.WITH_MERCHANT and (added or event.data.get("from") != State.WITH_MERCHANT)
    )


def resource(event: Event) -> str:
    """What it is about: messages about the same are told in the order in which it happened."""
    if event.subject_kind in {"notice", "sanction"}:
        return f"{event.subject_kind}:{event.subject_id}"
    if of(event) == Topic.TICKET_AWAITING_MERCHANT:
        return of_ticket(event.ticket_id or 0)
    named = event.data.get("refund", "")
    return of_item(Refund.objects.values_list("item_id", flat=True).get(public_id=named))


def of_ticket(ticket_id: int) -> str:
    """The name of a ticket as a resource."""
    return f"ticket:{ticket_id}"


def of_item(item_id: int) -> str:
    """The name of an item of an order as a resource."""
    return f"order:{item_id}"


def say(event: Event, subscription: Subscription) -> str | None:
    """The body of the message, None where there is nothing to tell (any more)."""
    data = SAYS[subscription.topic](event, subscription)
    if data is None:
        return None
    return json.dumps([{"data": data, "timestamp": int(event.at.timestamp())}], separators=(",", ":"))
