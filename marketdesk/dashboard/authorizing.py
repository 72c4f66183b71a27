"""The page where the owner of a store lets an app in, or does not."""

from urllib.parse import urlsplit

from csp.decorators import csp_update
from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from marketdesk.dashboard.entrance import MerchantRequest, for_owners, merchants_only
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.programs import granting
from marketdesk.programs.errors import AppRefusal
from marketdesk.programs.granting import Asked, CannotAsk, SendBack
from marketdesk.programs.models import Scope

ALLOW, REFUSE = "allow", "refuse"
# Chromium holds every address that a form's answer leads to against form-action, also those that the app itself sends
# its visitor on to. Where those are, nobody here can know.
LEADS_AWAY = {"form-action": ["https:", "http://127.0.0.1:*", "http://localhost:*"]}


class AnswerForm(forms.Form):
    """What an owner answers, and for which store."""

    act = forms.ChoiceField(
        choices=[(ALLOW, ""), (REFUSE, "")], error_messages={"required": gettext_lazy("Allow or refuse.")}
    )
    store = forms.CharField(max_length=24, required=False)


@never_cache
@csp_update(LEADS_AWAY)
@require_http_methods(["GET", "HEAD", "POST"])
@merchants_only
def authorize(request: MerchantRequest) -> HttpResponse:
    """Ask an owner, and lead them back to the app with the answer. What the app asks for stands in the address."""
    if not request.owned:
        return for_owners(request)
    try:
        try:
            asked = granting.read(request.META.get("QUERY_STRING", ""))
        except SendBack as back:
            granting.stores(back.app, request.user.pk)
            return redirect(back.address)
        stores = granting.stores(asked.app, request.user.pk)
    except CannotAsk as refusal:
        return render(request, "dashboard/apps/cannot_ask.html", {"refusal": str(refusal)}, status=400)
    if request.method != "POST":
        return _ask(request, asked, stores)
    form = AnswerForm(request.POST)
    chosen = next((one for one in stores if one.public_id == request.POST.get("store")), None)
    if not form.is_valid() or chosen is None:
        return _ask(request, asked, stores, refusal=_("Choose the store, then allow or refuse."), status=422)
    if form.cleaned_data["act"] == REFUSE:
        return redirect(granting.refuse(asked))
    by = Actor(Party.MERCHANT, user_id=request.user.pk, merchant_id=chosen.pk, name=request.user.name)
    try:
        return redirect(granting.allow(asked, chosen, by=by))
    except AppRefusal as refusal:
        return _ask(request, asked, stores, refusal=str(refusal), status=409)


def _ask(
    request: MerchantRequest, asked: Asked, stores: list[Merchant], *, refusal: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "app": asked.app,
        "stores": stores,
        "chosen": request.POST.get("store") or (request.owned_here or stores[0]).public_id,
        "may": asked.scopes,
        "may_not": [scope for scope in Scope if scope not in asked.scopes],
        "back": urlsplit(asked.redirect_uri),
        "refusal": refusal,
    }
    return render(request, "dashboard/apps/authorize.html", context, status=status)
