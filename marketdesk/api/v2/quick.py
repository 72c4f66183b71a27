"""The short path of the three reads that programs call all day: the list, a ticket, the number of those that wait.

One statement answers token and question together, and tells whether anything is unusual: a token elsewhere than in the
header, or one that is refused, another page than the first, a ticket that is not there, a limit that is used up. Then
nothing is said here, nothing has happened, and the call goes the way of all others.

What a ticket looks like is said in schemas.py, and not said anew as long as the database sends the same bytes for it:
under them its answer is kept.
"""

import logging
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from threading import Lock
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models
from django.db.models import BigIntegerField, Count, F, Value
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from marketdesk.api import envelope, limits, reading
from marketdesk.api.envelope import Refusal
from marketdesk.api.v2 import schemas, views
from marketdesk.api.v2.parameters import Parameters
from marketdesk.api.v2.views import Call
from marketdesk.lib import ids, objects, paging, secret
from marketdesk.lib.together import Argument, Row, Rows, Together, column
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, OrderItem
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.programs.models import AccessToken, App, Scope
from marketdesk.tickets.models import Attachment, Issue, Ticket
from marketdesk.tickets.models.ticket import Tickets

log = logging.getLogger(__name__)

BEARER = re.compile("Bearer ([!-~]+)")
LIMIT = 50
# How many tickets a process keeps the answer of, at about 5 kB each; longer answers than this it makes anew.
MOST_KEPT = 1000
LONGEST_KEPT = 20_000
NOTHING = Parameters({}, {})

Model = TypeVar("Model", bound=models.Model)
TOKEN = (
    *("id", "expires", "revoked_at", "scope", "last_used_at", "application_id", "application__removed_at"),
    *("merchant__id", "merchant__public_id", "merchant__country", "merchant__name"),
)
TICKET = (
    *("id", "public_id", "state", "category", "subject", "opened_at", "public_updated_at", "closed_at", "closed_by"),
    *("due_at", "issue__code", "issue__v2_label"),
    *("customer__id", "customer__public_id", "customer__name", "customer__language", "customer__country"),
    *("customer__date_joined", "order__id", "order__public_id", "order__currency", "order__placed_at"),
    *("order__shipped_at", "order__delivered_at", "order__carrier", "order__tracking_number", "order__recipient"),
    *("order__phone", "order__street1", "order__street2", "order__city", "order__region", "order__postcode"),
    "order__country",
)
ITEM = (
    *("pk", "public_id", "name", "sku", "color", "size", "image_url", "quantity", "price", "cost", "shipping"),
    *("shipping_cost", "state", "returned_at", "product_public_id", "product_image", "refund_actor", "refund_reason"),
    "refund_at",
)
MESSAGE = ("id", "author", "body", "at")
PICTURE = ("id", "message_id", "public_id", "mime")
TRANSLATION = ("made_at", "id", "message_id", "language", "body")

# What the statements ask


def _token() -> Rows:
    """The token, whatever has become of it; the first argument is its hash."""
    tokens = AccessToken.objects.filter(token_checksum=Argument(1))
    return tokens.values_list(Value(0, BigIntegerField()), "merchant_id", *TOKEN)


def _tickets() -> Tickets:
    """The tickets that the token's merchant may see."""
    merchant: Any = column("token", 2)
    return Ticket.objects.visible_to(Actor(Party.MERCHANT, merchant_id=merchant))


def _waiting() -> Tickets:
    return _tickets().waiting_for_merchant().order_by("due_at", "id")


def _told(tickets: Tickets) -> tuple[Mapping[str, Rows], Sequence[Rows | str]]:
    """The token, and everything that the answer names of these tickets, as `reading` finds it."""
    page: Any = column("page", 1)
    items = reading.item_rows(OrderItem.objects.filter(tickets__in=page), ticket=F("tickets"))
    said = reading.said(page, Actor(Party.MERCHANT))
    return {"token": _token(), "page": tickets.values_list("pk")}, (
        "token",
        Ticket.objects.filter(pk__in=page).values_list("pk", *TICKET),
        items.order_by().values_list("ticket", *ITEM),
        said.messages.order_by().values_list("ticket_id", *MESSAGE),
        said.pictures.order_by().values_list("message__ticket_id", *PICTURE),
        said.translations.order_by().values_list("message__ticket_id", *TRANSLATION),
    )


