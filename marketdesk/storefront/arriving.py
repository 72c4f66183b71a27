"""Customers arrive signed in: a token of the marketplace opens their pages, once."""

import logging
from typing import Any
from urllib.parse import unquote

from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from marketdesk.people.arriving import NotLetIn, Why
from marketdesk.records.arriving import admit
from marketdesk.storefront import visits

log = logging.getLogger(__name__)

HOME = "/my/"
LONGEST_GO = 1000
# Refusals that one address may cause; those beyond are neither written to the log nor explained. A good token always
# opens: many customers may share an address.
FAILURES = {"arrive": "30/m/ip"}

# What a person is told. Only who holds a signed token learns more than that it is none.
BAD_LINK = _("This link cannot be used")
WORDS: dict[Why, tuple[int, Any, Any]] = {
    Why.MALFORMED: (400, BAD_LINK, _("It is not complete, or was changed on the way.")),
    Why.KEY: (403, BAD_LINK, _("It was not signed by the shop, or with a signature that is no longer in use.")),
    Why.AUDIENCE: (403, BAD_LINK, _("It was made for another website.")),
    Why.EXPIRED: (403, _("This link is too old"), _("It opens this page for a few minutes only.")),
    Why.USED: (403, _("This link was used already"), _("It opens this page one time only.")),
    Why.CLOSED: (403, _("This link opens nothing"), _("There is no customer's account that it could open.")),
}


@require_GET
def arrive(request: HttpRequest) -> HttpResponse:
    """Sign in with an ordinary session, and go where the marketplace says."""
    try:
        customer, claims = admit(request.GET.get("token", ""), timezone.now())
    except NotLetIn as refused:
        return _refused(request, refused)
    login(request, customer, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session.cycle_key()  # also where the same person was signed in already
    return _go(_inside(claims.said.get("go")))


@require_GET
def arrive_embedded(request: HttpRequest) -> HttpResponse:
    """Begin a visit, and go where the marketplace says."""
    try:
        customer, claims = admit(request.GET.get("token", ""), timezone.now())
    except NotLetIn as refused:
        return _refused(request, refused)
    return _go(visits.begin(customer) + _inside(claims.said.get("go")))


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """End a visit; an ordinary session ends by signing out."""
    if not visits.is_visit(request):
        raise Http404
    visits.leave(request)
    return render(request, "storefront/left.html")


def _go(address: str) -> HttpResponse:
    response = HttpResponseRedirect(address, status=303)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"  # the address that is left behind holds a token
    return response


def _inside(go: Any) -> str:
    """A path below /my/ as it was signed; the customer's first page in place of anything else."""
    if not isinstance(go, str) or len(go) > LONGEST_GO or not go.startswith(HOME) or not go.isprintable():
        return HOME
    plain = unquote(go.partition("?")[0])
    is_crooked = "\\" in plain or "//" in plain or {".", ".."} & set(plain.split("/"))
    return HOME if is_crooked else go


def _refused(request: HttpRequest, refused: NotLetIn) -> HttpResponse:
    status, title, words = WORDS[refused.why]
    if ratelimit.consume(request, app="marketdesk", action="arrive", config=FAILURES, limit_get=True):
        log.warning("An arrival from %s was refused: %s: %s", ratelimit.get_ip(request), refused.why, refused)
    else:
        status, title, words = 429, _("Too many links that cannot be used"), _("Wait a minute.")
    context = {"status": status, "title": title, "words": words}
    response = render(request, "storefront/refused.html", context, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response
