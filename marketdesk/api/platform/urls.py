"""The calls of the Platform API, and their description."""

import json
from decimal import Decimal
from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from ninja import NinjaAPI
from ninja.parser import Parser

from marketdesk.api.platform import batches, customers, problems, refunds, standings, tickets
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
for one in (batches, tickets, refunds, customers, standings):
    api.add_router("", one.router)


def openapi(request: HttpRequest) -> HttpResponse:
    """The description of all calls; no key is needed to read it."""
    if request.method not in {"GET", "HEAD"}:
        raise problems.wrong_method("GET, HEAD")
    return HttpResponse(_described(), content_type="application/json")


@cache
def _described() -> str:
    """The OpenAPI document: what ninja knows of each call, and the problem that any of them may answer."""
    schema = api.get_openapi_schema(path_prefix=f"/{ROOT}")
    schema["components"]["schemas"]["Problem"] = problems.SCHEMA
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for methods in schema["paths"].values():
        for call in methods.values():
            call["responses"]["default"] = {"description": "A problem: nothing was changed.", "content": content}
    return json.dumps(schema, separators=(",", ":"), default=str)


calls = [one for one in api.urls[0] if getattr(one, "name", "") != "api-root"]
urlpatterns = [path("openapi.json", openapi, name="openapi"), *calls]
