"""Refunds on their way, and those with two answers: what support looks into, and notes by hand with a reason (D17)."""

from collections.abc import Callable

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.lib import paging
from marketdesk.outbox.models import Delivery
from marketdesk.people.actor import Actor
from marketdesk.policy import promises
from marketdesk.refunds import reconciling, refunding
from marketdesk.refunds.models import Refund
from marketdesk.refunds.reasons import BY_CODE
from marketdesk.refunds.reconciling import RefundList
from marketdesk.support.entrance import AgentRequest, agents_only
from marketdesk.support.forms import NoteForm, SettleForm
from marketdesk.tickets.errors import NotAllowed, SomethingNew


@require_safe
@agents_only
def refunds(request: AgentRequest, queue: str) -> HttpResponse:
    """One list; what waits for somebody with the oldest on top."""
    if queue not in RefundList.values:
        raise Http404
    chosen = RefundList(queue)
    counts = reconciling.counts(request.actor)
    after = request.GET.get("after", "")
    held = reconciling.refunds(chosen, request.actor)
    page = paging.page(held, chosen.order_field, after, newest_first=chosen.newest_first)
    told = Delivery.of_refunds([refund.pk for refund in page.rows])
    context = {
        "chosen": chosen,
        "views": [(one, counts.get(one)) for one in RefundList],
        "total": counts.get(chosen),
        "rows": [
            (refund, told.get(refund.pk), reconciling.is_unanswered(refund, request.actor.at)) for refund in page.rows
        ],
        "page": page,
        "is_first_page": not after,
        "hours": promises.current().refund_answer_hours,
    }
    return render(request, "support/refunds.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@agents_only
def refund(request: AgentRequest, refund: str) -> HttpResponse:
    """One refund: what was asked, told and answered; and what a person notes by hand."""
    found = get_object_or_404(reconciling.seen_by(request.actor), public_id=refund)
    if request.method != "POST":
        return _show(request, found, NoteForm())
    is_look = request.POST.get("outcome") == "acknowledged"
    form: NoteForm = NoteForm(request.POST) if is_look else SettleForm(request.POST)
    if not form.is_valid():
        return _show(request, found, form, status=422)
    try:
        _note(found, form, form.actor(request.actor))
    except AlreadyDone:
        pass  # a double click: as if it had just succeeded
    except (NotAllowed, SomethingNew, KeyReused) as refusal:
        now = get_object_or_404(reconciling.seen_by(request.actor), public_id=refund)
        return _show(request, now, form, status=409, refused=str(refusal))
    messages.success(request, _SAID[request.POST["outcome"]](), extra_tags="good")
    return redirect("support:refunds", RefundList.CONTRADICTED if is_look else RefundList.PENDING)


_SAID: dict[str, Callable[[], str]] = {
    "paid": lambda: _("Noted: the refund was paid."),
    "failed": lambda: _("Noted: the refund failed."),
    "acknowledged": lambda: _("Noted: you have looked into it."),
}


def _note(refund: Refund, form: NoteForm, by: Actor) -> None:
    reason = form.cleaned_data["note"]
    if isinstance(form, SettleForm):
        refunding.settle(refund, succeeded=form.cleaned_data["outcome"] == "paid", by=by, note=reason)
    else:
        reconciling.acknowledge(refund, reason=reason, by=by)


def _show(
    request: AgentRequest, refund: Refund, form: forms.Form, *, status: int = 200, refused: str = ""
) -> HttpResponse:
    """The page; a refused form keeps what was typed."""
    context = {
        "refund": refund,
        "ticket": refund.ticket,
        "order": refund.item.order,
        "reason": BY_CODE.get(refund.reason),
        "is_unanswered": reconciling.is_unanswered(refund, request.actor.at),
        "hours": promises.current().refund_answer_hours,
        "deliveries": Delivery.about([refund.pk]).select_related("endpoint"),
        "looked": reconciling.acknowledgement(refund),
        "list": _list_of(refund),
        "form": form,
        "refused": refused,
    }
    return render(request, "support/refund.html", context, status=status)


def _list_of(refund: Refund) -> RefundList:
    if refund.is_contradicted:
        return RefundList.CONTRADICTED
    return RefundList.PAID if refund.status == "succeeded" else RefundList(refund.status)
