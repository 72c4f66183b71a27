"""What a message says: ids that the marketplace knows, and no word that only the platform's own team may read."""

import json
from dataclasses import dataclass
from typing import Any

from django.utils.crypto import salted_hmac

from marketdesk.journal.models import Audience, Event
from marketdesk.lib import money
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import OrderItem
from marketdesk.outbox.webhooks.kinds import NAMES, TEST
from marketdesk.people.actor import clock
from marketdesk.performance import contesting, noticing, statement
from marketdesk.performance.models import Contest, Incident, Notice, Rating, Sanction, SanctionState
from marketdesk.policy.models import PolicyChange
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.tickets.models import Message, Ticket
from marketdesk.tickets.rules import State

# Where a refund stood after an event.
_STATUS = {"refund_succeeded": RefundStatus.SUCCEEDED, "refund_failed": RefundStatus.FAILED}
# Events that change a whole list, and what it is called.
LISTS = {"routing_changed": "rules", "issue_type_changed": "issue_types"}


def message_id(event: Event) -> str:
    """The same for every try, every endpoint and every replay; it says nothing about how many events there are."""
    return f"msg_{salted_hmac('webhook', str(event.pk), algorithm='sha256').hexdigest()[:24]}"


@dataclass(frozen=True)
class Said:
    """A message, ready to be signed and sent."""

    id: str
    kind: str
    sequence: int | None
    body: str


def compose(event: Event) -> Said:
    """What is said of an event."""
    ident, kind, sequence = message_id(event), NAMES[event.verb], _sequence(event)
    said = {"id": ident, "type": kind, "timestamp": event.at.isoformat(), "sequence": sequence, "data": _data(event)}
    return Said(ident, kind, sequence, json.dumps(said, ensure_ascii=False, separators=(",", ":")))


def _sequence(event: Event) -> int | None:
    """The number of the event among those of its ticket: gaps are events that the endpoint did not choose."""
    if event.ticket_id is None:
        return None
    return Event.objects.filter(ticket_id=event.ticket_id, pk__lte=event.pk).count()


def _data(event: Event) -> dict[str, Any]:
    data: dict[str, Any] = {"by": event.actor.get("party", "")}
    if event.ticket_id:
        ticket = Ticket.objects.select_related("merchant", "customer", "order", "product").get(pk=event.ticket_id)
        return data | {"ticket": _ticket(ticket, event)} | _said(event, ticket) | _about_ticket(event, ticket)
    return data | _about_others(event)


def _about_ticket(event: Event, ticket: Ticket) -> dict[str, Any]:
    """What only some events of a ticket say."""
    match event.verb:
        case "refund_requested" | "refund_succeeded" | "refund_failed" | "refund_unanswered" | "refund_contradicted":
            return _about_refund(event)
        case "refund" | "mark_returned":
            named = event.data.get("items", [])
            items = OrderItem.objects.filter(order=ticket.order).order_by("pk")
            found = [item for item in items if item.public_id in named or item.name in named]
            return {"items": [{"id": item.public_id, "name": item.name} for item in found]}
        case "rated":
            rating = Rating.objects.filter(ticket=ticket).first()
            said = {name: event.data[name] for name in ("helpful", "desk", "changed") if name in event.data}
            return {"rating": {**said, "comment": rating.comment if rating else ""}}
    return {}


def _about_others(event: Event) -> dict[str, Any]:
    """What events say that are about no single ticket."""
    if event.verb == "due_soon":
        tickets = Ticket.objects.filter(pk__in=event.data.get("tickets", [])).order_by("pk")
        return {
            "merchant": Merchant.objects.get(pk=event.subject_id).external_id,
            "hours_left": event.data.get("hours"),
            "tickets": [ticket.public_id for ticket in tickets],
        }
    if event.subject_kind == "notice":
        return _about_notice(event)
    if event.subject_kind == "contest":
        return _about_contest(event)
    if event.subject_kind == "incident":
        return _about_incident(event)
    if event.subject_kind == "refund":  # outside a ticket
        return _about_refund(event)
    if event.subject_kind == "sanction":
        return _about_sanction(event)
    if event.verb == TEST:
        return {}
    if event.verb in LISTS:
        return {LISTS[event.verb]: event.data.get("rows", [])}  # as they are now; the reason is the team's own
    if event.verb == "template_changed":
        return {"template": event.data["template"]}
    change = PolicyChange.objects.select_related("withdraws").get(pk=event.subject_id)
    meant = change.withdraws or change
    # The reason is the team's own.
    return {"values": meant.values, "valid_from": meant.valid_from.isoformat(), "withdrawn": meant is not change}


def _about_notice(event: Event) -> dict[str, Any]:
    """A warning or a penalty notice: by which rule it was given, what was counted, and what was behind it."""
    notice = Notice.objects.select_related("merchant").get(pk=event.subject_id)
    said = {
        "id": notice.public_id,
        "kind": notice.kind,
        "given_at": notice.given_at.isoformat(),
        "rule": notice.rule,
        "figures": notice.figures,
        "tickets": [wait.ticket.public_id for wait in noticing.waits(notice, clock(event.at))],
        "warnings": [warning.public_id for warning in noticing.warnings(notice)],
    }
    how = {"how": event.data["how"]} if event.verb == noticing.WITHDRAWN else {}
    return {"merchant": notice.merchant.external_id, "notice": said, **how}


