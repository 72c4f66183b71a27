"""The calls of the Platform API, and their description."""

import json
from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from ninja import NinjaAPI
from ninja.parser import Parser

from marketdesk.api.platform import batches, customers, problems, refunds, tickets
from marketdesk.version import VERSION

ROOT = "platform/v1/"


class ExactParser(Parser):
    """JSON whose sums keep every digit."""

    def parse_body(self, request: HttpRequest) -> Any:
        return json.loads(request.body, parse_float=Decimal, parse_constant=self._no_constant)

    @staticmethod
    def _no_constant(word: str) -> Any:
        raise ValueError(word)


class PlatformApi(NinjaAPI):
    """Every failure goes up to the programs' middleware, which knows how each is said."""

    def on_exception(self, request: HttpRequest, exc: Any) -> HttpResponse:
        raise exc


api = PlatformApi(
    title="Marketdesk Platform API",
    version=VERSION,
    description="For the marketplace's own programs. Failures are {error: {code, message, fields?}}.",
    urls_namespace="platform",
    openapi_url=None,
    docs_url=None,
    parser=ExactParser(),
)
for one in (batches, tickets, refunds, customers):
    api.add_router("", one.router)


def openapi(request: HttpRequest) -> HttpResponse:
    """The description of all calls; no key is needed to read it."""
    if request.method not in {"GET", "HEAD"}:
        raise problems.wrong_method("GET, HEAD")
    text = json.dumps(api.get_openapi_schema(path_prefix=f"/{ROOT}"), separators=(",", ":"), default=str)
    return HttpResponse(text, content_type="application/json")


calls = [one for one in api.urls[0] if getattr(one, "name", "") != "api-root"]
urlpatterns = [path("openapi.json", openapi, name="openapi"), *calls]
