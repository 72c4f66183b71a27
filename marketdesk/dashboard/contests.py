"""What a merchant contests: a late answer, a rating or a notice, with a reason and pictures; and what was decided."""

from typing import Any

from django import forms
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from marketdesk.dashboard.entrance import MerchantRequest, merchants_only
from marketdesk.dashboard.page import render
from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.lib import paging
from marketdesk.performance import contesting
from marketdesk.performance.contesting import Subject
from marketdesk.policy import promises
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.forms import MessageForm
from marketdesk.ui.pictures import HEADERS


class ContestForm(MessageForm):
    """Why it is not right, and pictures that show it."""

    most_letters = 5000

    def clean_text(self) -> str:
        text = str(self.cleaned_data["text"]).strip()
        if not text:
            raise forms.ValidationError(_("Say why it should not count."))
        if len(text) > self.most_letters:
            words = _("The reason has %(length)s characters; %(limit)s are possible.")
            raise forms.ValidationError(words % {"length": len(text), "limit": self.most_letters})
        return super().clean_text()


@require_http_methods(["GET", "HEAD", "POST"])
@merchants_only
def contest(request: MerchantRequest, kind: str, name: str) -> HttpResponse:
    """One thing that counts against the merchant; the form contests it. What was contested shows its contest."""
    subject = contesting.find(kind, name, request.actor)
    if subject is None:
        raise Http404
    if request.method != "POST":
        made = contesting.of(subject)
        return redirect("dashboard:contested", made.public_id) if made else _ask(request, subject)
    form = ContestForm(request.POST, request.FILES, by=request.actor)
    if not form.is_valid():
        return _ask(request, subject, form, status=422)
    by = form.actor(request.actor)
    try:
        contesting.contest(subject, form.cleaned_data["text"], form.attachments, by=by)
    except AlreadyDone:
        pass
    except (NotAllowed, KeyReused) as refusal:
        return _ask(request, subject, form, refused=str(refusal), status=409)
    return redirect("dashboard:contest", kind, name)


@require_safe
@merchants_only
def contests(request: MerchantRequest) -> HttpResponse:
    """All that the merchant has contested, the latest first."""
    after = request.GET.get("after", "")
    page = paging.page(contesting.seen_by(request.actor), "made_at", after, newest_first=True)
    context = {"page": page, "is_first_page": not after, "days": promises.current().contest_days}
    return render(request, "dashboard/contests/list.html", context)


@require_safe
@merchants_only
def contested(request: MerchantRequest, public_id: str) -> HttpResponse:
    """One contest: what was said, and what was decided."""
    found = get_object_or_404(contesting.seen_by(request.actor), public_id=public_id)
    facts = contesting.facts(contesting.about(found), request.actor.at)
    context = {"contest": found, "facts": facts, "pictures": found.pictures.all()}
    return render(request, "dashboard/contests/show.html", context)


@require_safe
@merchants_only
def picture(request: MerchantRequest, public_id: str, picture: str) -> FileResponse:
    """A picture of a contest, or with `?small` its thumbnail."""
    contest = get_object_or_404(contesting.seen_by(request.actor), public_id=public_id)
    found = get_object_or_404(contest.pictures, public_id=picture)
    try:
        body = found.open(small="small" in request.GET)
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(body, content_type=found.mime, filename=found.file_name, headers=HEADERS)


def _ask(
    request: MerchantRequest,
    subject: Subject,
    form: ContestForm | None = None,
    *,
    refused: str = "",
    status: int = 200,
) -> HttpResponse:
    """The page with the form, or with why there is none; a refused form keeps what was typed and chosen."""
    context: dict[str, Any] = {"facts": contesting.facts(subject, request.actor.at), "refused": refused}
    try:
        contesting.check(subject, request.actor.at)
    except NotAllowed as closed:
        context |= {"closed": str(closed), "made": contesting.of(subject)}
    context |= {
        "form": form or ContestForm(by=request.actor),
        "until": contesting.until(contesting.happened_at(subject)),
    }
    return render(request, "dashboard/contests/contest.html", context, status=status)
