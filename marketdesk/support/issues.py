"""The issue types: an ordered list that administrators add to, name, switch off, save with a reason and undo (M19)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods

from marketdesk.lib import languages
from marketdesk.support import refusals
from marketdesk.support.entrance import AgentRequest, administrators_only
from marketdesk.support.ordered import ListPage, Say, first
from marketdesk.tickets import issue_types
from marketdesk.tickets.issue_types import ISSUES
from marketdesk.tickets.issues import BY_CODE
from marketdesk.tickets.models import Issue
from marketdesk.tickets.models.ordered import ListDraft
from marketdesk.tickets.ordered import BadList, Row, Rows, place_of
from marketdesk.tickets.rules import Category


@dataclass(frozen=True)
class IssueRow:
    """An issue type in the list."""

    issue: Issue
    is_own: bool
    is_new: bool
    errors: Sequence[str]


@dataclass(frozen=True)
class LabelField:
    """What an issue type is called in one language; `shipped` stands there while nothing is entered."""

    code: str
    language: str
    value: str
    shipped: str
    errors: Sequence[str]


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def issues(request: AgentRequest) -> HttpResponse:
    """The list, and everything that a button of it does."""
    return PAGE.act(request) if request.method == "POST" else PAGE.show(request)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def issue(request: AgentRequest, code: str) -> HttpResponse:
    """One issue type, new or known; it goes into the draft."""
    draft = ISSUES.draft(request.user.pk)
    place = place_of(draft.rows, code)
    if place is None and code != "new":
        raise Http404
    row = draft.rows[place] if place is not None else _empty()
    is_saved = place_of(ISSUES.read(), row["code"]) is not None
    has_fixed_category = row["code"] in BY_CODE or (is_saved and issue_types.is_asked_about(row["code"]))
    problems: list[BadList] = []
    if request.method == "POST":
        row = _read(request.POST, row, is_new=place is None, has_fixed_category=has_fixed_category)
        problems = issue_types.wrong(row)
        if place is None and place_of(draft.rows, row["code"]) is not None:
            problems.append(BadList(_("There is an issue type with this code already."), row["code"], "code"))
        if not problems:
            rows = [*draft.rows, row] if place is None else [*draft.rows[:place], row, *draft.rows[place + 1 :]]
            PAGE.keep(draft, rows)
            return redirect(f"{reverse('support:issues')}#row-{row['code']}")
        refusals.record(request, ISSUES.kind, problems)
    errors = first(problems, row["code"])
    context = {
        "code": code,
        "row": row,
        "has_fixed_category": has_fixed_category,
        "category": Category(row["category"]).label if row["category"] in Category.values else "",
        "categories": Category.choices,
        "labels": _labels(row, errors),
        "errors": errors,
        "problems": [(one.field, str(one)) for one in problems],
    }
    return render(request, "support/issue.html", context, status=422 if problems else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def undo(request: AgentRequest, change: int) -> HttpResponse:
    """Take a change back."""
    return PAGE.undo(request, change)


def _empty() -> Row:
    return {"code": "", "category": Category.POST_CUSTOMER_SUPPORT.value, "labels": {}, "v2_label": "", "active": True}


def _read(sent: QueryDict, row: Row, *, is_new: bool, has_fixed_category: bool) -> Row:
    labels = {language: _plain(sent.get(f"label-{language}", "")) for language in languages.LANGUAGES}
    labels = {language: words for language, words in labels.items() if words}
    return {
        "code": _plain(sent.get("code", "")) if is_new else row["code"],
        "category": row["category"] if has_fixed_category else _plain(sent.get("category", "")),
        "labels": labels,
        "v2_label": _plain(sent.get("v2_label", "")) or labels.get("en", ""),
        "active": row["active"],
    }


def _labels(row: Row, errors: dict[str, list[str]]) -> list[LabelField]:
    shipped = BY_CODE.get(row["code"])
    found = []
    for language, name in languages.LANGUAGES.items():
        with override(language):
            words = str(shipped.label) if shipped else ""
        value = row["labels"].get(language, "")
        found.append(LabelField(language, name, value, words, errors.get(f"label-{language}", ())))
    return found


def _plain(text: str) -> str:
    return " ".join(text.replace("\0", "").split())


def _speaker(_all_rows: Rows) -> Say:
    return lambda rows: {row["code"]: _words(row) for row in rows}


def _words(row: Row) -> str:
    """An issue type in one line, with the words that differ from the shipped ones."""
    one = issue_types.as_issue(row)
    own = [f"{languages.own_name(language)}: “{words}”" for language, words in row["labels"].items()]
    said = [one.label, str(one.get_category_display()), row["v2_label"], *own]
    words = " · ".join(said)
    return words if row["active"] else _("%(words)s (switched off)") % {"words": words}


def _context(request: AgentRequest, draft: ListDraft, problems: Sequence[BadList]) -> dict[str, Any]:
    saved = {row["code"] for row in ISSUES.read()}
    rows = [
        IssueRow(
            issue=issue_types.as_issue(row),
            is_own=row["code"] not in BY_CODE,
            is_new=row["code"] not in saved,
            errors=[error for errors in first(problems, row["code"]).values() for error in errors],
        )
        for row in draft.rows
    ]
    return {"rows": rows}


PAGE = ListPage(ISSUES, "issues", "support/issues.html", _speaker, _context)
