"""The periods that figures are shown for, and the days or weeks into which they are cut. Pure."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from marketdesk.performance.counting import Window

TODAY = 0
# How many days a period looks back; today begins at midnight.
CHOICES = (TODAY, 7, 30, 90)


class By(TextChoices):
    """What stands beside each other in a chart or table."""

    DAY = "day", _("By day")
    WEEK = "week", _("By week")


@dataclass(frozen=True)
class Period:
    """So many times 24 hours up to now, as judgements look back too, by day or by week; or today."""

    days: int = 30
    by: By = By.DAY

    def window(self, now: datetime, zone: tzinfo) -> Window:
        """From when until when, in UTC; now itself does not belong to it."""
        now = now.astimezone(UTC)
        if self.days == TODAY:
            return Window(beginning_of(now.astimezone(zone).date(), zone), now)
        return Window.before(now, self.days)

    def slices(self, now: datetime, zone: tzinfo) -> list[Window]:
        """The days, or the weeks from Monday, of somebody's clock. The first and the last may be cut off, a day with a
        change of the clock has 23 or 25 hours; together they are the window, and nothing is in two of them."""
        window = self.window(now, zone)
        edges = [window.start, *self._midnights(window, zone), window.end]
        return [Window(start, end) for start, end in pairwise(edges)]

    def _midnights(self, window: Window, zone: tzinfo) -> list[datetime]:
        """Where a day or a week begins within a window."""
        first, last = (moment.astimezone(zone).date() for moment in (window.start, window.end))
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        begins = (beginning_of(day, zone) for day in days if self.by == By.DAY or day.weekday() == 0)
        return [moment for moment in begins if window.start < moment < window.end]


def beginning_of(day: date, zone: tzinfo) -> datetime:
    """The first moment of a day, in UTC. Where midnight is left out it is the moment after the gap, and where it comes
    twice, the first: that is what `fold=0` means."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)
