"""Performance > Customer Service Performance (M85-M96): the figures as sentences, numbers, charts and tables, and the
same numbers as files."""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlencode

from babel.numbers import get_decimal_symbol
from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_GET

from marketdesk.dashboard import figure_charts, figure_words, outlook
from marketdesk.dashboard.entrance import MerchantRequest, merchants_only
from marketdesk.dashboard.figure_columns import COLUMNS, GROUPS, Column, Group, Row, headings
from marketdesk.dashboard.ledger import address_of, period_words
from marketdesk.dashboard.page import badge, render
from marketdesk.lib import languages, spreadsheet
from marketdesk.lib.replica import for_reports
from marketdesk.performance import figures, periods, rate_charts
from marketdesk.performance.figures import Figures
from marketdesk.performance.ledger import Kind
from marketdesk.performance.periods import By, Period
from marketdesk.performance.rate_charts import Step
from marketdesk.policy import promises
from marketdesk.policy.defaults import Policy
from marketdesk.tickets.models import Issue
from marketdesk.ui import charts
from marketdesk.ui.charts import Chart


@dataclass(frozen=True)
class Choice:
    """A period, or a way to cut it, and the page that shows it."""

    words: str
    url: str
    on: bool


@dataclass(frozen=True)
class TableRow:
    """A day or week of a table; `url` is the ledger of it, empty where there is none."""

    name: str
    cells: list[str]
    url: str


@dataclass(frozen=True)
class Panel:
    """A group of figures: those of the whole period, drawn over time, and as a table."""

    group: Group
    whole: list[tuple[Column, str]]
    url: str
    chart: Chart | None
    rows: list[TableRow]


@dataclass(frozen=True)
class IssueRow:
    """How many tickets were about one issue, with its share of the most frequent as a bar."""

    issue: str
    tickets: int
    bar: str
    url: str


@dataclass(frozen=True)
class Shown:
    """What the address asks for, and the figures of it."""

    period: Period
    zone: tzinfo
    figures: Figures
    policy: Policy

    @classmethod
    def of(cls, request: MerchantRequest) -> "Shown":
        """From the address; what makes no sense is passed over."""
        days = next((one for one in periods.CHOICES if str(one) == request.GET.get("days")), Period().days)
        by = By.WEEK if request.GET.get("by") == By.WEEK else By.DAY
        period, zone = Period(days, by), timezone.get_current_timezone()
        found = figures.figures(request.merchant.pk, period, request.actor.at, zone)
        return cls(period, zone, found, promises.current())

    @property
    def rows(self) -> list[Row]:
        """The days or weeks."""
        return [Row(*both) for both in zip(self.figures.slices, self.figures.judged, strict=True)]

    @property
    def whole(self) -> Row:
        """The period as a whole."""
        return Row(self.figures.whole, self.figures.judged[-1])

    @property
    def query(self) -> str:
        return query(self.period.days, self.period.by)


@merchants_only
@require_GET
def show(request: MerchantRequest) -> HttpResponse:
    """The page: how the two rates stand and what to do first; then everything else."""
    if request.merchant.is_sandbox:
        return render(request, "dashboard/performance_of_sandbox.html", {})
    shown = Shown.of(request)
    late, csat, times, tickets = panels(shown)
    context = {
        "late": late,
        "csat": csat,
        "times": times,
        "tickets": tickets,
        "late_said": figure_words.of_late(shown.whole.judged.late, shown.policy),
        "csat_said": figure_words.of_csat(shown.whole.judged.csat, shown.policy),
        "standing": badge(shown.whole.judged.level(shown.policy)),
        "ahead": outlook.ahead(shown.figures.known, request.actor, shown.policy),
        "judged_days": shown.policy.figures_days,
        "is_judged": shown.period.days == shown.policy.figures_days,
        "period": period_words(shown.period.days),
        "periods": [
            Choice(period_words(days), query(days, shown.period.by), days == shown.period.days)
            for days in periods.CHOICES
        ],
        "cuts": [Choice(str(by.label), query(shown.period.days, by), by == shown.period.by) for by in By],
        "has_cuts": shown.period.days > 7,
        "volume": volume(shown),
        "volume_file": f"{reverse('dashboard:performance-volume')}?{shown.query}",
        "files": [
            (name, f"{reverse(f'dashboard:performance-{name.lower()}')}?{shown.query}") for name in ("CSV", "JSON")
        ],
    }
    return render(request, "dashboard/performance.html", context)