def _counted() -> tuple[Mapping[str, Rows], Sequence[Rows | str]]:
    """The token, and how many tickets wait."""
    counted = _waiting().order_by().annotate(one=Value(1, BigIntegerField())).values("one").annotate(n=Count("pk"))
    return {"token": _token()}, ("token", counted.values_list("one", "n"))


# What the rows say

Rows_ = list[tuple[Any, ...]]


def _object(model: type[Model], values: Mapping[str, Any], prefix: str = "") -> Model:
    """A row as an object that knows only what was asked of it."""
    columns, build = _making(model, tuple(values), prefix)
    return build([values[column] for column in columns])  # type: ignore[return-value]  # `cache` forgets of which model


@cache
def _making(
    model: type[models.Model], known: tuple[str, ...], prefix: str
) -> tuple[list[str], Callable[[Any], models.Model]]:
    """Of which columns an object is made, and how."""
    names = [field.attname for field in model._meta.concrete_fields if prefix + field.attname in known]
    return [prefix + name for name in names], objects.builder(model, names, DEFAULT_DB_ALIAS)


def _token_of(content: Any, statement: Together) -> AccessToken:
    values = dict(zip(("merchant_id", *TOKEN), statement.reader()(content)[1], strict=True))
    token = _object(AccessToken, values)
    token.merchant = _object(Merchant, values, "merchant__")
    if token.application_id:
        token.application = _object(App, {"application__id": token.application_id, **values}, "application__")
    return token


def _whole(contents: Sequence[Any], statement: Together) -> reading.Whole:
    """A ticket out of its rows, whatever the order in which they came."""
    read = statement.reader()
    parts: dict[int, Rows_] = defaultdict(list)
    for content in contents:
        kind, values = read(content)
        parts[kind].append(values)
    (found,) = (dict(zip(TICKET, values, strict=True)) for values in parts[1])
    ticket = _object(Ticket, found)
    ticket.customer, ticket.issue = _object(User, found, "customer__"), _object(Issue, found, "issue__")
    ticket.order = _object(Order, found, "order__") if found["order__id"] else None
    items = [dict(zip(ITEM, values, strict=True)) for values in sorted(parts[2], key=lambda values: values[0])]
    messages = [dict(zip(MESSAGE, values, strict=True)) for values in parts[3]]
    pictures = [_object(Attachment, dict(zip(PICTURE, values, strict=True))) for values in sorted(parts[4])]
    translations = [values[2:] for values in sorted(parts[5])]
    messages.sort(key=lambda row: (row["at"], row["id"]))
    return reading.Whole(ticket, items, reading.together(messages, pictures, translations))


@dataclass(frozen=True)
class Told:
    """A ticket as it is answered, and its place in the list."""

    place: tuple[datetime, int]
    text: str


_tokens: dict[Any, AccessToken] = {}
_tickets_told: dict[Any, Told] = {}
_counts: dict[Any, str] = {}
_keeping = Lock()


def _tell(found: list[list[Any]], call: Call, statement: Together) -> list[Told]:
    """Tickets in the order of their places."""
    merchant = call.token.merchant
    told = []
    for contents in found:
        key = (merchant.public_id, merchant.country, *contents)
        known = _tickets_told.get(key)
        if known is None:
            whole = _whole(contents, statement)
            with translation.override("en"):
                text = envelope.written(schemas.ticket(whole, merchant, call.picture_link))
            known = Told((whole.ticket.due_at or whole.ticket.opened_at, whole.ticket.pk), text)
            # The links of pictures are new each time. And a few hundred long conversations would fill the memory.
            if len(text) <= LONGEST_KEPT and not any(row["pictures"] for row in whole.messages):
                _keep(_tickets_told, key, known)
        told.append(known)
    return told


