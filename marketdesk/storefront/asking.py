"""Asking, from a product, a store or an order: pick what it is about, see who answers by when, write, send
(M2, M9-M17)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from marketdesk.journal.models import AlreadyDone, KeyReused
from marketdesk.lib import searching
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, OrderItem, Product
from marketdesk.storefront import unsent
from marketdesk.storefront.answering import Answering, answering
from marketdesk.storefront.entrance import CustomerRequest, customers_only
from marketdesk.tickets.forms import MessageForm
from marketdesk.tickets.issues import RETURNS, needs_items
from marketdesk.tickets.models import Beginning, Issue, Ticket
from marketdesk.tickets.rules import OPEN, Category

M = TypeVar("M", bound=Model)

PRODUCTS = 8


@dataclass(frozen=True)
class Starting:
    """Where a customer starts from: a product, a store, or one of their orders."""

    kind: str
    name: str
    merchant: Merchant
    order: Order | None = None
    product: Product | None = None
    items: Sequence[OrderItem] = ()

    @property
    def address(self) -> str:
        return reverse(f"storefront:ask-{self.kind}", args=[self.name])

    @property
    def page(self) -> str:
        """What is typed here is kept under this name."""
        return beginning(self.kind, self.name)

    def issues(self) -> list[Issue]:
        """What can be asked from here: order questions of an order; before buying, of a product or its store."""
        active = Issue.objects.filter(active=True)
        if self.order:
            return list(active.exclude(category=Category.PRE_PURCHASE))
        other = "product_question" if self.kind == "store" else "store_question"
        before_buying = list(active.filter(category=Category.PRE_PURCHASE))
        return [issue for issue in before_buying if issue.code != other] or before_buying

    def needs_items(self, issue: Issue) -> bool:
        return self.order is not None and needs_items(issue.code, issue.category)


def beginning(kind: str, name: str) -> str:
    """Where a question begins, whatever prefix its address has."""
    return f"{kind}/{name}"


@dataclass(frozen=True)
class Choice:
    """One issue to pick, with who answers it by when."""

    issue: Issue
    answering: Answering
    needs_items: bool


@dataclass(frozen=True)
class Question:
    """Everything picked: from where, what about, which items, and the closed question that it continues."""

    start: Starting
    choice: Choice
    items: Sequence[OrderItem]
    follows: Ticket | None


class QuestionForm(MessageForm):
    """What a customer writes when they ask; a return or refund says which of the two it is (D28)."""

    WANTS = (
        ("refund", gettext_lazy("I want my money back")),
        ("return", gettext_lazy("I want to send it back")),
    )
    field_order = ("wants",)  # what is wrong is listed in the order of the page
    subject = forms.CharField(required=False, max_length=120)
    wants = forms.ChoiceField(
        required=False,
        choices=WANTS,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what you want.")},
    )

    def __init__(self, *args: Any, issue: Issue, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["wants"].required = issue.code == RETURNS


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
def product(request: CustomerRequest, name: str) -> HttpResponse:
    """A question before buying (M9)."""
    sold = Product.objects.filter(merchant__in=Merchant.objects.real())
    found = _named(sold.select_related("merchant"), name)
    return _ask(request, Starting("product", name, found.merchant, product=found))


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
def store(request: CustomerRequest, name: str) -> HttpResponse:
    """A question to a store (M10)."""
    return _ask(request, Starting("store", name, _named(Merchant.objects.real(), name)))


@require_http_methods(["GET", "HEAD", "POST"])
@customers_only
def order(request: CustomerRequest, name: str) -> HttpResponse:
    """A question about one of my orders (M11-M17)."""
    mine = Order.objects.filter(customer=request.user).select_related("merchant").prefetch_related("items")
    found = _named(mine, name)
    return _ask(request, Starting("order", name, found.merchant, order=found, items=list(found.items.all())))


@require_POST
@customers_only
def draft(request: CustomerRequest, kind: str, name: str) -> HttpResponse:
    """Keep what is being typed, before there is a ticket to keep it on."""
    if kind not in {"product", "store", "order"}:
        raise Http404
    Beginning.keep(beginning(kind, name), request.POST.get("text", ""), by=request.actor)
    return HttpResponse(status=204)


def _named(rows: QuerySet[M], name: str) -> M:
    """A row by our public id or by the marketplace's own, so that a shop can link here with what it knows."""
    found = rows.filter(Q(public_id=_plain(name)) | Q(external_id=_plain(name))).first()
    if found is None:
        raise Http404
    return found


def _plain(text: str) -> str:
    # PostgreSQL refuses to look for NUL.
    return text.replace("\x00", "")


def _ask(request: CustomerRequest, start: Starting) -> HttpResponse:
    """What was picked stands in the address; so each page can be reloaded, linked to and gone back to."""
    choices = [_choice(issue, start, request) for issue in start.issues()]
    choice = choices[0] if len(choices) == 1 else None
    choice = next((one for one in choices if one.issue.code == request.GET.get("issue")), choice)
    picked = request.GET.getlist("item")
    items = [item for item in start.items if item.public_id in picked or len(start.items) == 1]
    if choice is None or (choice.needs_items and not items):
        return _choose(request, start, choices, choice, items)
    question = Question(start, choice, items, _followed(request, start))
    return _write(request, question, can_change=len(choices) > 1)


