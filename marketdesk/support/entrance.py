"""The entrance: the platform's support team comes in, everybody else goes to their own door."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party


class AgentRequest(HttpRequest):
    """A request of a signed-in member of support."""

    user: User
    actor: Actor


def agents_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let support in, as `request.actor`."""

    @wraps(view)
    def enter(request: AgentRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if request.user.party != Party.SUPPORT:
            return redirect("home")
        request.actor = Actor(Party.SUPPORT, user_id=request.user.pk, name=request.user.name)
        return view(request, *args, **kwargs)

    return enter
