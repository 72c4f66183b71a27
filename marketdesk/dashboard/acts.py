"""What a merchant does on a ticket page. Every form posts to the ticket's own address, so that a refused one can be
mended, reloaded and left like any page; `act` names the deed."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from marketdesk.dashboard.entrance import MerchantRequest, merchants_only
from marketdesk.dashboard.tickets import Typed, address_of, find, own_language, show
from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.lib import whole
from marketdesk.lib.languages import isolated
from marketdesk.policy import promises
from marketdesk.refunds import refunding
from marketdesk.replies import composing, counting, recognising
from marketdesk.replies.choosing import preset_language
from marketdesk.tickets import queues, rules
from marketdesk.tickets.errors import NotAllowed, SomethingNew
from marketdesk.tickets.forms import DeedForm, ItemsForm, MessageForm, TextForm
from marketdesk.tickets.models import Draft, Message, Ticket
from marketdesk.tickets.rules import Verb
from marketdesk.translations import sending
from marketdesk.ui.templatetags.marketdesk import time_left


@merchants_only
@require_http_methods(["GET", "HEAD", "POST"])
def ticket(request: MerchantRequest, public_id: str) -> HttpResponse:
    """The page, or one act on it."""
    found = find(request, public_id)
    if request.method != "POST":
        return show(request, found)
    if "insert" in request.POST:
        return insert(request, found)
    act = ACTS.get(request.POST.get("act", ""))
    if act is None:
        errors = [_("Choose what to do with this ticket. Nothing was sent; what you typed is kept.")]
        return _again(request, found, replace(_typed(request), errors=errors), status=422)
    return act(request, found)


@merchants_only
@require_POST
def draft(request: MerchantRequest, public_id: str) -> HttpResponse:
    """Keep what is being typed."""
    Draft.keep_unsent(find(request, public_id).pk, request.POST.get("text", ""), by=request.actor)
    return HttpResponse(status=204)


def insert(request: MerchantRequest, ticket: Ticket) -> HttpResponse:
    """Put a template into the text (M64), or show the templates of another language (M67); send nothing."""
    typed = _typed(request)
    form = MessageForm(request.POST, request.FILES, by=request.actor)
    form.is_valid()  # stores the pictures chosen so far; an empty text is no mistake here
    text = composing.with_template(typed.text or "", request.POST.get("insert", ""), ticket, typed.language)
    typed = replace(typed, text=text, kept=form.attachments, errors=_errors(form, "pictures"))
    return _again(request, ticket, typed, status=200)


def translate(request: MerchantRequest, ticket: Ticket) -> HttpResponse:
    """Show the reply in the customer's language, to be sent beside it; send nothing."""
    own, theirs, named = own_language(request), preset_language(ticket), request.POST.get(sending.FIELD, "")
    text = request.POST.get("text", "")
    also = sending.translate(text, ticket, own, theirs, named, by=request.actor)
    return _as_typed(request, ticket, also)


def untranslate(request: MerchantRequest, ticket: Ticket) -> HttpResponse:
    """Leave the translation out again."""
    return _as_typed(request, ticket)


def _as_typed(request: MerchantRequest, ticket: Ticket, also: sending.Also | None = None) -> HttpResponse:
    form = MessageForm(request.POST, request.FILES, by=request.actor)
    form.is_valid()  # stores the pictures chosen so far
    return _again(request, ticket, replace(_typed(request), kept=form.attachments, also=also), status=200)


def reply(request: MerchantRequest, ticket: Ticket) -> HttpResponse:
    """Reply (M72)."""
    return _send(request, ticket, ticket.reply, _("Reply sent."))


def resolve(request: MerchantRequest, ticket: Ticket) -> HttpResponse:
    """Reply & Resolve (M74)."""
    return _send(request, ticket, ticket.resolve, _("Reply sent, ticket closed."))


