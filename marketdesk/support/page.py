"""The ticket page: everything that an agent needs to decide, in few queries."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.db.models import Case, Q, When
from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from marketdesk.journal.models import Audience
from marketdesk.lib.languages import isolated
from marketdesk.policy import promises
from marketdesk.refunds import details
from marketdesk.refunds.refunding import Proposal
from marketdesk.replies import composing
from marketdesk.replies.choosing import preset_language
from marketdesk.support.entrance import AgentRequest
from marketdesk.support.forms import agents
from marketdesk.tickets import blocks, desk, thread
from marketdesk.tickets.desk import DeskQueue
from marketdesk.tickets.forms import DeedForm
from marketdesk.tickets.models import Attachment, Message, Ticket, Wait
from marketdesk.tickets.rules import OVER, Desk, State, Verb
from marketdesk.translations import drawing, sending
from marketdesk.translations.drawing import Surroundings

OTHERS_AT_MOST = 10


@dataclass(frozen=True)
class Typed:
    """What was just sent from the reply field, and not accepted."""

    text: str
    voice: str
    language: str
    kept: Sequence[Attachment] = ()
    errors: Sequence[str] = ()
    also: sending.Also | None = None


@dataclass(frozen=True)
class OtherTicket:
    """Another ticket of the same customer: how it stands, and whether this one continues it or is continued by it."""

    ticket: Ticket
    state: str
    is_earlier: bool
    is_later: bool


def find_ticket(request: AgentRequest, public_id: str) -> Ticket:
    """The ticket with what its page names; 404 for what the actor may not see."""
    ticket: Ticket = get_object_or_404(Ticket.objects.visible_to(request.actor).for_page(), public_id=public_id)
    return ticket


def queue_of(request: AgentRequest, ticket: Ticket) -> DeskQueue:
    """The list that the agent came from, which the address hands on; else where the ticket lies."""
    named = request.GET.get("queue", "")
    return DeskQueue(named) if named in DeskQueue.values else DeskQueue.of(ticket, request.actor)


def address_of(public_id: str, queue: DeskQueue) -> str:
    """A ticket's page, with the way back."""
    return f"{reverse('support:ticket', args=[public_id])}?queue={queue}" if public_id else ""


def surroundings(request: AgentRequest, ticket: Ticket) -> Surroundings:
    """What a thread takes from this door's page."""
    said_url = f"{reverse('support:ticket', args=[ticket.public_id])}/messages/"
    return Surroundings(
        partial(get_token, request), ticket, get_language() or "en", "support:picture", said_url, can_name=True
    )


def show(
    request: AgentRequest,
    ticket: Ticket,
    *,
    status: int = 200,
    refused: str = "",
    errors: Sequence[str] = (),
    items_error: str = "",
    typed: Typed | None = None,
    refunding: Proposal | None = None,
    closing_for_good: bool = False,
) -> HttpResponse:
    """The page. `refused` says in the thread why nothing was done, `errors` what to check in a form; `refunding` and
    `closing_for_good` are the acts that wait for a second click."""
    actor = request.actor
    can = ticket.can(actor)
    queue = queue_of(request, ticket)
    neighbours = desk.neighbours(queue, ticket, actor)
    read = thread.read(ticket, actor)
    refunded = details.of(ticket)
    items, order, state = list(ticket.items.all()), ticket.order, state_words(ticket)
    may = {
        "can_refund": Verb.REFUND in can and any(item.refundable for item in items),
        "can_return": Verb.MARK_RETURNED in can and any(not item.returned_at for item in items),
    }
    checked = [item.public_id for item in refunding.items] if refunding else request.POST.getlist("item")
    currency = order.currency if order else ""
    refund_ends_at = order.refund_ends_at(promises.current().refund_window_days) if order else None
    merchant_url = reverse("support:merchant", args=[ticket.merchant.public_id])
    context = {
        "ticket": ticket,
        "items": blocks.items(items, currency, checked=checked, is_settled=refunding is not None, **may),
        "currency": currency,
        "facts": [blocks.facts(ticket, state, refund_ends_at, merchant_url)],
        "order_details": [blocks.details(order, refund_ends_at)] if order else [],
        "state": state,
        "ended": ended_words(ticket),
        "can": {str(verb): True for verb in can},
        **may,
        "seen": read.seen,
        "deed": DeedForm(),
        "action": address_of(ticket.public_id, queue),
        "queue": queue,
        "previous_url": address_of(neighbours.before, queue),
        "next_url": address_of(neighbours.after, queue),
        "due_at": desk.due_at(ticket),
        "arrival": desk.arrivals([ticket]).get(ticket.pk),
        "appeal": _appeal(read.entries),
        "thread": drawing.thread(read.entries, request.GET, surroundings(request, ticket)),
        "refused": refused,
        "errors": errors,
        "items_error": items_error,
        "refunding": refunding,
        "closing_for_good": closing_for_good,
        "refunds": refunded.refunds,
        "returned": refunded.returned,
        "waits": [(wait, _outcome(wait, ticket, request)) for wait in ticket.waits.order_by("pk")],
        "agents": list(agents()) if Verb.ASSIGN in can else [],
        "others": _others(ticket, request),
        **_writing(request, ticket, can, typed),
    }
    return render(request, "support/ticket.html", context, status=status)


