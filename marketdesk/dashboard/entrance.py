"""The way in: merchants' staff only. The view then knows who acts, and for which store."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, cast

from django.contrib.auth.views import redirect_to_login
from django.db.models import F, QuerySet, Value
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render

from marketdesk.lib.prepared import Prepared
from marketdesk.merchants import wall
from marketdesk.merchants.models import Merchant, Role
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party

# Where the session keeps which of several stores a person looks after now.
CHOSEN = "merchant"


class MerchantRequest(HttpRequest):
    """A request of a merchant's staff: `actor` goes into every verb, `stores` are all that they may choose from,
    `owned` those of them that they own, `owned_here` the one of these that they work for now, if it is one."""

    user: User
    actor: Actor
    merchant: Merchant
    stores: list[Merchant]
    owned: list[Merchant]
    owned_here: Merchant | None


def _stores(user: int) -> QuerySet[Merchant]:
    """Whose staff somebody is, and their sandboxes; nobody has a role there."""
    stores = Merchant.objects.filter(membership__user=user).annotate(role=F("membership__role"))
    tried = Merchant.objects.filter(sandbox_of__membership__user=user).annotate(role=Value(""))
    found: QuerySet[Merchant] = stores.union(tried).order_by("name", "id")
    return found


_STORES = Prepared(_stores)


def merchants_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Strangers to the sign-in page, other parties to their own door, staff of no store to a page that says so."""

    @wraps(view)
    def enter(request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = request.user
        if not user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if user.party != Party.MERCHANT:
            return redirect("home")
        request.stores = _STORES(user.pk)
        request.owned = [store for store in request.stores if cast(Any, store).role == Role.OWNER]
        if not request.stores:
            return render(request, "dashboard/no_store.html", status=403)
        chosen = request.session.get(CHOSEN)
        first = next(store for store in request.stores if not store.is_sandbox)
        request.merchant = next((store for store in request.stores if store.pk == chosen), first)
        real = request.merchant.sandbox_of_id or request.merchant.pk
        request.owned_here = next((store for store in request.owned if store.pk == real), None)
        request.actor = Actor(Party.MERCHANT, user_id=user.pk, merchant_id=request.merchant.pk, name=user.name)
        wall.narrow(*(store.pk for store in request.stores))
        return view(request, *args, **kwargs)

    return enter


def for_owners(request: MerchantRequest) -> HttpResponse:
    """Says to others of a store's staff whom to ask."""
    return render(request, "dashboard/for_owners.html", {"merchant": request.merchant}, status=403)


def owners_only(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Of a store's staff only its owners; the others read whom to ask, whatever the address names. Who looks at the
    sandbox acts for the store that it belongs to."""

    @wraps(view)
    def enter(request: MerchantRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.owned_here is None:
            return for_owners(request)
        request.merchant = request.owned_here
        request.actor = replace(request.actor, merchant_id=request.merchant.pk)
        return view(request, *args, **kwargs)

    return merchants_only(enter)
