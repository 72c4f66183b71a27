"""The tickets of a store: read them, answer them, and say whose turn it is."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Literal

from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from marketdesk.api import envelope, files, reading
from marketdesk.api.reading import Whole
from marketdesk.api.v3 import errors, schemas, versions
from marketdesk.api.v3.choosing import Tree, chosen, pick
from marketdesk.api.v3.description import IF_MATCH, IF_NONE_MATCH
from marketdesk.api.v3.keys import Bearer, ProgramRequest
from marketdesk.api.v3.once import once
from marketdesk.api.v3.pages import after, paged
from marketdesk.api.v3.parameters import Cursor, Fields, Listed, Moment, just_after
from marketdesk.api.v3.schemas import (
    A_TICKET,
    ID,
    STATES,
    TYPES,
    EventOut,
    Reply,
    StateWord,
    TicketOut,
    TurnWord,
    TypeWord,
    Wire,
)
from marketdesk.journal.models import AlreadyDone
from marketdesk.lib import ids, paging
from marketdesk.outbox.webhooks.kinds import KINDS
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.programs.models import Scope
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.models.ticket import Tickets
from marketdesk.tickets.rules import State

router = Router(tags=["Tickets"])
READ, WRITE = Bearer(Scope.READ_TICKETS), Bearer(Scope.WRITE_TICKETS)

OURS, CLOSED, APPEALED = (STATES[one] for one in (State.WITH_MERCHANT, State.CLOSED, State.WITH_SUPPORT))
MOST = 500
CURSOR = "api v3: the tickets after"
# What a write tells who may not read tickets.
NOT_READ: Tree = {name: {} for name in ("id", "type", "state", "merchant_id", "updated_at")}
# What names a ticket in an address. That it is an id is seen when it is looked for, so that all others are absent.
TicketId = Annotated[str, Field(examples=[A_TICKET], json_schema_extra={**ID, "description": "The ticket's id."})]

# What a program can do with the tickets of a list.
_GO_ON = {
    "responses": {
        200: {
            "links": {
                call: {"operationId": call, "parameters": {"ticket": "$response.body#/data/0/id"}}
                for call in ("get_ticket", "update_ticket", "reply_to_ticket", "list_ticket_events")
            }
        }
    }
}


class Wanted(Schema):
    """Which tickets, and in which order."""

    types: Annotated[list[TypeWord], Listed] = Field(
        [], description="Only these kinds; repeated (`types=ORDER&types=…`) or separated by commas."
    )
    states: Annotated[list[StateWord], Listed] = Field(
        [], description="Only these states; repeated or separated by commas.", examples=[[OURS]]
    )
    limit: int = Field(50, ge=1, le=MOST, description="At most so many.")
    sort_by: Literal["updated_at.asc", "updated_at.desc"] = Field(
        "updated_at.desc", description="The latest change first or last."
    )
    updated_at_min: Moment = Field(None, description="Only what changed then or later.")
    updated_at_max: Moment = Field(None, description="Only what changed then or earlier.")
    cursor: Cursor = ""
    fields: Fields = ""


class Turn(Schema):
    """Whose turn it shall be, and what is said with it."""

    state: TurnWord = Field(
        description=f"`{CLOSED}` closes the ticket, `{OURS}` opens a closed one again, `{APPEALED}` appeals to "
        "platform support.",
        examples=[CLOSED],
    )
    message: str = Field(
        "",
        description=f"The customer reads it. With `{CLOSED}` it replies and resolves; with `{OURS}` the ticket then "
        "awaits the customer and not you.",
        examples=["Your size is back in stock."],
    )
    reason: str = Field(
        "",
        description=f"With `{APPEALED}`: why you appeal. Only platform support reads it.",
        examples=["The parcel was delivered, says the carrier."],
    )


class Said(Schema):
    """An answer to the customer."""

    message: str = Field(
        description="Plain text of at most 10,000 characters. It is kept and shown as it is sent.",
        examples=["It is on its way and arrives tomorrow."],
    )
    resolve: bool = Field(False, description="Close the ticket with it (Reply & Resolve); questions only.")


@router.get(
    "/tickets",
    auth=READ,
    response=list[TicketOut],
    operation_id="list_tickets",
    summary="List tickets",
    description="The store's tickets, the latest change first. `paging.next` and the `Link` header hold the address of "
    "the next page, and are left out on the last: follow them and no ticket is passed over or told twice, however many "
    "changed in the same millisecond. To keep up with all changes, sort by `updated_at.asc`: a ticket that changes "
    "while you read comes again at the end.",
    openapi_extra=_GO_ON,
)
def tickets(request: ProgramRequest, wanted: Query[Wanted]) -> HttpResponse:
    by, tree = request.auth.actor(), chosen(wanted.fields, TicketOut)
    newest_first = wanted.sort_by == "updated_at.desc"
    rows = _filtered(reading.seen(by), wanted)
    key = after(wanted.cursor, CURSOR)
    found = paging.page(rows, "public_updated_at", key, newest_first=newest_first, size=wanted.limit)
    data = [_told(whole, request, by) for whole in reading.whole(found.rows, by)]
    return paged(request, pick(data, tree), found.after, CURSOR)


@router.get(
    "/tickets/{ticket}",
    auth=READ,
    response=TicketOut,
    operation_id="get_ticket",
    summary="Get a ticket",
    description="A ticket with everything that was said. Send the `ETag` of an answer back as `If-None-Match`, and "
    "while nothing has changed that you may see, the answer is an empty 304.",
    openapi_extra={"parameters": [IF_NONE_MATCH]},
)
def ticket(request: ProgramRequest, ticket: TicketId, fields: Fields = "") -> HttpResponse:
    by, tree = request.auth.actor(), chosen(fields, TicketOut)
    told = _told(_whole(ticket, by), request, by)
    if versions.is_known(request, tag := versions.etag(told)):
        return HttpResponse(status=304, headers={"ETag": tag})
    return _ticket(told, tree)


@router.put(
    "/tickets/{ticket}",
    auth=WRITE,
    response=TicketOut,
    operation_id="update_ticket",
    summary="Close, re-open or appeal a ticket",
    description="The same rules hold as on the pages; what they do not allow is refused with 409, and says why. A "
    "ticket that is re-opened without a message awaits you, with the whole time to reply. Whose token lacks "
    "`tickets:read` is answered no more than the ticket's id, type and state.",
    openapi_extra={"parameters": [IF_MATCH]},
)
def turn(request: ProgramRequest, ticket: TicketId, payload: Turn) -> HttpResponse:
    def act(by: Actor) -> HttpResponse:
        with _writing(request, ticket, by) as found:
            _turn(found, payload, by)
        (whole,) = reading.whole([found], by)
        may_read = request.auth.allows(Scope.READ_TICKETS)
        return _ticket(_told(whole, request, by), {} if may_read else NOT_READ)

    return once(request, act)


def _turn(ticket: Ticket, wanted: Turn, by: Actor) -> None:
    if wanted.message and wanted.state == APPEALED:
        raise errors.bad_parameter(message=_("is for the customer; why you appeal is the reason"))
    if wanted.reason and wanted.state != APPEALED:
        raise errors.bad_parameter(reason=_("belongs to an appeal; what the customer reads is the message"))
    if wanted.state == APPEALED:
        ticket.appeal(wanted.reason, by=by)
    elif wanted.state == OURS:
        ticket.reopen(wanted.message, by=by)
    elif wanted.message:
        ticket.resolve(wanted.message, by=by)
    else:
        ticket.close(by=by)


@router.post(
    "/tickets/{ticket}/replies",
    auth=WRITE,
    response=Reply,
    operation_id="reply_to_ticket",
    summary="Reply to a ticket",
    description="Answers the customer; the ticket awaits them then. While it awaits them, or is with platform support, "
    "the message is added and the state stays. A closed ticket must be re-opened first.",
    openapi_extra={"parameters": [IF_MATCH]},
)
def reply(request: ProgramRequest, ticket: TicketId, payload: Said) -> HttpResponse:
    def act(by: Actor) -> HttpResponse:
        said = None
        with _writing(request, ticket, by) as found:
            said = (found.resolve if payload.resolve else found.reply)(payload.message, by=by)
        said = said or found.messages_for(by).filter(author=Party.MERCHANT).latest("pk")
        return envelope.success(schemas.message_out(said))

    return once(request, act)


@router.get(
    "/tickets/{ticket}/events",
    auth=READ,
    response=list[EventOut],
    operation_id="list_ticket_events",
    summary="List what happened to a ticket",
    description="What happened, oldest first, as far as you may read it.",
)
def events(request: ProgramRequest, ticket: TicketId, fields: Fields = "") -> HttpResponse:
    by, tree = request.auth.actor(), chosen(fields, EventOut)
    found = _find(ticket, by)
    happened = found.events_for(by).filter(verb__in=KINDS)
    return envelope.success(pick([schemas.event_out(event, found, by) for event in happened], tree))


# What a call names


def _filtered(rows: Tickets, wanted: Wanted) -> Tickets:
    if wanted.types:
        rows = rows.filter(category__in=[one for one, word in TYPES.items() if word in wanted.types])
    if wanted.states:
        rows = rows.filter(state__in=[one for one, word in STATES.items() if word in wanted.states])
    if wanted.updated_at_min:
        rows = rows.filter(public_updated_at__gte=wanted.updated_at_min)
    if wanted.updated_at_max:
        rows = rows.filter(public_updated_at__lt=just_after(wanted.updated_at_max))
    return rows


def _named(public_id: str, by: Actor) -> Tickets:
    """Nothing where it is no id; databases do not take every text."""
    rows = reading.seen(by)
    return rows.filter(public_id=public_id) if re.fullmatch(ids.PATTERN, public_id) else rows.none()


def _find(public_id: str, by: Actor) -> Ticket:
    found = _named(public_id, by).first()
    if found is None:
        raise errors.no_ticket()
    return found


def _whole(public_id: str, by: Actor) -> Whole:
    found = reading.whole(_named(public_id, by), by)
    if not found:
        raise errors.no_ticket()
    return found[0]


@contextmanager
def _writing(request: ProgramRequest, public_id: str, by: Actor) -> Iterator[Ticket]:
    """The ticket that a write is about, if it still is what If-Match names. What was done a moment ago already has
    succeeded."""
    found = _find(public_id, by)
    if "If-Match" not in request.headers:
        with suppress(AlreadyDone):
            yield found
        return
    with transaction.atomic(), suppress(AlreadyDone):
        # Nothing changes any more until the verb itself has locked it.
        Ticket.objects.select_for_update().get(pk=found.pk)
        versions.expect(request, _told(_whole(public_id, by), request, by))
        yield found


# What it answers


def _told(whole: Whole, request: ProgramRequest, by: Actor) -> Wire:
    return schemas.ticket_out(whole, lambda picture: files.link(picture, request, request.auth), by.at)


def _ticket(told: Wire, tree: Tree | None = None) -> HttpResponse:
    response = envelope.success(pick(told, tree or {}))
    response.headers["ETag"] = versions.etag(told)
    return response
