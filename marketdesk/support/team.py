"""Support's team, and the owners of merchants: administrators invite, change roles and remove."""

from collections.abc import Callable

from allauth.core import ratelimit
from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.lib import searching
from marketdesk.merchants.models import Merchant
from marketdesk.support.entrance import AgentRequest, administrators_only
from marketdesk.teams import members
from marketdesk.teams.errors import TeamRefusal, TooMany
from marketdesk.teams.forms import InvitationForm, InviteForm, MemberForm
from marketdesk.teams.models import SUPPORT_POSTS, Invitation, Post

OWNER = (Post.OWNER,)
# So many merchants of a search are shown; who looks for another one types more of its name.
FOUND = 20


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def team(request: AgentRequest) -> HttpResponse:
    """Who is in support; the form invites somebody."""
    if request.method != "POST":
        return _show(request)
    form = InviteForm(request.POST, posts=SUPPORT_POSTS)
    if not form.is_valid():
        return _show(request, form=form, status=422)
    if not ratelimit.consume(request, action="invite"):
        return _show(request, form=form, refusal=str(TooMany()), status=429)
    return _do(request, lambda: form.carry_out(None, request.actor), form)


@require_POST
@administrators_only
def member(request: AgentRequest, public_id: str) -> HttpResponse:
    """Another role for a colleague, or none."""
    found = members.find(public_id, None)
    if found is None:
        raise Http404
    form = MemberForm(request.POST)
    if not form.is_valid():
        return _show(request, refusal=_("Choose what to do."), status=422)
    return _do(request, lambda: form.carry_out(found, None, request.actor))


@require_POST
@administrators_only
def invitation(request: AgentRequest, public_id: str) -> HttpResponse:
    """Send an invitation again, or end it: into support, or one to own a store."""
    ours = Q(merchant=None) | Q(role=Post.OWNER)
    found = Invitation.objects.filter(ours, public_id=public_id).first()
    if found is None:
        raise Http404
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _show(request, refusal=_("Choose what to do."), status=422)
    if not ratelimit.consume(request, action="invite"):
        return _show(request, refusal=str(TooMany()), status=429)
    return _do(request, lambda: form.carry_out(found, request.actor))


@require_http_methods(["GET", "HEAD", "POST"])
@administrators_only
def owners(request: AgentRequest) -> HttpResponse:
    """Find a merchant by name or id, and invite somebody to own its store."""
    if request.method != "POST":
        return _show_owners(request)
    form = InviteForm({**request.POST.dict(), "role": Post.OWNER}, posts=OWNER)
    store = Merchant.objects.real().filter(public_id=_plain(request.POST.get("merchant", ""))).first()
    if store is None:
        return _show_owners(request, form=form, refusal=_("Choose a merchant first."), status=422)
    if not form.is_valid():
        return _show_owners(request, form=form, status=422)
    if not ratelimit.consume(request, action="invite"):
        return _show_owners(request, form=form, refusal=str(TooMany()), status=429)
    try:
        messages.success(request, form.carry_out(store, request.actor), extra_tags="good")
    except AlreadyDone:
        pass
    except (TeamRefusal, KeyReused) as refusal:
        return _show_owners(request, form=form, refusal=str(refusal), status=409)
    return redirect("support:team")


def _do(request: AgentRequest, deed: Callable[[], str], form: InviteForm | None = None) -> HttpResponse:
    try:
        messages.success(request, deed(), extra_tags="good")
    except AlreadyDone:
        pass
    except (TeamRefusal, KeyReused) as refusal:
        return _show(request, form=form, refusal=str(refusal), status=409)
    return redirect("support:team")


def _show(
    request: AgentRequest, *, form: InviteForm | None = None, refusal: str = "", status: int = 200
) -> HttpResponse:
    initial = {"language": get_language(), "role": Post.AGENT}
    context = {
        "members": members.of(None),
        "invitations": Invitation.objects.to(None).open(request.actor.at).order_by("pk"),
        "invited_owners": Invitation.objects.filter(role=Post.OWNER)
        .open(request.actor.at)
        .select_related("merchant")
        .order_by("-pk")[:FOUND],
        "posts": SUPPORT_POSTS,
        "form": form or InviteForm(initial=initial, posts=SUPPORT_POSTS),
        "refusal": refusal,
    }
    return render(request, "support/team.html", context, status=status)


def _plain(text: str) -> str:
    # PostgreSQL refuses to look for NUL.
    return text.replace("\x00", "")


def _show_owners(
    request: AgentRequest, *, form: InviteForm | None = None, refusal: str = "", status: int = 200
) -> HttpResponse:
    asked = searching.visible((request.POST if request.method == "POST" else request.GET).get("merchant_words", ""))
    named = searching.says("name", asked) | Q(external_id=asked) | Q(public_id=asked)
    found = list(Merchant.objects.real().filter(named).order_by("name", "pk")[:FOUND]) if asked else []
    context = {
        "asked": asked,
        "found": found,
        "chosen": request.POST.get("merchant", found[0].public_id if len(found) == 1 else ""),
        "form": form or InviteForm(initial={"language": get_language(), "role": Post.OWNER}, posts=OWNER),
        "refusal": refusal,
    }
    return render(request, "support/owners.html", context, status=status)
