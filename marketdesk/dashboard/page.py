"""Every page of the dashboard: the top bar with its numbers and the standing, in two queries, around what a view has
found; and under it one line, only when something needs saying."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render as django_render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketdesk.dashboard.entrance import MerchantRequest
from marketdesk.performance import attention
from marketdesk.performance.attention import Attention, OpenSanction
from marketdesk.performance.levels import Level
from marketdesk.performance.models import SanctionKind, SanctionState
from marketdesk.tickets import queues
from marketdesk.tickets.queues import Counts, Queue
from marketdesk.ui.templatetags.marketdesk import moment

# The class of a level's badge: a colour beside its word, never instead of it.
TONES = {Level.NORMAL: "good", Level.WATCH: "warning", Level.SEVERE: "danger"}


@dataclass(frozen=True)
class MenuEntry:
    """A queue in the Support Tickets menu. `urgent`: the merchant must answer these now."""

    words: str
    url: str
    number: str
    urgent: bool
    current: bool

    def line(self) -> dict[str, str]:
        """As the menu draws it."""
        return {
            "words": self.words,
            "url": self.url,
            "number": self.number,
            "is_due_now": "yes" if self.urgent and self.number != "0" else "",
            "is_current": "yes" if self.current else "",
        }


@dataclass(frozen=True)
class Badge:
    """How a store stands, at the entry that leads to its figures."""

    words: str
    tone: str


@dataclass(frozen=True)
class Saying:
    """The line under the bar: what is the matter, and where it is read and answered."""

    words: str
    link: str
    url: str
    tone: str


def render(
    request: MerchantRequest,
    template: str,
    context: dict[str, Any],
    *,
    queue: Queue | None = None,
    counts: Counts | None = None,
    status: int = 200,
) -> HttpResponse:
    """A page, with the menu's numbers; `queue` is the one that the reader is in."""
    counts = counts or queues.counts(request.actor)
    noted = None if request.merchant.is_sandbox else attention.of(request.actor)
    entries = menu(counts, queue)
    shell = {
        "menu": [[entry.line() for entry in entries if entry.urgent is urgent] for urgent in (True, False)],
        "waiting": counts.waiting,
        "badge": noted and badge(noted.level),
        "saying": noted and saying(noted, request.actor.at),
        "in_performance": request.path.startswith(reverse("dashboard:performance")),
        "in_guide": request.path.startswith(reverse("dashboard:guide")),
        "merchant": request.merchant,
        "is_owner": request.owned_here is not None,
        "stores": request.stores if len(request.stores) > 1 else [],
    }
    return django_render(request, template, {**shell, **context}, status=status)


def menu(counts: Counts, here: Queue | None = None) -> list[MenuEntry]:
    """The queues in the menu's order (M35, M36)."""
    return [
        MenuEntry(str(queue.label), queue_url(queue), counts.shown(queue), bool(queue.category), queue is here)
        for queue in Queue
    ]


def queue_url(queue: Queue) -> str:
    """The address of a queue's list."""
    return reverse("dashboard:queue", args=[queue.value])


def badge(level: Level) -> Badge:
    """A level as every page shows it."""
    return Badge(str(level.label), TONES[level])


def saying(noted: Attention, now: datetime) -> Saying | None:
    """The gravest thing of all that needs saying: a sanction, a notice that nobody read, a severe standing."""
    if noted.sanctions:
        return _about_sanction(noted.sanctions[0], now)
    if noted.penalties:
        words = ngettext(
            "You have a penalty notice that nobody has read.",
            "You have %(n)d penalty notices that nobody has read.",
            len(noted.penalties),
        )
        return _about_notices(words, noted.penalties, "danger")
    if noted.warnings:
        words = ngettext(
            "You have a warning that nobody has read.",
            "You have %(n)d warnings that nobody has read.",
            len(noted.warnings),
        )
        return _about_notices(words, noted.warnings, "warning")
    if noted.level == Level.SEVERE:
        words = _("Your standing is severe. Your products or your account may be blocked for it.")
        return Saying(words, _("See what to do first"), reverse("dashboard:performance"), "danger")
    return None


def _about_sanction(sanction: OpenSanction, now: datetime) -> Saying:
    url = reverse("dashboard:sanction", args=[sanction.public_id])
    is_suspension = sanction.kind == SanctionKind.SUSPENSION
    if sanction.is_proposed and sanction.hear_until <= now:
        words = _("%(state)s: %(kind)s") % {"state": SanctionState.PROPOSED.label, "kind": sanction.kind.label}
        still = _("It can be decided any time now. Until then you can still answer.")
        return Saying(f"{words}. {still}", _("Read why, and answer"), url, "danger")
    if sanction.is_proposed:
        until = {"moment": moment(sanction.hear_until)}
        words = _("It is proposed to show your products to nobody any more. You can answer until %(moment)s.")
        if is_suspension:
            words = _("It is proposed to suspend your account. You can answer until %(moment)s.")
        return Saying(words % until, _("Read why, and answer"), url, "danger")
    words = _("Your products are not shown to customers now.")
    if is_suspension:
        words = _("Your account is suspended. You can still answer open tickets.")
    return Saying(words, _("Read why, and until when"), url, "danger")


def _about_notices(words: str, notices: list[str], tone: str) -> Saying:
    url = reverse("dashboard:notice", args=[notices[0]]) if len(notices) == 1 else reverse("dashboard:notices")
    return Saying(words % {"n": len(notices)}, _("Read it") if len(notices) == 1 else _("Read them"), url, tone)
