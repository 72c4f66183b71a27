"""Sanctions: what is proposed, heard, in force and over; administrators propose, decide and lift, with reasons (D8)."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.lib import paging
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.performance import sanction_lists, sanctioning, statement
from marketdesk.performance.models import Notice, Sanction, SanctionKind, SanctionState
from marketdesk.performance.sanction_lists import SanctionList
from marketdesk.performance.sanctioning import LONGEST
from marketdesk.policy import promises
from marketdesk.support.entrance import AgentRequest, administrators_only, agents_only
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.forms import DeedForm

OTHERS_AT_MOST = 10


class DecideForm(DeedForm):
    """What is decided, and why: the merchant reads it."""

    act = forms.ChoiceField(
        choices=[(one, one) for one in ("confirm", "decline", "lift")],
        error_messages={"required": gettext_lazy("Choose what to do.")},
    )
    text = forms.CharField(
        max_length=LONGEST, error_messages={"required": gettext_lazy("Give the merchant your reasons.")}
    )


class ProposeForm(DeedForm):
    """A sanction that a person proposes."""

    merchant = forms.CharField(max_length=100, error_messages={"required": gettext_lazy("Say which merchant.")})
    kind = forms.ChoiceField(
        choices=SanctionKind.choices, error_messages={"required": gettext_lazy("Choose what is proposed.")}
    )
    text = forms.CharField(
        max_length=LONGEST, error_messages={"required": gettext_lazy("Give the merchant your reasons.")}
    )

    def clean_merchant(self) -> Merchant:
        named = str(self.cleaned_data["merchant"]).strip()
        found = Merchant.objects.real().filter(external_id=named).first()
        if found is None:
            raise forms.ValidationError(_("There is no merchant “%(id)s”.") % {"id": named})
        return found


@require_safe
@agents_only
def sanctions(request: AgentRequest, queue: str) -> HttpResponse:
    """One list; what waits for somebody with the oldest on top."""
    if queue not in SanctionList.values:
        raise Http404
    chosen, after = SanctionList(queue), request.GET.get("after", "")
    held = sanctioning.seen_by(request.actor).filter(chosen.holds(request.actor.at))
    page = paging.page(held, chosen.order_field, after, newest_first=chosen.newest_first)
    counts = sanction_lists.counts(request.actor)
    context = {
        "chosen": chosen,
        "views": [(one, counts.get(one)) for one in SanctionList],
        "rows": [(one, getattr(one, chosen.order_field), statement.grounds(one).sentences()) for one in page.rows],
        "page": page,
        "is_first_page": not after,
    }
    return render(request, "support/sanctions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@agents_only
def sanction(request: AgentRequest, public_id: str) -> HttpResponseBase:
    """One sanction, which every agent may read; administrators decide."""
    if request.method == "POST":
        return _decide(request, public_id)
    return _show(request, _find(request, public_id), DecideForm())


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def propose(request: AgentRequest) -> HttpResponse:
    """A person proposes a sanction; the address may name the merchant already."""
    if request.method != "POST":
        return _ask(request, ProposeForm(initial={"merchant": request.GET.get("merchant", "")}))
    form = ProposeForm(request.POST)
    if not form.is_valid():
        return _ask(request, form, status=422)
    merchant, kind, words = (form.cleaned_data[name] for name in ("merchant", "kind", "text"))
    try:
        made = sanctioning.propose(merchant, SanctionKind(kind), words, by=form.actor(request.actor)).public_id
    except AlreadyDone as done:
        made = done.answer["sanction"]
    except (NotAllowed, KeyReused) as refusal:
        return _ask(request, form, refused=str(refusal), status=409)
    messages.success(request, _("Proposed. The merchant is told and can answer."), extra_tags="good")
    return redirect("support:sanction", made)


@administrators_only
def _decide(request: AgentRequest, public_id: str) -> HttpResponse:
    found = _find(request, public_id)
    form = DecideForm(request.POST)
    if not form.is_valid():
        return _show(request, found, form, status=422)
    act = form.cleaned_data["act"]
    try:
        ACTS[act](found, form.cleaned_data["text"], by=form.actor(request.actor))
    except AlreadyDone:
        pass  # a double click: as if it had just succeeded
    except (NotAllowed, KeyReused) as refusal:
        return _show(request, _find(request, public_id), form, refused=str(refusal), status=409)
    messages.success(request, _SAID[act](), extra_tags="good")
    return redirect("support:sanction", public_id)


ACTS: dict[str, Callable[..., None]] = {
    "confirm": sanctioning.confirm,
    "decline": sanctioning.decline,
    "lift": sanctioning.lift,
}
_SAID: dict[str, Callable[[], str]] = {
    "confirm": lambda: _("It is in force. The merchant is told, with your reasons."),
    "decline": lambda: _("Declined. The merchant is told, with your reasons."),
    "lift": lambda: _("It has ended. The merchant is told, with your reasons."),
}


def _find(request: AgentRequest, public_id: str) -> Sanction:
    found: Sanction = get_object_or_404(sanctioning.seen_by(request.actor), public_id=public_id)
    return found


def _show(
    request: AgentRequest, sanction: Sanction, form: DecideForm, *, refused: str = "", status: int = 200
) -> HttpResponse:
    """The page; a refused form keeps what was typed."""
    actor, grounds = request.actor, statement.grounds(sanction)
    is_heard = sanctioning.is_heard(sanction, actor.at)
    others = sanctioning.seen_by(actor).filter(merchant=sanction.merchant_id).exclude(pk=sanction.pk)
    context = {
        "sanction": sanction,
        "grounds": grounds,
        "tickets": grounds.tickets(actor),
        "effect": statement.effect(sanction.kind),
        "is_heard": is_heard,
        "acts": _acts(sanction, is_heard=is_heard) if request.user.is_staff else [],
        "seen": sanctioning.step(sanction),
        "days": promises.current().sanction_days,
        "list": SanctionList.of(sanction, actor.at),
        "notices": _notices(sanction, actor),
        "others": others[:OTHERS_AT_MOST],
        "form": form,
        "longest": LONGEST,
        "refused": refused,
    }
    return render(request, "support/sanction.html", context, status=status)


def _acts(sanction: Sanction, *, is_heard: bool) -> list[tuple[str, str]]:
    """What can be done with it now, as buttons."""
    if sanction.state == SanctionState.CONFIRMED:
        return [("lift", _("Lift it now"))]
    if sanction.state != SanctionState.PROPOSED:
        return []
    is_block = sanction.kind == SanctionKind.IMPRESSIONS
    confirm = ("confirm", _("Block impressions") if is_block else _("Suspend the account"))
    return [confirm, ("decline", _("Decline it"))] if is_heard else [("decline", _("Decline it"))]


def _notices(sanction: Sanction, actor: Actor) -> dict[str, int]:
    """How many notices the merchant was given that still count, by kind."""
    given = Notice.objects.visible_to(actor).filter(merchant=sanction.merchant_id, withdrawn_at=None).order_by()
    kinds = list(given.values_list("kind", flat=True))
    return {kind: kinds.count(kind) for kind in set(kinds)}


def _ask(request: AgentRequest, form: ProposeForm, *, refused: str = "", status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "kinds": [(kind, kind.label, statement.effect(kind)) for kind in SanctionKind],
        "days": promises.current().hearing_days,
        "longest": LONGEST,
        "refused": refused,
    }
    return render(request, "support/propose_sanction.html", context, status=status)
