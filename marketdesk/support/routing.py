"""The routing rules: an ordered list that administrators draft, try out, save with a reason and undo (M28)."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from marketdesk.policy import promises
from marketdesk.support import refusals, rule_fields
from marketdesk.support.entrance import AgentRequest, administrators_only
from marketdesk.support.ordered import ListPage, Say, first
from marketdesk.support.trying import TryingForm, tried
from marketdesk.tickets import routes, routing_words
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.models.ordered import ListDraft
from marketdesk.tickets.ordered import BadList, Rows, place_of
from marketdesk.tickets.routes import ROUTING
from marketdesk.tickets.routing import SHIPPED, RoutingRule
from marketdesk.tickets.rules import Desk

COUNTED = timedelta(days=30)


@dataclass(frozen=True)
class RuleRow:
    """A rule in the list."""

    rule: RoutingRule
    words: Sequence[str]
    to: str
    sent: int
    hints: Sequence[str]
    errors: Sequence[str]
    is_last: bool


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def routing(request: AgentRequest) -> HttpResponse:
    """The list, and everything that a button of it does."""
    return PAGE.act(request) if request.method == "POST" else PAGE.show(request)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def rule(request: AgentRequest, code: str) -> HttpResponse:
    """One rule, new or known; it goes into the draft."""
    draft = ROUTING.draft(request.user.pk)
    place = place_of(draft.rows, code)
    if place is None and code != "new":
        raise Http404
    is_last = place is not None and place == len(draft.rows) - 1
    known = (
        draft.rows[place] if place is not None else RoutingRule(f"r-{secrets.token_hex(6)}", Desk.MERCHANT).as_json()
    )
    typed, problems = RoutingRule.from_json(known), []
    if request.method == "POST":
        typed = rule_fields.read(request.POST, typed, is_last=is_last)
        problems = routes.wrong(typed)
        if not problems:
            _put(draft, typed)
            return redirect(f"{reverse('support:routing')}#row-{typed.code}")
        refusals.record(request, ROUTING.kind, problems)
    context = {
        "code": code,
        "is_last": is_last,
        "fields": rule_fields.fields(typed),
        "errors": first(problems, typed.code),
        "problems": [(one.field, str(one)) for one in problems],
    }
    return render(request, "support/routing_rule.html", context, status=422 if problems else 200)


@require_GET
@administrators_only
def attempt(request: AgentRequest) -> HttpResponse:
    """Which rule would decide, for an order, a ticket or any values."""
    draft = ROUTING.draft(request.user.pk)
    form = TryingForm(request.GET or None, actor=request.actor, has_draft=bool(draft.pk))
    of_draft = bool(draft.pk) and form.data.get("rules", "draft") == "draft"
    rules = routes.read(draft.rows if of_draft else ROUTING.read())
    outcome = tried(form, rules) if form.is_bound and form.is_valid() else None
    context = {"form": form, "outcome": outcome, "has_draft": bool(draft.pk)}
    return render(request, "support/routing_try.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def undo(request: AgentRequest, change: int) -> HttpResponse:
    """Take a change back."""
    return PAGE.undo(request, change)


def _put(draft: ListDraft, typed: RoutingRule) -> None:
    """A known rule stays where it is; a new one stands first, where it can be reached."""
    rows, row = list(draft.rows), typed.as_json()
    place = place_of(rows, typed.code)
    if place is None:
        rows.insert(0, row)
    else:
        rows[place] = row
    PAGE.keep(draft, rows)


def _speaker(all_rows: Rows) -> Say:
    names = routes.names(routes.read(all_rows))

    def _say(rows: Rows) -> dict[str, str]:
        found = {rule.code: (rule, routing_words.sentence(rule, names)) for rule in routes.read(rows)}
        return {code: words if rule.active else _off(words) for code, (rule, words) in found.items()}

    return _say


def _off(words: str) -> str:
    return _("%(words)s (switched off)") % {"words": words}


def _context(request: AgentRequest, draft: ListDraft, problems: Sequence[BadList]) -> dict[str, Any]:
    rules, policy = routes.read(draft.rows), promises.current()
    names, hints = routes.names(rules), routes.hints(rules, policy)
    opened = Ticket.objects.visible_to(request.actor).filter(opened_at__gte=request.actor.at - COUNTED)
    sent = dict(opened.order_by().values_list("routed_by__rule").annotate(n=Count("pk")))
    rows = [
        RuleRow(
            rule=one,
            words=list(routing_words.conditions(one, names, policy).values()),
            to=routing_words.desk(one.to),
            sent=sent.get(one.code, 0),
            hints=hints.get(one.code, []),
            errors=[error for errors in first(problems, one.code).values() for error in errors],
            is_last=one is rules[-1],
        )
        for one in rules
    ]
    is_shipped = rules == SHIPPED
    return {"rows": rows, "is_shipped": is_shipped, "days": COUNTED.days}


PAGE = ListPage(ROUTING, "routing", "support/routing.html", _speaker, _context, last_stays=True)
