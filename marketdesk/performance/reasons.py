"""Why a wait or a rating counts as it does, in the reader's words: ledger and statements say the same."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketdesk.lib.languages import isolated
from marketdesk.people.party import Party
from marketdesk.performance import counting
from marketdesk.performance.counting import Verdict, Window
from marketdesk.performance.models import Incident
from marketdesk.performance.reading import JudgedRating, JudgedWait
from marketdesk.policy.defaults import Policy
from marketdesk.tickets.rules import Verb
from marketdesk.ui.templatetags.marketdesk import moment, span

Judged = JudgedWait | JudgedRating


def why(one: Judged, now: datetime, incidents: Sequence[Incident], policy: Policy) -> str:
    """What happened, and what follows from it. `incidents` are those of the merchant."""
    if one.verdict is Verdict.OUTSIDE:
        judged = replace(one, verdict=inside(one, now, incidents))
        outside = _("It lies outside the time that is counted here.")
        return f"{why(judged, now, incidents, policy)} {outside}"
    if isinstance(one, JudgedRating):
        return _why_rating(one, policy)
    match one.verdict:
        case Verdict.RUNNING:
            return _("Not answered yet: %(span)s left.") % {"span": span(one.due_at - now)}
        case Verdict.IN_TIME:
            return _in_time(one)
        case Verdict.PLATFORM:
            return _ended_by_others(one, policy)
        case Verdict.CONTEST:
            return f"{_late(one, now, policy)} {_granted()}"
        case Verdict.INCIDENT:
            return f"{_late(one, now, policy)} {_incident(one, incidents)}"
    return _late(one, now, policy)


def inside(one: Judged, now: datetime, incidents: Sequence[Incident]) -> Verdict:
    """Its verdict in a window of its own, for what lies outside the one that was asked for."""
    if isinstance(one, JudgedWait):
        return counting.of_wait(one, Window(counting.counts_at(one), now), incidents)
    return counting.of_ratings([(one.customer_id, one)], Window(one.at, now), 1)[0]


def _in_time(wait: JudgedWait) -> str:
    """What the merchant did in time (D3)."""
    early = {"span": span(wait.due_at - (wait.ended_at or wait.due_at))}
    match wait.ended_how:
        case Verb.REFUND:
            return _("Refunded %(span)s before it was due.") % early
        case Verb.APPEAL:
            return _("Appealed to support %(span)s before it was due.") % early
        case Verb.CLOSE:
            return _("Closed %(span)s before it was due.") % early
    return _("Answered %(span)s before it was due.") % early


def _late(wait: JudgedWait, now: datetime, policy: Policy) -> str:
    """What became of a wait whose time ran out."""
    if wait.ended_at is None:
        return _("Not answered: overdue by %(span)s.") % {"span": span(now - wait.due_at)}
    facts = {"span": span(wait.ended_at - wait.due_at), "platform": isolated(policy.platform_name)}
    match wait.ended_by, wait.ended_how:
        case Party.MERCHANT, Verb.REFUND:
            return _("Refunded %(span)s after it was due.") % facts
        case Party.MERCHANT, Verb.APPEAL:
            return _("Appealed to support %(span)s after it was due.") % facts
        case Party.MERCHANT, Verb.CLOSE:
            return _("Closed %(span)s after it was due.") % facts
        case Party.MERCHANT, _how:
            return _("Answered %(span)s after it was due.") % facts
        case Party.CUSTOMER, _how:
            return _("Not answered: the customer closed it %(span)s after it was due.") % facts
    return _("Not answered: %(platform)s Support took it on %(span)s after it was due.") % facts


def _ended_by_others(wait: JudgedWait, policy: Policy) -> str:
    """Who ended it in time, but for the merchant (D3)."""
    if wait.ended_by == Party.CUSTOMER:
        return _("The customer closed it before it was due.")
    return _("%(platform)s Support took it on before it was due.") % {"platform": isolated(policy.platform_name)}


def _incident(wait: JudgedWait, incidents: Sequence[Incident]) -> str:
    incident = next(one for one in incidents if counting.touches(one, wait))
    facts = {"words": isolated(incident.words), "from": moment(incident.starts_at), "to": moment(incident.ends_at)}
    if incident.ends_at is None:
        return _("Incident since %(from)s: %(words)s") % facts
    return _("Incident from %(from)s to %(to)s: %(words)s") % facts


def _granted() -> str:
    return _("This was contested, and granted.")


def _why_rating(rating: JudgedRating, policy: Policy) -> str:
    said = _("The customer found it helpful.") if rating.helpful else _("The customer did not find it helpful.")
    if rating.verdict is Verdict.CONTEST:
        return f"{said} {_granted()}"
    if rating.verdict is Verdict.SAME_CUSTOMER:
        most = policy.customer_ratings
        more = ngettext(
            "Of one customer only the first rating counts.",
            "Of one customer only the first %(n)d ratings count.",
            most,
        )
        return f"{said} {more % {'n': most}}"
    return said
