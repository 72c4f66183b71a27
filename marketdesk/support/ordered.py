"""What the pages of ordered lists share: a draft that is moved, compared, given a reason, saved at once and undone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.lib import ids
from marketdesk.support import refusals
from marketdesk.support.entrance import AgentRequest
from marketdesk.support.forms import ReasonForm
from marketdesk.tickets.models import ListChange, ListDraft
from marketdesk.tickets.ordered import BadList, ListMoved, OrderedList, Row, Rows, moved, place_of

CHANGES_SHOWN = 25
# Puts rows into words, by their code.
Say = Callable[[Rows], Mapping[str, str]]


@dataclass(frozen=True)
class Difference:
    """A row that is not as it was: its place and its words, before and after; empty where it was not there."""

    before: str = ""
    after: str = ""
    was_at: int | None = None
    is_at: int | None = None


@dataclass(frozen=True)
class ListPage:
    """The page of one such list. `speaker` looks up once what some rows name, and answers what puts them into words;
    the last row stays last where `last_stays`."""

    which: OrderedList
    name: str
    template: str
    speaker: Callable[[Rows], Say]
    context: Callable[[AgentRequest, ListDraft, Sequence[BadList]], dict[str, Any]]
    last_stays: bool = False

    @property
    def url(self) -> str:
        return f"support:{self.name}"

    def show(
        self,
        request: AgentRequest,
        *,
        form: ReasonForm | None = None,
        problems: Sequence[Exception] = (),
        status: int = 200,
    ) -> HttpResponse:
        """The list as the person has drafted it, what would change, and who changed it before."""
        refusals.record(request, self.which.kind, problems)
        draft, edition = self.which.draft(request.user.pk), self.which.edition()
        rows: Rows = self.which.read()
        found = list(self.which.problems(draft.rows)) if draft.pk else []
        said = [one for one in problems if not isinstance(one, BadList) or str(one) not in map(str, found)]
        pages = Paginator(self.which.history(), CHANGES_SHOWN)
        changes = pages.get_page(request.GET.get("changes"))
        pairs = [(rows, draft.rows), *((change.before, change.rows) for change in changes)]
        mine, *theirs = self.differences(pairs)
        context = {
            "draft": draft,
            "edition": edition,
            "is_behind": bool(draft.pk) and draft.seen != edition,
            "differences": mine,
            "problems": [("", str(one)) for one in said] + [(one.code, str(one)) for one in found],
            "changes": list(zip(changes, theirs, strict=True)),
            "page": changes,
            "form": form or ReasonForm(),
            **self.context(request, draft, found),
        }
        return render(request, self.template, context, status=status)

    def act(self, request: AgentRequest) -> HttpResponse:
        """One button of the page: most of them change the draft, and only `save` changes the list."""
        act, _colon, code = request.POST.get("act", "").partition(":")
        if act == "save":
            return self._save(request)
        if act == "discard":
            self.which.forget(request.user.pk)
            messages.success(request, _("Your draft is thrown away."), extra_tags="good")
            return redirect(self.url)
        draft = self.which.draft(request.user.pk)
        rows = self._moved(draft.rows, act, code)
        if rows != draft.rows:
            self.keep(draft, rows)
        return redirect(f"{reverse(self.url)}#row-{code}" if place_of(rows, code) is not None else self.url)

    def keep(self, draft: ListDraft, rows: Rows) -> None:
        """Keep a draft; one that says what is there already is none."""
        if rows == self.which.read():
            self.which.forget(draft.user_id)
            return
        # Not `save`: of two clicks at once, both may have found no draft.
        ListDraft.objects.update_or_create(
            kind=draft.kind, user_id=draft.user_id, defaults={"rows": rows, "seen": draft.seen}
        )

    def undo(self, request: AgentRequest, number: int) -> HttpResponse:
        """Take a change back, with those that came after it: what would be different is shown first."""
        change = self.which.history().filter(pk=number).first()
        if change is None:
            raise Http404
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if not form.is_bound or not form.is_valid():
            return self._ask_to_undo(request, change, form, status=422 if form.is_bound else 200)
        reason, seen = form.cleaned_data["reason"], ids.row_number(request.POST.get("edition"))
        try:
            self.which.undo(change, reason=reason, by=form.actor(request.actor), seen=seen)
        except AlreadyDone:
            pass
        except BadList as problem:
            return self._ask_to_undo(request, change, form, problems=[problem], status=422)
        except (ListMoved, KeyReused) as refusal:
            return self._ask_to_undo(request, change, form, problems=[refusal], status=409)
        messages.success(request, _("Undone."), extra_tags="good")
        return redirect(self.url)

    def differences(self, pairs: Sequence[tuple[Rows, Rows]]) -> list[list[Difference]]:
        """Of each list before and after: the rows that came, went, changed or were moved past another one."""
        say = self.speaker([row for pair in pairs for rows in pair for row in rows])
        return [_differences(before, after, say) for before, after in pairs]

    def _moved(self, rows: Rows, act: str, code: str) -> Rows:
        place = place_of(rows, code)
        is_last = self.last_stays and place == len(rows) - 1
        if place is None or is_last:
            return rows
        match act:
            case "up":
                return moved(rows, code, -1, last_stays=self.last_stays)
            case "down":
                return moved(rows, code, 1, last_stays=self.last_stays)
            case "switch":
                switched: Row = {**rows[place], "active": not rows[place]["active"]}
                return [*rows[:place], switched, *rows[place + 1 :]]
            case "remove":
                is_kept = not self.last_stays and place_of(self.which.read(), code) is not None
                return rows if is_kept else [row for row in rows if row["code"] != code]
        return rows

    def _save(self, request: AgentRequest) -> HttpResponse:
        form = ReasonForm(request.POST)
        draft = self.which.draft(request.user.pk)
        if not form.is_valid():
            words = [BadList(str(one)) for one in form.errors.get("reason", [])]
            return self.show(request, form=form, problems=words, status=422)
        by, seen = form.actor(request.actor), ids.row_number(request.POST.get("edition"))
        try:
            self.which.change(draft.rows, reason=form.cleaned_data["reason"], by=by, seen=seen)
        except AlreadyDone:
            pass
        except BadList as problem:
            return self.show(request, form=form, problems=[problem], status=422)
        except (ListMoved, KeyReused) as refusal:
            return self.show(request, form=form, problems=[refusal], status=409)
        self.which.forget(request.user.pk)
        messages.success(request, _("Saved. It counts from now on."), extra_tags="good")
        return redirect(self.url)

    def _ask_to_undo(
        self,
        request: AgentRequest,
        change: ListChange,
        form: ReasonForm,
        *,
        problems: Sequence[Exception] = (),
        status: int = 200,
    ) -> HttpResponse:
        refusals.record(request, self.which.kind, problems)
        context = {
            "form": form,
            "edition": self.which.edition(),
            "change": change,
            "later": self.which.history().filter(pk__gt=change.pk).count(),
            "differences": self.differences([(self.which.read(), change.before)])[0],
            "problems": [str(one) for one in problems],
            "back": self.url,
            "undo": f"support:undo-{self.name}",
        }
        return render(request, "support/list_undo.html", context, status=status)


def _differences(before: Rows, after: Rows, say: Say) -> list[Difference]:
    words_before, words_after = say(before), say(after)
    old = {row["code"]: place for place, row in enumerate(before, 1)}
    new = {row["code"]: place for place, row in enumerate(after, 1)}
    codes, places = [*new, *(code for code in old if code not in new)], list(old)
    blocks = SequenceMatcher(None, places, list(new), autojunk=False).get_matching_blocks()
    stayed = {code for block in blocks for code in places[block.a : block.a + block.size]}
    return [
        Difference(words_before.get(code, ""), words_after.get(code, ""), old.get(code), new.get(code))
        for code in codes
        if code not in stayed or before[old[code] - 1] != after[new[code] - 1]
    ]


def first(problems: Iterable[BadList], code: str) -> dict[str, list[str]]:
    """What is wrong with one row, by field."""
    found: dict[str, list[str]] = {}
    for one in problems:
        if one.code == code:
            found.setdefault(one.field, []).append(str(one))
    return found
