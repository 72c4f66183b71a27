"""The team of a store: everybody sees it; owners invite, change roles and remove."""

from collections.abc import Callable

from allauth.core import ratelimit
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from marketdesk.dashboard.entrance import MerchantRequest, merchants_only
from marketdesk.dashboard.page import render
from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.teams import members
from marketdesk.teams.errors import TeamRefusal, TooMany
from marketdesk.teams.forms import InvitationForm, InviteForm, MemberForm
from marketdesk.teams.models import MERCHANT_POSTS, Invitation, Post


@require_http_methods(["GET", "HEAD", "POST"])
@merchants_only
def team(request: MerchantRequest) -> HttpResponse:
    """Who is in the team; the form invites somebody."""
    if request.method != "POST":
        return _show(request)
    form = InviteForm(request.POST, posts=MERCHANT_POSTS)
    if not form.is_valid():
        return _show(request, form=form, status=422)
    if not ratelimit.consume(request, action="invite"):
        return _show(request, form=form, refusal=str(TooMany()), status=429)
    return _do(request, lambda: form.carry_out(request.merchant, request.actor), form)


@merchants_only
@require_POST
def member(request: MerchantRequest, public_id: str) -> HttpResponse:
    """Another role for a member, or none."""
    found = members.find(public_id, request.merchant)
    if found is None:
        raise Http404
    form = MemberForm(request.POST)
    if not form.is_valid():
        return _show(request, refusal=_("Choose what to do."), status=422)
    return _do(request, lambda: form.carry_out(found, request.merchant, request.actor))


@merchants_only
@require_POST
def invitation(request: MerchantRequest, public_id: str) -> HttpResponse:
    """Send an invitation again, or end it."""
    found = Invitation.objects.to(request.merchant).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _show(request, refusal=_("Choose what to do."), status=422)
    if not ratelimit.consume(request, action="invite"):
        return _show(request, refusal=str(TooMany()), status=429)
    return _do(request, lambda: form.carry_out(found, request.actor))


def _do(request: MerchantRequest, deed: Callable[[], str], form: InviteForm | None = None) -> HttpResponse:
    try:
        messages.success(request, deed(), extra_tags="good")
    except AlreadyDone:
        pass
    except (TeamRefusal, KeyReused) as refusal:
        return _show(request, form=form, refusal=str(refusal), status=409)
    return redirect("dashboard:team")


def _show(
    request: MerchantRequest, *, form: InviteForm | None = None, refusal: str = "", status: int = 200
) -> HttpResponse:
    store = request.merchant
    people = members.of(store)
    may_change = any(one.user == request.user and one.role == Post.OWNER for one in people)
    initial = {"language": store.language, "role": Post.AGENT}
    context = {
        "members": people,
        "may_change": may_change,
        "invitations": Invitation.objects.to(store).open(request.actor.at).order_by("pk") if may_change else [],
        "posts": MERCHANT_POSTS,
        "form": form or InviteForm(initial=initial, posts=MERCHANT_POSTS),
        "refusal": refusal,
    }
    return render(request, "dashboard/team.html", context, status=status)
