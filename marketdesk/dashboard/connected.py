"""The programs that work for a store: its owners see each with its last use, and revoke what they gave it."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketdesk.dashboard.entrance import MerchantRequest, owners_only
from marketdesk.dashboard.page import render
from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.programs import registered, revoking
from marketdesk.programs.errors import AppRefusal
from marketdesk.programs.revoking import Allowed
from marketdesk.tickets.forms import DeedForm


@require_safe
@owners_only
def apps(request: MerchantRequest) -> HttpResponse:
    """All apps: those that this store lets in, and those that it registered."""
    context = {
        "connected": revoking.allowed_by(request.merchant, request.actor.at),
        "own": registered.by(request.merchant, request.actor.at),
    }
    return render(request, "dashboard/apps/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@owners_only
def revoke(request: MerchantRequest, public_id: str) -> HttpResponse:
    """What this store gave an app opens nothing any more."""
    allowed = _find(request, public_id)
    form = DeedForm(request.POST if request.method == "POST" else None)
    if not form.is_bound or not form.is_valid():
        return _confirm(request, allowed, status=422 if form.is_bound else 200)
    try:
        revoking.revoke(allowed.app, request.merchant, by=form.actor(request.actor))
        messages.success(request, _("Revoked. The app opens nothing of your store any more."), extra_tags="good")
    except AlreadyDone:
        pass
    except (AppRefusal, KeyReused) as refusal:
        return _confirm(request, allowed, refusal=str(refusal), status=409)
    return redirect("dashboard:apps")


def _find(request: MerchantRequest, public_id: str) -> Allowed:
    """An app that this store lets in; any other is as if absent."""
    allowed = revoking.allowed_by(request.merchant, request.actor.at)
    found = next((one for one in allowed if one.app.public_id == public_id), None)
    if found is None:
        raise Http404
    return found


def _confirm(request: MerchantRequest, allowed: Allowed, *, refusal: str = "", status: int = 200) -> HttpResponse:
    context = {"allowed": allowed, "form": DeedForm(), "refusal": refusal}
    return render(request, "dashboard/apps/revoke.html", context, status=status)
