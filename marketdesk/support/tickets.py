"""A ticket, and what support does with it: each act reads a form, calls one verb and shows what became of it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.lib.languages import isolated
from marketdesk.refunds import refunding
from marketdesk.refunds.models import Refund
from marketdesk.replies import composing, recognising
from marketdesk.replies.choosing import preset_language
from marketdesk.support import page
from marketdesk.support.entrance import AgentRequest, agents_only
from marketdesk.support.forms import AssignForm, SettleForm, WritingForm
from marketdesk.support.page import Typed
from marketdesk.tickets import rules
from marketdesk.tickets.errors import NotAllowed, SomethingNew
from marketdesk.tickets.forms import DeedForm, ItemsForm
from marketdesk.tickets.models import Attachment, Draft, Ticket
from marketdesk.tickets.rules import Verb
from marketdesk.translations import sending
from marketdesk.ui.pictures import HEADERS


@require_http_methods(["GET", "HEAD", "POST"])
@agents_only
def ticket(request: AgentRequest, public_id: str) -> HttpResponse:
    """The ticket page, and every act on it, by the name of the button."""
    found = page.find_ticket(request, public_id)
    if request.method != "POST":
        return page.show(request, found)
    act = "insert" if "insert" in request.POST else request.POST.get("act", "")
    if act not in ACTS:
        return page.show(request, found, status=422, errors=[_("Nothing was done: choose one of the buttons.")])
    return ACTS[act](request, found)


@require_POST
@agents_only
def draft(request: AgentRequest, public_id: str) -> HttpResponse:
    """Keep what is being typed."""
    Draft.keep_unsent(page.find_ticket(request, public_id).pk, request.POST.get("text", ""), by=request.actor)
    return HttpResponse(status=204)


@require_safe
@agents_only
def picture(request: AgentRequest, public_id: str, picture: str) -> FileResponse:
    """A picture of a message on this ticket, or one of the agent's own not sent yet; `?small`: its thumbnail."""
    found = get_object_or_404(Attachment.objects.on_page(request.actor, public_id), public_id=picture)
    try:
        body = found.open(small="small" in request.GET)
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(body, content_type=found.mime, filename=found.file_name, headers=HEADERS)


@require_http_methods(["GET", "HEAD", "POST"])
@agents_only
def settle(request: AgentRequest, public_id: str, refund: str) -> HttpResponse:
    """What the marketplace said of a pending refund: paid, or failed and why. Reloaded, it is the ticket's page."""
    ticket = page.find_ticket(request, public_id)
    found = get_object_or_404(Refund.objects.filter(ticket=ticket), public_id=refund)
    if request.method != "POST":
        return redirect(page.address_of(ticket.public_id, page.queue_of(request, ticket)))
    form = SettleForm(request.POST)
    if not form.is_valid():
        return page.show(request, ticket, status=422, errors=_errors(form))
    by, note, paid = form.actor(request.actor), form.cleaned_data["note"], form.cleaned_data["outcome"] == "paid"
    said = _("Noted: the refund was paid.") if paid else _("Noted: the refund failed.")
    return _attempt(request, ticket, lambda: refunding.settle(found, succeeded=paid, by=by, note=note), said)


