"""Whose turn it is on a ticket, and until when, said to its customer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from marketdesk.lib.languages import isolated
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.storefront.answering import by_when
from marketdesk.tickets import clock
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State
from marketdesk.ui.templatetags.marketdesk import day


@dataclass(frozen=True)
class Turn:
    """`kind` colours the panel (yours, late, done or nothing); the words say it too."""

    kind: str
    title: str
    words: str = ""


def turn(ticket: Ticket, now: datetime) -> Turn:
    """The panel of a ticket's page, and by its title the ticket's line in the list."""
    match ticket.state:
        case State.WITH_MERCHANT:
            return _with_merchant(ticket, now)
        case State.WITH_SUPPORT:
            return _with_support(ticket, now)
        case State.WITH_CUSTOMER:
            return _with_customer(ticket)
    return Turn("done", _ending(ticket), _what_now(ticket, now))


def _names(ticket: Ticket) -> dict[str, str]:
    names = {"merchant": ticket.merchant.name, "platform": promises.current().platform_name}
    return {key: isolated(name) for key, name in names.items()}


def _with_merchant(ticket: Ticket, now: datetime) -> Turn:
    names = _names(ticket) | {"moment": by_when(ticket.due_at) if ticket.due_at else ""}
    if ticket.is_overdue(now):
        words = _("Their answer was due %(moment)s. Your question stays open, and nothing you wrote is lost.") % names
        return Turn("late", _("%(merchant)s is late") % names, words)
    words = _("They answer by %(moment)s.") % names
    if ticket.is_purchase and promises.current().takeover == "automatic":
        words = _("They answer by %(moment)s. If they do not, %(platform)s Support takes over.") % names
    return Turn("", _("%(merchant)s answers next") % names, words)


def _with_support(ticket: Ticket, now: datetime) -> Turn:
    due = clock.due_at(ticket.turned_at, promises.current().platform_reply_hours)
    names = _names(ticket) | {"moment": by_when(due)}
    title = _("%(platform)s Support answers next") % names
    if clock.is_late(due, now):
        return Turn(
            "late", title, _("We meant to answer by %(moment)s and are late. Your question stays open.") % names
        )
    if ticket.shared:
        return Turn("", title, _("%(platform)s Support takes care of it now, and answers by %(moment)s.") % names)
    return Turn("", title, _("They answer by %(moment)s.") % names)


def _with_customer(ticket: Ticket) -> Turn:
    closes = ticket.turned_at + timedelta(days=promises.current().silence_close_days)
    words = _(
        "There is an answer for you. If we hear nothing by %(day)s, we close the question; you can open it again."
    )
    return Turn("yours", _("It is your turn"), words % {"day": day(closes)})


def _ending(ticket: Ticket) -> str:
    """How it ended, as a title."""
    if ticket.closed_how == "refunded":
        return _("Refunded")
    if ticket.closed_how in {"resolved", "solved"}:
        return _("Solved")
    return _("Closed")


def _what_now(ticket: Ticket, now: datetime) -> str:
    """Who ended it, and until when it can be opened again."""
    names = _names(ticket)
    said = {
        "resolved": _("%(merchant)s answered and closed this question.") % names,
        "refunded": _("See below what is paid back, and when."),
        "solved": _("You closed this question."),
        "not_needed": _("You closed this question."),
        "silence": _("We heard nothing more from you, so we closed this question."),
    }.get(ticket.closed_how)
    if said is None:
        who = names["merchant"] if ticket.closed_by == Party.MERCHANT else _("%(platform)s Support") % names
        said = _("%(who)s closed this question.") % {"who": who}
    until = ticket.reopenable_until
    if ticket.state == State.CLOSED and until and now < until:
        return said + " " + _("Until %(day)s you can open it again by writing below.") % {"day": day(until)}
    return said + " " + _("You can ask a new question, which will be linked to this one.")
