"""The ledger: every figure opens into the answers or ratings behind it; the same lines as a file."""

from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse, JsonResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from marketdesk.dashboard.entrance import MerchantRequest, merchants_only
from marketdesk.dashboard.filters import Chip, Choice
from marketdesk.dashboard.outlook import Ahead, with_tickets
from marketdesk.dashboard.page import render
from marketdesk.lib import percent, spreadsheet
from marketdesk.lib.paging import SIZE
from marketdesk.lib.replica import for_reports
from marketdesk.performance import levels, outlook, outlook_words
from marketdesk.performance.counting import Verdict, Window
from marketdesk.performance.ledger import Asked, Kind, Ledger, Line
from marketdesk.performance.periods import CHOICES, TODAY, Period
from marketdesk.performance.reading import JudgedRating
from marketdesk.policy import promises
from marketdesk.policy.defaults import Policy
from marketdesk.tickets.models import Issue
from marketdesk.tickets.rules import Category
from marketdesk.ui.templatetags.marketdesk import moment


@dataclass(frozen=True)
class Filters:
    """What the address asks for. Without `days` the window is the one by which merchants are judged; `start` and `end`
    are a window that a chart cut out."""

    of: Kind = Kind.ANSWERS
    days: int | None = None
    start: datetime | None = None
    end: datetime | None = None
    verdict: tuple[Verdict, ...] = ()
    category: tuple[Category, ...] = ()
    issue: tuple[str, ...] = ()

    @classmethod
    def read(cls, query: QueryDict, policy: Policy) -> "Filters":
        """From the address; what makes no sense is passed over."""
        kind = Kind.RATINGS if query.get("of") == Kind.RATINGS else Kind.ANSWERS
        said = query.get("days", "")
        days = next((one for one in (*CHOICES, policy.figures_days) if str(one) == said), None)
        start, end = _moment(query.get("start")), _moment(query.get("end"))
        if days is not None or start is None or end is None or start >= end:
            start = end = None
        return cls(
            of=kind,
            days=None if days == policy.figures_days else days,
            start=start,
            end=end,
            verdict=tuple(one for one in kind.verdicts if one in query.getlist("verdict")),
            category=tuple(one for one in Category if one in query.getlist("category")),
            issue=tuple(code for code in query.getlist("issue") if code.replace("_", "").isalnum())[:20],
        )

    def window(self, now: datetime, policy: Policy) -> Window:
        """Which time is looked at; never beyond now."""
        if self.start and self.end:
            return Window(self.start, min(self.end, now))
        if self.days is None:
            return Window.before(now, policy.figures_days)
        return Period(self.days).window(now, timezone.get_current_timezone())

    @property
    def is_judged(self) -> bool:
        """Whether this is all that a merchant is judged by."""
        return replace(self, of=Kind.ANSWERS, verdict=()) == Filters()

    def asked(self, now: datetime, policy: Policy) -> Asked:
        """The same in the words of the room."""
        window = self.window(now, policy)
        return Asked(self.of, window, self.start is None, frozenset(self.verdict), self.category, self.issue)

    @property
    def query(self) -> str:
        """The filters as an address carries them, without the question mark."""
        said = {one.name: getattr(self, one.name) for one in fields(self)}
        said |= {name: said[name].isoformat() for name in ("start", "end") if said[name]}
        return urlencode({name: value for name, value in said.items() if value not in (None, ())}, doseq=True)

    @property
    def url(self) -> str:
        return f"{reverse('dashboard:ledger')}?{self.query}"

    def chips(self, issues: dict[str, str]) -> list[Chip]:
        """What is on, each with the way to take it off."""
        found = [(str(one.label), self._without("verdict", one)) for one in self.verdict]
        if self.days is not None:
            found.append((period_words(self.days), replace(self, days=None)))
        if self.start and self.end:
            found.append((f"{moment(self.start)} – {moment(self.end)}", replace(self, start=None, end=None)))
        found += [(str(one.label), self._without("category", one)) for one in self.category]
        found += [(issues.get(code, code), self._without("issue", code)) for code in self.issue]
        return [Chip(words, rest.url) for words, rest in found]

    def _without(self, name: str, value: str) -> "Filters":
        changes = {name: tuple(one for one in getattr(self, name) if one != value)}
        return replace(self, **changes)  # type: ignore[arg-type]


