"""The entrance: signed-in customers come in as actors; everybody else is shown to sign-in or to their own door."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.storefront import unsent

P = ParamSpec("P")


class CustomerRequest(HttpRequest):
    """A request of a signed-in customer."""

    user: User
    actor: Actor


def customers_only(
    view: Callable[Concatenate[CustomerRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Let a customer in as `request.actor`. Whose session ended while they wrote finds the text again after sign-in."""

    @wraps(view)
    def entered(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            _keep_what_was_typed(request)
            return redirect_to_login(request.get_full_path())
        if request.user.party != Party.CUSTOMER:
            return redirect("home")
        customer = cast(Any, request)
        link = getattr(request, "link", None)  # of a mail: see letters.py
        customer.actor = Actor(Party.CUSTOMER, user_id=request.user.pk, name=request.user.name, link=link)
        return view(cast(CustomerRequest, customer), *args, **kwargs)

    return cast(Callable[Concatenate[HttpRequest, P], HttpResponseBase], entered)


def _keep_what_was_typed(request: HttpRequest) -> None:
    # Only forms carry a key; a draft that draft.js saves stays on the device.
    if request.method == "POST" and "key" in request.POST and request.POST.get("text", "").strip():
        unsent.keep(request, request.path, request.POST["text"])
        messages.warning(
            request, _("You were signed out, and nothing was sent. Your text is kept: sign in to go on with it.")
        )
