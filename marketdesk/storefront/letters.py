"""Signed links in mails: `/t/<token>/…` is one ticket's page, for whoever has the mail."""

import re
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import get_script_prefix, reverse, set_script_prefix
from django.utils import timezone

from marketdesk.people.actor import Link
from marketdesk.storefront.prefix import enter
from marketdesk.storefront.visits import is_visit
from marketdesk.tickets import links
from marketdesk.tickets.models import Ticket

ADDRESS = re.compile(rf"{links.PREFIX}(?P<token>[^/]+)(?=/|$)")
# What answers behind a link; which ticket it may be, `Ticket.objects.visible_to` knows.
OPEN = {
    "set-language",
    "storefront:ticket",
    "storefront:reply",
    "storefront:reopen",
    "storefront:close",
    "storefront:helped",
    "storefront:draft",
    "storefront:end-links",
    "storefront:message",
    "storefront:picture",
    "storefront:kept-picture",
}
# The address is a key: no copy of the page stays behind, no search engine keeps it, and no other site is told of it.
# Not `no-referrer`: with it browsers send `Origin: null`, and every form would be refused.
HEADERS = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "same-origin"}


class LettersMiddleware:
    """For a request behind a valid link its user is the ticket's customer, and sees that ticket alone. Nobody is
    signed in or out by it: the browser's own session is put aside meanwhile, whoever's it is. Inside a visit, whose
    forms nothing protects but its address, there are no links."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        found = ADDRESS.match(request.path_info)
        if found is None or is_visit(request):
            return self.get_response(request)
        ticket = links.opened_by(found["token"], timezone.now())
        response = self._serve(request, ticket, found[0]) if ticket else ended(request)
        if response.status_code == 404 and links.opened_by(found["token"], timezone.now()) is None:
            response = ended(request)  # while this was being answered
        for name, value in HEADERS.items():
            response[name] = value
        return response

    def process_view(self, request: HttpRequest, *_view: Any) -> None:
        """Nothing but the ticket's own addresses is there."""
        match = request.resolver_match
        if getattr(request, "link", None) and (match is None or match.view_name not in OPEN):
            raise Http404

    def _serve(self, request: Any, ticket: Ticket, prefix: str) -> HttpResponse:
        session, user, outside = request.session, request.user, get_script_prefix()
        request.session, request.user = type(session)(), ticket.customer
        request.link = Link(ticket.pk, ticket.link_generation)
        enter(request, prefix)
        try:
            if request.path_info != "/":
                return self.get_response(request)
            query = request.META.get("QUERY_STRING", "")
            return redirect(reverse("storefront:ticket", args=[ticket.public_id]) + (f"?{query}" if query else ""))
        finally:
            request.session, request.user = session, user
            set_script_prefix(outside)


def ended(request: HttpRequest) -> HttpResponse:
    """The same answer for forged, stopped and expired links. What somebody had typed is shown again."""
    return render(request, "storefront/link_ended.html", {"typed": request.POST.get("text", "")}, status=410)
