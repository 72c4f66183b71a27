"""The charts of times and tickets on the performance page, with the words of each day or week."""

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo

from babel.dates import format_interval, format_skeleton
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketdesk.dashboard.figure_columns import Row
from marketdesk.lib import languages
from marketdesk.performance.counting import Window
from marketdesk.performance.periods import By
from marketdesk.ui import charts
from marketdesk.ui.charts import Chart, Column, Limit
from marketdesk.ui.templatetags.marketdesk import took

# The last moment within a window that does not hold its end.
LAST = timedelta(microseconds=1)


def name(window: Window, by: By, zone: tzinfo) -> str:
    """A day, or the days of a week, as a table and a chart name it."""
    first, last = (moment.astimezone(zone) for moment in (window.start, window.end - LAST))
    locale = languages.babel_locale()
    if by == By.DAY or first.date() == last.date():
        return format_skeleton("MMMd", first, locale=locale)
    return str(format_interval(_bare(first), _bare(last), "MMMd", locale=locale))


def _bare(moment: datetime) -> datetime:
    """Without its zone: Babel would turn it back into UTC's days."""
    return moment.replace(tzinfo=None)


def times(rows: Sequence[Row], names: Sequence[str], urls: Sequence[str], hours: int) -> Chart:
    """How long an answer took: the median, with the hours in which it is due."""
    return charts.columns(
        [
            Column(name, _hours(row.numbers.answers.median), f"{name}: {_time_words(row)}", url=url)
            for row, name, url in zip(rows, names, urls, strict=True)
        ],
        lambda value: took(timedelta(hours=value)),
        limit=Limit(hours, _("Due after %(hours)s") % {"hours": took(timedelta(hours=hours))}, "danger", True),
        steps=(1, 2, 4, 6, 12, 24, 48),
    )


def tickets(rows: Sequence[Row], names: Sequence[str]) -> Chart:
    """How many tickets were opened."""
    return charts.columns(
        [
            Column(name, row.numbers.tickets, f"{name}: {_ticket_words(row.numbers.tickets)}")
            for row, name in zip(rows, names, strict=True)
        ],
        lambda value: number_format(round(value)),
    )


def _hours(taken: timedelta | None) -> float:
    return taken / timedelta(hours=1) if taken else 0


def _ticket_words(number: int) -> str:
    return ngettext("%(n)s ticket", "%(n)s tickets", number) % {"n": number_format(number)}


def _time_words(row: Row) -> str:
    taken = row.numbers.answers
    if taken.median is None:
        return _("no answer")
    words = ngettext("%(time)s, %(n)s answer", "%(time)s, %(n)s answers", taken.count)
    return words % {"time": took(taken.median), "n": taken.count}