def state_words(ticket: Ticket) -> str:
    """Whose turn it is, as the platform says it."""
    names = {"merchant": isolated(ticket.merchant.name), "customer": isolated(ticket.customer.short_name)}
    match ticket.state:
        case State.WITH_MERCHANT:
            return _("Waiting for %(merchant)s") % names
        case State.WITH_CUSTOMER if ticket.desk == Desk.PLATFORM:
            return _("Waiting for %(customer)s, then for us") % names
        case State.WITH_CUSTOMER:
            return _("Waiting for %(customer)s, then for %(merchant)s") % names
        case State.WITH_SUPPORT:
            return _("Waiting for us")
    return str(State(ticket.state).label)


def ended_words(ticket: Ticket) -> str:
    """How a closed ticket ended."""
    if ticket.state not in OVER:
        return ""
    if ticket.state == State.CLOSED_FOR_GOOD:
        return str(State.CLOSED_FOR_GOOD.label)
    ends = {
        "refunded": _("Refunded"),
        "resolved": _("Resolved"),
        "silence": _("No answer came"),
        "solved": _("The customer said: solved"),
        "not_needed": _("The customer said: no longer needed"),
    }
    return ends.get(ticket.closed_how) or _("Closed without a refund")


def _appeal(entries: list[thread.Entry]) -> Message | None:
    """Why the merchant brought support in, where a reason was given."""
    aside = [one.message for one in entries if one.message and one.message.audience == Audience.STAFF]
    return aside[-1] if aside else None


def _outcome(wait: Wait, ticket: Ticket, request: AgentRequest) -> str:
    """Late, in time, or still running; and whether it counts in the late response rate (D3, D4)."""
    if wait.ended_at is None:
        return _("Overdue") if ticket.is_overdue(request.actor.at) else _("Running")
    if wait.is_late:
        return pgettext("an answer", "Late")
    return _("In time") if wait.counted else _("Ended by somebody else, does not count")


def _others(ticket: Ticket, request: AgentRequest) -> list[OtherTicket]:
    """The customer's other tickets and how they stand: first those that this one continues or that continue it."""
    seen = Ticket.objects.visible_to(request.actor).filter(customer_id=ticket.customer_id).exclude(pk=ticket.pk)
    linked = Case(When(Q(follows_id=ticket.pk) | Q(pk=ticket.follows_id), then=0), default=1)
    rows = seen.select_related("issue", "merchant", "customer").order_by(linked, "-public_updated_at", "-pk")
    return [
        OtherTicket(
            ticket=one,
            state=ended_words(one) or state_words(one),
            is_earlier=one.pk == ticket.follows_id,
            is_later=one.follows_id == ticket.pk,
        )
        for one in rows[:OTHERS_AT_MOST]
    ]


def _writing(request: AgentRequest, ticket: Ticket, can: frozenset[Verb], typed: Typed | None) -> dict[str, Any]:
    """The field: what stands in it, what can become of it and who then reads it, and the templates beside it."""
    words = {Verb.REPLY: _("Reply"), Verb.REOPEN: pgettext("a deed", "Re-open"), Verb.NOTE: _("Note")}
    possible = [verb for verb in words if verb in can]
    chosen = typed.voice if typed else ""
    if chosen not in possible:
        # A closed ticket opens with the note: nothing is said to the customer by accident.
        chosen = Verb.REPLY if Verb.REPLY in can else Verb.NOTE
    reply = composing.compose(
        ticket,
        by=request.actor,
        own=get_language() or "en",
        text=typed.text if typed else None,
        language=typed.language if typed else request.GET.get("template_language", ""),
        words=request.POST.get("template_words", request.GET.get("template_words", "")),
        kept=typed.kept if typed else (),
    )
    readers = format_html_join(
        "",
        '<span class="if-{}">{}</span>',
        [(verb, thread.readers(_audience(verb), ticket, request.actor)) for verb in possible],
    )
    return {
        "reply": replace(reply, readers=readers),
        "reply_errors": typed.errors if typed else (),
        "also": (typed.also if typed else None) or sending.offer(get_language() or "en", preset_language(ticket)),
        "voices": [{"value": verb, "words": words[verb], "checked": verb == chosen} for verb in possible],
        "voice": chosen,
        "acts": [{"value": "send", "words": _("Send")}],
        "apart": _apart(can),
        "draft_url": reverse("support:draft", args=[ticket.public_id]),
        "draft_key": f"{ticket.public_id}-{request.actor.who}",
    }


def _audience(voice: Verb) -> Audience:
    return Audience.PLATFORM if voice == Verb.NOTE else Audience.EVERYONE


def _apart(can: frozenset[Verb]) -> list[dict[str, str]]:
    """The acts that end a ticket, apart from the field."""
    words = {Verb.CLOSE: pgettext("a deed", "Close"), Verb.CLOSE_FOR_GOOD: pgettext("a deed", "Close for good")}
    return [{"value": verb, "words": words[verb]} for verb in words if verb in can]