def address_of(
    kind: Kind, *verdicts: Verdict, days: int | None = None, window: Window | None = None, **about: tuple[str, ...]
) -> str:
    """Where a figure opens: what it counted, in its period or window; `about` are a category or an issue."""
    start, end = (window.start, window.end) if window else (None, None)
    return Filters(kind, days, start, end, verdicts, **about).url  # type: ignore[arg-type]


@merchants_only
@require_GET
def ledger(request: MerchantRequest) -> HttpResponse:
    """The page: the figure as a sentence, what lies ahead of it, and the lines, 50 a page."""
    policy, after = promises.current(), request.GET.get("after", "")
    filters = Filters.read(request.GET, policy)
    found = Ledger(request.merchant.pk, filters.asked(request.actor.at, policy), request.actor, policy)
    page = found.page(after)
    issues = _issues(filters)
    context = {
        "filters": filters,
        "kind": filters.of,
        "kinds": [(one.label, replace(filters, of=one, verdict=()).url, one is filters.of) for one in Kind],
        "sentence": sentence(found),
        "running": still_running(found),
        "running_url": replace(filters, verdict=(Verdict.RUNNING,)).url,
        "level": _level(found, policy) if filters.is_judged else None,
        "ahead": _ahead(found, request, policy) if filters.is_judged and not after else [],
        "verdicts": [
            (Choice(one, str(one.label), one in filters.verdict), found.numbers.get(one)) for one in filters.of.verdicts
        ],
        "categories": [Choice(one, str(one.label), one in filters.category) for one in Category],
        "periods": _periods(filters, policy),
        "chips": filters.chips(issues),
        "lines": page.lines,
        "may_contest": not request.merchant.is_sandbox,
        "next_url": f"{filters.url}&after={page.after}" if page.after else "",
        "first_url": filters.url if after else "",
        "bare_url": Filters(of=filters.of).url,
        "size": SIZE,
        "files": [(name, f"{reverse(f'dashboard:ledger-{name.lower()}')}?{filters.query}") for name in ("CSV", "JSON")],
    }
    return render(request, "dashboard/ledger.html", context)


