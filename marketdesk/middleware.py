"""For every page: the reader's own language and time zone, when a session was last used, and the second factor where
the policy asks for one."""

import time
import zoneinfo
from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from marketdesk.merchants import wall
from marketdesk.people.accounts import SEEN_AT
from marketdesk.people.party import Party
from marketdesk.policy import promises

# Seconds between two notes of a session's last use: a page costs no write for it.
NOTED_EVERY = 300
# Whom the policy can ask for a second factor, and what is open to them until they have one.
ASKED = {"support": {Party.SUPPORT}, "everybody": {Party.SUPPORT, Party.MERCHANT}}
OPEN_WITHOUT = (
    "/accounts/2fa/",
    "/accounts/logout/",
    "/accounts/reauthenticate/",
    "/language",
    "/healthz",
    "/readyz",
)


class WallMiddleware:
    """Around everything else where DATABASE_WALL is set: what a request narrowed is open to the next one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            return self.get_response(request)
        finally:
            wall.widen()


class ReaderMiddleware:
    """The profile's language and time zone, where a signed-in person has chosen them; else what LocaleMiddleware
    found (cookie, browser, installation)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if user.is_authenticated and user.language in dict(settings.LANGUAGES):
            translation.activate(user.language)
            request.LANGUAGE_CODE = user.language
        zone = user.time_zone if user.is_authenticated else ""
        try:
            timezone.activate(zoneinfo.ZoneInfo(zone or settings.TIME_ZONE))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError):
            timezone.deactivate()
        response = self.get_response(request)
        timezone.deactivate()
        return response


class SeenMiddleware:
    """Notes when a session was last used, where it began with signing in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        noted = request.session.get(SEEN_AT)
        if noted and time.time() - noted > NOTED_EVERY and request.user.is_authenticated:
            request.session[SEEN_AT] = time.time()
            UserSession.objects.filter(session_key=request.session.session_key).update(last_seen_at=timezone.now())
        return self.get_response(request)


class SecondFactorMiddleware:
    """Leads those of whom the policy asks a second factor to set one up, before any other page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if self._is_asked(request) and not is_mfa_enabled(request.user):
            words = _("First turn on the two-step sign-in, or add a passkey. Then you can go on.")
            messages.warning(request, words)
            return redirect("mfa_index")
        return self.get_response(request)

    def _is_asked(self, request: HttpRequest) -> bool:
        if request.path_info.startswith(OPEN_WITHOUT) or not request.user.is_authenticated:
            return False
        is_staff = request.user.party != Party.CUSTOMER  # nothing is looked up for customers
        return is_staff and request.user.party in ASKED.get(promises.current().second_factor, ())