def _send(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """What was written: a reply, a note, or a message that re-opens."""
    form = WritingForm(request.POST, request.FILES, by=request.actor)
    is_good = form.is_valid()
    typed = _typed(request, form)
    if not is_good:
        Draft.keep(ticket.pk, typed.text, by=request.actor)
        return page.show(request, ticket, status=422, typed=typed)
    text, by, pictures = form.cleaned_data["text"], form.actor(request.actor), form.attachments
    if typed.voice == Verb.NOTE:
        return _attempt(request, ticket, lambda: ticket.note(text, by=by, pictures=pictures), _("Note saved."), typed)
    speak = ticket.reopen if typed.voice == Verb.REOPEN else ticket.reply
    said = _("Sent. The ticket is open again.") if typed.voice == Verb.REOPEN else _("Reply sent.")
    try:
        also = sending.seen(request.POST.get(sending.FIELD, ""), text, by=request.actor)
    except sending.Changed as changed:
        Draft.keep(ticket.pk, typed.text, by=request.actor)
        return page.show(request, ticket, status=422, typed=replace(typed, errors=[str(changed)]))
    language = recognising.recognise(text, ticket, chosen=typed.language, own=get_language() or "en").language
    say = partial(speak, text, by=by, pictures=pictures, language=language)
    typed = replace(typed, also=sending.Also(also.target, also) if also else None)
    return _attempt(request, ticket, lambda: sending.send(say, also), said, typed)


def _translate(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """Show what was written in the customer's language, to be sent beside it; nothing is sent."""
    own, theirs, named = get_language() or "en", preset_language(ticket), request.POST.get(sending.FIELD, "")
    also = sending.translate(request.POST.get("text", ""), ticket, own, theirs, named, by=request.actor)
    return _as_typed(request, ticket, also)


def _untranslate(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """Leave the translation out again."""
    return _as_typed(request, ticket)


def _as_typed(request: AgentRequest, ticket: Ticket, also: sending.Also | None = None) -> HttpResponse:
    form = WritingForm(request.POST, request.FILES, by=request.actor)
    form.is_valid()  # keeps the pictures
    typed = replace(_typed(request, form, errors=form.errors.get("pictures", [])), also=also)
    Draft.keep(ticket.pk, typed.text, by=request.actor)
    return page.show(request, ticket, typed=typed)


def _compose(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """Put a template into the field, or show those of another language; nothing is sent. For those without
    JavaScript."""
    form = WritingForm(request.POST, request.FILES, by=request.actor)
    form.is_valid()  # keeps the pictures; an empty field is no mistake here
    typed = _typed(request, form, errors=form.errors.get("pictures", []))
    text = composing.with_template(typed.text, request.POST.get("insert", ""), ticket, typed.language)
    Draft.keep(ticket.pk, text, by=request.actor)
    return page.show(request, ticket, typed=Typed(text, typed.voice, typed.language, typed.kept, typed.errors))


def _refund(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """Refund Checked Orders: asked back with items and sum; nothing is refunded yet."""
    form = ItemsForm(request.POST, ticket=ticket)
    if not form.is_valid():
        return page.show(request, ticket, status=422, items_error=" ".join(_errors(form)))
    try:
        proposal = refunding.propose(ticket, form.items())
    except NotAllowed as refusal:
        return page.show(request, ticket, status=422, items_error=str(refusal))
    return _ask_back(request, ticket, Verb.REFUND, refunding=proposal)


def _confirm_refund(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """The refund, confirmed."""
    return _with_items(request, ticket, partial(refunding.refund_items, ticket), _("Refunded. The ticket is closed."))


def _mark_returned(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """The checked items have come back."""
    return _with_items(request, ticket, ticket.mark_returned, _("Marked as returned."))


def _assign(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """To me, to another agent, to nobody."""
    form = AssignForm(request.POST)
    if not form.is_valid():
        return page.show(request, ticket, status=422, errors=_errors(form))
    agent, by = form.cleaned_data["agent"], form.actor(request.actor)
    said = _("Assigned to %(name)s.") % {"name": isolated(agent.name)} if agent else _("Back in the queue.")
    return _attempt(request, ticket, lambda: ticket.assign(agent, by=by), said)


def _take_over(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """The platform serves it from now on."""
    return _plainly(request, ticket, ticket.take_over, _("Taken over."))


def _hand_back(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """The merchant serves it from now on."""
    return _plainly(request, ticket, ticket.hand_back, _("Handed back to the merchant."))


def _close(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """Close without a refund."""
    return _plainly(request, ticket, ticket.close, _("Closed."))


def _close_for_good(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """Close so that it never re-opens: asked back on the page; nothing is closed yet."""
    Draft.keep(ticket.pk, request.POST.get("text", ""), by=request.actor)
    return _ask_back(request, ticket, Verb.CLOSE_FOR_GOOD, closing_for_good=True)


def _confirm_close_for_good(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """Closing for good, confirmed."""
    return _plainly(request, ticket, ticket.close_for_good, _("Closed for good."))


def _end_links(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """The links in the mails to the customer open nothing any more."""
    return _plainly(request, ticket, ticket.end_links, _("The links in the mails sent so far no longer work."))


def _reopen(request: AgentRequest, ticket: Ticket) -> HttpResponse:
    """Open it again at the platform's desk, without a message."""
    return _plainly(request, ticket, partial(ticket.reopen, ""), _("The ticket is open again."))


ACTS: dict[str, Callable[[AgentRequest, Ticket], HttpResponse]] = {
    "send": _send,
    "insert": _compose,
    "templates": _compose,
    "translate": _translate,
    "untranslate": _untranslate,
    "refund": _refund,
    "confirm_refund": _confirm_refund,
    "returned": _mark_returned,
    "assign": _assign,
    "take_over": _take_over,
    "hand_back": _hand_back,
    "reopen": _reopen,
    "end_links": _end_links,
    "close": _close,
    "close_for_good": _close_for_good,
    "confirm_close_for_good": _confirm_close_for_good,
}


def _plainly(request: AgentRequest, ticket: Ticket, verb: Callable[..., object], said: str) -> HttpResponse:
    """An act that needs nothing but a button. A text that stood beside the button is kept as a draft."""
    if "text" in request.POST:
        Draft.keep(ticket.pk, request.POST["text"], by=request.actor)
    form = DeedForm(request.POST)
    if not form.is_valid():
        return page.show(request, ticket, status=422, errors=_errors(form))
    return _attempt(request, ticket, lambda: verb(by=form.actor(request.actor)), said)


def _with_items(request: AgentRequest, ticket: Ticket, verb: Callable[..., object], said: str) -> HttpResponse:
    """An act on the checked items."""
    form = ItemsForm(request.POST, ticket=ticket)
    if not form.is_valid():
        return page.show(request, ticket, status=422, items_error=" ".join(_errors(form)))
    items, by = form.items(), form.actor(request.actor)
    return _attempt(request, ticket, lambda: verb(items, by=by), said)


def _attempt(
    request: AgentRequest, ticket: Ticket, deed: Callable[[], object], said: str, typed: Typed | None = None
) -> HttpResponse:
    """Do it and go on; or, refused, show the page as it stands now, with the reason and what was typed."""
    queue = page.queue_of(request, ticket)
    try:
        deed()
    except AlreadyDone:
        pass  # a double click: as if it had just succeeded
    except (NotAllowed, SomethingNew, KeyReused) as refusal:
        if typed:
            Draft.keep(ticket.pk, typed.text, by=request.actor)
        now = page.find_ticket(request, ticket.public_id)
        return page.show(request, now, status=409, refused=str(refusal), typed=typed)
    messages.success(request, said, extra_tags="good")
    return redirect(page.address_of(ticket.public_id, queue))


def _ask_back(request: AgentRequest, ticket: Ticket, verb: Verb, **about: Any) -> HttpResponse:
    """Show the page with the act to be confirmed; or, where it is not allowed, why not."""
    try:
        rules.check(verb, request.actor.party, ticket.facts(request.actor.at))
    except NotAllowed as refusal:
        return page.show(request, ticket, status=409, refused=str(refusal))
    return page.show(request, ticket, **about)


def _typed(request: AgentRequest, form: WritingForm, errors: Any = None) -> Typed:
    """What stood in the field."""
    return Typed(
        text=request.POST.get("text", ""),
        voice=request.POST.get("voice", ""),
        language=request.POST.get("template_language", ""),
        kept=form.attachments,
        errors=_errors(form) if errors is None else [str(error) for error in errors],
    )


def _errors(form: forms.Form) -> list[str]:
    return [str(error) for errors in form.errors.values() for error in errors]
