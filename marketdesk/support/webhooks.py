"""The programs that are told what happens: who they are, how they do, and what an administrator does with them."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.outbox.models import Endpoint, EndpointState
from marketdesk.outbox.webhooks import endpoints, watching
from marketdesk.outbox.webhooks.endpoints import BadEndpoint, EndpointMoved
from marketdesk.outbox.webhooks.kinds import MEANINGS, NAMES
from marketdesk.people.actor import Actor
from marketdesk.support import deliveries, webhook_words
from marketdesk.support.entrance import AgentRequest, administrators_only
from marketdesk.tickets.forms import DeedForm

EVERYTHING, SOME = "everything", "some"


class KindsForm(DeedForm):
    """What an endpoint is told of: everything, or some kinds."""

    told = forms.ChoiceField(
        choices=[(EVERYTHING, ""), (SOME, "")],
        error_messages={"required": gettext_lazy("Choose what it is told of.")},
    )
    kinds = forms.MultipleChoiceField(choices=[(kind, kind) for kind in MEANINGS], required=False)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("told") == SOME and not cleaned.get("kinds"):
            self.add_error("kinds", _("Choose at least one kind."))
        return cleaned

    @property
    def chosen(self) -> list[str]:
        """The kinds; none stands for everything."""
        return self.cleaned_data["kinds"] if self.cleaned_data["told"] == SOME else []

    @property
    def choices(self) -> list[tuple[str, Any, bool]]:
        """Every kind with what it means, and whether its box is checked."""
        checked = self["kinds"].value() or []
        return [(kind, meaning, kind in checked) for kind, meaning in MEANINGS.items()]


class AddForm(KindsForm):
    """A new endpoint."""

    url = forms.CharField(
        max_length=500, error_messages={"required": gettext_lazy("Enter the address that is to be told.")}
    )


@require_safe
@administrators_only
def webhooks(request: AgentRequest) -> HttpResponse:
    """All endpoints, each with how it does."""
    rows = [_described(one) for one in watching.watched(Endpoint.of_operator(), request.actor.at)]
    context = {"rows": rows, "days": watching.LOOKED_BACK.days}
    return render(request, "support/webhooks.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def add(request: AgentRequest) -> HttpResponse:
    """A new endpoint; its secret is shown in the answer, and never again."""
    if request.method != "POST":
        return _ask_for_new(request, AddForm(initial={"told": EVERYTHING}))
    form = AddForm(request.POST)
    if not form.is_valid():
        return _ask_for_new(request, form, status=422)
    try:
        made, secret = endpoints.add(form.cleaned_data["url"], form.chosen, by=form.actor(request.actor))
    except AlreadyDone:
        said = _("It was added already. Its secret was shown then; if nobody has kept it, make a new one.")
        messages.warning(request, said, extra_tags="warning")
        return redirect("support:webhooks")
    except BadEndpoint as bad:
        form.add_error("url", str(bad))
        return _ask_for_new(request, form, status=422)
    except KeyReused as refusal:
        form.add_error(None, str(refusal))
        return _ask_for_new(request, form, status=409)
    return _show_secret(request, made, secret)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def webhook(request: AgentRequest, public_id: str) -> HttpResponse:
    """One endpoint, with what it was told."""
    endpoint = deliveries.find_endpoint(public_id)
    if request.method != "POST":
        return _show(request, endpoint)
    form, act = DeedForm(request.POST), ACTS.get(request.POST.get("act", ""))
    if act is None or not form.is_valid():
        return _show(request, endpoint, problems=[_("Nothing was done. Choose one of the buttons.")], status=422)
    try:
        return act(request, endpoint, form.actor(request.actor))
    except AlreadyDone:
        return redirect("support:webhook", public_id=public_id)
    except BadEndpoint as refusal:
        return _show(request, endpoint, problems=[str(refusal)], status=422)
    except (EndpointMoved, KeyReused) as refusal:
        return _show(request, endpoint, problems=[str(refusal)], status=409)


def _switch_off(request: AgentRequest, endpoint: Endpoint, by: Actor) -> HttpResponse:
    endpoints.disable(endpoint, by=by)
    messages.success(request, _("It is told nothing more."), extra_tags="good")
    return redirect("support:webhook", public_id=endpoint.public_id)


def _switch_on(request: AgentRequest, endpoint: Endpoint, by: Actor) -> HttpResponse:
    endpoints.enable(endpoint, by=by)
    messages.success(request, _("It is told again. What waited for it goes out now."), extra_tags="good")
    return redirect("support:webhook", public_id=endpoint.public_id)


def _test(request: AgentRequest, endpoint: Endpoint, by: Actor) -> HttpResponse:
    sent = endpoints.send_test(endpoint, by=by)
    messages.success(request, _("The test is on its way. Look again in a moment."), extra_tags="good")
    return redirect("support:delivery", public_id=endpoint.public_id, message=sent.message_id)


ACTS: dict[str, Callable[[AgentRequest, Endpoint, Actor], HttpResponse]] = {
    "off": _switch_off,
    "on": _switch_on,
    "test": _test,
}


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def kinds(request: AgentRequest, public_id: str) -> HttpResponse:
    """What an endpoint is told of from now on."""
    endpoint = deliveries.find_endpoint(public_id)
    if request.method != "POST":
        initial = {"told": SOME if endpoint.kinds else EVERYTHING, "kinds": endpoint.kinds}
        return _ask_for_kinds(request, endpoint, KindsForm(initial=initial))
    form = KindsForm(request.POST)
    if not form.is_valid():
        return _ask_for_kinds(request, endpoint, form, status=422)
    try:
        endpoints.choose(endpoint, form.chosen, by=form.actor(request.actor))
    except AlreadyDone:
        pass
    except (EndpointMoved, KeyReused) as refusal:
        form.add_error(None, str(refusal))
        return _ask_for_kinds(request, endpoint, form, status=409)
    messages.success(request, _("Saved. It counts from now on."), extra_tags="good")
    return redirect("support:webhook", public_id=public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def secret(request: AgentRequest, public_id: str) -> HttpResponse:
    """A new secret; for a day the old one is good as well."""
    endpoint = deliveries.find_endpoint(public_id)
    form = DeedForm(request.POST if request.method == "POST" else None)
    if not form.is_bound or not form.is_valid():
        return _ask_to_rotate(request, endpoint, status=422 if form.is_bound else 200)
    try:
        new = endpoints.rotate(endpoint, by=form.actor(request.actor))
    except AlreadyDone:
        said = _("It was made already, and shown then. If nobody has kept it, make another one.")
        return _ask_to_rotate(request, endpoint, problems=[said])
    except (EndpointMoved, KeyReused) as refusal:
        return _ask_to_rotate(request, endpoint, problems=[str(refusal)], status=409)
    return _show_secret(request, endpoint, new)


def _described(one: watching.Watched) -> dict[str, Any]:
    """An endpoint as its facts are shown."""
    state = one.endpoint.state
    failing = state not in {EndpointState.ON, EndpointState.OFF}
    trouble = webhook_words.trouble(one.last_status, one.last_error) if failing else None
    return {
        "endpoint": one.endpoint,
        "watched": one,
        "state": state,
        "tone": webhook_words.tone(state),
        "trouble": trouble,
    }


def _show(
    request: AgentRequest, endpoint: Endpoint, *, problems: Sequence[str] = (), status: int = 200
) -> HttpResponse:
    now, filters = request.actor.at, deliveries.FilterForm(request.GET)
    after = request.GET.get("after", "")
    rows, further = deliveries.listed(endpoint, filters, after, request.actor)
    row = _described(watching.watched(Endpoint.objects.filter(pk=endpoint.pk), now)[0])
    context = {
        **row,
        "row": row,
        "now": now,
        "states": deliveries.STATES,
        "kinds": NAMES.values(),
        "days": watching.LOOKED_BACK.days,
        "form": DeedForm(),
        "filters": filters,
        "rows": rows,
        "is_first_page": not after,
        "after": further,
        "problems": problems,
    }
    return render(request, "support/webhook.html", context, status=status)


def _ask_for_new(request: AgentRequest, form: AddForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form}
    return render(request, "support/webhook_new.html", context, status=status)


def _ask_for_kinds(request: AgentRequest, endpoint: Endpoint, form: KindsForm, *, status: int = 200) -> HttpResponse:
    context = {"endpoint": endpoint, "form": form}
    return render(request, "support/webhook_kinds.html", context, status=status)


def _ask_to_rotate(
    request: AgentRequest, endpoint: Endpoint, *, problems: Sequence[str] = (), status: int = 200
) -> HttpResponse:
    context = {"endpoint": endpoint, "form": DeedForm(), "problems": problems}
    return render(request, "support/webhook_rotate.html", context, status=status)


def _show_secret(request: AgentRequest, endpoint: Endpoint, secret: str) -> HttpResponse:
    """The one time that a secret is shown; no browser and no proxy keeps the page."""
    context = {"endpoint": endpoint, "secret": secret}
    response = render(request, "support/webhook_secret.html", context)
    add_never_cache_headers(response)
    return response
