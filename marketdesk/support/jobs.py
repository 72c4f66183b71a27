"""What the worker has to do: how long it waits, and what was given up and waits for an administrator."""

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.db.models import Min
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from marketdesk.journal.models import AlreadyDone, Event, Job, KeyReused
from marketdesk.lib import ids, paging
from marketdesk.outbox import dead_jobs
from marketdesk.people.actor import Actor
from marketdesk.support.entrance import AgentRequest, administrators_only
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.forms import DeedForm
from marketdesk.tickets.models import Ticket

# What a kind of job does, for people; sweeps and the like are named together.
WORDS = {
    "tell": gettext_lazy("Tell people and programs what happened"),
    "mail": gettext_lazy("Send a mail"),
    "account_mail": gettext_lazy("Send a mail about an account"),
    "invite": gettext_lazy("Send an invitation"),
    "judge": gettext_lazy("Judge a merchant's figures"),
    "follow_incident": gettext_lazy("Count again after an incident"),
    "reconsider": gettext_lazy("Count again after an incident"),
}
OTHERS = gettext_lazy("Tidy up and look what is due")
ALL = "all"


def words(kind: str) -> str:
    """What a job does."""
    return str(WORDS.get(kind, OTHERS))


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def jobs(request: AgentRequest) -> HttpResponse:
    """The queue's state, and each job that was given up with its last error."""
    if request.method != "POST":
        return _show(request)
    form, act = DeedForm(request.POST), ACTS.get(request.POST.get("act", ""))
    if act is None or not form.is_valid():
        return _show(request, refused=_("Nothing was done. Choose one of the buttons."), status=422)
    try:
        messages.success(request, act(request.POST.get("job", ""), form.actor(request.actor)), extra_tags="good")
    except AlreadyDone:
        pass
    except (NotAllowed, KeyReused) as refusal:
        return _show(request, refused=str(refusal), status=409)
    return redirect("support:jobs")


def _find(number: str) -> Job:
    found = Job.objects.filter(pk=ids.row_number(number)).first()
    if found is None:
        raise NotAllowed("not_dead", _("Somebody else has decided about this already. Nothing was changed."))
    return found


def _revive(number: str, by: Actor) -> str:
    if number == ALL:
        revived = dead_jobs.revive_all(by=by)
        return ngettext("%(n)s job is tried again.", "%(n)s jobs are tried again.", revived) % {"n": revived}
    dead_jobs.revive(_find(number), by=by)
    return _("It is tried again.")


def _drop(number: str, by: Actor) -> str:
    dead_jobs.drop(_find(number), by=by)
    return _("Let go. It will not be done.")


ACTS: dict[str, Callable[[str, Actor], str]] = {"revive": _revive, "drop": _drop}


def _tickets(jobs: Sequence[Job], by: Actor) -> dict[int, Ticket]:
    """What each job is about, by its number, where that is a ticket."""
    told = {job.pk: job.payload["event"] for job in jobs if isinstance(job.payload.get("event"), int)}
    events = dict(Event.objects.filter(pk__in=told.values()).values_list("pk", "ticket_id"))
    tickets = Ticket.objects.visible_to(by).in_bulk([one for one in events.values() if one])
    return {job: tickets[events[event]] for job, event in told.items() if events.get(event) in tickets}


def _show(request: AgentRequest, *, refused: str = "", status: int = 200) -> HttpResponse:
    after = request.GET.get("after", "")
    page = paging.page(Job.dead(), "dead_at", after)
    due, about = Job.due(request.actor.at), _tickets(page.rows, request.actor)
    context: dict[str, Any] = {
        "rows": [(job, words(job.kind), about.get(job.pk)) for job in page.rows],
        "page": page,
        "is_first_page": not after,
        "due": due.count(),
        "oldest": due.aggregate(oldest=Min("run_at"))["oldest"],
        "form": DeedForm(),
        "refused": refused,
    }
    return render(request, "support/jobs.html", context, status=status)
