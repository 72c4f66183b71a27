"""The sandbox of a store: what it is, what happens there by itself, and fresh tickets for it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketdesk.dashboard.entrance import MerchantRequest, merchants_only
from marketdesk.dashboard.page import render
from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.programs import answering, sandbox
from marketdesk.tickets.forms import DeedForm


@require_http_methods(["GET", "HEAD", "POST"])
@merchants_only
def show(request: MerchantRequest) -> HttpResponse:
    """The page; its button fills the sandbox anew. Everybody of the team may look, owners may press it."""
    if request.method != "POST":
        return _show(request)
    form = DeedForm(request.POST)
    if not _may_refill(request) or not form.is_valid():
        return _show(request, refusal=_("Only owners of the store can do this."), status=403)
    try:
        sandbox.refill(request.merchant, by=form.actor(request.actor))
        messages.success(request, _("The sandbox holds fresh tickets."), extra_tags="good")
    except AlreadyDone:
        pass
    except KeyReused as refusal:
        return _show(request, refusal=str(refusal), status=409)
    return redirect("dashboard:sandbox")


def _may_refill(request: MerchantRequest) -> bool:
    real = request.merchant.sandbox_of_id or request.merchant.pk
    return any(store.pk == real for store in request.owned)


def _show(request: MerchantRequest, *, refusal: str = "", status: int = 200) -> HttpResponse:
    real = request.merchant.sandbox_of_id or request.merchant.pk
    context: dict[str, Any] = {
        "there_is_one": any(store.sandbox_of_id == real for store in request.stores),
        "echoes": answering.ECHOES.values(),
        "may_refill": _may_refill(request),
        "form": DeedForm(),
        "refusal": refusal,
    }
    return render(request, "dashboard/sandbox.html", context, status=status)
