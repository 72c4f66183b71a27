"""Trying the routing rules out: which one decides about an order, a ticket or any values, and why the others do not."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketdesk.lib import countries, languages, money
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order
from marketdesk.people.actor import Actor
from marketdesk.policy import promises
from marketdesk.support.forms import MomentField
from marketdesk.tickets import routes, routing, routing_words
from marketdesk.tickets.models import Issue, Ticket
from marketdesk.tickets.routing import Question, RoutingRule
from marketdesk.tickets.rules import Category


@dataclass(frozen=True)
class Attempted:
    """A rule that was asked, and which of its conditions did not fit: what it asks for, and what is here."""

    number: int
    rule: RoutingRule
    words: str
    unmet: Sequence[tuple[str, str]]

    @property
    def decides(self) -> bool:
        return self.rule.active and not self.unmet


@dataclass(frozen=True)
class Outcome:
    """Who answers and why, with every rule up to the one that decides."""

    asked: Sequence[Attempted]
    to: str
    why: str
    question: Question
    order: Order | None
    ticket: Ticket | None


class TryingForm(forms.Form):
    """An order or a ticket; or any values, where nothing is said of one."""

    about = forms.CharField(required=False, max_length=100)
    issue = forms.ModelChoiceField(
        Issue.objects.all(),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("There is no such issue type.")},
    )
    country = forms.CharField(required=False, max_length=2)
    value = forms.DecimalField(required=False, min_value=Decimal(0), max_digits=15)
    currency = forms.CharField(required=False, max_length=3)
    merchant = forms.CharField(required=False, max_length=100)
    language = forms.CharField(required=False, max_length=10)
    ends = MomentField(required=False)
    moment = MomentField(required=False)
    rules = forms.CharField(required=False, max_length=10)

    def __init__(self, *args: Any, actor: Actor, has_draft: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor = actor
        self.fields["rules"].initial = "draft" if has_draft else "saved"
        self.order: Order | None = None
        self.ticket: Ticket | None = None
        self.of_merchant: Merchant | None = None

    def clean_about(self) -> str:
        """The ticket or order that is meant."""
        about = str(self.cleaned_data["about"]).strip()
        if not about:
            return ""
        seen = Ticket.objects.visible_to(self.actor).for_page()
        self.ticket = seen.filter(public_id=about).first()
        named = Q(external_id=about) | Q(public_id=about) | Q(tracking_number=about)
        real = Order.objects.filter(merchant__in=Merchant.objects.real())
        orders = real.select_related("merchant", "customer")
        self.order = self.ticket.order if self.ticket else orders.filter(named).order_by("-placed_at").first()
        if self.ticket is None and self.order is None:
            raise forms.ValidationError(_("There is no order and no ticket with this number."))
        return about

    def clean_country(self) -> str:
        country = str(self.cleaned_data["country"]).upper()
        if country and not countries.is_known(country):
            raise forms.ValidationError(_("%(country)s is not a country code.") % {"country": country})
        return country

    def clean_currency(self) -> str:
        currency = str(self.cleaned_data["currency"]).upper()
        if currency and not money.is_known(currency):
            raise forms.ValidationError(_("%(currency)s is not a currency code.") % {"currency": currency})
        return currency

    def clean_merchant(self) -> str:
        merchant = str(self.cleaned_data["merchant"]).strip()
        self.of_merchant = Merchant.objects.real().filter(external_id=merchant).first() if merchant else None
        if merchant and self.of_merchant is None:
            raise forms.ValidationError(_("There is no merchant “%(id)s”.") % {"id": merchant})
        return merchant

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("value") is not None and not data.get("currency") and not self.has_error("currency"):
            self.add_error("currency", _("Say in which currency."))
        if data.get("value") is not None and data.get("currency"):
            try:
                data["total"] = money.to_minor(data["value"], data["currency"])
            except ValueError:
                words = _("%(currency)s has fewer decimal places.") % {"currency": data["currency"]}
                self.add_error("value", words)
        return data

    @property
    def issues(self) -> list[tuple[str, str, str]]:
        """Code, words and category."""
        return [(one.code, one.label, one.get_category_display()) for one in Issue.objects.all()]

    @property
    def countries(self) -> list[tuple[str, str]]:
        return countries.by_name()

    @property
    def languages(self) -> dict[str, str]:
        return languages.LANGUAGES

    def question(self) -> Question:
        """What the rules are asked."""
        data = self.cleaned_data
        issue: Issue | None = data["issue"]
        if self.ticket or self.order:
            return self._of_what_is_there(issue)
        issue = issue or Issue.objects.first()
        merchant = self.of_merchant
        return Question(
            category=Category(issue.category) if issue else Category.PRE_PURCHASE,
            country=data["country"],
            selected_merchant=bool(merchant and merchant.selected),
            total=data.get("total", 0),
            currency=data["currency"],
            refund_ends_at=data["ends"],
            issue=issue.code if issue else "",
            merchant=data["merchant"],
            tags=frozenset(merchant.tags) if merchant else frozenset(),
            language=data["language"],
            suspended_merchant=bool(merchant and merchant.suspended_at),
        )

    def _of_what_is_there(self, issue: Issue | None) -> Question:
        if self.ticket:
            ticket = self.ticket
            about = {"customer": ticket.customer, "merchant": ticket.merchant, "order": ticket.order}
            return Ticket.question(issue=issue or ticket.issue, **about)  # type: ignore[arg-type]
        order = self.order
        assert order
        issue = issue or Issue.objects.exclude(category=Category.PRE_PURCHASE).first() or Issue.objects.all()[0]
        return Ticket.question(customer=order.customer, merchant=order.merchant, issue=issue, order=order)

    @property
    def at(self) -> datetime:
        """The moment of asking: now, unless another one is said."""
        moment: datetime | None = self.cleaned_data.get("moment")
        if moment is None:
            return self.actor.at
        return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def tried(form: TryingForm, rules: Sequence[RoutingRule]) -> Outcome:
    """Ask the rules one after the other, as the next ticket would."""
    policy, question = promises.at(form.at), form.question()
    names = routes.names(rules)
    merchant = form.ticket.merchant if form.ticket else form.order.merchant if form.order else form.of_merchant
    if merchant:
        names = replace(names, merchants={**names.merchants, merchant.external_id: merchant.name})
    route = routing.route(question, policy, form.at, rules)
    asked: list[Attempted] = []
    for number, rule in enumerate(() if route.rule == routing.SUSPENDED.code else rules, 1):
        wanted = routing_words.conditions(rule, names, policy)
        unmet = [
            (wanted[name], routing_words.here(name, question, names)) for name in rule.unmet(question, policy, form.at)
        ]
        asked.append(Attempted(number, rule, routing_words.sentence(rule, names, policy), unmet))
        if asked[-1].decides:
            break
    why = routing_words.explain(route.as_json(), names)
    return Outcome(asked, routing_words.desk(route.desk), why, question, form.order, form.ticket)
