"""Sanctions as the merchant sees them: why, until when, what to do first, and where they are heard (D8)."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from marketdesk.dashboard.entrance import MerchantRequest, merchants_only
from marketdesk.dashboard.page import render
from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.lib import paging
from marketdesk.performance import sanctioning, statement
from marketdesk.performance.models import Sanction
from marketdesk.performance.sanctioning import LONGEST
from marketdesk.policy import promises
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.forms import DeedForm


class AnswerForm(DeedForm):
    """What the merchant says to it."""

    text = forms.CharField(
        max_length=LONGEST,
        error_messages={"required": gettext_lazy("Write what should be known before it is decided.")},
    )


@require_safe
@merchants_only
def sanctions(request: MerchantRequest) -> HttpResponse:
    """All of a store's sanctions, the latest first."""
    after = request.GET.get("after", "")
    page = paging.page(sanctioning.seen_by(request.actor), "proposed_at", after, newest_first=True)
    rows = [(one, statement.grounds(one).sentences()) for one in page.rows]
    context = {"rows": rows, "page": page, "is_first_page": not after}
    return render(request, "dashboard/sanctions/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@merchants_only
def sanction(request: MerchantRequest, public_id: str) -> HttpResponse:
    """One sanction; the form answers it."""
    found = get_object_or_404(sanctioning.seen_by(request.actor), public_id=public_id)
    if request.method != "POST":
        return _show(request, found, AnswerForm())
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return _show(request, found, form, status=422)
    try:
        sanctioning.answer(found, form.cleaned_data["text"], by=form.actor(request.actor))
    except AlreadyDone:
        pass
    except (NotAllowed, KeyReused) as refusal:
        now = get_object_or_404(sanctioning.seen_by(request.actor), public_id=public_id)
        return _show(request, now, form, refused=str(refusal), status=409)
    messages.success(request, _("Your answer was sent. It goes into the decision."), extra_tags="good")
    return redirect("dashboard:sanction", public_id)


def _show(
    request: MerchantRequest, sanction: Sanction, form: AnswerForm, *, refused: str = "", status: int = 200
) -> HttpResponse:
    """The page; a refused form keeps what was typed."""
    grounds = statement.grounds(sanction)
    context: dict[str, Any] = {
        "sanction": sanction,
        "grounds": grounds,
        "tickets": grounds.tickets(request.actor),
        "effect": statement.effect(sanction.kind),
        "can_answer": sanctioning.can_answer(sanction),
        "is_heard": sanctioning.is_heard(sanction, request.actor.at),
        "contest_days": promises.current().contest_days,
        "form": form,
        "longest": LONGEST,
        "refused": refused,
    }
    return render(request, "dashboard/sanctions/show.html", context, status=status)
