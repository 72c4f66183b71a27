"""Mails: a letter in its reader's language and time zone, with the link to the ticket."""

import re
import zoneinfo
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from marketdesk.journal.models import Event
from marketdesk.lib import money
from marketdesk.outbox import performance_letters
from marketdesk.outbox.models import Endpoint
from marketdesk.outbox.wording import NAMED, marked, moment, ticket_link
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance.models import Rating
from marketdesk.performance.rating import can_rate, is_asked
from marketdesk.policy import promises
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.tickets import links
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import OVER, State, Verb
from marketdesk.translations import viewing


def compose(event: Event, letter: str, user: User, reader: Actor) -> EmailMessage | None:
    """The mail that tells a person of an event; None when there is nothing left to tell."""
    with translation.override(user.reading_language), timezone.override(_zone(user)):
        context = _about(event, reader)
        if context is None:
            return None
        context["name"] = user.given_name
        return write(letter, context, to=user.email or "", about=f"{event.pk}:{user.pk}")


def write(letter: str, context: dict[str, Any], *, to: str, about: str) -> EmailMessage:
    """The mail of a letter. `about` names what it tells whom: the same mail has the same Message-ID when it is sent
    again after a crash, so that programs can show it once."""
    # A letter's first line is its subject.
    subject, _newline, body = render_to_string(f"outbox/{letter}.txt", context).strip().partition("\n")
    return EmailMessage(
        subject=" ".join(subject.split()),
        body=re.sub(r"\n{3,}", "\n\n", body).strip() + "\n",
        to=[to],
        headers=_headers(about),
    )


def _zone(user: User) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(user.time_zone or settings.TIME_ZONE)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo(settings.TIME_ZONE)


def _headers(about: str) -> dict[str, str]:
    """Derived with the secret key: nobody reads our event numbers from it."""
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >") or "localhost"
    digest = salted_hmac("marketdesk.outbox.mail", about, algorithm="sha256").hexdigest()[:32]
    return {"Message-ID": f"<{digest}@{host}>", "Auto-Submitted": "auto-generated"}


def _about(event: Event, reader: Actor) -> dict[str, Any] | None:
    if event.ticket_id:
        return _about_ticket(event, event.ticket_id, reader)
    match event.subject_kind:
        case "endpoint":
            return _about_webhook(event)
        case "refunds":
            return _about_refunds(event, reader)
        case "refund":
            return _about_refund(event, reader)
        case "notice":
            return performance_letters.about_notice(event, reader)
        case "contest":
            return performance_letters.about_contest(event, reader)
        case "incident":
            return performance_letters.about_incident(event)
        case "sanction":
            return performance_letters.about_sanction(event, reader)
    return _about_deadlines(event, reader)


def _about_ticket(event: Event, ticket_id: int, reader: Actor) -> dict[str, Any]:
    """What the letters about one ticket can say."""
    ticket = Ticket.objects.visible_to(reader).select_related("merchant", "customer").get(pk=ticket_id)
    promised = promises.current()
    return {
        "ticket": ticket,
        "subject": ticket.subject,
        "merchant": ticket.merchant.name,
        "customer": ticket.customer.short_name,
        "platform": promised.platform_name,
        "who": _doer(event, ticket, reader, promised.platform_name),
        "how": event.data.get("how", ""),
        "for_good": event.verb == Verb.CLOSE_FOR_GOOD,
        "said": _quoted(event, ticket, reader),
        "item": event.data.get("item", ""),
        "now_paid": event.data.get("said") == "succeeded",
        "note": event.data.get("note", "") if reader.party == Party.SUPPORT else "",
        "refunds": _refunds(event, ticket),
        "due": moment(ticket.due_at),
        "late_since": moment(ticket.due_at) if ticket.is_overdue(timezone.now()) else "",
        "support_due": moment(ticket.turned_at + timedelta(hours=promised.platform_reply_hours)),
        "closes_at": moment(ticket.turned_at + timedelta(days=promised.silence_close_days)),
        "reopenable_until": moment(ticket.reopenable_until) if ticket.state == State.CLOSED else "",
        **(_signed_link(event, ticket) if reader.party == Party.CUSTOMER else {"url": ticket_link(ticket, reader)}),
    }


def _about_deadlines(event: Event, reader: Actor) -> dict[str, Any] | None:
    """What a digest says: those of its tickets that still wait for the merchant, the soonest first (D29)."""
    waiting = (
        Ticket.objects.visible_to(reader)
        .waiting_for_merchant()
        .filter(pk__in=event.data.get("tickets", []))
        .order_by("due_at", "pk")
    )
    tickets = [{"subject": one.subject, "due": moment(one.due_at), "url": ticket_link(one, reader)} for one in waiting]
    if not tickets:
        return None
    return {
        "tickets": tickets,
        "number": len(tickets),
        "hours": event.data.get("hours"),
        "platform": promises.current().platform_name,
        "url": settings.BASE_URL + reverse("dashboard:home"),
    }


