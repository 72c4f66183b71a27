"""Every page of the dashboard: the top bar with its numbers, in one query, around what a view has found."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render as django_render
from django.urls import reverse

from marketdesk.dashboard.entrance import MerchantRequest
from marketdesk.tickets import queues
from marketdesk.tickets.queues import Counts, Queue


@dataclass(frozen=True)
class MenuEntry:
    """A queue in the Support Tickets menu. `urgent`: the merchant must answer these now."""

    words: str
    url: str
    number: int
    urgent: bool
    current: bool


def render(
    request: MerchantRequest, template: str, context: dict[str, Any], *, queue: Queue | None = None, status: int = 200
) -> HttpResponse:
    """A page, with the menu's numbers; `queue` is the one that the reader is in."""
    counts = queues.counts(request.actor)
    entries = menu(counts, queue)
    shell = {
        "menu": [[entry for entry in entries if entry.urgent], [entry for entry in entries if not entry.urgent]],
        "waiting": counts.waiting,
        "merchant": request.merchant,
        "is_owner": request.owned_here is not None,
        "stores": request.stores if len(request.stores) > 1 else [],
    }
    return django_render(request, template, {**shell, **context}, status=status)


def menu(counts: Counts, here: Queue | None = None) -> list[MenuEntry]:
    """The queues in the menu's order (M35, M36)."""
    return [
        MenuEntry(str(queue.label), queue_url(queue), counts.by_queue[queue], bool(queue.category), queue is here)
        for queue in Queue
    ]


def queue_url(queue: Queue) -> str:
    """The address of a queue's list."""
    return reverse("dashboard:queue", args=[queue.value])
