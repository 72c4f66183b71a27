"""What lies ahead, in the reader's words: what to do first, and when a rate passes a line."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
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
    """The late response rate: what brings it to a better level, else what is due next; and what makes it worse."""
    if ahead.better:
        yield Sentence(_better(ahead.better, now), ahead.better.level, ahead.better.due)
    if ahead.next and not (ahead.better and ahead.better.due) and ahead.next.answered.percent is not None:
        yield Sentence(_next(ahead.next, now), ahead.level, ahead.next.due)
    if ahead.worse:
        yield Sentence(_worse(ahead.worse), ahead.worse.level, ahead.worse.due)


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


def _better(turn: Turn, now: datetime) -> str:
    if turn.rate.percent is None:
        return _("%(when)s: too few answers count then to speak of a rate.") % _facts(turn)
    if not turn.due:
        words = _("%(when)s: your late response rate is %(rate)s, because older late answers no longer count then.")
        return words % _facts(turn)
    facts = {**_facts(turn), "span": span(turn.due[0].due_at - now)}
    if turn.at - turn.due[-1].due_at > timedelta(minutes=1):
        words = ngettext(
            "Answer this ticket within %(span)s. %(when)s: your late response rate is %(rate)s.",
            "Answer these %(n)d tickets in time, the first within %(span)s. "
            "%(when)s: your late response rate is %(rate)s.",
            len(turn.due),
        )
        return words % facts
    words = ngettext(
        "Answer this ticket within %(span)s, and your late response rate is %(rate)s.",
        "Answer these %(n)d tickets in time, the first within %(span)s, and your late response rate is %(rate)s.",
        len(turn.due),
    )
    return words % facts


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
    """A moment of the coming days by its weekday."""
    local = timezone.localtime(at)
    days = (local.date() - timezone.localdate()).days
    if not 1 < days < 7:
        return moment(at)
    names = {"weekday": date_format(local, "l"), "time": date_format(local, "TIME_FORMAT")}
    return _("%(weekday)s %(time)s") % names
