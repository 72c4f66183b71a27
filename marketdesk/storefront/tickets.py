"""A customer's ticket: whose turn it is, what was said, answering, closing, opening again, and whether it helped."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Prefetch
from django.http import FileResponse, Http404, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketdesk.journal.models import AlreadyDone, Audience, KeyReused
from marketdesk.people.actor import Actor
from marketdesk.performance.models import Rating
from marketdesk.performance.rating import can_rate, is_asked, rate
from marketdesk.refunds.models import Refund
from marketdesk.storefront import unsent
from marketdesk.storefront.entrance import CustomerRequest, customers_only
from marketdesk.storefront.turns import turn
from marketdesk.tickets import thread
from marketdesk.tickets.errors import NotAllowed, SomethingNew
from marketdesk.tickets.forms import DeedForm, MessageForm
from marketdesk.tickets.models import Attachment, Draft, Message, Ticket
from marketdesk.tickets.rules import Verb
from marketdesk.translations import drawing, sending
from marketdesk.translations.drawing import Surroundings
from marketdesk.ui.pictures import HEADERS


class CloseForm(DeedForm):
    """Closing, in the customer's own word (D21)."""

    how = forms.ChoiceField(choices=[("solved", ""), ("not_needed", "")])


class RatingForm(forms.Form):
    """Whether it helped: one tap, then perhaps a sentence (D5). The tap alone leaves an earlier sentence as it was."""

    helpful = forms.ChoiceField(choices=[("yes", ""), ("no", "")])
    comment = forms.CharField(required=False, max_length=2000)