def _keep(kept: dict[Any, Any], key: Any, value: Any) -> None:
    """Whatever was met first is forgotten first."""
    with _keeping:
        while len(kept) >= MOST_KEPT:
            del kept[next(iter(kept))]
        kept[key] = value


# The calls


def _list(call: Call, found: list[list[Any]], statement: Together) -> HttpResponse:
    told = sorted(_tell(found, call, statement), key=lambda one: one.place)
    after = paging.write_key(*told[LIMIT - 1].place) if len(told) > LIMIT else ""
    data = ",".join(one.text for one in told[:LIMIT])
    return envelope.told(f"[{data}]", views.paging_of(call, 0, LIMIT, reading.Page([], after)))


def _ticket(call: Call, found: list[list[Any]], statement: Together) -> HttpResponse | None:
    return envelope.told(_tell(found, call, statement)[0].text) if found else None


def _count(call: Call, found: list[list[Any]], statement: Together) -> HttpResponse:
    ((content,),) = found
    text = _counts.get(content)
    if text is None:
        ((number,),) = (values for _kind, values in [statement.reader()(content)])
        _keep(_counts, content, text := envelope.written(views.counted(number)))
    return envelope.told(text)


@dataclass(frozen=True)
class Quick:
    """One of these calls: what it takes, what it asks, what it answers."""

    takes: re.Pattern[str]
    statement: Together
    answer: Callable[[Call, list[list[Any]], Together], HttpResponse | None]


CALLS = {
    "/api/v2/ticket": Quick(
        re.compile(f"id=({ids.PATTERN})"),
        Together(lambda: _told(_tickets().filter(public_id=Argument(2)))),
        _ticket,
    ),
    "/api/v2/ticket/get-action-required": Quick(
        re.compile(f"(?:limit={LIMIT})?"), Together(lambda: _told(_waiting()[: LIMIT + 1])), _list
    ),
    "/api/v2/ticket/count-action-required": Quick(re.compile(""), Together(_counted), _count),
}


def answer(request: HttpRequest) -> HttpResponse | None:
    """The answer to one of these calls; None where anything is unusual about it."""
    quick = CALLS.get(request.path_info)
    # The second wall must be narrowed before tickets are looked at, and this statement looks at all it needs at once.
    if quick is None or request.method != "GET" or settings.DATABASE_WALL:
        return None
    bearer = BEARER.fullmatch(request.META.get("HTTP_AUTHORIZATION", ""))
    asked = quick.takes.fullmatch(request.META.get("QUERY_STRING", ""))
    if bearer is None or asked is None:
        return None
    _look_after_connection()
    try:
        request.get_host()
        found = quick.statement.ask(secret.hash_of(bearer[1]), *asked.groups())
        token, rows = _sorted(found, quick.statement)
        if token is None:
            return None
        response = quick.answer(Call(request, NOTHING, token, token.actor(), {}), rows, quick.statement)
        if response is not None:
            limits.count(request, token)
        return response
    except DatabaseError as failure:
        log.warning("%s: the short path failed, and the other is taken: %s", request.path_info, failure)
    except (DisallowedHost, Refusal):
        pass
    finally:
        _look_after_connection()
    return None


def _look_after_connection() -> None:
    """What Django does before and after each request: a connection that is too old, or that failed, is closed."""
    database = connections[DEFAULT_DB_ALIAS]
    if not database.in_atomic_block:
        database.close_if_unusable_or_obsolete()


def _sorted(found: list[Row], statement: Together) -> tuple[AccessToken | None, list[list[Any]]]:
    """The token, where it opens the call and nothing is to be noted of it; and the rows of each number."""
    rows: dict[Any, list[Any]] = defaultdict(list)
    for number, content in found:
        rows[number].append(content)
    (content,) = rows.pop(statement.none, [None])
    if content is None:
        return None, []
    token = _tokens.get(content)
    if token is None:
        _keep(_tokens, content, token := _token_of(content, statement))
    opens = not token.is_revoked and not token.is_expired() and token.allows(Scope.READ_TICKETS)
    return (token if opens and not token.is_to_be_noted(timezone.now()) else None), list(rows.values())
