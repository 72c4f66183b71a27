"""What an endpoint was told: the list, each message with every try, and sending again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.lib import paging
from marketdesk.outbox.models import Attempt, Delivery, DeliveryStatus, Endpoint
from marketdesk.outbox.webhooks import replaying
from marketdesk.outbox.webhooks.endpoints import BadEndpoint
from marketdesk.outbox.webhooks.kinds import NAMES
from marketdesk.people.actor import Actor
from marketdesk.support import webhook_words
from marketdesk.support.entrance import AgentRequest, administrators_only
from marketdesk.support.forms import MomentField
from marketdesk.support.webhook_words import Trouble
from marketdesk.tickets.forms import DeedForm
from marketdesk.tickets.models import Ticket

FAILED = "failed"
STATES = [(FAILED, gettext_lazy("Failed")), *DeliveryStatus.choices]


class FilterForm(forms.Form):
    """Which messages are shown; what makes no sense narrows nothing."""

    state = forms.ChoiceField(choices=[("", ""), *STATES], required=False)
    kind = forms.ChoiceField(choices=[("", ""), *((kind, kind) for kind in NAMES.values())], required=False)
    ticket = forms.CharField(max_length=40, required=False)

    @property
    def chosen(self) -> dict[str, str]:
        """What narrows the list."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def query(self) -> str:
        return urlencode(self.chosen)


@dataclass(frozen=True)
class Row:
    """A message in the list, with the ticket that it is about and what was wrong with the last try."""

    delivery: Delivery
    ticket: str
    trouble: Trouble | None


@dataclass(frozen=True)
class Try:
    """One try of a message, with what was wrong with it."""

    attempt: Attempt
    trouble: Trouble | None


class ReplayForm(DeedForm):
    """What is sent again: the messages that are named, or what failed since a moment."""

    since = MomentField(required=False)

    def clean_since(self) -> datetime | None:
        since: datetime | None = self.cleaned_data["since"]
        if since and since > timezone.now():
            raise forms.ValidationError(_("Choose a time that is over."))
        return since


def find_endpoint(public_id: str) -> Endpoint:
    """The endpoint; 404 for none."""
    found: Endpoint = get_object_or_404(Endpoint.of_operator(), public_id=public_id)
    return found


def listed(endpoint: Endpoint, filters: FilterForm, after: str, by: Actor) -> tuple[list[Row], str]:
    """A page of an endpoint's messages, newest first, and the key of the next one."""
    deliveries, chosen = Delivery.objects.filter(endpoint=endpoint), filters.chosen
    match chosen.get("state"):
        case None:
            pass
        case "failed":
            deliveries = deliveries.filter(failed_at__isnull=False)
        case state:
            deliveries = deliveries.filter(status=state)
    if "kind" in chosen:
        deliveries = deliveries.filter(kind=chosen["kind"])
    if "ticket" in chosen:
        asked = Ticket.objects.visible_to(by).filter(public_id=chosen["ticket"].strip())
        deliveries = deliveries.filter(ticket_id__in=list(asked.values_list("pk", flat=True)))
    page = paging.page(deliveries.defer("body"), "made_at", after, newest_first=True)
    names = _ticket_names(page.rows, by)
    rows = [
        Row(one, names.get(one.ticket_id or 0, ""), webhook_words.trouble(one.answer_status, one.error))
        for one in page.rows
    ]
    return rows, page.after


def _ticket_names(deliveries: Sequence[Delivery], by: Actor) -> dict[int, str]:
    wanted = {one.ticket_id for one in deliveries if one.ticket_id}
    return dict(Ticket.objects.visible_to(by).filter(pk__in=wanted).values_list("pk", "public_id"))


@require_safe
@administrators_only
def delivery(request: AgentRequest, public_id: str, message: str) -> HttpResponse:
    """One message: what was sent, and what came of each try."""
    endpoint = find_endpoint(public_id)
    found = get_object_or_404(Delivery, endpoint=endpoint, message_id=message)
    attempts = list(found.tries.order_by("pk"))
    tries = [Try(one, webhook_words.trouble(one.answer_status, one.error)) for one in attempts]
    context = {
        "endpoint": endpoint,
        "delivery": found,
        "ticket": _ticket_names([found], request.actor).get(found.ticket_id or 0, ""),
        "body": json.dumps(json.loads(found.body), ensure_ascii=False, indent=2),
        "headers": attempts[-1].headers if attempts else {},
        "tries": tries[::-1],
        "now": request.actor.at,
    }
    return render(request, "support/delivery.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def replay(request: AgentRequest, public_id: str) -> HttpResponse:
    """Send messages again: how many is shown first."""
    endpoint = find_endpoint(public_id)
    sent = request.POST if request.method == "POST" else request.GET
    form = ReplayForm(sent)
    named = [one.replace("\x00", "") for one in sent.getlist("message")]  # PostgreSQL refuses to look for NUL
    if not form.is_valid():
        return _ask(request, endpoint, form, problems=[str(words) for all_ in form.errors.values() for words in all_])
    since = form.cleaned_data["since"]
    if since is None and not named:
        return _ask(request, endpoint, form, problems=[_("Check the messages that are to be sent again.")])
    which = replaying.failed(endpoint, since) if since else replaying.named(endpoint, named)
    if request.method != "POST":
        return _ask(request, endpoint, form, which)
    try:
        number = replaying.replay(endpoint, which, by=form.actor(request.actor))
    except AlreadyDone:
        return redirect("support:webhook", public_id=public_id)
    except KeyReused as refusal:
        return _ask(request, endpoint, form, which, problems=[str(refusal)], status=409)
    except BadEndpoint as refusal:
        return _ask(request, endpoint, form, which, problems=[str(refusal)])
    said = ngettext("%(n)d message is sent again.", "%(n)d messages are sent again.", number) % {"n": number}
    messages.success(request, said, extra_tags="good")
    return redirect("support:webhook", public_id=public_id)


def _ask(
    request: AgentRequest,
    endpoint: Endpoint,
    form: ReplayForm,
    which: QuerySet[Delivery] | None = None,
    *,
    problems: Sequence[str] = (),
    status: int = 422,
) -> HttpResponse:
    """How many would be sent again. What failed since a moment may be thousands, and the moment says them all."""
    since = form.cleaned_data.get("since")
    one_by_one = which if which is not None and not since else Delivery.objects.none()
    context: dict[str, Any] = {
        "endpoint": endpoint,
        "form": form,
        "problems": problems,
        "number": which.count() if which is not None else 0,
        "since": since,
        "named": list(one_by_one.values_list("message_id", flat=True)),
    }
    return render(request, "support/replay.html", context, status=status if problems else 200)
