"""The calls of API v2: each reads its parameters, finds what the merchant may see and calls one verb."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from marketdesk.api import envelope, files, reading
from marketdesk.api.v2 import errors, schemas, tokens
from marketdesk.api.v2.parameters import Parameters
from marketdesk.journal.models import AlreadyDone
from marketdesk.merchants import wall
from marketdesk.orders.models import OrderItem
from marketdesk.people.actor import Actor
from marketdesk.programs.models import AccessToken, Scope
from marketdesk.refunds import refunding
from marketdesk.refunds.reasons import BY_V2, OTHER, Reason
from marketdesk.tickets import queues
from marketdesk.tickets.errors import BadText, NotAllowed
from marketdesk.tickets.models import Attachment, Ticket

MOST = 500


@dataclass(frozen=True)
class Call:
    """A call of a known merchant's program. `token_in_query` holds the token's field where it came in the address."""

    request: HttpRequest
    parameters: Parameters
    token: AccessToken
    actor: Actor
    token_in_query: dict[str, str]

    def picture_link(self, attachment: Attachment) -> str:
        return files.link(attachment, self.request, self.token)

    def ticket(self) -> Ticket:
        """The ticket that `id` names. Raises Refusal, the same for a stranger's and for none (D31)."""
        public_id = self.parameters.public_id("id")
        found = Ticket.objects.visible_to(self.actor).filter(public_id=public_id).first()
        if found is None:
            raise errors.no_ticket()
        return found


Answer = Callable[[Call], HttpResponse]
View = Callable[..., HttpResponse]


def answers(method: str, scope: Scope | None = None) -> Callable[[Answer], View]:
    """The door of one call: its method, its parameters, its token, and the scope that the token needs."""

    def door(answer: Answer) -> View:
        @wraps(answer)
        def view(request: HttpRequest, token_fields: tuple[str, ...] = tokens.FIELDS) -> HttpResponse:
            allowed = {"GET", "POST"} if settings.API_V2_LEGACY_METHODS else {method}
            if request.method not in allowed:
                raise errors.wrong_method(request.method or "", ", ".join(sorted(allowed)))
            parameters = Parameters.of(request)
            token, sent = tokens.of(request, parameters, token_fields, scope)
            wall.narrow(token.merchant_id)
            return answer(Call(request, parameters, token, token.actor(), sent.address))

        return view

    return door


@answers("GET")
def auth_test(call: Call) -> HttpResponse:
    """Whose token this is."""
    merchant = call.token.merchant
    data = {"success": True, "merchant_id": merchant.public_id, "merchant_username": merchant.name}
    return envelope.success(data)


@answers("GET", Scope.READ_TICKETS)
def ticket(call: Call) -> HttpResponse:
    """One ticket (M98)."""
    whole = reading.one(call.parameters.public_id("id"), call.actor)
    if whole is None:
        raise errors.no_ticket()
    return envelope.success(schemas.ticket(whole, call.token.merchant, call.picture_link))


@answers("GET", Scope.READ_TICKETS)
def action_required(call: Call) -> HttpResponse:
    """What the merchant must answer (M99), soonest due first."""
    start = call.parameters.number("start", 0, least=0)
    limit = call.parameters.number("limit", 50, least=1, most=MOST)
    page = reading.waiting(call.actor, start, limit, call.parameters.mark("after"))
    data = [schemas.ticket(whole, call.token.merchant, call.picture_link) for whole in page.tickets]
    return envelope.success(data, paging_of(call, start, limit, page))


@answers("GET", Scope.READ_TICKETS)
def count(call: Call) -> HttpResponse:
    """The red number (M34): how many tickets the merchant must answer."""
    return envelope.success(counted(queues.waiting(call.actor)))


def counted(number: int) -> dict[str, Any]:
    return {"success": True, "count": str(number)}


def paging_of(call: Call, start: int, limit: int, found: reading.Page) -> dict[str, str]:
    """The pages beside this one, each as an address that can be called as it is; only those that exist. The next one
    knows the place where this one ends, so nothing is left out when a ticket before it is answered meanwhile."""

    def page(begin: int, **place: str) -> str:
        fields = urlencode({"start": begin, "limit": limit, **place, **call.token_in_query})
        return call.request.build_absolute_uri(f"{call.request.path}?{fields}")

    # Far past the end, the page before is the last one that holds something.
    end = start if found.tickets or not start else min(start, reading.how_many_wait(call.actor))
    pages = {}
    if found.after:
        pages["next"] = page(start + limit, after=found.after)
    if end > 0:
        pages["previous"] = page(max(0, end - limit))
    return pages


@answers("POST", Scope.WRITE_TICKETS)
def reply(call: Call) -> HttpResponse:
    """Answer the customer (M100)."""
    public_id, text = call.parameters.public_id("id"), call.parameters.text("reply")
    with _refusals(closed=errors.TICKET_CLOSED), Ticket.held(public_id, call.actor) as ticket:
        ticket.reply(text, by=call.actor)
    return _done()


@answers("POST", Scope.WRITE_TICKETS)
def close(call: Call) -> HttpResponse:
    """Close without a refund (M101, M107)."""
    ticket = call.ticket()
    with _refusals():
        ticket.close(by=call.actor)
    return _done()


@answers("POST", Scope.WRITE_TICKETS)
def appeal(call: Call) -> HttpResponse:
    """Bring platform support in (M102); this call carries no reason (D26)."""
    ticket = call.ticket()
    with _refusals():
        ticket.appeal("", by=call.actor)
    return _done()


@answers("POST", Scope.WRITE_TICKETS)
def reopen(call: Call) -> HttpResponse:
    """Open a closed ticket again, with a message (M103)."""
    ticket, text = call.ticket(), call.parameters.text("reply")
    with _refusals():
        ticket.reopen(text, by=call.actor)
    return _done()


@answers("GET", Scope.READ_ORDERS)
def order(call: Call) -> HttpResponse:
    """One item of an order, as in a ticket's `items`."""
    found = reading.item(call.parameters.public_id("id"), call.actor)
    if found is None:
        raise errors.no_order()
    row, order = found
    return envelope.success(schemas.item(row, order, order.customer.public_id))


@answers("POST", Scope.WRITE_ORDERS)
def refund(call: Call) -> HttpResponse:
    """Pay one item back, with a ticket about it or without."""
    public_id = call.parameters.public_id("id")
    item = OrderItem.objects.visible_to(call.actor).filter(public_id=public_id).first()
    if item is None:
        raise errors.no_order()
    reason = _reason(call.parameters.text("reason_code").strip())
    note = call.parameters.text("reason_note") if reason.needs_note else call.parameters.get("reason_note")
    with _refusals():
        refunding.refund_item(item, by=call.actor, reason=reason, note=note)
    return _done()


def _reason(code: str) -> Reason:
    reason = BY_V2.get(code)
    if reason is None:
        codes = ", ".join(sorted(BY_V2, key=int))
        raise errors.bad_parameter(f"The parameter 'reason_code' must be one of {codes}; {OTHER.v2[0]} needs a note")
    return reason


def _done() -> HttpResponse:
    return envelope.success({"success": True})


@contextmanager
def _refusals(closed: int = errors.BAD_PARAMETER) -> Iterator[None]:
    """What a verb refuses, in the wire's codes. What was done a moment ago already has succeeded."""
    try:
        yield
    except AlreadyDone:
        pass
    except NotAllowed as refused:
        raise errors.not_allowed(refused, closed=closed) from refused
    except BadText as bad:
        raise errors.bad_parameter(str(bad)) from bad
