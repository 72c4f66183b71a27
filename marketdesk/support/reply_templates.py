"""The reply templates: administrators write them in every language, see what is missing, and why each was changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.lib import ids, languages
from marketdesk.replies import browsing, editing, seeding
from marketdesk.replies.editing import BadTemplate, TemplateMoved, Values
from marketdesk.replies.filling import NAMES
from marketdesk.replies.models import ReplyChange, ReplyTemplate
from marketdesk.support import refusals
from marketdesk.support.entrance import AgentRequest, administrators_only
from marketdesk.support.forms import ReasonForm
from marketdesk.tickets.models import Issue
from marketdesk.tickets.rules import Category

CHANGES_SHOWN = 25


@dataclass(frozen=True)
class TextField:
    """A template in one language, on the page where it is written."""

    code: str
    language: str
    direction: str
    title: str
    body: str
    is_missing: bool
    is_open: bool
    title_errors: Sequence[str]
    body_errors: Sequence[str]


@dataclass(frozen=True)
class Difference:
    """What of a template a change made another; empty where there was nothing."""

    what: str
    before: str
    after: str


@require_safe
@administrators_only
def templates(request: AgentRequest) -> HttpResponse:
    """All of them in one language, what is missing there as such."""
    own = get_language() or "en"
    language = request.GET.get("language", "")
    language = language if language in languages.LANGUAGES else own
    category = request.GET.get("category", "all")
    words = request.GET.get("q", "").strip()[:100]
    chosen = category if category in {*Category.values, ""} else None
    found = browsing.browse(language, own, words=words, category=chosen, with_inactive=True)
    labels = {issue.code: issue.label for issue in Issue.objects.all()}
    context = {
        "groups": [
            (name, [(one, [labels.get(code, code) for code in one.template.issues]) for one in listed])
            for name, listed in browsing.by_category(found)
        ],
        "total": len(found),
        "missing": sum(one.is_missing for one in found),
        "chosen_language": language,
        "language_name": languages.own_name(language),
        "category": "all" if chosen is None else chosen,
        "categories": [*Category.choices, ("", browsing.words_of(""))],
        "words": words,
    }
    return render(request, "support/templates.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def template(request: AgentRequest, code: str) -> HttpResponse:
    """One template, new or known, in all languages; with `?before=` as it was before a change."""
    known = ReplyTemplate.objects.filter(code=code).first()
    if known is None and code != "new":
        raise Http404
    values = editing.values_of(known) if known else _empty()
    if request.method != "POST":
        return _show(request, known, _as_it_was(request, known) or values)
    values = _read(request.POST, values, is_new=known is None)
    name = known.code if known else _plain(request.POST.get("code", ""))
    form = ReasonForm(request.POST)
    problems = editing.problems(name, editing.with_shipped(name, values))
    if known is None and (name == "new" or ReplyTemplate.objects.filter(code=name).exists()):
        problems.append(BadTemplate(_("There is a template with this code already."), "code"))
    if not form.is_valid():
        problems += [BadTemplate(str(words), "reason") for words in form.errors.get("reason", [])]
    if problems:
        return _show(request, known, values, form=form, problems=problems, status=422)
    by, seen = form.actor(request.actor), ids.row_number(request.POST.get("edition"))
    try:
        editing.change(name, values, reason=form.cleaned_data["reason"], by=by, seen=seen)
    except AlreadyDone:
        pass
    except BadTemplate as problem:
        return _show(request, known, values, form=form, problems=[problem], status=422)
    except (TemplateMoved, KeyReused) as refusal:
        return _show(request, known, values, form=form, problems=[refusal], status=409)
    messages.success(request, _("Saved. It counts from now on."), extra_tags="good")
    return redirect("support:template", name)


def _show(
    request: AgentRequest,
    known: ReplyTemplate | None,
    values: Values,
    *,
    form: ReasonForm | None = None,
    problems: Sequence[Exception] = (),
    status: int = 200,
) -> HttpResponse:
    refusals.record(request, "templates", problems)
    placed = [(getattr(one, "field", ""), str(one)) for one in problems]
    errors: dict[str, list[str]] = {}
    for field, words in placed:
        errors.setdefault(field, []).append(words)
    changes = known.changes.order_by("-pk")[:CHANGES_SHOWN] if known else []
    category, issues = values["category"], list(Issue.objects.all())
    labels = {issue.code: str(issue.label) for issue in issues}
    context = {
        "code": known.code if known else "new",
        "typed_code": "" if known else request.POST.get("code", ""),
        "is_new": known is None,
        "is_shipped": known is not None and known.code in seeding.SHIPPED,
        "values": values,
        "category": browsing.words_of(category),
        "categories": [("", browsing.words_of("")), *Category.choices],
        "issues": [
            (Category(of).label, [issue for issue in issues if issue.category == of])
            for of in Category.values
            if known is None or of == category
        ],
        "fields": _fields(values, errors, is_new=known is None),
        "gaps": [(f"{{{name}}}", words) for name, words in NAMES.items()],
        "errors": errors,
        "problems": placed,
        "form": form or ReasonForm(),
        "edition": editing.edition(known.code) if known else 0,
        "changes": [(one, _differences(one, labels)) for one in changes],
    }
    return render(request, "support/template.html", context, status=status)


def _fields(values: Values, errors: dict[str, list[str]], *, is_new: bool) -> list[TextField]:
    read = get_language() or "en"
    fields = []
    for code, name in languages.LANGUAGES.items():
        text = values["texts"].get(code, {"title": "", "body": ""})
        wrong = errors.get(f"title-{code}", ()), errors.get(f"body-{code}", ())
        fields.append(
            TextField(
                code=code,
                language=name,
                direction=languages.direction(code),
                title=text["title"],
                body=text["body"],
                is_missing=not (text["title"] or text["body"]),
                is_open=any(wrong) or code == read or (is_new and code == "en"),
                title_errors=wrong[0],
                body_errors=wrong[1],
            )
        )
    return fields


def _empty() -> Values:
    return {"category": "", "issues": [], "active": True, "texts": {}}


def _read(sent: QueryDict, values: Values, *, is_new: bool) -> Values:
    texts = {}
    for language in languages.LANGUAGES:
        title, body = _plain(sent.get(f"title-{language}", "")), _lines(sent.get(f"body-{language}", ""))
        if title or body:
            texts[language] = {"title": title, "body": body}
    return {
        "category": _plain(sent.get("category", "")) if is_new else values["category"],
        "issues": _in_order(sent.getlist("issue")),
        "active": "active" in sent,
        "texts": texts,
    }


def _in_order(sent: Sequence[str]) -> list[str]:
    """Issue types as they stand in their list; what is none comes last, and is said to be none."""
    known = list(Issue.objects.values_list("code", flat=True))
    return [code for code in known if code in sent] + sorted({_plain(code) for code in sent if code not in known})


def _as_it_was(request: AgentRequest, known: ReplyTemplate | None) -> Values | None:
    """What a template was before a change, to be saved again; only where it was there."""
    change = known.changes.filter(pk=ids.row_number(request.GET.get("before"))).first() if known else None
    return change.before or None if change else None


def _differences(change: ReplyChange, labels: Mapping[str, str]) -> list[Difference]:
    was, became = _in_words(change.before, labels), _in_words(change.after, labels)
    all_ = [Difference(what, was.get(what, ""), became.get(what, "")) for what in {**was, **became}]
    return [one for one in all_ if one.before != one.after]


def _in_words(values: Values, labels: Mapping[str, str]) -> dict[str, str]:
    """What a template holds, by what it is called."""
    if not values:
        return {}
    words = {
        _("Category"): browsing.words_of(values["category"]),
        _("Issue types"): ", ".join(labels.get(code, code) for code in values["issues"]),
        _("Offer it beside the reply field"): _("Yes") if values["active"] else _("No"),
    }
    for language, text in values["texts"].items():
        words[languages.own_name(language)] = f"{text['title']}\n{text['body']}"
    return words


def _plain(text: str) -> str:
    return " ".join(text.replace("\0", "").split())


def _lines(text: str) -> str:
    return text.replace("\0", "").replace("\r\n", "\n").strip()
