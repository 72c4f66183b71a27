"""The ticket page: everything that a merchant needs to answer, and the buttons that the rules allow."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from marketdesk.dashboard.endings import ending
from marketdesk.dashboard.entrance import MerchantRequest
from marketdesk.dashboard.page import questions_of_every_page, queue_url, render
from marketdesk.journal.models import Audience
from marketdesk.lib import prepared
from marketdesk.lib.languages import isolated
from marketdesk.lib.prepared import Prepared, Question, attach
from marketdesk.orders.models import OrderItem
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.refunds import details
from marketdesk.refunds.refunding import Proposal
from marketdesk.replies import composing
from marketdesk.replies.choosing import preset_language
from marketdesk.tickets import blocks, queues, thread
from marketdesk.tickets.forms import fresh_key
from marketdesk.tickets.models import Attachment, Ticket
from marketdesk.tickets.queues import Queue
from marketdesk.tickets.rules import State, Verb
from marketdesk.translations import drawing, sending
from marketdesk.translations.drawing import Surroundings

# What a merchant says with the reply: where the rules allow none of it, there is no field.
SAYS = frozenset({Verb.REPLY, Verb.RESOLVE, Verb.REOPEN})


@dataclass(frozen=True)
class Typed:
    """What a person had filled in when an act was refused, or only prepared: the page draws it again."""

    text: str | None = None
    kept: Sequence[Attachment] = ()
    errors: Sequence[str] = ()
    language: str = ""
    checked: Sequence[str] = ()
    items_error: str = ""
    confirm: Proposal | None = None
    appealing: bool = False
    reason: str = ""
    reason_error: str = ""
    refused: str = ""
    seen: int | None = None
    also: sending.Also | None = None


@dataclass(frozen=True)
class Button:
    """An act that the rules allow, as a button."""

    value: str
    words: str


def find(request: MerchantRequest, public_id: str) -> Ticket:
    """The ticket with what its page names; a stranger's is as if absent (D31)."""
    ticket = _TICKET.first(request.merchant.pk, public_id)
    if ticket is None:
        raise Http404
    attach(ticket, "items", _ITEMS_OF_TICKET(ticket.pk))
    return ticket


def _ticket(merchant: int, public_id: str) -> QuerySet[Ticket]:
    seen = Ticket.objects.visible_to(Actor(Party.MERCHANT, merchant_id=merchant))
    return seen.for_page().prefetch_related(None).filter(public_id=public_id)


def _items_of_ticket(ticket: int) -> QuerySet[OrderItem]:
    return OrderItem.objects.filter(tickets=ticket)


def _items_of_order(order: int) -> QuerySet[OrderItem]:
    return OrderItem.objects.filter(order=order).order_by("pk")


# Asked for every ticket page, so put into words once
_TICKET = Prepared(_ticket)
_ITEMS_OF_TICKET = Prepared(_items_of_ticket)
_ITEMS_OF_ORDER = Prepared(_items_of_order)


def show(request: MerchantRequest, ticket: Ticket, typed: Typed | None = None, *, status: int = 200) -> HttpResponse:
    """The page, with what was typed where something is to be mended."""
    can = ticket.can(request.actor)
    with prepared.ahead(_questions(request, ticket, can)):
        return _show(request, ticket, can, typed or Typed(), status)


def _questions(request: MerchantRequest, ticket: Ticket, can: frozenset[Verb]) -> Iterator[Question]:
    """What the page asks for sure, once the ticket is known."""
    actor = request.actor
    yield from questions_of_every_page(actor)
    yield from queues.questions_of_neighbours(Queue.of(ticket), ticket, actor)
    yield from thread.questions(ticket, actor)
    yield from details.questions(ticket)
    if can & SAYS:
        language = request.GET.get("template_language", "")
        yield from composing.questions(ticket, by=actor, own=own_language(request), language=language)


