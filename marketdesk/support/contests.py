"""What merchants contest: what waits, all that is needed to decide beside it, and the decision with its reason."""

from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.lib import paging, percent
from marketdesk.performance import contesting
from marketdesk.performance.contesting import Effect
from marketdesk.performance.models import Contest, Outcome, Standing
from marketdesk.policy import promises
from marketdesk.support.entrance import AgentRequest, agents_only
from marketdesk.tickets import thread
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.forms import DeedForm
from marketdesk.tickets.models import Ticket
from marketdesk.translations import drawing
from marketdesk.translations.drawing import Surroundings
from marketdesk.ui.pictures import HEADERS

OTHERS_AT_MOST = 10


class DecideForm(DeedForm):
    """Granted or declined, and why: the merchant reads it."""

    outcome = forms.ChoiceField(
        choices=Outcome.choices, error_messages={"required": gettext_lazy("Choose whether it is granted or declined.")}
    )
    reason = forms.CharField(max_length=5000, error_messages={"required": gettext_lazy("Give the merchant a reason.")})


@require_safe
@agents_only
def waiting(request: AgentRequest) -> HttpResponse:
    """What waits for a decision, the oldest on top."""
    return _list(request, is_decided=False)


@require_safe
@agents_only
def decided(request: AgentRequest) -> HttpResponse:
    """What was decided, the latest on top."""
    return _list(request, is_decided=True)


@require_http_methods(["GET", "HEAD", "POST"])
@agents_only
def contest(request: AgentRequest, public_id: str) -> HttpResponse:
    """One contest; the form decides it."""
    found = get_object_or_404(contesting.seen_by(request.actor), public_id=public_id)
    if request.method != "POST":
        return _show(request, found, DecideForm())
    form = DecideForm(request.POST)
    if not form.is_valid():
        return _show(request, found, form, status=422)
    granted = form.cleaned_data["outcome"] == Outcome.GRANTED
    try:
        contesting.decide(found, granted=granted, reason=form.cleaned_data["reason"], by=form.actor(request.actor))
    except AlreadyDone:
        pass  # a double click: as if it had just succeeded
    except (NotAllowed, KeyReused) as refusal:
        now = get_object_or_404(contesting.seen_by(request.actor), public_id=public_id)
        return _show(request, now, form, refused=str(refusal), status=409)
    said = _("Granted. It no longer counts against the merchant.") if granted else _("Declined. Nothing changes.")
    messages.success(request, said, extra_tags="good")
    return redirect("support:contests")


@require_safe
@agents_only
def picture(request: AgentRequest, public_id: str, picture: str) -> FileResponse:
    """A picture of a contest, or with `?small` its thumbnail."""
    contest = get_object_or_404(contesting.seen_by(request.actor), public_id=public_id)
    found = get_object_or_404(contest.pictures, public_id=picture)
    try:
        body = found.open(small="small" in request.GET)
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(body, content_type=found.mime, filename=found.file_name, headers=HEADERS)


def _list(request: AgentRequest, *, is_decided: bool) -> HttpResponse:
    after, held = request.GET.get("after", ""), contesting.seen_by(request.actor)
    held = held.exclude(outcome="") if is_decided else held.filter(outcome="")
    page = paging.page(held, "decided_at" if is_decided else "made_at", after, newest_first=is_decided)
    context = {
        "is_decided": is_decided,
        "number_waiting": contesting.waiting(request.actor),
        "page": page,
        "is_first_page": not after,
    }
    return render(request, "support/contests.html", context)


def _show(
    request: AgentRequest, contest: Contest, form: DecideForm, *, refused: str = "", status: int = 200
) -> HttpResponse:
    """The page; a refused form keeps what was typed."""
    subject, actor = contesting.about(contest), request.actor
    facts = contesting.facts(subject, actor.at)
    theirs = contesting.seen_by(actor).filter(merchant=contest.merchant_id).exclude(pk=contest.pk)
    context = {
        "contest": contest,
        "facts": facts,
        "is_against": contesting.is_against(subject, actor.at),
        "pictures": contest.pictures.all(),
        "effect": _said(contesting.effect(contest, actor.at)) if not contest.outcome else None,
        "days": promises.current().figures_days,
        "standing": Standing.objects.filter(merchant=contest.merchant_id).first(),
        "others": theirs[:OTHERS_AT_MOST],
        "ticket": facts.ticket,
        "thread": _conversation(request, facts.ticket) if facts.ticket else [],
        "form": form,
        "refused": refused,
    }
    return render(request, "support/contest.html", context, status=status)


def _conversation(request: AgentRequest, ticket: Ticket) -> list[drawing.Line]:
    """What was said, to read alone."""
    token = partial(get_token, request)
    around = Surroundings(token, ticket, get_language() or "en", "support:picture")
    return drawing.thread(thread.entries(ticket, request.actor), {}, around)


def _said(effect: Effect | None) -> list[dict[str, Any]]:
    """The rates that would change, each as it is and as it would be."""
    if effect is None:
        return []
    named = [
        (_("Late response rate"), effect.now.late, effect.granted.late),
        (_("Customer satisfaction (CSAT)"), effect.now.csat, effect.granted.csat),
    ]
    return [
        {
            "name": name,
            "now": now,
            "now_percent": percent.show(now.percent),
            "then": then,
            "then_percent": percent.show(then.percent),
        }
        for name, now, then in named
        if now != then
    ]