def _choice(issue: Issue, start: Starting, request: CustomerRequest) -> Choice:
    told = answering(issue, customer=request.user, merchant=start.merchant, order=start.order, now=request.actor.at)
    return Choice(issue, told, start.needs_items(issue))


def _choose(
    request: CustomerRequest, start: Starting, choices: list[Choice], choice: Choice | None, items: list[OrderItem]
) -> HttpResponse:
    tried = "go" in request.GET or request.method == "POST"
    errors = {}
    if tried and choice is None:
        errors["issue"] = [_("Choose what it is about.")]
    if tried and choice is not None:
        errors["item"] = [_("Check the items that it is about.")]
    context = {
        "start": start,
        "choices": choices,
        "picked": request.GET.get("issue") or request.GET.get("picked", ""),
        "items": items,
        "errors": errors,
        "follows": request.GET.get("follows", ""),
    }
    return render(request, "storefront/choose.html", context, status=422 if errors else 200)


def _write(request: CustomerRequest, question: Question, *, can_change: bool) -> HttpResponse:
    start, issue = question.start, question.choice.issue
    typed = _typed(request, start)
    form = QuestionForm(by=request.actor, issue=issue, initial={"text": typed})
    refusal, status = "", 200
    if request.method == "POST":
        form = QuestionForm(request.POST, request.FILES, by=request.actor, issue=issue)
        status = 422
        if form.is_valid():
            try:
                return _sent(request, start, _open(request, question, form))
            except AlreadyDone as done:
                return _sent(request, start, str(done.answer["ticket"]))
            except KeyReused as reused:
                refusal, status = str(reused), 409
    context = {
        "start": start,
        "choice": question.choice,
        "items": question.items,
        "follows": question.follows,
        "form": form,
        "refusal": refusal,
        "restored": bool(typed) and not form.is_bound,
        "live": _live(request, question),
        "change": _change(request, question) if can_change else "",
        "products": _products(request, start),
    }
    return render(request, "storefront/write.html", context, status=status)


def _typed(request: CustomerRequest, start: Starting) -> str:
    """What they began to ask here. What they sent in vain because their session had ended comes first."""
    in_vain = unsent.read(request, start.address)
    if in_vain:
        Beginning.keep(start.page, in_vain, by=request.actor)
        unsent.forget(request, start.address)
    return in_vain or Beginning.of(start.page, by=request.actor)


def _open(request: CustomerRequest, question: Question, form: QuestionForm) -> str:
    start, issue = question.start, question.choice.issue
    ticket = Ticket.open(
        customer=request.user,
        merchant=start.merchant,
        issue=issue,
        text=form.cleaned_data["text"],
        by=form.actor(request.actor),
        subject=form.cleaned_data["subject"],
        order=start.order,
        product=start.product,
        items=question.items or start.items,
        wants=form.cleaned_data["wants"] if issue.code == RETURNS else "",
        pictures=form.attachments,
        follows=question.follows,
        language=get_language() or "",
    )
    return str(ticket.public_id)


def _sent(request: CustomerRequest, start: Starting, public_id: str) -> HttpResponse:
    Beginning.forget(start.page, by=request.actor)
    messages.success(request, _("Your question is sent."), extra_tags="good")
    return redirect("storefront:ticket", public_id)


def _followed(request: CustomerRequest, start: Starting) -> Ticket | None:
    """The closed question that this one continues (D16); somebody else's is as if absent."""
    mine = Ticket.objects.visible_to(request.actor).filter(merchant=start.merchant, order=start.order)
    return mine.filter(public_id=_plain(request.GET.get("follows", ""))).first()


def _live(request: CustomerRequest, question: Question) -> Ticket | None:
    """A question about the same that is still open."""
    start = question.start
    mine = Ticket.objects.visible_to(request.actor).filter(state__in=OPEN, issue=question.choice.issue)
    same = mine.filter(merchant=start.merchant, order=start.order, product=start.product)
    return same.order_by("-public_updated_at").first()


def _change(request: CustomerRequest, question: Question) -> str:
    """Back to the first step, with everything still picked."""
    picked = [("item", item.public_id) for item in question.items] + [("picked", question.choice.issue.code)]
    if question.follows:
        picked.append(("follows", question.follows.public_id))
    return f"{question.start.address}?{urlencode(picked)}"


def _products(request: CustomerRequest, start: Starting) -> list[Product]:
    """Some of the store's products, for who came to the store and means one of them."""
    if start.kind != "store":
        return []
    found = Product.objects.filter(searching.says("name", request.GET.get("find", "")), merchant=start.merchant)
    return list(found.order_by("name", "pk")[:PRODUCTS])
