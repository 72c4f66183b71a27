"""The overview: how merchants stand, what is due soon and how customers are served; the same numbers as files."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_skeleton
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from marketdesk.lib import countries, languages
from marketdesk.lib.replica import for_reports
from marketdesk.performance import overview, rate_charts
from marketdesk.performance.levels import Level
from marketdesk.performance.overview import GroupRow, Overview
from marketdesk.performance.rate_charts import Step
from marketdesk.performance.reading import Rates
from marketdesk.policy import promises
from marketdesk.support import overview_files
from marketdesk.support.entrance import AgentRequest, agents_only
from marketdesk.tickets.rules import Category
from marketdesk.ui import charts
from marketdesk.ui.charts import Chart, Column

# Rows of each table on the page; the files hold all.
SHOWN = 10


@dataclass(frozen=True)
class Line:
    """A country, category or language in its table, its share of the most frequent as a bar."""

    name: str
    tickets: int
    bar: str
    rates: Rates


@dataclass(frozen=True)
class Table:
    """Customers divided by something; the rest of it is in the file."""

    heading: str
    lines: list[Line]
    more: int
    file: str


@require_safe
@agents_only
@for_reports
def show(request: AgentRequest) -> HttpResponse:
    """The page: who needs somebody first, then how everybody is served."""
    found = _found(request)
    days = found.days
    context = {
        "overview": found,
        "sentences": sentences(found),
        "moves": found.moves[:SHOWN],
        "risks": found.at_risk[:SHOWN],
        "risky_waits": sum(one.waits for one in found.at_risk),
        "hours": int(overview.RISK.total_seconds() // 3600),
        "whole": found.whole.rates(found.policy.figures_sample),
        "late_chart": rate_charts.late(_steps(found), found.policy),
        "csat_chart": rate_charts.csat(_steps(found), found.policy),
        "ticket_chart": _tickets(found),
        "tables": [
            _table(found, _("Countries"), "country", "countries", countries.name),
            _table(found, _("Categories"), "category", "categories", lambda code: str(Category(code).label)),
            _table(found, _("Languages"), "language", "languages", languages.own_name),
        ],
        "periods": [(period_words(one), one, one == days.number) for one in overview.CHOICES],
        "counted": period_of(days.first, days.last),
    }
    return render(request, "support/overview.html", context)


@require_safe
@agents_only
@for_reports
def as_csv(request: AgentRequest, table: str) -> HttpResponse:
    """One table for a spreadsheet, whole."""
    if table not in overview_files.TABLES:
        raise Http404
    response = HttpResponse(overview_files.csv_of(table, _found(request)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="overview-{table}.csv"'
    return response


@require_safe
@agents_only
@for_reports
def as_json(request: AgentRequest) -> HttpResponse:
    """Everything for a program."""
    return JsonResponse(overview_files.json_of(_found(request)))


def sentences(found: Overview) -> list[str]:
    """What to look at first, in words."""
    severe, due = found.standings[Level.SEVERE], sum(one.waits for one in found.at_risk)
    said = [
        ngettext("%(n)s merchant is severe.", "%(n)s merchants are severe.", severe) % {"n": severe}
        if severe
        else _("No merchant is severe.")
    ]
    if due:
        words = ngettext("%(n)s answer is due within 12 hours.", "%(n)s answers are due within 12 hours.", due)
        said.append(words % {"n": due})
    if found.to_decide:
        words = ngettext(
            "%(n)s contest or sanction waits for a decision.",
            "%(n)s contests and sanctions wait for a decision.",
            found.to_decide,
        )
        said.append(words % {"n": found.to_decide})
    return said


def period_words(days: int) -> str:
    """A period that looks back."""
    return ngettext("Last %(n)d day", "Last %(n)d days", days) % {"n": days}


def period_of(first: date, last: date) -> str:
    """Which days were counted."""
    return _("Whole UTC days, %(first)s to %(last)s") % {"first": day_words(first), "last": day_words(last)}


def day_words(day: date) -> str:
    """A day, as charts and sentences name it."""
    return format_skeleton("MMMd", day, locale=languages.babel_locale())


def _found(request: AgentRequest) -> Overview:
    """What the address asks for; what makes no sense is passed over."""
    days = next((one for one in overview.CHOICES if str(one) == request.GET.get("days")), 30)
    return Overview(request.actor, days, promises.current())


def _steps(found: Overview) -> list[Step]:
    return [Step(day_words(day), sums.rates(found.policy.figures_sample)) for day, sums in found.course]


def _tickets(found: Overview) -> Chart:
    columns = []
    for day, sums in found.course:
        said = ngettext("%(n)s ticket", "%(n)s tickets", sums.opened) % {"n": sums.opened}
        columns.append(Column(day_words(day), sums.opened, f"{day_words(day)}: {said}"))
    return charts.columns(columns, str)


def _table(found: Overview, heading: str, name: str, file: str, named: Callable[[str], str]) -> Table:
    rows = found.groups[name]
    most = max((row.sums.opened for row in rows), default=0)
    lines = [_line(row, most, named(row.code) if row.code else _("Unknown"), found) for row in rows]
    return Table(heading, lines[:SHOWN], len(lines[SHOWN:]), file)


def _line(row: GroupRow, most: int, name: str, found: Overview) -> Line:
    rates: Any = row.sums.rates(found.policy.figures_sample)
    return Line(name, row.sums.opened, charts.share(row.sums.opened, most), rates)
