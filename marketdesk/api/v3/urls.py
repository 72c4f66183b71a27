"""The calls of API v3, and their description."""

import json
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from ninja import NinjaAPI
from ninja.renderers import BaseRenderer

from marketdesk.api import envelope
from marketdesk.api.envelope import Refusal
from marketdesk.api.v3 import oauth, orders, penalties, performance, tickets, webhooks
from marketdesk.api.v3.description import ABOUT, describe
from marketdesk.version import VERSION

ROOT = "api/v3/"


class Enveloped(BaseRenderer):
    """What a call answers, in the envelope."""

    media_type = "application/json"
    charset = "utf-8"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> str:
        return json.dumps(envelope.body(data), separators=(",", ":"), default=str)


class Api(NinjaAPI):
    """Every failure goes up to the programs' middleware, which knows how each is said."""

    def on_exception(self, request: HttpRequest, exc: Any) -> HttpResponse:
        raise exc


api = Api(
    title="Marketdesk API v3",
    version=VERSION,
    description=ABOUT,
    urls_namespace="v3",
    openapi_url=None,
    docs_url=None,
    renderer=Enveloped(),
)
for one in (oauth, tickets, orders, performance, penalties, webhooks):
    api.add_router("", one.router)


def openapi(request: HttpRequest) -> HttpResponse:
    """The description of all calls; no token is needed to read it."""
    if request.method not in {"GET", "HEAD"}:
        raise Refusal(405, "This call answers to GET, HEAD.", status=405, headers={"Allow": "GET, HEAD"})
    return HttpResponse(_text(), content_type="application/json")


@cache
def _text() -> str:
    return json.dumps(described(), separators=(",", ":"))


@cache
def described() -> dict[str, Any]:
    """The whole OpenAPI document."""
    document: dict[str, Any] = json.loads(json.dumps(describe(api, ROOT), default=str))
    return document


calls = [one for one in api.urls[0] if getattr(one, "name", "") != "api-root"]
urlpatterns = [path("openapi.json", openapi, name="openapi"), *calls]
