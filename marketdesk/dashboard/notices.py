"""Warnings and penalty notices: what each was given for, by which rule, and what to do first."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketdesk.dashboard.entrance import MerchantRequest, merchants_only
from marketdesk.dashboard.page import render
from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.lib import paging, percent
from marketdesk.performance import contesting, judging, noticing
from marketdesk.performance.counting import Verdict
from marketdesk.performance.models import Contest, Notice
from marketdesk.performance.noticing import Cause
from marketdesk.policy import promises
from marketdesk.policy.defaults import Policy
from marketdesk.tickets.forms import DeedForm
from marketdesk.tickets.models import Wait


@dataclass(frozen=True)
class Row:
    """A late answer behind a warning: how it counts by now, and what was or can be done about it."""

    wait: Wait
    verdict: Verdict
    contest: Contest | None
    can_contest: bool


@require_safe
@merchants_only
def notices(request: MerchantRequest) -> HttpResponse:
    """All of a store's notices, the latest first."""
    after = request.GET.get("after", "")
    page = paging.page(Notice.objects.visible_to(request.actor), "given_at", after, newest_first=True)
    context = {
        "page": page,
        "is_first_page": not after,
        "policy": _in_words(promises.current()),
        "counting": len(judging.warnings_that_count(request.merchant.pk, request.actor.at)) if page.rows else 0,
    }
    return render(request, "dashboard/notices/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@merchants_only
def notice(request: MerchantRequest, public_id: str) -> HttpResponse:
    """One notice; its button says that it was read."""
    seen = Notice.objects.visible_to(request.actor).select_related("read_by", "contest")
    found = get_object_or_404(seen, public_id=public_id)
    if request.method != "POST":
        return _show(request, found)
    form = DeedForm(request.POST)
    if not form.is_valid():
        return _show(request, found, status=422)
    try:
        noticing.read(found, by=form.actor(request.actor))
        messages.success(request, _("Noted: you have read it."), extra_tags="good")
    except AlreadyDone:
        pass
    except KeyReused as refusal:
        return _show(request, found, refusal=str(refusal), status=409)
    return redirect("dashboard:notice", found.public_id)


def _show(request: MerchantRequest, notice: Notice, *, refusal: str = "", status: int = 200) -> HttpResponse:
    until, now = contesting.until(contesting.happened_at(notice)), request.actor.at
    late, answers = notice.figures.get("late", 0), notice.figures.get("answers", 0)
    context: dict[str, Any] = {
        "notice": notice,
        "causes": [_row(cause, now) for cause in noticing.causes(notice, request.actor)],
        "warnings": noticing.warnings(notice),
        "followed": noticing.follower(notice),
        "rate": percent.show(Fraction(100 * late, answers)) if answers else "",
        "normal": percent.show(Fraction(notice.rule.get("late_normal", 0))),
        "figures_days": promises.current().figures_days,
        "from": notice.given_at - timedelta(days=notice.rule.get("figures_days", 0)),
        "contest": getattr(notice, "contest", None),
        "contestable_until": until if now < until and not notice.withdrawn_at else None,
        "form": DeedForm(),
        "refusal": refusal,
    }
    return render(request, "dashboard/notices/show.html", context, status=status)


def _row(cause: Cause, now: datetime) -> Row:
    contest = getattr(cause.wait, "contest", None)
    is_open = cause.verdict == Verdict.LATE and now < contesting.until(contesting.happened_at(cause.wait))
    return Row(cause.wait, cause.verdict, contest, is_open and contest is None)


def _in_words(policy: Policy) -> dict[str, Any]:
    """The rule of today, as the list explains it."""
    return {
        "waits": policy.warning_waits,
        "days": policy.figures_days,
        "normal": percent.show(Fraction(policy.late_normal)),
        "warnings": policy.penalty_warnings,
        "penalty_days": policy.penalty_days,
    }
