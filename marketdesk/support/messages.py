"""A message alone: asked for in the reader's language, or said which one it is in (M69, D18)."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_http_methods

from marketdesk.support import page
from marketdesk.support.entrance import AgentRequest, agents_only
from marketdesk.translations import drawing, viewing


@require_http_methods(["GET", "HEAD", "POST"])
@agents_only
def message(request: AgentRequest, public_id: str, number: int) -> HttpResponse:
    """The message as the thread shows it; without JavaScript the page with it."""
    ticket, language = page.find_ticket(request, public_id), get_language() or "en"
    asked, deed = (request.POST, True) if request.method == "POST" else (request.GET, False)
    alone = viewing.alone(number, ticket, language, by=request.actor, asked=asked, deed=deed, can_name=True)
    if alone is None:
        raise Http404
    if "HX-Request" not in request.headers:
        return redirect(reverse("support:ticket", args=[public_id]) + alone.address)
    return render(request, "ui/said.html", {"row": drawing.alone(alone, page.surroundings(request, ticket))})