@merchants_only
@require_GET
@for_reports
def as_csv(request: MerchantRequest) -> HttpResponse:
    """The tables for a spreadsheet, as those of the reader's language read numbers."""
    shown = Shown.of(request)
    decimal = get_decimal_symbol(languages.babel_locale())
    lines = [[pgettext("a time", "From"), _("Until"), *headings()]]
    for row in [*shown.rows, shown.whole]:
        window = row.numbers.window
        cells = [column.cell(row, decimal) for column in COLUMNS]
        lines.append([_bare(window.start, shown.zone), _bare(window.end, shown.zone), *cells])
    return _sheet(lines, "performance.csv")


@merchants_only
@require_GET
@for_reports
def volume_as_csv(request: MerchantRequest) -> HttpResponse:
    """What the tickets were about, for a spreadsheet."""
    shown, names = Shown.of(request), issue_names()
    lines = [[_("Category"), _("Issue Type"), _("Tickets")]]
    for one in shown.figures.volume:
        lines.append([str(one.category.label), names.get(one.issue, one.issue), str(one.tickets)])
    return _sheet(lines, "tickets.csv")


@merchants_only
@require_GET
@for_reports
def as_json(request: MerchantRequest) -> HttpResponse:
    """The same for a program."""
    shown = Shown.of(request)
    names = issue_names()
    told = {
        "store": request.merchant.public_id,
        "days": shown.period.days,
        "by": shown.period.by,
        "time_zone": str(shown.zone),
        "level": shown.whole.judged.level(shown.policy),
        "whole": _fields(shown.whole, shown.zone),
        "slices": [_fields(row, shown.zone) for row in shown.rows],
        "volume": [
            {
                "category": one.category,
                "issue": one.issue,
                "name": names.get(one.issue, one.issue),
                "tickets": one.tickets,
            }
            for one in shown.figures.volume
        ],
    }
    return JsonResponse(told)


def query(days: int, by: By) -> str:
    """A period as the address carries it."""
    return urlencode({"days": days, "by": by.value})


def panels(shown: Shown) -> list[Panel]:
    """The four groups of figures, each with its chart where there is a course of time to draw."""
    rows, windows = shown.rows, [row.numbers.window for row in shown.rows]
    names = [figure_charts.name(window, shown.period.by, shown.zone) for window in windows]
    answers = [address_of(Kind.ANSWERS, window=window) for window in windows]
    ratings = [address_of(Kind.RATINGS, window=window) for window in windows]
    none = [""] * len(rows)
    days, policy = shown.period.days, shown.policy
    steps = [Step(*one) for one in zip(names, shown.figures.judged, answers, ratings, strict=True)]
    drawn: list[tuple[Chart, str, list[str]]] = [
        (rate_charts.late(steps, policy), address_of(Kind.ANSWERS, days=days), answers),
        (rate_charts.csat(steps, policy), address_of(Kind.RATINGS, days=days), ratings),
        (figure_charts.times(rows, names, answers, policy.reply_hours), "", answers),
        (figure_charts.tickets(rows, names), "", none),
    ]
    return [
        Panel(
            group,
            [(column, column.show(shown.whole)) for column in group.columns],
            url,
            chart if len(rows) > 1 else None,
            [
                TableRow(name, [column.show(row) for column in group.columns], slice_url)
                for name, row, slice_url in zip(names, rows, urls, strict=True)
            ],
        )
        for group, (chart, url, urls) in zip(GROUPS, drawn, strict=True)
    ]


def volume(shown: Shown) -> list[tuple[str, int, list[IssueRow]]]:
    """The issues of the period's tickets, by category in the order of the menu."""
    names, most = issue_names(), max((one.tickets for one in shown.figures.volume), default=0)
    found: dict[str, list[IssueRow]] = {}
    for one in shown.figures.volume:
        url = address_of(Kind.ANSWERS, days=shown.period.days, issue=(one.issue,))
        row = IssueRow(names.get(one.issue, one.issue), one.tickets, charts.share(one.tickets, most), url)
        found.setdefault(str(one.category.label), []).append(row)
    return [(category, sum(row.tickets for row in rows), rows) for category, rows in found.items()]


def issue_names() -> dict[str, str]:
    """What the issues are called; there are few."""
    return {issue.code: issue.label for issue in Issue.objects.all()}


def _sheet(lines: list[list[str]], name: str) -> HttpResponse:
    """A file as the spreadsheets of the reader's language divide columns."""
    delimiter = ";" if get_decimal_symbol(languages.babel_locale()) == "," else ","
    response = HttpResponse(spreadsheet.of(lines, delimiter=delimiter), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _fields(row: Row, zone: tzinfo) -> dict[str, Any]:
    window = row.numbers.window
    whens = {"start": window.start.astimezone(zone).isoformat(), "end": window.end.astimezone(zone).isoformat()}
    return whens | {column.key: column.plain(row) for column in COLUMNS}


def _bare(at: datetime, zone: tzinfo) -> str:
    """A moment of the reader's clock, as every spreadsheet knows moments."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
