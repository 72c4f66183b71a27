"""The policy: every promise with its history, changed with a reason, now or later, and undone."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.policy import promises
from marketdesk.policy.defaults import Policy
from marketdesk.policy.promises import BadPolicy, PolicyMoved, Step
from marketdesk.support import promise_fields, refusals
from marketdesk.support.entrance import AgentRequest, administrators_only
from marketdesk.support.forms import MomentField, ReasonForm
from marketdesk.support.promise_fields import PromiseField

CHANGES_SHOWN = 50
FURTHEST = timedelta(days=3650)  # that a change can be scheduled ahead
DRAWN = "the policy that a page showed"


class ChangeForm(ReasonForm):
    """Why, and from when: empty is at once."""

    valid_from = MomentField(required=False)

    def clean_valid_from(self) -> datetime | None:
        begins: datetime | None = self.cleaned_data["valid_from"]
        if begins and begins <= timezone.now():
            raise forms.ValidationError(_("Choose a time that is still to come, or leave it empty."))
        if begins and begins > timezone.now() + FURTHEST:
            raise forms.ValidationError(_("Choose a time within the next ten years."))
        return begins


@dataclass(frozen=True)
class Reading:
    """One of the two readings of the 120 days (D12), with today's example."""

    field: PromiseField
    is_on: bool
    days: int
    ends_at: datetime
    turns_at: datetime
    since: datetime


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def policy(request: AgentRequest) -> HttpResponse:
    """The policy in force. A change is first shown, then saved."""
    if request.method != "POST":
        return _show(request)
    now = promises.at(request.actor.at)
    changes = promise_fields.changes(_drawn(request, now), promise_fields.read(request.POST))
    values = {**asdict(now), **changes}
    form = ChangeForm(request.POST)
    if request.POST.get("act") == "edit":
        return _show(request, values=values, form=form)
    problems = _problems(changes, form, request)
    if not changes and not problems:
        problems = [BadPolicy(_("Nothing is different from now. Change a value first."))]
    if problems:
        return _show(request, values=values, form=form, problems=problems, status=422)
    seen = request.POST.get("edition", "")
    if request.POST.get("act") != "save":
        if seen != promises.edition(request.actor.at):
            return _show(request, values=values, form=form, problems=[PolicyMoved()], status=409)
        return _ask_back(request, changes, form)
    reason, begins = form.cleaned_data["reason"], form.cleaned_data["valid_from"]
    try:
        promises.change(changes, reason=reason, by=form.actor(request.actor), valid_from=begins, seen=seen)
    except AlreadyDone:
        pass
    except BadPolicy as problem:
        return _show(request, values=values, form=form, problems=[problem], status=422)
    except (PolicyMoved, KeyReused) as refusal:
        return _show(request, values=values, form=form, problems=[refusal], status=409)
    said = _("Scheduled. Nothing changes until then.") if begins else _("Saved. It counts from now on.")
    messages.success(request, said, extra_tags="good")
    return redirect("support:policy")


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def undo(request: AgentRequest, change: int) -> HttpResponse:
    """Take one change back: what would be different is shown first."""
    step = next((one for one in promises.history(request.actor.at) if one.change.pk == change), None)
    if step is None:
        raise Http404
    form = ReasonForm(request.POST if request.method == "POST" else None)
    if not form.is_bound or not form.is_valid():
        return _ask_to_undo(request, step, form, status=422 if form.is_bound else 200)
    by, seen = form.actor(request.actor), request.POST.get("edition", "")
    try:
        promises.undo(step.change, reason=form.cleaned_data["reason"], by=by, seen=seen)
    except AlreadyDone:
        pass
    except BadPolicy as problem:
        return _ask_to_undo(request, step, form, problems=[problem], status=422)
    except (PolicyMoved, KeyReused) as refusal:
        return _ask_to_undo(request, step, form, problems=[refusal], status=409)
    messages.success(request, _("Undone."), extra_tags="good")
    return redirect("support:policy")


def _drawn(request: AgentRequest, now: Policy) -> dict[str, Any]:
    """The policy that the page had shown: what differs from it was changed by the person, and nothing else."""
    try:
        return {**asdict(now), **signing.loads(request.POST.get("drawn", ""), salt=DRAWN)}
    except signing.BadSignature:
        return asdict(now)


