"""The apps that a store registered: owners register, change and remove them, and read a secret or token once."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketdesk.dashboard.entrance import MerchantRequest, owners_only
from marketdesk.dashboard.page import render
from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.people.actor import Actor
from marketdesk.programs import registered, registering
from marketdesk.programs.errors import AppRefusal
from marketdesk.programs.forms import AppForm
from marketdesk.programs.models import App, Reach, Scope
from marketdesk.tickets.forms import DeedForm

USUAL = {"reach": Reach.PRIVATE, "scopes": [Scope.READ_TICKETS, Scope.WRITE_TICKETS, Scope.READ_ORDERS]}


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only
def register(request: MerchantRequest) -> HttpResponse:
    """A new app; its secret is shown in the answer, and never again."""
    if request.method != "POST":
        return _ask(request, AppForm(initial=USUAL))
    form = AppForm(request.POST)
    if not form.is_valid():
        return _ask(request, form, status=422)
    try:
        app, secret = registering.register(request.merchant, form.facts, by=form.actor(request.actor))
    except AlreadyDone:
        said = _("It was registered already. Its secret was shown then; if nobody has kept it, make a new one.")
        messages.warning(request, said, extra_tags="warning")
        return redirect("dashboard:apps")
    except (AppRefusal, KeyReused) as refusal:
        form.add_error(None, str(refusal))
        return _ask(request, form, status=409)
    return _show_once(request, app, "secret", secret=secret)


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only
def app(request: MerchantRequest, public_id: str) -> HttpResponse:
    """One app of this store; the form changes it."""
    found = _find(request, public_id)
    if request.method != "POST":
        return _ask(request, AppForm.of(found), found)
    form = AppForm(request.POST)
    if not form.is_valid():
        return _ask(request, form, found, status=422)
    try:
        registering.change(found, form.facts, by=form.actor(request.actor))
        messages.success(request, _("Saved. It counts from now on."), extra_tags="good")
    except AlreadyDone:
        pass
    except (AppRefusal, KeyReused) as refusal:
        form.add_error(None, str(refusal))
        return _ask(request, form, _find(request, public_id), status=409)
    return redirect("dashboard:app", public_id=public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only
def secret(request: MerchantRequest, public_id: str) -> HttpResponse:
    """A new secret in place of the old one; it is shown in the answer, and never again."""

    def make(app: App, by: Actor) -> HttpResponse:
        return _show_once(request, app, "secret", secret=registering.new_secret(app, by=by))

    return _confirmed(request, public_id, "secret", make)


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only
def token(request: MerchantRequest, public_id: str) -> HttpResponse:
    """A token of an app for its own store; it is shown in the answer, and never again."""

    def make(app: App, by: Actor) -> HttpResponse:
        return _show_once(request, app, "token", token=registering.get_token(app, by=by))

    return _confirmed(request, public_id, "token", make)


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only
def remove(request: MerchantRequest, public_id: str) -> HttpResponse:
    """Every token of the app dies, in whatever store."""

    def end(app: App, by: Actor) -> HttpResponse:
        registering.remove(app, by=by)
        messages.success(request, _("The app is removed. Its tokens open nothing any more."), extra_tags="good")
        return redirect("dashboard:apps")

    return _confirmed(request, public_id, "remove", end)


def _confirmed(
    request: MerchantRequest, public_id: str, what: str, deed: Callable[[App, Actor], HttpResponse]
) -> HttpResponse:
    """A page that says what will happen; its button does it."""
    app = _find(request, public_id)
    form = DeedForm(request.POST if request.method == "POST" else None)
    if not form.is_bound or not form.is_valid():
        return _confirm(request, app, what, status=422 if form.is_bound else 200)
    try:
        return deed(app, form.actor(request.actor))
    except AlreadyDone:
        said = _("It was made already, and shown then. If nobody has kept it, make another one.")
        return _confirm(request, app, what, refusal=said)
    except (AppRefusal, KeyReused) as refusal:
        return _confirm(request, _find(request, public_id), what, refusal=str(refusal), status=409)


def _find(request: MerchantRequest, public_id: str) -> App:
    """An app of this store; another's, or a removed one, is as if absent."""
    found = App.objects.select_related("merchant").filter(
        public_id=public_id, merchant=request.merchant, removed_at=None
    )
    app = found.first()
    if app is None:
        raise Http404
    return app


def _ask(request: MerchantRequest, form: AppForm, app: App | None = None, *, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "app": app}
    if app is None:
        return render(request, "dashboard/apps/new.html", context, status=status)
    context |= {"seen": registering.edition(app), "users": registered.stores_with(app, request.actor.at)}
    return render(request, "dashboard/apps/app.html", context, status=status)


def _confirm(request: MerchantRequest, app: App, what: str, *, refusal: str = "", status: int = 200) -> HttpResponse:
    context = {
        "app": app,
        "form": DeedForm(),
        "seen": registering.edition(app),
        "users": registered.stores_with(app, request.actor.at) if what == "remove" else 0,
        "may": [scope.label for scope in Scope if scope in app.scopes],
        "refusal": refusal,
    }
    return render(request, f"dashboard/apps/confirm_{what}.html", context, status=status)


def _show_once(request: MerchantRequest, app: App, what: str, **shown: str) -> HttpResponse:
    """The one time that a secret or a token is shown; no browser and no proxy keeps the page."""
    response = render(request, f"dashboard/apps/{what}.html", {"app": app, **shown})
    add_never_cache_headers(response)
    return response