def _about_contest(event: Event) -> dict[str, Any]:
    """What is contested, by whom and why; and, once it is decided, how and why."""
    tickets = ("wait__ticket", "rating__ticket")
    contest = Contest.objects.select_related("merchant", *tickets, "notice").get(pk=event.subject_id)
    facts = contesting.facts(contesting.about(contest), event.at)
    is_decided = event.verb == "contest_decided"
    said = {
        "id": contest.public_id,
        "kind": contest.kind,
        "ticket": facts.ticket.public_id if facts.ticket else None,
        "notice": contest.notice.public_id if contest.notice else None,
        "reason": contest.reason,
        "outcome": contest.outcome if is_decided else None,
        "decision": contest.decision if is_decided else None,
    }
    return {"merchant": contest.merchant.external_id, "contest": said}


def _about_incident(event: Event) -> dict[str, Any]:
    """What happened and when; without a merchant it concerns all."""
    incident = Incident.objects.select_related("merchant").get(pk=event.subject_id)
    said = {
        "id": incident.public_id,
        "words": incident.words,
        "starts_at": incident.starts_at.isoformat(),
        "ends_at": incident.ends_at.isoformat() if incident.ends_at else None,
    }
    return {"merchant": incident.merchant.external_id if incident.merchant else None, "incident": said}


def _about_sanction(event: Event) -> dict[str, Any]:
    """How it stood after the event, and what it was proposed or decided for. Who of the platform's team decided is the
    team's own."""
    sanction = Sanction.objects.select_related("merchant").get(pk=event.subject_id)
    grounds = statement.grounds(sanction)
    figures = {name: getattr(grounds, name) for name in ("late", "answers", "helpful", "ratings")}
    state = SanctionState(event.data["state"])
    return {
        "merchant": sanction.merchant.external_id,
        "sanction": {
            "id": sanction.public_id,
            "kind": sanction.kind,
            "state": state,
            "figures": figures,
            "severe": sorted(grounds.crossed),
            "reasons": sanction.reasons.get("words", ""),
            "decision": sanction.decision if state != SanctionState.PROPOSED else "",
            "hear_until": sanction.hear_until.isoformat(),
            "ends_at": sanction.ends_at.isoformat() if sanction.ends_at and state != SanctionState.PROPOSED else None,
            "ended_how": event.data.get("how", ""),
        },
    }


def _ticket(ticket: Ticket, event: Event) -> dict[str, Any]:
    """Where the ticket stands after the event; who and what it is about by the marketplace's own ids."""
    customer = ticket.customer
    return {
        "id": ticket.public_id,
        "category": ticket.category,
        "issue": ticket.issue_id,
        "state": to if (to := event.data.get("to")) in State.values else ticket.state,
        "desk": event.data.get("desk", ticket.desk),
        "closed_how": event.data.get("how", ""),
        "merchant": ticket.merchant.external_id,
        "customer": {"id": customer.public_id, "external_id": customer.external_id},
        "order": ticket.order.external_id if ticket.order else None,
        "product": ticket.product.external_id if ticket.product else None,
    }


def _said(event: Event, ticket: Ticket) -> dict[str, Any]:
    """The message that came with it, unless only the platform may read it."""
    said = ticket.messages.exclude(audience=Audience.PLATFORM)
    message: Message | None
    if event.verb == "open":
        message = said.first()
    else:
        message = said.filter(pk=event.data["message"]).first() if event.data.get("message") else None
    if message is None or event.audience == Audience.PLATFORM:
        return {}
    pictures = message.attachments.count()
    words = {"text": message.body, "language": message.language, "pictures": pictures}
    return {"message": {"author": message.author, "audience": message.audience, **words}}


def _about_refund(event: Event) -> dict[str, Any]:
    match event.verb:
        case "refund_unanswered":
            return _refund(event) | {"do": "Do not pay again. Say what became of it."}
        case "refund_contradicted":
            return _refund(event) | {"said": event.data["said"]}
    return _refund(event)


def _refund(event: Event) -> dict[str, Any]:
    named = Refund.objects.filter(public_id=event.data.get("refund", ""))
    refund = named.select_related("item__order", "item__merchant").first()
    if refund is None:  # settled before refunds were named in events
        return {}
    return {
        "refund": {
            "id": refund.public_id,
            "key": refund.key,
            "order": refund.item.order.external_id,
            "merchant": refund.item.merchant.external_id,
            "item": refund.item.public_id,
            "item_name": refund.item.name,
            "amount": str(money.to_decimal(refund.amount, refund.currency)),
            "currency": refund.currency,
            "reason": refund.reason,
            "reason_note": refund.reason_note,
            "status": event.data.get("status") or _STATUS.get(event.verb, RefundStatus.PENDING),
        }
    }
