"""What the figures come to, in sentences: how each rate stands, and how far it is from normal (M87-M95, D6)."""

from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketdesk.lib import percent
from marketdesk.performance import levels
from marketdesk.performance.counting import Rate
from marketdesk.performance.levels import Level
from marketdesk.policy.defaults import Policy


@dataclass(frozen=True)
class Said:
    """A rate as it stands: the number, what it is made of, and what it means."""

    level: Level
    shown: str
    made_of: str
    sentence: str
    has_rate: bool


def of_late(rate: Rate, policy: Policy) -> Said:
    """The late response rate."""
    level = levels.of_late(rate, policy)
    numbers = {"part": rate.part, "whole": rate.whole, "days": policy.figures_days}
    made_of = _("%(part)s of %(whole)s answers were late, in the last %(days)s days") % numbers
    return Said(level, percent.show(rate.percent), made_of, _late(rate, level, policy), rate.percent is not None)


def of_csat(rate: Rate, policy: Policy) -> Said:
    """Customer satisfaction."""
    level = levels.of_csat(rate, policy)
    numbers = {"part": rate.part, "whole": rate.whole, "days": policy.figures_days}
    made_of = _("%(part)s of %(whole)s ratings were helpful, in the last %(days)s days") % numbers
    return Said(level, percent.show(rate.percent), made_of, _csat(rate, level, policy), rate.percent is not None)


def _late(rate: Rate, level: Level, policy: Policy) -> str:
    if rate.percent is None:
        return _no_late_rate(rate.whole) % _missing(rate, policy)
    shown = {"rate": percent.show(rate.percent), "line": percent.show(Fraction(policy.late_normal))}
    if level == Level.NORMAL:
        return _("Your late response rate is %(rate)s: normal, because it is below %(line)s.") % shown
    too_many = rate.part - most_below(policy.late_normal, rate.whole)
    words = ngettext(
        "Your late response rate is %(rate)s. That is one late answer more than normal allows.",
        "Your late response rate is %(rate)s. That is %(n)s late answers more than normal allows.",
        too_many,
    )
    if level == Level.SEVERE:
        severe = _("Above %(line)s it is severe.") % {"line": percent.show(Fraction(policy.late_severe))}
        return f"{words % (shown | {'n': too_many})} {severe}"
    return words % (shown | {"n": too_many})


def _csat(rate: Rate, level: Level, policy: Policy) -> str:
    if rate.percent is None:
        words = _no_csat(rate.whole)
        return words % _missing(rate, policy)
    shown = {"rate": percent.show(rate.percent), "line": percent.show(Fraction(policy.csat_normal))}
    if level == Level.NORMAL:
        return _("Your CSAT is %(rate)s: normal, because it is above %(line)s.") % shown
    too_many = rate.whole - rate.part - most_below(100 - policy.csat_normal, rate.whole)
    words = ngettext(
        "Your CSAT is %(rate)s. That is one “did not help” more than normal allows.",
        "Your CSAT is %(rate)s. That is %(n)s times “did not help” more than normal allows.",
        too_many,
    )
    if level == Level.SEVERE:
        severe = _("Below %(line)s it is severe.") % {"line": percent.show(Fraction(policy.csat_severe))}
        return f"{words % (shown | {'n': too_many})} {severe}"
    return words % (shown | {"n": too_many})


def most_below(line: int, whole: int) -> int:
    """The most of so many that are still less than so many percent of them; -1 where even none is too many."""
    return -(-line * whole // 100) - 1


def _no_late_rate(answers: int) -> str:
    return ngettext(
        "There is no late response rate: %(n)s answer counts in %(days)s days, and it takes %(sample)s.",
        "There is no late response rate: %(n)s answers count in %(days)s days, and it takes %(sample)s.",
        answers,
    )


def _no_csat(ratings: int) -> str:
    return ngettext(
        "There is no CSAT: %(n)s rating counts in %(days)s days, and it takes %(sample)s.",
        "There is no CSAT: %(n)s ratings count in %(days)s days, and it takes %(sample)s.",
        ratings,
    )


def _missing(rate: Rate, policy: Policy) -> dict[str, int]:
    return {"n": rate.whole, "sample": policy.figures_sample, "days": policy.figures_days}
