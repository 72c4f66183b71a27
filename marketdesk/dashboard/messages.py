"""A message alone: asked for in the reader's language, or said which one it is in (M69, D18)."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from marketdesk.dashboard.entrance import MerchantRequest, merchants_only
from marketdesk.dashboard.tickets import address_of, find, own_language, surroundings
from marketdesk.translations import drawing, viewing


@merchants_only
@require_http_methods(["GET", "HEAD", "POST"])
def message(request: MerchantRequest, public_id: str, number: int) -> HttpResponse:
    """The message as the thread shows it; without JavaScript the page with it."""
    ticket = find(request, public_id)
    asked, deed = (request.POST, True) if request.method == "POST" else (request.GET, False)
    alone = viewing.alone(
        number, ticket, own_language(request), by=request.actor, asked=asked, deed=deed, can_name=True
    )
    if alone is None:
        raise Http404
    if "HX-Request" not in request.headers:
        return redirect(address_of(public_id) + alone.address)
    return render(request, "ui/said.html", {"row": drawing.alone(alone, surroundings(request, ticket))})
