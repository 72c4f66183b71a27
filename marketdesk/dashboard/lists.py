"""Lists of tickets: the queues, the search, and the red number by itself."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from marketdesk.dashboard.endings import ending
from marketdesk.dashboard.entrance import MerchantRequest, merchants_only
from marketdesk.dashboard.filters import Filters, choices, questions_of_choices
from marketdesk.dashboard.page import questions_of_every_page, queue_url, render
from marketdesk.dashboard.tickets import address_of
from marketdesk.lib import prepared, searching
from marketdesk.lib.languages import isolated
from marketdesk.lib.paging import SIZE, page
from marketdesk.lib.prepared import Question
from marketdesk.people.actor import Actor
from marketdesk.policy import promises
from marketdesk.tickets import queues
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.models.ticket import Tickets
from marketdesk.tickets.queues import Counts, Deadlines, Queue
from marketdesk.tickets.rules import Category
from marketdesk.ui.templatetags.marketdesk import (
    country_name,
    in_full,
    moment,
    own_name,
    percent_used,
    stamp,
    time_left,
    urgency,
    waited,
)

# Stands for a ticket's id in the address that fifty lines share; made for each of them it costs more than the rest.
NOWHERE = "0" * 24
# A ticket id begun: so many digits find it.
SHORTEST_ID = 6


@merchants_only
@require_GET
def home(request: MerchantRequest) -> HttpResponse:
    """The first queue in which something waits; the first of all when nothing does."""
    counts = queues.counts(request.actor)
    busy = (queue for queue in Queue if queue.category and counts.by_queue[queue])
    return redirect(queue_url(next(busy, Queue.POST_PURCHASE)))


@merchants_only
@require_GET
def queue_list(request: MerchantRequest, queue: str) -> HttpResponse:
    """A queue: what is due next on top, 50 a page (M37-M42)."""
    if queue not in Queue.values:
        raise Http404
    here = Queue(queue)
    filters = Filters.read(request.GET)
    with prepared.ahead(_questions(here, request.actor, filters)):
        return _queue_list(request, here, filters)


def _questions(queue: Queue, actor: Actor, filters: Filters) -> Iterator[Question]:
    """What the page of a queue asks for sure."""
    yield from questions_of_every_page(actor)
    yield from questions_of_choices()
    if not filters:
        yield from queues.questions_of_deadlines(queue, actor)


def _queue_list(request: MerchantRequest, here: Queue, filters: Filters) -> HttpResponse:
    after = request.GET.get("after", "")
    counts = queues.counts(request.actor)
    if filters:
        found = filters.narrow(queues.tickets(here, request.actor), request.actor.at)
        shown = page(found, here.order_field, after, newest_first=here.newest_first)
        said = summary(here, found, request.actor.at)
    else:
        shown = queues.page(here, request.actor, after)
        said = summary_of_all(here, counts, request.actor)
    offered = choices(here, queues.places(here, request.actor, counts.by_queue[here]), filters)
    url = queue_url(here)
    context = {
        "queue": here,
        "heading": here.label,
        "rows": rows(shown.rows),
        "filters": filters,
        "choices": offered,
        "chips": filters.chips(url, offered.issues),
        "summary": said,
        "next_url": _address(url, filters, shown.after) if shown.after else "",
        "first_url": _address(url, filters) if after else "",
        "size": SIZE,
        "hours": promises.current().reply_hours,
        "url": url,
        "soonest": None if shown.rows else queues.next_waiting(request.actor),
    }
    return render(request, "dashboard/queue.html", context, queue=here, counts=counts)


@merchants_only
@require_GET
def search(request: MerchantRequest) -> HttpResponse:
    """A ticket by its id (or the beginning of it), or by its order or tracking number. One hit opens itself."""
    asked = searching.visible(request.GET.get("q", ""))[:100]
    found = _found(request, asked) if asked else []
    if len(found) == 1:
        return redirect("dashboard:ticket", found[0].public_id)
    context = {"asked": asked, "rows": rows(found)}
    return render(request, "dashboard/search.html", context)


@merchants_only
@require_GET
def badge(request: MerchantRequest) -> HttpResponse:
    """The red number, asked again and again: 304 while it is the same."""
    number = queues.waiting(request.actor)
    tag = f'"{request.merchant.pk}-{number}"'
    same = request.headers.get("If-None-Match", "") in {tag, f"W/{tag}"}
    response = HttpResponse(status=304) if same else HttpResponse(str(number), content_type="text/plain")
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    return response


def rows(tickets: list[Ticket]) -> list[dict[str, str]]:
    """The lines of a list."""
    hours, somewhere = promises.current().reply_hours, address_of(NOWHERE)
    return [row(one, hours) | {"address": somewhere.replace(NOWHERE, one.public_id)} for one in tickets]


def row(ticket: Ticket, hours: int) -> dict[str, str]:
    """What a list shows of a ticket, whichever queue it stands in: until when an answer is due, or how it stands and
    since when. `hours` is the whole time to reply, for the thin bar."""
    at, used, urgent = ticket.turned_at, "", ""
    match Queue.of(ticket):
        case Queue.AWAITING_USER:
            standing = _("Waiting %(span)s") % {"span": waited(ticket.turned_at)}
        case Queue.WITH_SUPPORT:
            standing = _("With %(platform)s Support") % {"platform": isolated(promises.current().platform_name)}
        case Queue.CLOSED:
            at, standing = ticket.closed_at or at, ending(ticket)
        case _:
            at = ticket.due_at or at
            standing, urgent, used = time_left(at), urgency(at), str(percent_used(at, hours))
    country = ticket.order.country if ticket.order else ticket.customer.country
    return {
        "id": ticket.public_id,
        "id_begun": ticket.public_id[:6],
        "subject": ticket.subject,
        "excerpt": ticket.excerpt,
        "language": ticket.language,
        "language_name": own_name(ticket.language),
        "language_tag": ticket.language[:2].upper(),
        "has_pictures": "yes" if ticket.has_pictures else "",
        "issue": ticket.issue.label,
        "category": "" if used else str(Category(ticket.category).label),
        "standing": standing,
        "urgency": urgent,
        "time_used": used,
        "at": stamp(at),
        "at_in_full": in_full(at),
        "at_in_short": moment(at),
        "customer": ticket.customer.short_name,
        "country": country_name(country),
    }


def summary(queue: Queue, found: Tickets, now: datetime) -> str:
    """How many are shown of a queue that is narrowed, and when the next answer is due."""
    numbers: dict[str, Any] = found.order_by().aggregate(
        all=Count("pk"),
        overdue=Count("pk", filter=Q(due_at__lt=now)),
        next=Min("due_at", filter=Q(due_at__gte=now)),
    )
    due = Deadlines(numbers["overdue"], numbers["next"]) if queue.category else None
    return _in_words(numbers["all"], str(numbers["all"]), due)


def summary_of_all(queue: Queue, counts: Counts, actor: Actor) -> str:
    """The same of the whole queue, whose number the menu has."""
    due = queues.deadlines(queue, actor) if queue.category else None
    return _in_words(counts.by_queue[queue], counts.shown(queue), due)


def _in_words(total: int, shown: str, due: Deadlines | None) -> str:
    sentences = [ngettext("%(n)s ticket.", "%(n)s tickets.", total) % {"n": shown}]
    if due and due.overdue:
        sentences.append(ngettext("%(n)s is overdue.", "%(n)s are overdue.", due.overdue) % {"n": due.overdue})
    if due and due.following:
        sentences.append(_("Next deadline: %(time)s.") % {"time": time_left(due.following)})
    return " ".join(sentences)


def _found(request: MerchantRequest, asked: str) -> list[Ticket]:
    wanted = Q(order__external_id=asked) | Q(order__tracking_number=asked)
    begun = asked.lower().rstrip("….")
    if len(begun) >= SHORTEST_ID and all(digit in "0123456789abcdef" for digit in begun):
        wanted |= Q(public_id__startswith=begun)
    seen = Ticket.objects.visible_to(request.actor).filter(wanted)
    return list(seen.for_list().order_by("-opened_at", "-pk")[:SIZE])


def _address(url: str, filters: Filters, after: str = "") -> str:
    parts = [part for part in (filters.query, f"after={after}" if after else "") if part]
    return f"{url}?{'&'.join(parts)}" if parts else url
