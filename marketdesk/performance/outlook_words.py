"""What lies ahead, in the reader's words: what to do first, and when a rate passes a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketdesk.lib import percent
from marketdesk.performance.levels import Level
from marketdesk.performance.outlook import CsatAhead, LateAhead, Next, Turn
from marketdesk.performance.reading import JudgedWait
from marketdesk.ui.templatetags.marketdesk import moment, span


@dataclass(frozen=True)
class Sentence:
    """One thing that is known; `level` is where it leads, `due` are the waits that it is about."""

    words: str
    level: Level
    due: tuple[JudgedWait, ...] = ()


def late(ahead: LateAhead, now: datetime) -> Iterator[Sentence]:
    """The late response rate: what to answer first, and what that brings; then what time does by itself."""
    better, worse = ahead.better, ahead.worse
    if better and better.is_done:
        yield Sentence(_answer(better, now), better.level, better.due)
    elif ahead.next and ahead.next.answered.percent is not None:
        yield Sentence(_next(ahead.next, now), ahead.level, ahead.next.due)
    if worse:
        yield Sentence(_worse(worse), worse.level, worse.due)
    if better and not better.is_done:
        yield Sentence(_leaving(better), better.level)


def csat(ahead: CsatAhead) -> Iterator[Sentence]:
    """CSAT: what more ratings would bring, and what time does."""
    if ahead.helpful:
        words = ngettext(
            "With %(n)d more helpful rating your CSAT is %(rate)s.",
            "With %(n)d more helpful ratings your CSAT is %(rate)s.",
            ahead.helpful.number,
        )
        facts = {"n": ahead.helpful.number, "rate": percent.show(ahead.helpful.rate.percent)}
        yield Sentence(words % facts, ahead.helpful.level)
    for turn in (ahead.better, ahead.worse):
        if turn is None:
            continue
        words = _("%(when)s: your CSAT is %(rate)s, because older ratings no longer count then.")
        if turn.rate.percent is None:
            words = _("%(when)s: too few ratings count then to speak of a CSAT.")
        yield Sentence(words % _facts(turn), turn.level)


def _answer(turn: Turn, now: datetime) -> str:
    words = ngettext(
        "Answer this ticket within %(span)s, and your late response rate is %(rate)s.",
        "Answer these %(n)d tickets in time, the first within %(span)s, and your late response rate is %(rate)s.",
        len(turn.due),
    )
    return words % {**_facts(turn), "span": span(turn.due[0].due_at - now)}


def _leaving(turn: Turn) -> str:
    if turn.rate.percent is None:
        words = _("%(when)s: too few answers count then to speak of a rate.")
    elif turn.due:
        words = _(
            "%(when)s: your late response rate is %(rate)s if you answer in time until then, because older late "
            "answers no longer count."
        )
    else:
        words = _("%(when)s: your late response rate is %(rate)s, because older late answers no longer count then.")
    return words % _facts(turn)


def _next(due: Next, now: datetime) -> str:
    facts = {
        "n": len(due.due),
        "span": span(due.due[0].due_at - now),
        "rate": percent.show(due.answered.percent),
        "missed": percent.show(due.missed.percent),
    }
    words = ngettext(
        "Answer this ticket within %(span)s, and your late response rate is %(rate)s. Otherwise it is %(missed)s.",
        "Answer these %(n)d tickets in time, the first within %(span)s, and your late response rate is %(rate)s. "
        "Otherwise it is %(missed)s.",
        len(due.due),
    )
    return words % facts


def _worse(turn: Turn) -> str:
    if not turn.due:
        words = _(
            "%(when)s: your late response rate is %(rate)s unless you answer more tickets in time until then, because "
            "older answers no longer count then."
        )
        return words % _facts(turn)
    words = ngettext(
        "%(when)s: your late response rate is %(rate)s if this ticket has no answer in time.",
        "%(when)s: your late response rate is %(rate)s if these %(n)d tickets have no answer in time.",
        len(turn.due),
    )
    return words % _facts(turn)


def _facts(turn: Turn) -> dict[str, object]:
    return {"when": _when(turn.at), "rate": percent.show(turn.rate.percent), "n": len(turn.due)}


def _when(at: datetime) -> str:
    """A moment at the beginning of a sentence; one of the coming days by its weekday."""
    local = timezone.localtime(at)
    days = (local.date() - timezone.localdate()).days
    if not 1 < days < 7:
        return str(capfirst(moment(at)))
    names = {"weekday": date_format(local, "l"), "time": date_format(local, "TIME_FORMAT")}
    return str(capfirst(_("%(weekday)s %(time)s") % names))