def reopen(request: MerchantRequest, ticket: Ticket) -> HttpResponse:
    """Re-open with a message (D16)."""
    return _send(request, ticket, ticket.reopen, _("The ticket is open again and waits for the customer."))


def close(request: MerchantRequest, ticket: Ticket) -> HttpResponse:
    """Close without a refund (M107, D25). Words in the field stay a draft, for a re-opening."""
    form, typed = DeedForm(request.POST), _typed(request)
    if not form.is_valid():
        return _again(request, ticket, typed, status=422)
    if typed.text:
        Draft.keep(ticket.pk, typed.text, by=request.actor)
    return _attempt(request, ticket, typed, lambda: ticket.close(by=form.actor(request.actor)), _("Ticket closed."))


def ask_appeal(request: MerchantRequest, ticket: Ticket) -> HttpResponse:
    """Show where the reason of an appeal is written, and the hint to try first (M79)."""
    return _prepare(request, ticket, Verb.APPEAL, replace(_typed(request), appealing=True))


def appeal(request: MerchantRequest, ticket: Ticket) -> HttpResponse:
    """Appeal to platform support (M77, D26). A reply that was begun is not part of it, and stays a draft."""
    form = TextForm(request.POST)
    reason = request.POST.get("text", "")
    typed = Typed(appealing=True, reason=reason)
    if not form.is_valid():
        wrong = " ".join(_errors(form)) or _("Nothing was sent.")
        return show(request, ticket, replace(typed, reason_error=wrong), status=422)

    def deed() -> None:
        ticket.appeal(form.cleaned_data["text"], by=form.actor(request.actor))

    platform = isolated(promises.current().platform_name)
    words = _("Appealed to %(platform)s Support. They answer in this conversation.") % {"platform": platform}
    return _attempt(request, ticket, typed, deed, words)


def refund(request: MerchantRequest, ticket: Ticket) -> HttpResponse:
    """Refund Checked Orders: first the confirmation, with items and sum (M57, M58)."""
    form = ItemsForm(request.POST, ticket=ticket)
    if not form.is_valid():
        return _wrong_items(request, ticket, form)
    typed = Typed(checked=form.cleaned_data["item"])
    try:
        typed = replace(typed, confirm=refunding.propose(ticket, form.items()))
    except NotAllowed as refusal:
        return show(request, ticket, replace(typed, items_error=str(refusal)), status=422)
    return _prepare(request, ticket, Verb.REFUND, typed)


def confirm_refund(request: MerchantRequest, ticket: Ticket) -> HttpResponse:
    """The confirmed refund: each item once, and the ticket closes (D17)."""
    return _with_items(request, ticket, partial(refunding.refund_items, ticket), _("Refunded. The ticket is closed."))


def returned(request: MerchantRequest, ticket: Ticket) -> HttpResponse:
    """Mark as returned what has come back (D28)."""
    return _with_items(request, ticket, ticket.mark_returned, _("Marked as returned."))


ACTS: dict[str, Callable[[MerchantRequest, Ticket], HttpResponse]] = {
    "reply": reply,
    "resolve": resolve,
    "reopen": reopen,
    "close": close,
    "templates": insert,
    "translate": translate,
    "untranslate": untranslate,
    "ask_appeal": ask_appeal,
    "appeal": appeal,
    "refund": refund,
    "confirm_refund": confirm_refund,
    "returned": returned,
}


