"""The two rates over time, between the lines of D6."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import gettext as _

from marketdesk.lib import percent
from marketdesk.performance.counting import Rate
from marketdesk.performance.reading import Rates
from marketdesk.policy.defaults import Policy
from marketdesk.ui import charts
from marketdesk.ui.charts import Chart, Limit, Point


@dataclass(frozen=True)
class Step:
    """A day or a week, as charts name it, with its rates, and where each of them leads."""

    name: str
    rates: Rates
    late_url: str = ""
    csat_url: str = ""


def late(steps: Sequence[Step], policy: Policy) -> Chart:
    """The late response rate: good is low."""
    limits = [
        Limit(policy.late_normal, _("Normal below %(percent)s") % _line(policy.late_normal), "good", zone_above=False),
        Limit(policy.late_severe, _("Severe above %(percent)s") % _line(policy.late_severe), "danger", zone_above=True),
    ]
    said = _("%(rate)s, %(part)s of %(whole)s late")
    return charts.rates([_point(one.name, one.rates.late, said, one.late_url) for one in steps], limits, percent.show)


def csat(steps: Sequence[Step], policy: Policy) -> Chart:
    """CSAT: good is high."""
    limits = [
        Limit(policy.csat_normal, _("Normal above %(percent)s") % _line(policy.csat_normal), "good", zone_above=True),
        Limit(
            policy.csat_severe, _("Severe below %(percent)s") % _line(policy.csat_severe), "danger", zone_above=False
        ),
    ]
    said = _("%(rate)s, %(part)s of %(whole)s helpful")
    return charts.rates(
        [_point(one.name, one.rates.csat, said, one.csat_url) for one in steps], limits, percent.show, falls=True
    )


def _point(name: str, rate: Rate, words: str, url: str) -> Point:
    numbers = {"rate": percent.show(rate.percent), "part": rate.part, "whole": rate.whole}
    return Point(name, rate.percent, f"{name}: {words % numbers}", url)


def _line(value: int) -> dict[str, str]:
    return {"percent": percent.show(Fraction(value))}
