"""The page that an invitation's link opens: who invites to what; accepted by a form, never by opening it."""

from typing import Any

from allauth.account.utils import perform_login
from allauth.core import ratelimit
from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from marketdesk.lib import languages
from marketdesk.people.models import User
from marketdesk.teams import inviting
from marketdesk.teams.errors import NoInvitation, TeamRefusal
from marketdesk.teams.inviting import Newcomer
from marketdesk.teams.models import Invitation


class NewcomerForm(forms.Form):
    """Who somebody is, how they read, and the password that they choose."""

    name = forms.CharField(
        label=gettext_lazy("Your name"), max_length=150, widget=forms.TextInput({"autocomplete": "name", "dir": "auto"})
    )
    language = forms.ChoiceField(label=gettext_lazy("Language"), choices=list(languages.LANGUAGES.items()))
    password = forms.CharField(
        label=gettext_lazy("Password"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=password_validation.password_validators_help_text_html,
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if "password" in found:
            try:
                password_validation.validate_password(
                    found["password"], User(email=self.email, name=found.get("name", ""))
                )
            except ValidationError as weak:
                self.add_error("password", weak)
        return found

    def newcomer(self) -> Newcomer:
        return Newcomer(**self.cleaned_data)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    """What an invitation says, to whoever has its link. Opening it changes nothing: mail programs open links too."""
    slowed_down: HttpResponse | None = ratelimit.consume_or_429(request, action="accept", limit_get=True)
    if slowed_down:
        return slowed_down
    found = Invitation.find(request.GET.get("token", ""), timezone.now())
    if found is None:
        return _none(request)
    if request.method != "POST":
        with translation.override(_language(request, found)):
            return _show(request, found)
    return _accept(request, found)


def _accept(request: HttpRequest, found: Invitation) -> HttpResponse:
    """Join with the account that one is signed in with, or as somebody new."""
    at = timezone.now()
    try:
        if request.user.is_authenticated:
            inviting.join(found, request.user, at=at)
            messages.success(request, _("You are in the team now."), extra_tags="good")
            return redirect("home")
        form = NewcomerForm(request.POST, email=found.email)
        if not form.is_valid():
            return _show(request, found, form=form, status=422)
        user = inviting.begin(found, form.newcomer(), at=at)
    except NoInvitation:
        return _none(request)
    except TeamRefusal as refusal:
        return _show(request, found, refusal=str(refusal), status=409)
    response: HttpResponse = perform_login(request, user, email_verification="none")
    return response


def _language(request: HttpRequest, found: Invitation) -> str:
    """A stranger reads the page as they read the mail, unless they have chosen another language here."""
    chosen = request.user.is_authenticated or settings.LANGUAGE_COOKIE_NAME in request.COOKIES
    return translation.get_language() or found.language if chosen else found.language


def _show(
    request: HttpRequest, found: Invitation, *, form: NewcomerForm | None = None, refusal: str = "", status: int = 200
) -> HttpResponse:
    account = inviting.account(found)
    given = {"name": account.name if account else "", "language": found.language}
    context = {
        "invitation": found,
        "token": request.GET["token"],
        "standing": inviting.standing(found).value,
        "is_me": request.user.is_authenticated and request.user == account,
        "form": form or NewcomerForm(initial=given, email=found.email),
        "refusal": refusal,
    }
    return render(request, "joining/invitation.html", context, status=status)


def _none(request: HttpRequest) -> HttpResponse:
    """The same words for every link that opens nothing."""
    return render(request, "joining/no_invitation.html", status=404)
