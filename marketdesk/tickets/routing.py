"""Who answers first: the merchant or the platform's own desk, and why (M20-M30, D9-D13, D32). No database."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from marketdesk.lib import countries, money
from marketdesk.policy.defaults import Policy
from marketdesk.tickets.rules import Category, Desk

# The rules that send a ticket to the platform's desk.
TO_PLATFORM = frozenset({"other_country", "platform_refunds", "before_gate", "after_gate"})


@dataclass(frozen=True)
class Question:
    """What routing looks at. `total` is in minor units; `refund_ends_at` is None while no delivery is known."""

    category: Category
    country: str
    selected_merchant: bool
    total: int = 0
    currency: str = ""
    refund_ends_at: datetime | None = None


@dataclass(frozen=True)
class Route:
    """Where a ticket goes, and the rule that sent it there with the values that it used."""

    desk: Desk
    rule: str
    data: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"rule": self.rule, **self.data}


def route(question: Question, policy: Policy, now: datetime) -> Route:
    """The first rule that fits decides."""
    if question.category == Category.POST_PURCHASE:
        return _purchase(question, policy)
    if question.country not in policy.direct_countries:
        return Route(Desk.PLATFORM, "other_country", {"country": question.country})
    if question.category == Category.PRE_PURCHASE:
        return Route(Desk.MERCHANT, "direct_country", {"country": question.country})
    return _order_question(question, policy, now)


def _purchase(question: Question, policy: Policy) -> Route:
    if question.selected_merchant:
        return Route(Desk.MERCHANT, "selected_merchant")
    threshold = policy.high_value.get(question.currency)
    if threshold is not None and question.total >= threshold:
        return Route(
            Desk.MERCHANT,
            "high_value",
            {"total": question.total, "threshold": threshold, "currency": question.currency},
        )
    return Route(Desk.PLATFORM, "platform_refunds")


def _order_question(question: Question, policy: Policy, now: datetime) -> Route:
    """The two bounds of the 120 days (D12); either may be empty. Half-open: on the opening moment the gate is open,
    on the closing moment it is closed."""
    ends = question.refund_ends_at
    if policy.opens_after is not None:
        opens = ends + timedelta(days=policy.opens_after) if ends else None
        if opens is None or now < opens:
            return Route(Desk.PLATFORM, "before_gate", {"days": policy.opens_after, "opens_at": _iso(opens)})
    if policy.closes_after is not None and ends is not None:
        closes = ends + timedelta(days=policy.closes_after)
        if now >= closes:
            return Route(Desk.PLATFORM, "after_gate", {"days": policy.closes_after, "closed_at": _iso(closes)})
    return Route(Desk.MERCHANT, "direct_country", {"country": question.country})


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def explain(routed_by: dict[str, Any]) -> str:
    """The rule that sent a ticket where it is, in words that support and merchant can read (D32)."""
    data = dict(routed_by)
    rule = data.pop("rule", "")
    if "country" in data:
        data["country"] = countries.name(data["country"])
    if "currency" in data:
        data["total"] = money.show(data["total"], data["currency"])
        data["threshold"] = money.show(data["threshold"], data["currency"])
    if rule == "other_country" and not data["country"]:
        return _("Platform support answers customers whose country is not known.")
    words = {
        "direct_country": _("Questions of customers in %(country)s go straight to the merchant."),
        "other_country": _("Questions of customers in %(country)s are answered by platform support."),
        "selected_merchant": _("This merchant handles its own returns, refunds and defects."),
        "high_value": _("High-value order: %(total)s, and from %(threshold)s the merchant answers first."),
        "platform_refunds": _("Platform support handles returns, refunds and defects of this order."),
        "before_gate": _("Until %(days)s days after the refund window, platform support answers order questions."),
        "after_gate": _("More than %(days)s days after the refund window, platform support answers order questions."),
    }.get(rule, "")
    return words % data if words else ""
