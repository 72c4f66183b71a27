"""Sends a call from its page, through the API's own door, to the store's sandbox and to nothing else."""

import contextlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import quote, urlencode

from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest
from django.utils import timezone

from marketdesk.api import middleware
from marketdesk.api.documentation import samples
from marketdesk.api.documentation.reference import FORM, Call, Parameter
from marketdesk.api.once import HEADER
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import OrderItem
from marketdesk.programs import sandbox
from marketdesk.programs.models import AccessToken, App
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State

# A try takes a moment; its token could not be used for longer even if it stayed.
LIFE = timedelta(minutes=10)
MOST = 20_000  # characters of an answer that are shown
# What the answer tells a program, among all its headers.
TOLD = ("Content-Type", "ETag", "Content-Language", "Retry-After", "Idempotent-Replayed")


@dataclass(frozen=True)
class Tried:
    """What came back."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: str


def can_be_tried(call: Call) -> bool:
    """Whoever calls without a token sends an app's secret instead, which is nothing for a form."""
    return call.needs_token


def send(call: Call, values: Mapping[str, str], store: Merchant, request: HttpRequest) -> Tried:
    """Call it with a token of its own that ends with the answer."""
    token = AccessToken.issue(
        sandbox.store_of(store), "Try it", expires_at=timezone.now() + LIFE, app=_app(call, store)
    )
    try:
        response = middleware.answer(_request(call, values, token, request))
    finally:
        if found := AccessToken.find(token):
            found.delete()
    headers = [(name, response.headers[name]) for name in response.headers if name in TOLD or "Rate" in name]
    return Tried(response.status_code, response.reason_phrase, headers, _readable(getattr(response, "content", b"")))


def _app(call: Call, store: Merchant) -> App | None:
    """Only apps subscribe: there it is tried as the newest app that the store has registered for its sandbox, and that
    may do it."""
    if not call.scope.startswith("webhook"):
        return None
    theirs = App.objects.filter(merchant=store, is_sandbox=True, removed_at__isnull=True).order_by("-pk")
    return max(theirs, key=lambda app: call.scope in app.scopes, default=None)


def _request(call: Call, values: Mapping[str, str], token: str, request: HttpRequest) -> WSGIRequest:
    """The program's request, on its way from the address that the person's came from."""
    sent: dict[str, dict[str, Any]] = {place: {} for place in ("path", "query", "header", "form", "json")}
    for one in call.parameters:
        if value := values.get(one.name, ""):
            sent[one.place][one.name] = value if one.place != "json" else _as_json(one, value)
    path = call.path
    for name in [one.name for one in call.parameters if one.place == "path"]:
        path = path.replace(f"{{{name}}}", quote(str(sent["path"].get(name, "-")), safe=""))
    body, kind = b"", ""
    if sent["json"]:
        body, kind = json.dumps(sent["json"]).encode(), "application/json"
    elif call.is_write:
        body, kind = urlencode(sent["form"]).encode(), FORM
    kept = {name: value for name, value in request.META.items() if name.startswith(("SERVER_", "REMOTE_", "wsgi."))}
    headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in sent["header"].items()}
    return WSGIRequest(
        {
            **kept,
            **headers,
            "REQUEST_METHOD": call.method,
            "PATH_INFO": path,
            "QUERY_STRING": urlencode(_listed(call, sent["query"]), doseq=True),
            "CONTENT_TYPE": kind,
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_HOST": request.get_host(),
            "HTTP_AUTHORIZATION": f"Bearer {token}",
            "wsgi.input": BytesIO(body),
        }
    )


def _listed(call: Call, query: Mapping[str, str]) -> dict[str, str | list[str]]:
    """A parameter that takes several is written with commas in the form."""
    several = {one.name for one in call.parameters if one.kind.startswith("list")}
    return {name: value.split(",") if name in several else value for name, value in query.items()}


def _as_json(parameter: Parameter, value: str) -> Any:
    """A text stays one; anything else is read as JSON, and sent as it was typed where it is none."""
    if parameter.kind == "string" or parameter.choices:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _readable(content: bytes) -> str:
    text = content.decode("utf-8", "replace")
    with contextlib.suppress(ValueError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return text if len(text) <= MOST else f"{text[:MOST]}\n…"


def suggestions(call: Call, store: Merchant) -> dict[str, str]:
    """What the form begins with: the example, and ids that are there in the store's sandbox."""
    known = {one.name: str(one.example) for one in call.sent}
    tried_on = Merchant.objects.filter(sandbox_of=store).first()
    stands_for = {samples.TICKET: _ticket, samples.ITEM: _item, samples.PENALTY: _penalty}
    for name, value in known.items():
        if name == HEADER:
            known[name] = f"try-{secrets.token_hex(8)}"
        if value in stands_for:
            known[name] = stands_for[value](call, tried_on) if tried_on else ""
    return known


def _ticket(call: Call, store: Merchant) -> str:
    state = State.CLOSED if call.name.endswith("re-open") else State.WITH_MERCHANT
    found = Ticket.objects.filter(merchant=store, state=state).order_by("-pk").values_list("public_id", flat=True)
    return found.first() or ""


def _item(call: Call, store: Merchant) -> str:
    found = OrderItem.objects.filter(merchant=store, refunds__isnull=True).order_by("-pk")
    return found.values_list("public_id", flat=True).first() or ""


def _penalty(_call: Call, _store: Merchant) -> str:
    """A sandbox is given none."""
    return ""