@require_safe
@customers_only
def show(request: CustomerRequest, public_id: str) -> HttpResponse:
    """The ticket's page."""
    return _page(request, find(request, public_id))


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
def reply(request: CustomerRequest, public_id: str) -> HttpResponse:
    """Answer, or add something (M81)."""
    ticket = find(request, public_id)
    if request.method != "POST":
        return _back_from_sign_in(request, ticket)
    return _say(request, ticket, ticket.reply, _("Your answer is sent."))


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
def reopen(request: CustomerRequest, public_id: str) -> HttpResponse:
    """Write again on a closed ticket (D16)."""
    ticket = find(request, public_id)
    if request.method != "POST":
        return _back_from_sign_in(request, ticket)
    return _say(request, ticket, ticket.reopen, _("Your question is open again."))


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
def close(request: CustomerRequest, public_id: str) -> HttpResponse:
    """Solved, or no longer needed (D21)."""
    ticket = find(request, public_id)
    if request.method != "POST":
        return redirect("storefront:ticket", public_id)
    form = CloseForm(request.POST)
    return _do(
        request,
        ticket,
        form,
        lambda by: ticket.close(how=form.cleaned_data["how"], by=by),
        _("Your question is closed."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
def helped(request: CustomerRequest, public_id: str) -> HttpResponse:
    """Say whether it helped, or change what was said (D5)."""
    ticket = find(request, public_id)
    if request.method != "POST":
        return redirect("storefront:ticket", public_id)
    form = RatingForm(request.POST)
    if not form.is_valid():
        return _page(request, ticket, rating_form=form, status=422)
    before = Rating.objects.filter(ticket=ticket).first()
    comment = form.cleaned_data["comment"] if "comment" in request.POST else (before.comment if before else "")
    try:
        rate(ticket, helpful=form.cleaned_data["helpful"] == "yes", comment=comment, by=request.actor)
    except NotAllowed as refused:
        return _page(request, find(request, public_id), refusal=str(refused), status=409)
    messages.success(request, _("Thank you. Your answer is saved."), extra_tags="good")
    return redirect("storefront:ticket", public_id)


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
def end_links(request: CustomerRequest, public_id: str) -> HttpResponse:
    """Stop the links in the mails sent so far; who came by one of them then is outside."""
    ticket = find(request, public_id)
    if request.method != "POST":
        return redirect("storefront:ticket", public_id)
    said = _("The links in the mails sent so far no longer work.")
    return _do(request, ticket, DeedForm(request.POST), lambda by: ticket.end_links(by=by), said)


@require_POST
@customers_only
def draft(request: CustomerRequest, public_id: str) -> HttpResponse:
    """Keep what is being typed."""
    Draft.keep_unsent(find(request, public_id).pk, request.POST.get("text", ""), by=request.actor)
    return HttpResponse(status=204)


@require_safe
@customers_only
def picture(request: CustomerRequest, public_id: str, picture: str) -> FileResponse:
    """A picture of a message; `?small` for its thumbnail."""
    return _send(get_object_or_404(Attachment.objects.on_page(request.actor, public_id), public_id=picture), request)


@require_safe
@customers_only
def kept_picture(request: CustomerRequest, picture: str) -> FileResponse:
    """A picture that I chose and that is not sent yet."""
    seen = Attachment.objects.visible_to(request.actor)
    return _send(get_object_or_404(seen, public_id=picture, message__isnull=True), request)


def find(request: CustomerRequest, public_id: str) -> Ticket:
    """The customer's ticket; a stranger's is as if absent (D31)."""
    mine = Ticket.objects.visible_to(request.actor)
    return get_object_or_404(
        mine.select_related("merchant", "customer", "issue", "order", "product", "follows"), public_id=public_id
    )


def surroundings(request: CustomerRequest, ticket: Ticket) -> Surroundings:
    """What a thread takes from this door's page."""
    said_url = f"{reverse('storefront:ticket', args=[ticket.public_id])}messages/"
    token = partial(get_token, request)
    return Surroundings(token, ticket, get_language() or "en", "storefront:picture", said_url)


def _say(request: CustomerRequest, ticket: Ticket, verb: Callable[..., Message | None], done: str) -> HttpResponse:
    """A message, and where it was asked for its translation with it; or that translation, to be seen first."""
    form = MessageForm(request.POST, request.FILES, by=request.actor)
    named, text = request.POST.get(sending.FIELD, ""), request.POST.get("text", "")
    act = request.POST.get("act", "")
    if act in {"translate", "untranslate"}:
        form.is_valid()  # stores the pictures chosen so far
        own, theirs = get_language() or "en", _reading(ticket)
        also = sending.translate(text, ticket, own, theirs, named, by=request.actor) if act == "translate" else None
        form.errors.pop("text", None)  # an empty text is said where the translation would stand
        return _page(request, ticket, form=form, also=also)
    try:
        translation = sending.seen(named, text, by=request.actor)
    except sending.Changed as changed:
        form.add_error("text", str(changed))
        return _page(request, ticket, form=form, status=422)
    return _do(request, ticket, form, lambda by: sending.send(partial(verb, **_said(form), by=by), translation), done)


def _reading(ticket: Ticket) -> str:
    """What whoever answers the customer reads: the store's people, or the platform's."""
    return ticket.merchant.language if ticket.shared else settings.LANGUAGE_CODE


def _said(form: MessageForm) -> dict[str, Any]:
    return {
        "text": form.cleaned_data["text"],
        "pictures": form.attachments,
        "language": get_language() or "",
    }


def _do(
    request: CustomerRequest, ticket: Ticket, form: DeedForm, deed: Callable[[Actor], object], done: str
) -> HttpResponse:
    """One deed from one form. Whatever refuses it, the page comes back with the reason and all that was typed."""
    typed = form if isinstance(form, MessageForm) else None
    if not form.is_valid():
        return _page(request, ticket, form=typed, status=422)
    try:
        deed(form.actor(request.actor))
    except (NotAllowed, SomethingNew, KeyReused) as refused:
        fresh = find(request, ticket.public_id)
        return _page(request, fresh, form=typed, refusal=str(refused), status=409)
    except AlreadyDone:
        pass
    messages.success(request, done, extra_tags="good")
    return redirect("storefront:ticket", ticket.public_id)


def _back_from_sign_in(request: CustomerRequest, ticket: Ticket) -> HttpResponse:
    """The session ended while they wrote: what they sent in vain becomes the ticket's draft."""
    typed = unsent.read(request, request.path)
    if typed:
        Draft.keep(ticket.pk, typed, by=request.actor)
        unsent.forget(request, request.path)
    return redirect("storefront:ticket", ticket.public_id)


def _page(
    request: CustomerRequest,
    ticket: Ticket,
    *,
    form: MessageForm | None = None,
    rating_form: RatingForm | None = None,
    refusal: str = "",
    also: sending.Also | None = None,
    status: int = 200,
) -> HttpResponse:
    items = _items(ticket)
    read = thread.read(ticket, request.actor)
    language = get_language() or "en"
    kept = Draft.of(ticket.pk, by=request.actor)
    rating = Rating.objects.filter(ticket=ticket).first()
    may_rate = can_rate(ticket, request.actor.at)
    chosen = _chosen(request)
    can = ticket.can(request.actor)
    verb = "storefront:reopen" if Verb.REOPEN in can else "storefront:reply"
    context = {
        "ticket": ticket,
        "turn": turn(ticket, request.actor.at),
        "can": can,
        "reply_url": reverse(verb, args=[ticket.public_id]),
        "also": also or sending.offer(language, _reading(ticket)),
        "items": items,
        # One item without a story of its own stands at the top of the page already.
        "show_items": len(items) > 1 or any(item.returned_at or item.paid_back for item in items),
        "thread": drawing.thread(read.entries, request.GET, surroundings(request, ticket)),
        "seen": read.seen,
        "form": form or MessageForm(by=request.actor, initial={"text": kept}),
        "restored": bool(kept) and form is None,
        "refusal": refusal,
        "readers": thread.readers(Audience.EVERYONE, ticket, request.actor),
        "rating": rating,
        "rating_form": rating_form,
        "chosen": chosen,
        "can_rate": may_rate,
        "asks": bool(rating or chosen or rating_form) or (may_rate and is_asked(ticket)),
        "ask_again": _ask_again(ticket),
    }
    return render(request, "storefront/ticket.html", context, status=status)


def _items(ticket: Ticket) -> list[Any]:
    """The affected items, each with its refunds, the latest last."""
    refunds = Prefetch("refunds", Refund.objects.order_by("pk"), to_attr="paid_back")
    return list(ticket.items.prefetch_related(refunds).order_by("pk"))


def _chosen(request: CustomerRequest) -> str:
    """What they chose in a mail. A mail program may have opened the link by itself, so it is only laid before them."""
    chosen = request.GET.get("helped", "")
    return chosen if chosen in {"yes", "no"} else ""


def _ask_again(ticket: Ticket) -> str:
    """Where a new question about the same begins, linked to this one (D16)."""
    if ticket.order:
        start = reverse("storefront:ask-order", args=[ticket.order.public_id])
    elif ticket.product:
        start = reverse("storefront:ask-product", args=[ticket.product.public_id])
    else:
        start = reverse("storefront:ask-store", args=[ticket.merchant.public_id])
    return f"{start}?follows={ticket.public_id}"


def _send(found: Attachment, request: CustomerRequest) -> FileResponse:
    try:
        body = found.open(small="small" in request.GET)
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(body, content_type=found.mime, filename=found.file_name, headers=HEADERS)
