"""Each figure of the performance page once: what it is called, how it is found, how it reads on pages and in files."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from marketdesk.lib import percent
from marketdesk.performance.figures import Numbers
from marketdesk.performance.reading import Rates
from marketdesk.ui.templatetags.marketdesk import took

Value = int | Fraction | timedelta | None
# What stands in a file: a number, or nothing where there is none.
Plain = int | float | None


@dataclass(frozen=True)
class Row:
    """A stretch of time, and the rates by which the merchant was judged at its end."""

    numbers: Numbers
    judged: Rates


@dataclass(frozen=True)
class Column:
    """One figure. `name` is for files; `unit` says what its value is."""

    name: str
    words: Promise | str
    find: Callable[[Row], Value]
    unit: str = "count"

    def show(self, row: Row) -> str:
        """For people, `-` where there is none."""
        value = self.find(row)
        if value is None:
            return percent.UNKNOWN
        if isinstance(value, timedelta):
            return took(value)
        if isinstance(value, Fraction):
            return percent.show(value) if self.unit == "percent" else percent.for_a_hundred(value)
        return number_format(value, use_l10n=True)

    def plain(self, row: Row) -> Plain:
        """The same number for programs: a rate with the places that people see, a length of time in seconds."""
        value = self.find(row)
        if isinstance(value, timedelta):
            return int(value.total_seconds())
        return float(percent.rounded(value)) if isinstance(value, Fraction) else value

    def cell(self, row: Row, decimal: str) -> str:
        """The same number for a spreadsheet, with the reader's decimal sign; a length of time in hours."""
        value = self.find(row)
        if isinstance(value, timedelta):
            minutes, seconds = divmod(int(value.total_seconds()), 60)
            return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
        if isinstance(value, Fraction):
            return str(percent.rounded(value)).replace(".", decimal)
        return "" if value is None else str(value)

    @property
    def key(self) -> str:
        """Its name in a file, with the unit where it is not a count."""
        return self.name + {"percent": "_percent", "length": "_seconds"}.get(self.unit, "")


@dataclass(frozen=True)
class Group:
    """Figures that are shown together, with a chart and a table of their own."""

    name: str
    words: Promise | str
    columns: tuple[Column, ...]


GROUPS = (
    Group(
        "late",
        _("Late response rate"),
        (
            Column("answers", _("Answers"), lambda row: row.numbers.late.whole),
            Column("late", _("Late"), lambda row: row.numbers.late.part),
            Column("late_rate", _("Late response rate"), lambda row: row.numbers.late.percent, "percent"),
            Column("judged_late_rate", _("As judged"), lambda row: row.judged.late.percent, "percent"),
        ),
    ),
    Group(
        "csat",
        _("Customer satisfaction (CSAT)"),
        (
            Column("ratings", _("Ratings"), lambda row: row.numbers.csat.whole),
            Column("helpful", _("Helpful"), lambda row: row.numbers.csat.part),
            Column("csat", _("CSAT"), lambda row: row.numbers.csat.percent, "percent"),
            Column("judged_csat", _("As judged"), lambda row: row.judged.csat.percent, "percent"),
        ),
    ),
    Group(
        "times",
        _("Time to answer"),
        (
            Column("answer_average", _("Average"), lambda row: row.numbers.answers.average, "length"),
            Column("answer_median", _("Median"), lambda row: row.numbers.answers.median, "length"),
            Column("first_average", _("First answer"), lambda row: row.numbers.first_answers.average, "length"),
            Column("first_median", _("First, median"), lambda row: row.numbers.first_answers.median, "length"),
        ),
    ),
    Group(
        "tickets",
        _("Tickets"),
        (
            Column("tickets", _("Tickets"), lambda row: row.numbers.tickets),
            Column("reopened_rate", _("Re-open rate"), lambda row: row.numbers.reopened.percent, "percent"),
            Column("refund_rate", _("Refund rate"), lambda row: row.numbers.refunded.percent, "percent"),
            Column("per_100_orders", _("Tickets per 100 orders"), lambda row: row.numbers.per_orders.percent, "number"),
        ),
    ),
)
COLUMNS = tuple(column for group in GROUPS for column in group.columns)


def headings() -> list[str]:
    """What the columns are called in a file, where they stand without their groups: no two alike."""
    named = [(str(group.words), str(column.words)) for group in GROUPS for column in group.columns]
    return [words if words == group else f"{group}: {words}" for group, words in named]
