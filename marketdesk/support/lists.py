"""The queues and the search."""

from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from marketdesk.lib import paging
from marketdesk.performance import contesting, sanction_lists
from marketdesk.policy import promises
from marketdesk.refunds import reconciling
from marketdesk.support.entrance import AgentRequest, agents_only
from marketdesk.support.page import ended_words
from marketdesk.tickets import desk
from marketdesk.tickets.desk import Arrival, DeskQueue
from marketdesk.tickets.models import Ticket


@require_safe
@agents_only
def home(request: AgentRequest) -> HttpResponse:
    """One's own tickets first; without any, what nobody looks after."""
    mine = desk.tickets(DeskQueue.MINE, request.actor).exists()
    return redirect("support:queue", queue=DeskQueue.MINE if mine else DeskQueue.UNASSIGNED)


@require_safe
@agents_only
def queue(request: AgentRequest, queue: str) -> HttpResponse:
    """One queue, what has waited longest or is due soonest on top."""
    if queue not in DeskQueue.values:
        raise Http404
    chosen = DeskQueue(queue)
    counts = desk.counts(request.actor)
    after = request.GET.get("after", "")
    page = paging.page(desk.tickets(chosen, request.actor), chosen.order_field, after, newest_first=chosen.newest_first)
    context = {
        "queue": chosen,
        "views": [(one, counts.get(one)) for one in DeskQueue],
        "total": counts.get(chosen),
        "rows": _rows(page.rows),
        "page": page,
        "is_first_page": not after,
        "back": f"?queue={chosen}",
        "hours": _hours(chosen),
        "when_empty": _when_empty(chosen),
        "refunds_to_look_into": reconciling.to_look_into(request.actor),
        "contests_to_decide": contesting.waiting(request.actor),
        "sanctions_to_decide": sanction_lists.to_decide(request.actor),
    }
    return render(request, "support/queue.html", context)


@require_safe
@agents_only
def search(request: AgentRequest) -> HttpResponse:
    """Exact look-ups; a single hit goes straight to its ticket."""
    words = request.GET.get("q", "").strip()
    found = desk.find(words, request.actor)
    if len(found) == 1:
        return redirect(reverse("support:ticket", args=[found[0].public_id]))
    context = {
        "words": words,
        "rows": _rows(found),
        "most": desk.FOUND_AT_MOST,
        "hours": promises.current().reply_hours,
    }
    return render(request, "support/search.html", context)


def _rows(tickets: list[Ticket]) -> list[tuple[Ticket, Arrival | None, datetime | None, str]]:
    """Each ticket with what brought it here, when an answer is due, and how it ended."""
    arrivals = desk.arrivals(tickets)
    return [(one, arrivals.get(one.pk), desk.due_at(one), ended_words(one)) for one in tickets]


def _when_empty(queue: DeskQueue) -> str:
    """What comes next in an empty queue, and when."""
    return {
        DeskQueue.MINE: _("Tickets that are assigned to you and wait for an answer stand here."),
        DeskQueue.UNASSIGNED: _(
            "Every ticket is looked after. New ones come here as they are asked, appealed or taken over."
        ),
        DeskQueue.WITH_SUPPORT: _(
            "Nothing waits for the platform. New tickets come as they are asked, appealed or taken over."
        ),
        DeskQueue.AWAITING_USER: _("A ticket that you have answered stands here until the customer writes again."),
        DeskQueue.WITH_MERCHANTS: _("Tickets that merchants are answering stand here, overdue ones first."),
        DeskQueue.CLOSED: _("Tickets that the platform has closed stand here, the latest first."),
    }[queue]


def _hours(queue: DeskQueue) -> int:
    """The whole time to reply of those who have the turn, for the thin bar."""
    promised = promises.current()
    return promised.reply_hours if queue is DeskQueue.WITH_MERCHANTS else promised.platform_reply_hours