def _show(request: MerchantRequest, ticket: Ticket, can: frozenset[Verb], typed: Typed, status: int) -> HttpResponse:
    actor = request.actor
    queue = Queue.of(ticket)
    order = ticket.order
    neighbours = queues.neighbours(queue, ticket, actor)
    url = address_of(ticket.public_id)
    state = state_in_words(ticket)
    refund_ends_at = order.refund_ends_at(promises.current().refund_window_days) if order else None
    read = thread.read(ticket, actor)
    context = {
        "ticket": ticket,
        "url": url,
        "state": state,
        "ending": "" if ticket.is_open else ending(ticket),
        "can_reopen": Verb.REOPEN in can,
        "queue_words": queue.label,
        "queue_url": queue_url(queue),
        "previous_url": address_of(neighbours.before),
        "next_url": address_of(neighbours.after),
        "facts": [blocks.facts(ticket, state, refund_ends_at)],
        "order_details": [blocks.details(order, refund_ends_at)] if order else [],
        "seen": read.seen,
        "keys": {form: fresh_key() for form in ("reply", "items", "appeal")},
        "thread": drawing.thread(
            read.entries,
            request.GET,
            surroundings(request, ticket),
            new_from=_new_from(ticket, request, typed.seen),
        ),
        "typed": typed,
        "asks_to_appeal": typed.appealing and Verb.APPEAL in can,
        "staff_readers": thread.readers(Audience.STAFF, ticket, actor),
        **_items(ticket, can, typed),
        **_reply(request, ticket, can, typed),
    }
    return render(request, "dashboard/ticket.html", context, queue=queue, status=status)


def address_of(public_id: str) -> str:
    """A ticket's page; nothing for no ticket."""
    return reverse("dashboard:ticket", args=[public_id]) if public_id else ""


def surroundings(request: MerchantRequest, ticket: Ticket) -> Surroundings:
    """What a thread takes from this door's page."""
    said_url = f"{address_of(ticket.public_id)}/messages/"
    return Surroundings(
        partial(get_token, request), ticket, own_language(request), "dashboard:picture", said_url, can_name=True
    )


def own_language(request: MerchantRequest) -> str:
    """What the reader reads: their own choice, else their store's country's language, else the browser's (D18)."""
    if request.user.language:
        return request.user.language
    return request.merchant.language if request.merchant.country else get_language() or "en"


def state_in_words(ticket: Ticket) -> str:
    """Whose turn it is, for the merchant."""
    if ticket.state == State.WITH_SUPPORT:
        return _("With %(platform)s Support") % {"platform": isolated(promises.current().platform_name)}
    return str(State(ticket.state).label)


def _items(ticket: Ticket, can: frozenset[Verb], typed: Typed) -> dict[str, Any]:
    """Affected Items and Refund Details. Where the customer named no item, the order's own are shown."""
    order = ticket.order
    named = list(ticket.items.all())
    told = details.of(ticket)
    may = {
        "can_refund": Verb.REFUND in can and any(item.refundable for item in named),
        "can_return": Verb.MARK_RETURNED in can and any(not item.returned_at for item in named),
    }
    currency, is_settled = order.currency if order else "", typed.confirm is not None
    shown = named or (_ITEMS_OF_ORDER(order.pk) if order else [])
    return {
        "items": blocks.items(shown, currency, checked=typed.checked, is_settled=is_settled, **may),
        "currency": currency,
        **may,
        "refunds": told.refunds,
        "returned": [] if ticket.is_open else told.returned,
    }


def _reply(request: MerchantRequest, ticket: Ticket, can: frozenset[Verb], typed: Typed) -> dict[str, Any]:
    """The field, its templates and its buttons; nothing of it where the rules allow no word."""
    platform = promises.current().platform_name
    words = {
        Verb.REPLY: _("Reply"),
        Verb.RESOLVE: _("Reply & Resolve"),
        Verb.REOPEN: pgettext("a deed", "Re-open"),
    }
    acts = [Button(verb, name) for verb, name in words.items() if verb in can]
    quiet = {
        Verb.CLOSE: ("close", pgettext("a deed", "Close")),
        Verb.APPEAL: ("ask_appeal", _("Appeal to %(platform)s Support") % {"platform": platform}),
    }
    if typed.appealing:
        del quiet[Verb.APPEAL]  # its own form stands above: a second button of that name would throw the reason away
    if not acts:
        return {"acts": [], "apart": [], "reply": None, "also": None}
    language = typed.language or request.GET.get("template_language", "")
    looked_for = request.POST.get("template_words", request.GET.get("template_words", ""))
    return {
        "acts": acts,
        "also": typed.also or sending.offer(own_language(request), preset_language(ticket)),
        "apart": [Button(*button) for verb, button in quiet.items() if verb in can],
        "reply": composing.compose(
            ticket,
            by=request.actor,
            own=own_language(request),
            text=typed.text,
            language=language,
            words=looked_for,
            kept=typed.kept,
        ),
    }


def _new_from(ticket: Ticket, request: MerchantRequest, seen: int | None) -> int | None:
    """The first message that came after what the person had seen."""
    if seen is None:
        return None
    events = ticket.events_for(request.actor).filter(pk__gt=seen)
    return next((event.data["message"] for event in events if event.data.get("message")), None)