def _send(request: MerchantRequest, ticket: Ticket, verb: Callable[..., Message | None], words: str) -> HttpResponse:
    """A message with pictures, in the language that it is written in."""
    form, typed = MessageForm(request.POST, request.FILES, by=request.actor), _typed(request)
    valid = form.is_valid()
    typed = replace(typed, kept=form.attachments)
    if not valid:
        return _again(request, ticket, replace(typed, errors=_errors(form)), status=422)
    text = form.cleaned_data["text"]
    try:
        also = sending.seen(request.POST.get(sending.FIELD, ""), text, by=request.actor)
    except sending.Changed as changed:
        return _again(request, ticket, replace(typed, errors=[str(changed)]), status=422)
    known = recognising.recognise(text, ticket, chosen=typed.language, own=own_language(request))
    say = partial(verb, text, pictures=form.attachments, language=known.language)
    typed = replace(typed, also=sending.Also(also.target, also) if also else None)

    def deed() -> None:
        with whole.deed():
            sending.send(partial(say, by=form.actor(request.actor)), also)
            counting.count(ticket.merchant_id, known.templates)

    return _attempt(request, ticket, typed, deed, words)


def _with_items(request: MerchantRequest, ticket: Ticket, verb: Callable[..., object], words: str) -> HttpResponse:
    """A deed on the checked items."""
    form = ItemsForm(request.POST, ticket=ticket)
    if not form.is_valid():
        return _wrong_items(request, ticket, form)

    def deed() -> None:
        verb(form.items(), by=form.actor(request.actor))

    return _attempt(request, ticket, Typed(checked=form.cleaned_data["item"]), deed, words)


def _attempt(
    request: MerchantRequest, ticket: Ticket, typed: Typed, deed: Callable[[], None], words: str
) -> HttpResponse:
    """Do it, and go back to the ticket; done before counts as done now. Refused: 409, everything kept (D19)."""
    try:
        deed()
    except AlreadyDone:
        pass
    except (NotAllowed, SomethingNew, KeyReused) as refusal:
        found = find(request, ticket.public_id)  # as it is now: the refused act has read or changed the other one
        seen = request.POST.get("seen", "") if isinstance(refusal, SomethingNew) else ""
        typed = replace(typed, refused=str(refusal), seen=int(seen) if seen.isdecimal() else None)
        return _again(request, found, typed, status=409)
    _tell(request, ticket, words)
    return redirect("dashboard:ticket", ticket.public_id)


def _prepare(request: MerchantRequest, ticket: Ticket, verb: Verb, typed: Typed) -> HttpResponse:
    """Draw the page with the next step of an act, if the act is possible at all."""
    try:
        rules.check(verb, request.actor.party, ticket.facts(request.actor.at))
    except NotAllowed as refusal:
        return _again(request, ticket, replace(typed, refused=str(refusal), confirm=None), status=409)
    return _again(request, ticket, typed, status=200)


def _again(request: MerchantRequest, ticket: Ticket, typed: Typed, *, status: int) -> HttpResponse:
    """The page again; what was typed is a draft from now on, so that leaving it loses nothing either."""
    if typed.text is not None:
        Draft.keep(ticket.pk, typed.text, by=request.actor)
    return show(request, ticket, typed, status=status)


def _wrong_items(request: MerchantRequest, ticket: Ticket, form: ItemsForm) -> HttpResponse:
    words = " ".join(_errors(form, "item")) or _("Nothing was refunded.")
    return show(request, ticket, Typed(items_error=words, checked=request.POST.getlist("item")), status=422)


def _typed(request: MerchantRequest) -> Typed:
    return Typed(text=request.POST.get("text", ""), language=request.POST.get("template_language", ""))


def _errors(form: DeedForm, field: str = "") -> list[str]:
    """What is wrong, in words: with one field, or with any."""
    return [str(error) for name, errors in form.errors.items() if name == field or not field for error in errors]


def _tell(request: MerchantRequest, ticket: Ticket, words: str) -> None:
    """What was done, and the way to the next ticket that waits."""
    following = queues.next_waiting(request.actor, after=ticket)
    if following is None:
        nothing = _("No other ticket waits for you.")
        words = f"{words} {nothing}"
    else:
        url, link, left = address_of(following.public_id), _("Next ticket"), time_left(following.due_at)
        words = format_html('{} <a href="{}" rel="next">{}</a> ({})', words, url, link, left)
    messages.success(request, words, extra_tags="good")