@merchants_only
@require_GET
@for_reports
def as_csv(request: MerchantRequest) -> HttpResponse:
    """The lines of the window for a spreadsheet."""
    found = _found(request)
    columns, rows = COLUMNS[found.asked.kind], [_row(line) for line in found.lines()]
    file = spreadsheet.of([columns, *([row[name] for name in columns] for row in rows)])
    response = HttpResponse(file, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="ledger-{found.asked.kind}.csv"'
    return response


@merchants_only
@require_GET
@for_reports
def as_json(request: MerchantRequest) -> HttpResponse:
    """The same for a program, with the rate that they come to."""
    found = _found(request)
    rate, window = found.rate, found.asked.window
    return JsonResponse(
        {
            "kind": found.asked.kind,
            "start": _iso(window.start),
            "end": _iso(window.end),
            "part": rate.part,
            "whole": rate.whole,
            "percent": None if rate.percent is None else float(rate.percent),
            "lines": [_row(line) for line in found.lines()],
        }
    )


def _found(request: MerchantRequest) -> Ledger:
    policy = promises.current()
    asked = Filters.read(request.GET, policy).asked(request.actor.at, policy)
    return Ledger(request.merchant.pk, asked, request.actor, policy)


# In words


def sentence(found: Ledger) -> str:
    """The figure, and what it was counted from."""
    rate, answers = found.rate, found.asked.kind is Kind.ANSWERS
    facts: dict[str, Any] = {"part": rate.part, "n": rate.whole, "rate": percent.show(rate.percent)}
    facts["sample"] = rate.sample
    if rate.percent is None and answers:
        words = ngettext(
            "%(n)s answer counts, %(part)s late. From %(sample)s on there is a rate.",
            "%(n)s answers count, %(part)s late. From %(sample)s on there is a rate.",
            rate.whole,
        )
    elif rate.percent is None:
        words = ngettext(
            "%(n)s rating counts, %(part)s helpful. From %(sample)s on there is a CSAT.",
            "%(n)s ratings count, %(part)s helpful. From %(sample)s on there is a CSAT.",
            rate.whole,
        )
    elif answers:
        words = ngettext(
            "The late response rate is %(rate)s: %(part)s of %(n)s answer that counts was late.",
            "The late response rate is %(rate)s: %(part)s of %(n)s answers that count were late.",
            rate.whole,
        )
    else:
        words = ngettext(
            "CSAT is %(rate)s: %(part)s of %(n)s rating that counts was helpful.",
            "CSAT is %(rate)s: %(part)s of %(n)s ratings that count were helpful.",
            rate.whole,
        )
    rest = sum(number for verdict, number in found.numbers.items() if not verdict.counts) - len(found.running)
    others = ngettext("%(n)s more does not count.", "%(n)s more do not count.", rest) % {"n": rest}
    return f"{words % facts} {others}" if rest else words % facts


def still_running(found: Ledger) -> str:
    """How many answers are neither there nor late."""
    number = len(found.running)
    words = ngettext("%(n)s more can be answered in time.", "%(n)s more can be answered in time.", number)
    return words % {"n": number} if number else ""


def period_words(days: int) -> str:
    """A period that looks back."""
    return _("Today") if days == TODAY else ngettext("Last %(n)d day", "Last %(n)d days", days) % {"n": days}


def _periods(filters: Filters, policy: Policy) -> list[Choice]:
    offered = sorted({*CHOICES, policy.figures_days})
    chosen = None if filters.start else policy.figures_days if filters.days is None else filters.days
    return [Choice(str(days), period_words(days), days == chosen) for days in offered]


def _level(found: Ledger, policy: Policy) -> levels.Level:
    of_rate = levels.of_late if found.asked.kind is Kind.ANSWERS else levels.of_csat
    return of_rate(found.rate, policy)


def _ahead(found: Ledger, request: MerchantRequest, policy: Policy) -> list[Ahead]:
    now = request.actor.at
    if found.asked.kind is Kind.ANSWERS:
        late = outlook.of_late(found.waits, found.running, found.incidents, now, policy)
        return with_tickets(outlook_words.late(late, now), request.actor)
    return with_tickets(outlook_words.csat(outlook.of_csat(found.ratings, now, policy)), request.actor)


def _issues(filters: Filters) -> dict[str, str]:
    wanted = Issue.objects.filter(pk__in=filters.issue) if filters.issue else Issue.objects.none()
    return {issue.code: issue.label for issue in wanted}


# In files

COLUMNS = {
    Kind.ANSWERS: "ticket category issue verdict counts at started_at due_at ended_at why".split(),
    Kind.RATINGS: "ticket category issue verdict counts at helpful comment why".split(),
}


def _row(line: Line) -> dict[str, Any]:
    """A line as files have it: codes and exact moments of the reader's time zone."""
    judged, ticket = line.judged, line.ticket
    row: dict[str, Any] = {
        "ticket": ticket.public_id if ticket else "",
        "category": ticket.category if ticket else "",
        "issue": ticket.issue_id if ticket else "",
        "verdict": line.verdict,
        "counts": line.verdict.counts,
        "at": _iso(line.at),
        "why": line.why,
    }
    if isinstance(judged, JudgedRating):
        return row | {"helpful": judged.helpful, "comment": line.comment}
    ended_at = _iso(judged.ended_at) if judged.ended_at else None
    return row | {"started_at": _iso(judged.started_at), "due_at": _iso(judged.due_at), "ended_at": ended_at}


def _iso(at: datetime) -> str:
    return timezone.localtime(at).isoformat()


def _moment(said: str | None) -> datetime | None:
    try:
        at = parse_datetime(said or "")
        found = at.astimezone(UTC) if at and at.tzinfo else None
    except (ValueError, OverflowError):
        return None
    return found if found and 2000 <= found.year < 2100 else None