def _about_refunds(event: Event, reader: Actor) -> dict[str, Any] | None:
    """What a letter says of refunds that the marketplace has not answered: those that still are on their way (D17)."""
    named = Refund.objects.visible_to(reader).filter(pk__in=event.data.get("refunds", []))
    waiting = named.filter(status=RefundStatus.PENDING).select_related("item").order_by("requested_at", "pk")
    number = waiting.count()
    if not number:
        return None
    return {
        "refunds": [
            {
                "item": one.item.name,
                "sum": money.show(one.amount, one.currency),
                "asked": moment(one.requested_at),
                "url": settings.BASE_URL + reverse("support:refund", args=[one.public_id]),
            }
            for one in waiting[:NAMED]
        ],
        "number": number,
        "more": max(0, number - NAMED),
        "platform": promises.current().platform_name,
        "url": settings.BASE_URL + reverse("support:refunds", args=["pending"]),
    }


def _about_refund(event: Event, reader: Actor) -> dict[str, Any]:
    """What a letter says of a refund outside a ticket."""
    refund = Refund.objects.visible_to(reader).select_related("item__order", "item__merchant").get(pk=event.subject_id)
    is_support = reader.party == Party.SUPPORT
    return {
        "item": refund.item.name,
        "order": refund.item.order.external_id,
        "merchant": refund.item.merchant.name,
        "platform": promises.current().platform_name,
        "now_paid": event.data.get("said") == "succeeded",
        "note": event.data.get("note", "") if is_support else "",
        "url": settings.BASE_URL + reverse("support:refund", args=[refund.public_id]) if is_support else "",
    }


def _about_webhook(event: Event) -> dict[str, Any] | None:
    """What is said of an endpoint that was disabled, unless somebody enabled it meanwhile."""
    endpoint = Endpoint.objects.filter(pk=event.subject_id, disabled_at__isnull=False).first()
    if endpoint is None:
        return None
    return {
        "webhook": endpoint.url,
        "webhook_id": endpoint.public_id,
        "gone": event.data.get("because") == "gone",
        "platform": promises.current().platform_name,
        "url": settings.BASE_URL + reverse("support:webhook", args=[endpoint.public_id]),
    }


def _doer(event: Event, ticket: Ticket, reader: Actor, platform: str) -> str:
    """Who did it, as this reader knows them: customers see a store and the marketplace, not its people."""
    party = event.actor.get("party")
    if party == Party.CUSTOMER:
        return ticket.customer.short_name
    if party == Party.MERCHANT:
        return ticket.merchant.name
    return _("%(platform)s Support") % {"platform": platform}


def _quoted(event: Event, ticket: Ticket, reader: Actor) -> str:
    """What was said, each line marked, as far as the reader may read it."""
    messages = ticket.messages_for(reader)
    found = messages.first() if event.verb == "open" else messages.filter(pk=event.data.get("message")).first()
    if found is None:
        return ""
    theirs = viewing.sent_with(found, get_language() or "")
    if theirs is None:
        return marked(found.body)
    original = _("Machine translation by %(engine)s. What was written:") % {"engine": theirs.engine}
    return f"{marked(theirs.body)}\n\n{original}\n\n{marked(found.body)}"


def _refunds(event: Event, ticket: Ticket) -> list[dict[str, str]]:
    """The items that a refund pays back, each with its sum."""
    if event.verb != Verb.REFUND:
        return []
    refunds = Refund.objects.filter(ticket=ticket, item__public_id__in=event.data.get("items", []))
    return [
        {"item": refund.item.name, "sum": money.show(refund.amount, refund.currency)}
        for refund in refunds.filter(requested_at=event.at).select_related("item").order_by("pk")
    ]


def _signed_link(event: Event, ticket: Ticket) -> dict[str, Any]:
    """A customer may have no account: the link itself lets them in. Whether it helped is asked once, in the mail that
    tells that it was closed (D5)."""
    ends = links.ends_at(event.at)
    closes = event.data.get("to") in OVER and event.data.get("from") not in OVER
    asks = closes and can_rate(ticket, timezone.now()) and is_asked(ticket)
    asks = asks and not Rating.objects.filter(ticket=ticket).exists()
    return {"url": links.address(ticket, ends), "link_ends": moment(ends), "asks_rating": asks}
