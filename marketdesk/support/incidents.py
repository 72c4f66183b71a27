"""Incidents: administrators say when something kept merchants from answering, note its end, or take it back."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.lib import paging
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.performance import incidents as room
from marketdesk.performance.models import Incident
from marketdesk.support.entrance import AgentRequest, administrators_only
from marketdesk.support.forms import MomentField
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.forms import DeedForm

EVERYBODY, ONE = "everybody", "one"


class IncidentForm(DeedForm):
    """What happened, when, and to whom; without an end it still lasts."""

    words = forms.CharField(
        max_length=200, error_messages={"required": gettext_lazy("Say in a few words what happened.")}
    )
    starts_at = MomentField()
    ends_at = MomentField(required=False)
    whom = forms.ChoiceField(
        choices=[(EVERYBODY, ""), (ONE, "")],
        error_messages={"required": gettext_lazy("Choose whom it concerns.")},
    )
    merchant = forms.CharField(required=False, max_length=150)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        cleaned["store"] = None
        if cleaned.get("whom") == ONE:
            asked = cleaned.get("merchant", "")
            named = Q(external_id=asked) | Q(public_id=asked) | Q(name__iexact=asked)
            found = list(Merchant.objects.real().filter(named)[:2]) if asked else []
            if len(found) != 1:
                several = _("Several merchants have this name: enter the ID.")
                self.add_error("merchant", several if found else _("There is no merchant with this ID or name."))
            else:
                cleaned["store"] = found[0]
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at and ends_at <= starts_at:
            self.add_error("ends_at", _("It must end after it began."))
        return cleaned


class EndForm(DeedForm):
    """When it was over."""

    ends_at = MomentField()


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def incidents(request: AgentRequest) -> HttpResponse:
    """All incidents, the latest first; the form declares one."""
    if request.method != "POST":
        return _list(request, IncidentForm())
    form = IncidentForm(request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    said = form.cleaned_data
    try:
        by = form.actor(request.actor)
        room.declare(said["words"], said["starts_at"], said["ends_at"], said["store"], by=by)
        messages.success(request, _("Noted. Late answers of that time do not count any more."), extra_tags="good")
    except AlreadyDone:
        pass
    except (NotAllowed, KeyReused) as refusal:
        return _list(request, form, refused=str(refusal), status=409)
    return redirect("support:incidents")


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def incident(request: AgentRequest, public_id: str) -> HttpResponse:
    """One incident: what it excuses, its end, and taking it back."""
    found = _find(public_id)
    if request.method != "POST":
        return _show(request, found)
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        return _show(request, found, problems=[_("Nothing was done. Choose one of the buttons.")], status=422)
    form = EndForm(request.POST) if act is _end else DeedForm(request.POST)
    if not form.is_valid():
        problems = [str(error) for errors in form.errors.values() for error in errors]
        return _show(request, found, problems=problems, status=422)
    try:
        messages.success(request, act(found, form, form.actor(request.actor)), extra_tags="good")
    except AlreadyDone:
        pass
    except (NotAllowed, KeyReused) as refusal:
        return _show(request, _find(public_id), problems=[str(refusal)], status=409)
    return redirect("support:incident", public_id)


def _end(incident: Incident, form: DeedForm, by: Actor) -> str:
    room.end(incident, form.cleaned_data["ends_at"], by=by)
    return _("The end is noted. What came later counts.")


def _withdraw(incident: Incident, form: DeedForm, by: Actor) -> str:
    room.withdraw(incident, by=by)
    return _("Withdrawn. What it excused counts again.")


ACTS: dict[str, Callable[[Incident, DeedForm, Actor], str]] = {"end": _end, "withdraw": _withdraw}


def _find(public_id: str) -> Incident:
    return get_object_or_404(Incident.objects.select_related("merchant"), public_id=public_id)


def _list(request: AgentRequest, form: IncidentForm, *, refused: str = "", status: int = 200) -> HttpResponse:
    after = request.GET.get("after", "")
    page = paging.page(Incident.objects.select_related("merchant"), "starts_at", after, newest_first=True)
    context = {"form": form, "refused": refused, "page": page, "is_first_page": not after}
    return render(request, "support/incidents.html", context, status=status)


def _show(
    request: AgentRequest, incident: Incident, *, problems: list[str] | None = None, status: int = 200
) -> HttpResponse:
    now = request.actor.at
    excused = room.touched(incident, incident.ends_at or now, now).values_list("merchant_id", flat=True)
    merchants = [] if incident.withdrawn_at else list(excused)
    context = {
        "incident": incident,
        "excused": len(merchants),
        "merchants": len(set(merchants)),
        "form": DeedForm(),
        "typed": request.POST.get("ends_at", ""),
        "now": now,
        "problems": problems,
    }
    return render(request, "support/incident.html", context, status=status)
