"""A message alone: asked for in the reader's language (M69, D18)."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from marketdesk.storefront.entrance import CustomerRequest, customers_only
from marketdesk.storefront.tickets import find, surroundings
from marketdesk.translations import drawing, viewing


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
def message(request: CustomerRequest, public_id: str, number: int) -> HttpResponse:
    """The message as the thread shows it; without JavaScript the page with it."""
    ticket, language = find(request, public_id), get_language() or "en"
    asked, deed = (request.POST, True) if request.method == "POST" else (request.GET, False)
    alone = viewing.alone(number, ticket, language, by=request.actor, asked=asked, deed=deed)
    if alone is None:
        raise Http404
    if "HX-Request" not in request.headers:
        return redirect(reverse("storefront:ticket", args=[public_id]) + alone.address)
    return render(request, "ui/said.html", {"row": drawing.alone(alone, surroundings(request, ticket))})
