"""What a rate means: normal, watch or severe. Exactly on a line is watch (M88-M95, D6)."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from marketdesk.performance.counting import Rate
from marketdesk.policy.defaults import Policy


class Level(TextChoices):
    """The three bands, from good to bad."""

    NORMAL = "normal", _("Normal")
    WATCH = "watch", _("Watch")
    SEVERE = "severe", _("Severe")


def of_late(rate: Rate, policy: Policy) -> Level:
    """The band of a late response rate. Too little to speak of a rate is normal."""
    percent = rate.percent
    if percent is None or percent < policy.late_normal:
        return Level.NORMAL
    return Level.SEVERE if percent > policy.late_severe else Level.WATCH


def of_csat(rate: Rate, policy: Policy) -> Level:
    """The band of a CSAT. Too little to speak of a rate is normal."""
    percent = rate.percent
    if percent is None or percent > policy.csat_normal:
        return Level.NORMAL
    return Level.SEVERE if percent < policy.csat_severe else Level.WATCH


def worst(*levels: Level) -> Level:
    """The worst of some bands."""
    return max(levels, key=list(Level).index)