def _problems(changes: Mapping[str, Any], form: ChangeForm, request: AgentRequest) -> list[BadPolicy]:
    """What is wrong with the values, the reason and the time, each with the field where it is put right."""
    form.is_valid()
    begins = form.cleaned_data.get("valid_from") or request.actor.at
    wrong = promises.problems(replace(promises.at(begins), **changes))
    return wrong + [BadPolicy(str(words), name) for name, all_ in form.errors.items() for words in all_]


def _show(
    request: AgentRequest,
    *,
    values: Mapping[str, Any] | None = None,
    form: ChangeForm | None = None,
    problems: Sequence[Exception] = (),
    status: int = 200,
) -> HttpResponse:
    """The page, with what was typed and what is wrong with it."""
    refusals.record(request, "policy", map(_placed, problems))
    now = promises.at(request.actor.at)
    history = promises.history(request.actor.at)
    errors: dict[str, list[str]] = defaultdict(list)
    for one in problems:
        errors[getattr(one, "name", "")].append(str(one))
    headings = promise_fields.headings(values or asdict(now), now, history, errors)
    steps = [step for step in reversed(history) if step.before]
    context = {
        **_common(request, form or ChangeForm()),
        "headings": headings,
        "readings": _readings([one for heading in headings for one in heading.fields], now, request.actor.at),
        "drawn": signing.dumps(asdict(now), salt=DRAWN, compress=True),
        "steps": [(step, _differences(step)) for step in steps[:CHANGES_SHOWN]],
        "problems": [_placed(one) for one in problems],
        "errors": dict(errors),
    }
    return render(request, "support/policy.html", context, status=status)


def _ask_back(request: AgentRequest, changes: Mapping[str, Any], form: ChangeForm) -> HttpResponse:
    """What changes, before anything is saved; the form goes along."""
    begins = form.cleaned_data["valid_from"]
    sent = [(name, value) for name, all_ in request.POST.lists() for value in all_]
    context = {
        **_common(request, form),
        "differences": promise_fields.differences(asdict(promises.at(begins or request.actor.at)), changes),
        "begins": begins,
        "reason": form.cleaned_data["reason"],
        "sent": [(name, value) for name, value in sent if name not in {"csrfmiddlewaretoken", "act", "key"}],
    }
    return render(request, "support/policy_confirm.html", context)


def _ask_to_undo(
    request: AgentRequest, step: Step, form: ReasonForm, *, problems: Sequence[Exception] = (), status: int = 200
) -> HttpResponse:
    """What would be different without the change, and why it should be."""
    refusals.record(request, "policy", map(_placed, problems))
    now = asdict(promises.at(request.actor.at))
    back = {name: value for name, value in step.before.items() if step.is_scheduled or name in step.standing}
    context = {
        **_common(request, form),
        "step": step,
        "differences": promise_fields.differences(step.change.values if step.is_scheduled else now, back),
        "problems": [_placed(one) for one in problems],
    }
    return render(request, "support/policy_undo.html", context, status=status)


def _placed(problem: Exception) -> tuple[str, str, str]:
    """Where a problem is put right, what that promise means, and what is wrong with it."""
    name = getattr(problem, "name", "")
    return name, promise_fields.meaning(name), str(problem)


def _common(request: AgentRequest, form: ReasonForm) -> dict[str, Any]:
    return {"form": form, "edition": promises.edition(request.actor.at)}


def _differences(step: Step) -> list[tuple[str, str, list[tuple[str, str]]]]:
    return promise_fields.differences(step.before, {name: step.change.values[name] for name in step.before})


def _readings(found: Sequence[PromiseField], policy: Policy, now: datetime) -> list[Reading]:
    """Both readings of the 120 days, of an order that is delivered today and of those that are asked about today."""
    by_name = {one.name: one for one in found}
    ends_at = now + timedelta(days=policy.refund_window_days)
    readings = []
    for name in ("opens_after", "closes_after"):
        promised = getattr(policy, name)
        days = (Policy().opens_after or 0) if promised is None else promised
        length = timedelta(days=days)
        readings.append(
            Reading(
                field=by_name[name],
                is_on=promised is not None,
                days=days,
                ends_at=ends_at,
                turns_at=ends_at + length,
                since=now - length,
            )
        )
    return readings
