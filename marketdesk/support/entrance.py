"""The entrance: the platform's support team comes in, everybody else goes to their own door."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render

from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.tickets.desk import DeskQueue


class AgentRequest(HttpRequest):
    """A request of a signed-in member of support."""

    user: User
    actor: Actor
    queues: Sequence[tuple[str, Any]]  # of the menu, on every page


def agents_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let support in, as `request.actor`."""

    @wraps(view)
    def enter(request: AgentRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if request.user.party != Party.SUPPORT:
            return redirect("home")
        request.actor = Actor(Party.SUPPORT, user_id=request.user.pk, name=request.user.name)
        request.queues = DeskQueue.choices
        return view(request, *args, **kwargs)

    return enter


def administrators_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let those of support in who may change the rules; without a second factor they are told how to set one up."""

    @wraps(view)
    def enter(request: AgentRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_staff:
            raise PermissionDenied
        if not is_mfa_enabled(request.user):
            return render(request, "support/second_factor.html", status=403)
        return view(request, *args, **kwargs)

    return agents_only(enter)
