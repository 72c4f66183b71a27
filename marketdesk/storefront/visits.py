"""Visits: customers inside the marketplace's own site or app. The key of their session stands in the address, since a
browser gives a page inside another site no cookies. docs/decisions/ says why that is safe."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.messages.storage.session import SessionStorage
from django.contrib.sessions.backends.db import SessionStore
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import ResolverMatch, get_script_prefix, set_script_prefix
from django.utils import timezone
from django.utils.crypto import get_random_string, salted_hmac

from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.storefront.asking import beginning
from marketdesk.storefront.prefix import enter
from marketdesk.tickets.models import Beginning, Draft, Ticket

# Without a page for so long, a visit is over.
LIFE = timedelta(hours=2)
# For so long its address opens nothing any more, but what a page that was left open sends is kept for the next visit.
REMEMBERED = timedelta(days=1)
# Its session is written again only so often, not with every page.
TICK = timedelta(minutes=5)
SEEN = "visited_at"
KEY_LENGTH = 32
ADDRESS = re.compile(rf"/in/([a-z0-9]{{{KEY_LENGTH}}})(?=/)")
BEGINNING = "/arrive/embedded"
# What answers behind the prefix, besides the door's own addresses.
OTHERS = {"home", "set-language"}


def begin(customer: User) -> str:
    """A new session for a customer who has just arrived; the answer is the beginning of all its addresses."""
    key = get_random_string(KEY_LENGTH, "abcdefghijklmnopqrstuvwxyz0123456789")
    session = SessionStore()
    session.update(
        {
            SESSION_KEY: str(customer.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: customer.get_session_auth_hash(),
            SEEN: timezone.now().timestamp(),
        }
    )
    session.set_expiry(int(REMEMBERED.total_seconds()))  # a number counts from the last change, a timedelta from now
    session._session_key = _name_of(key)
    session.save(must_create=True)
    return f"/in/{key}"


def _name_of(key: str) -> str:
    """The session's name in the database, which only this installation can make of an address. So a cookie never opens
    a visit and an address never a cookie's session, whatever somebody plants where; and a copy of the table opens
    none."""
    return salted_hmac("marketdesk.visit", key, algorithm="sha256").hexdigest()[:40]


def is_visit(request: HttpRequest) -> bool:
    """Whether the page is shown inside another site or app."""
    return getattr(request, "is_visit", False)


class VisitsMiddleware:
    """Stands before SessionMiddleware, and gives it the session of the address in place of a cookie's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        found = ADDRESS.match(request.path_info)
        if not found and request.path_info != BEGINNING:
            return self.get_response(request)
        before = get_script_prefix()
        inside = cast(Any, request)
        inside.is_visit, inside.is_beginning = True, not found
        request.COOKIES = {settings.SESSION_COOKIE_NAME: _name_of(found[1])} if found else {}
        if found:
            enter(request, found[0])
        try:
            response = self.get_response(request)
        finally:
            set_script_prefix(before)
        return _for_a_frame(response)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Behind the prefix only the storefront answers, and only while the visit lasts."""
        inside = cast(Any, request)
        if not is_visit(request) or inside.is_beginning:
            return None
        match = request.resolver_match
        if match is None or (match.namespace != "storefront" and match.view_name not in OTHERS):
            raise Http404
        # A form of another site cannot name an address that it cannot guess: the address itself is the proof that
        # CSRF tokens are elsewhere, and their cookie would not arrive here.
        inside._dont_enforce_csrf_checks = True
        inside._messages = SessionStorage(request)  # the usual place of short ones is a cookie
        if not request.user.is_authenticated or SEEN not in request.session:
            return over(request)
        now = timezone.now()
        quiet = now.timestamp() - request.session[SEEN]
        if quiet > LIFE.total_seconds():
            _keep_what_was_typed(request, match, Actor(Party.CUSTOMER, user_id=request.user.pk, at=now))
            return over(request)
        if quiet > TICK.total_seconds():
            request.session[SEEN] = now.timestamp()
        return None


def _for_a_frame(response: HttpResponseBase) -> HttpResponseBase:
    """No cookie, no copy left behind, and shown inside the sites that the policy names."""
    response.cookies.clear()
    response.setdefault("Cache-Control", "no-store")  # its address opens nothing any more, so nor does a copy of it
    sites = promises.current().frame_ancestors
    if sites:
        cast(Any, response)._csp_replace = {"frame-ancestors": sites}
        del response.headers["X-Frame-Options"]
    return response


def over(request: HttpRequest) -> HttpResponseBase:
    """The visit is over, and how to begin another. What a form brought stands on the page, to be safe."""
    typed = request.POST.get("text", "") if request.method == "POST" and "key" in request.POST else ""
    return render(request, "storefront/over.html", {"typed": typed}, status=403)


def _keep_what_was_typed(request: HttpRequest, match: ResolverMatch, by: Actor) -> None:
    """A browser that gives no cookies here keeps nothing on the device either: the text waits for their next visit."""
    text = request.POST.get("text", "")
    if not text.strip():
        return
    if "public_id" in match.kwargs:
        ticket = Ticket.objects.visible_to(by).filter(public_id=match.kwargs["public_id"]).first()
        if ticket:
            Draft.keep(ticket.pk, text, by=by)
    elif "name" in match.kwargs:
        kind = match.kwargs.get("kind") or str(match.url_name).removeprefix("ask-")
        Beginning.keep(beginning(kind, match.kwargs["name"]), text, by=by)


def leave(request: HttpRequest) -> None:
    """End the visit: its address opens nothing any more."""
    request.session.flush()
