"""The documentation's pages: open to everybody; a store's people can also send a call to their sandbox."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as django_render
from django.views.decorators.http import require_http_methods, require_safe

from marketdesk.api.documentation import content, examples, reference, trying
from marketdesk.api.documentation.reference import DOCUMENTS, Call
from marketdesk.api.documentation.topics import TOPICS
from marketdesk.merchants.models import Merchant
from marketdesk.people.party import Party
from marketdesk.programs import sandbox


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """What there is, and the first call."""
    return _render(request, "documentation/start.html", content.of(None, _base(request)))


@require_safe
def topic(request: HttpRequest, name: str) -> HttpResponse:
    """A page of prose."""
    found = TOPICS.get(name)
    if found is None:
        raise Http404
    return _render(request, found.template, {"topic": found, **content.of(found, _base(request))})


@require_safe
def version(request: HttpRequest, version: str) -> HttpResponse:
    """All calls of a version."""
    return _render(request, "documentation/version.html", {"version": version, "described": DOCUMENTS[version]()})


@require_http_methods(["GET", "HEAD", "POST"])
def call(request: HttpRequest, version: str, name: str) -> HttpResponse:
    """A call; sent, it also shows what came back."""
    found = reference.find(version, name)
    if found is None:
        raise Http404
    stores = _stores(request) if trying.can_be_tried(found) else []
    if request.method != "POST":
        return _call(request, found, stores)
    chosen = next((one for one in stores if one.public_id == request.POST.get("store", one.public_id)), None)
    if chosen is None:
        raise Http404
    if "begin" in request.POST:
        sandbox.store_of(chosen)
        return redirect(f"{request.path}#try")
    values = {one.name: request.POST.get(f"p-{one.name}", "") for one in found.parameters}
    return _call(
        request,
        found,
        [chosen, *(one for one in stores if one != chosen)],
        values,
        trying.send(found, values, chosen, request),
    )


def _stores(request: HttpRequest) -> list[Merchant]:
    """The stores that the reader works for."""
    if not request.user.is_authenticated or request.user.party != Party.MERCHANT:
        return []
    return list(Merchant.objects.filter(membership__user=request.user).select_related("sandbox").order_by("name", "pk"))


def _call(
    request: HttpRequest,
    found: Call,
    stores: list[Merchant],
    values: dict[str, str] | None = None,
    tried: trying.Tried | None = None,
) -> HttpResponse:
    if values is None:
        values = trying.suggestions(found, stores[0]) if stores else {}
    context = {
        "call": found,
        "version": found.version,
        "others": [one for one in reference.calls(found.version) if one.title == found.title and one != found],
        "examples": examples.examples(found, _base(request)),
        "stores": stores,
        "has_sandbox": any(hasattr(store, "sandbox") for store in stores),
        "can_be_tried": trying.can_be_tried(found),
        "fields": [(one, values.get(one.name, "")) for one in found.parameters],
        "tried": tried,
    }
    return _render(request, "documentation/call.html", context)


def _base(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")


def _render(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A page in its frame, with the contents beside it."""
    contents = [(version, _grouped(version)) for version in DOCUMENTS]
    shell = {"topics": TOPICS.values(), "contents": contents, "base": _base(request)}
    return django_render(request, template, {**shell, **context})


def _grouped(version: str) -> list[tuple[str, list[Call]]]:
    """The calls of a version by their group, in the order of the document."""
    groups: dict[str, list[Call]] = {}
    for one in reference.calls(version):
        if not one.is_alias:
            groups.setdefault(one.group, []).append(one)
    return list(groups.items())
