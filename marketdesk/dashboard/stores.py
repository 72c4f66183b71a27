"""Choosing the store to work for, for people who look after several."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from marketdesk.dashboard.entrance import CHOSEN, MerchantRequest, merchants_only


@merchants_only
@require_POST
def choose(request: MerchantRequest) -> HttpResponse:
    """Remember the choice in the session; a store of other people is as if absent."""
    wanted = request.POST.get("store", "")
    store = next((store for store in request.stores if store.public_id == wanted), None)
    if store is None:
        raise Http404
    request.session[CHOSEN] = store.pk
    return redirect("dashboard:home")
