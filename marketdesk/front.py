"""The front hall: where each person begins, sign-in, their own account, the choice of language, and what is said
when something went wrong."""

import json
import sys
import zoneinfo
from collections.abc import Callable
from typing import Any

from allauth.account.views import LoginView
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from marketdesk.doctor.ready import readiness
from marketdesk.lib import countries, languages
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.tickets.errors import FilesAway

# Seconds after which a browser may ask again when the database was away.
RETRY_AFTER = 5
DOORS = {Party.CUSTOMER: "storefront:home", Party.MERCHANT: "dashboard:home", Party.SUPPORT: "support:home"}


def home(request: HttpRequest) -> HttpResponse:
    """Each person to their own door; a stranger to the sign-in page."""
    if not request.user.is_authenticated:
        return redirect("account_login")
    return redirect(DOORS[Party(request.user.party)])


def healthz(request: HttpRequest) -> HttpResponse:
    """200 as soon as it serves."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """200 while requests can be answered; else 503, in words, within two seconds."""
    words = readiness.why_not()
    response = HttpResponse(f"{words or 'ready'}\n", content_type="text/plain", status=503 if words else 200)
    if words:
        response["Retry-After"] = str(RETRY_AFTER)
    return response


class HealthFirst:
    """Answers both under whatever host name: a balancer and a container ask the machine by its address, not by the name
    that people know."""

    answers = {"/healthz": healthz, "/readyz": readyz}

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.answers.get(request.path_info, self.get_response)(request)


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the choice in the profile and in a cookie, and return to the page."""
    chosen = request.POST.get("language", "")
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = "/"
    response = HttpResponseRedirect(back)
    if chosen in dict(settings.LANGUAGES):
        if request.user.is_authenticated:
            request.user.language = chosen
            request.user.save(update_fields=["language"])
        _remember(response, chosen)
    return response


def _remember(response: HttpResponse, language: str) -> None:
    """So that the sign-in page speaks it too."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME, language, max_age=365 * 24 * 3600, samesite="Lax", secure=settings.SECURE
    )


class SignIn(LoginView):  # type: ignore[misc]
    """The sign-in page: password, passkey, the operator's service. In a demo it also says whom one can sign in as."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        apps = settings.SOCIALACCOUNT_PROVIDERS.get("openid_connect", {}).get("APPS", [])
        openid = apps[0]["name"] if apps else ""
        return {**super().get_context_data(**kwargs), "demo_people": demo_people(), "openid": openid}


def demo_people() -> list[dict[str, str]]:
    """One person of each party with their password, where this home holds the demo; nobody elsewhere."""
    try:
        told = json.loads((settings.HOME / "demo.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    by_role: dict[str, dict[str, str]] = {}
    for person in told.get("people", []):
        by_role.setdefault(person["role"], person)
    return [by_role[party] for party in DOORS if party in by_role]


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable when it runs
    """Who somebody is, and how they read."""

    class Meta:
        model = User
        fields = ["name", "language", "time_zone", "country"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: dict[str, list[tuple[str, Any]]] = {
            "language": [("", gettext_lazy("As my browser says")), *languages.LANGUAGES.items()],
            "time_zone": [("", "UTC"), *((zone, zone.replace("_", " ")) for zone in _zones())],
            "country": [("", "–"), *countries.by_name()],
        }
        for name, offered in choices.items():
            self.fields[name] = forms.ChoiceField(
                label=self.fields[name].label, required=False, choices=offered, initial=self.initial.get(name)
            )


def _zones() -> list[str]:
    areas = ("Africa/", "America/", "Antarctica/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")
    return sorted(zone for zone in zoneinfo.available_timezones() if zone.startswith(areas))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """My own details."""
    # A copy from the database: a refused form must not change the person on this page.
    form = ProfileForm(request.POST or None, instance=get_object_or_404(User, pk=request.user.pk))
    if request.method != "POST" or not form.is_valid():
        return render(request, "account/details.html", {"form": form}, status=422 if form.is_bound else 200)
    language = form.save().language
    with translation.override(language or translation.get_language()):
        messages.success(request, _("Your details are saved."), extra_tags="good")
    response = redirect("account")
    if language:
        _remember(response, language)
    return response


# What went wrong, in words. The answer to a stranger's ticket and to a missing one is the same, byte for byte (D31):
# these pages hold no form, no address and nothing else that differs.


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def too_many(request: HttpRequest) -> HttpResponse:
    return render(request, "429.html", status=429)


def server_error(request: HttpRequest) -> HttpResponse:
    """Our own mistake; or the database or the pictures are away, and the browser may come again. When even this page
    cannot be drawn, a plain one says the same."""
    is_away = isinstance(sys.exception(), (OperationalError, InterfaceError, FilesAway))
    status = 503 if is_away else 500
    try:
        response = render(request, "500.html", {"status": status}, status=status)
    except Exception:  # whatever broke the page may break its error page too
        words = _("Something went wrong on our side. Nothing was changed. Please try again in a moment.")
        response = HttpResponse(words, content_type="text/plain; charset=utf-8", status=status)
    if is_away:
        response["Retry-After"] = str(RETRY_AFTER)
    return response


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A page that was open too long. What a signed-in person had typed is shown again; a foreign site that posts
    here comes without their session, and gets nothing shown."""
    typed = request.POST.get("text", "") if request.user.is_authenticated else ""
    return render(request, "403_csrf.html", {"typed": typed}, status=403)
