"""Every page of the dashboard: the top bar with its numbers and the standing, in two queries, around what a view has
found; and under it one line, only when something needs saying."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render as django_render
from django.urls import reverse
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketdesk.dashboard.entrance import MerchantRequest
from marketdesk.lib.languages import isolated
from marketdesk.lib.prepared import Question
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.performance import attention
from marketdesk.performance.attention import Attention, OpenSanction
from marketdesk.performance.levels import Level
from marketdesk.performance.models import SanctionKind, SanctionState
from marketdesk.policy import promises
from marketdesk.tickets import queues
from marketdesk.tickets.queues import Counts, Queue
from marketdesk.ui.lines import lines
from marketdesk.ui.templatetags.marketdesk import counted, moment

Line = dict[str, str]

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

    def line(self) -> Line:
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
    entries = menu(counts, queue)
    due, others = ([entry.line() for entry in entries if entry.urgent is urgent] for urgent in (True, False))
    shell = {
        "menu": [due, others],
        "waiting": counts.waiting,
        "bar": [bar(request, counts.waiting, due, others, asked=context.get("asked", ""))],
        "merchant": request.merchant,
        "is_owner": request.owned_here is not None,
    }
    return django_render(request, template, {**shell, **context}, status=status)


def questions_of_every_page(actor: Actor) -> list[Question]:
    """What `render` asks."""
    return [*queues.questions_of_counts(actor), *attention.questions(actor)]


def bar(
    request: MerchantRequest, waiting: int, due: Iterable[Line], others: Iterable[Line], *, asked: str = ""
) -> dict[str, str]:
    """The bar and what needs saying, as the one line of a list that they are: each page has them. `asked` is what
    somebody looked for."""
    noted = None if request.merchant.is_sandbox else attention.of(request.actor)
    shown, said = noted and badge(noted.level), noted and saying(noted, request.actor.at)
    name, here = request.user.name, request.path
    places = {place: here.startswith(reverse(f"dashboard:{place}")) for place in ("performance", "templates", "guide")}
    stores = request.stores if len(request.stores) > 1 else []
    flags = {
        **{f"in_{place}": is_there for place, is_there in places.items()},
        "in_tickets": not any(places.values()),
        "in_sandbox": request.merchant.is_sandbox,
        "is_owner": request.owned_here is not None,
    }
    return {
        **{flag: "yes" if is_so else "" for flag, is_so in flags.items()},
        "platform_name": promises.current().platform_name,
        "waiting": str(waiting),
        "waiting_words": counted(waiting, "waiting"),
        "due_queues": lines("dashboard/_menu_entry.html", due),
        "other_queues": lines("dashboard/_menu_entry.html", others),
        "badge_words": shown.words if shown else "",
        "badge_tone": shown.tone if shown else "",
        "saying_words": said.words if said else "",
        "saying_link": said.link if said else "",
        "saying_url": said.url if said else "",
        "saying_tone": said.tone if said else "",
        "asked": escape(asked),
        "here": escape(request.get_full_path()),
        "csrf_token": get_token(request),
        "initial": name[:1],
        "account_words": _("Account of %(name)s") % {"name": isolated(name)},
        "name": name,
        "store": request.merchant.name,
        "stores": lines("dashboard/_store.html", [_store(one, request) for one in stores]),
    }


def _store(store: Merchant, request: MerchantRequest) -> Line:
    return {"public_id": store.public_id, "name": store.name, "is_here": "yes" if store == request.merchant else ""}


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
