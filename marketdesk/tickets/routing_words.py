"""Routing rules in words: each condition, the whole rule, and why a ticket went where it went (D32)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from marketdesk.lib import countries, languages, money
from marketdesk.policy.defaults import Policy
from marketdesk.tickets.issues import BY_CODE
from marketdesk.tickets.routing import AFTER, BEFORE, IN_DIRECT, IN_EUROPE, Question, RoutingRule
from marketdesk.tickets.rules import Category, Desk


@dataclass(frozen=True)
class Names:
    """What issue types (by code) and merchants (by the marketplace's own id) are called."""

    issues: Mapping[str, str] = field(default_factory=dict)
    merchants: Mapping[str, str] = field(default_factory=dict)

    def issue(self, code: str) -> str:
        shipped = BY_CODE.get(code)
        return self.issues.get(code) or (str(shipped.label) if shipped else code)

    def merchant(self, external_id: str) -> str:
        return languages.isolated(self.merchants.get(external_id) or external_id)


def conditions(rule: RoutingRule, names: Names, policy: Policy | None = None) -> dict[str, str]:
    """Everything that a rule asks for, in words, by the name of the condition."""
    found = {
        "category": _either(str(Category(one).label) for one in rule.categories if one in Category.values),
        "issue": _either(f"“{names.issue(one)}”" for one in rule.issues),
        "country": _countries(rule),
        "value": _value(rule),
        "merchant": _merchants(rule, names),
        "language": _languages(rule),
        "gate": gate(rule.gate, policy),
    }
    return {name: words for name, words in found.items() if words}


def when(rule: RoutingRule, names: Names, policy: Policy | None = None) -> str:
    """Everything that a rule asks for, in one line."""
    return " · ".join(conditions(rule, names, policy).values()) or _("everything else")


def sentence(rule: RoutingRule, names: Names, policy: Policy | None = None) -> str:
    """The whole rule in one line."""
    return _("%(when)s → %(desk)s") % {"when": when(rule, names, policy), "desk": desk(rule.to)}


def desk(to: Desk) -> str:
    """Where a rule sends a ticket."""
    return _("the merchant") if to == Desk.MERCHANT else _("platform support")


def wanted(name: str, rule: RoutingRule, question: Question, names: Names, policy: Policy) -> str:
    """What a rule asks for where a question does not fit; a high value in the question's own currency."""
    threshold = policy.high_value.get(question.currency) if rule.high_value else None
    if name == "value" and threshold is not None:
        return _value(replace(rule, high_value=False, sums={**rule.sums, question.currency: (threshold, None)}))
    return conditions(rule, names, policy)[name]


def here(name: str, question: Question, names: Names) -> str:
    """What a question has where a rule has a condition."""
    unknown = _("not known")
    match name:
        case "category":
            return str(question.category.label)
        case "issue":
            return names.issue(question.issue) if question.issue else unknown
        case "country":
            return countries.name(question.country) if question.country else unknown
        case "value":
            has_value = question.has_order and question.currency
            return money.show(question.total, question.currency) if has_value else _("no order")
        case "merchant":
            tags = [f"“{tag}”" for tag in sorted(question.all_tags)]
            return ", ".join([names.merchant(question.merchant) if question.merchant else unknown, *tags])
        case "language":
            return languages.own_name(question.language) or unknown
    return _window(question)


def explain(routed_by: Mapping[str, Any], names: Names | None = None) -> str:
    """The rule that sent a ticket where it is, in words that support and merchant can read (D32)."""
    data = dict(routed_by)
    rule = data.pop("rule", "")
    if "when" in data:
        return _explain_other(data, names or Names())
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
        "suspended_merchant": _("Platform support answers questions before buying while the store is suspended."),
        "after_gate": _("More than %(days)s days after the refund window, platform support answers order questions."),
    }.get(rule, "")
    return words % data if words else ""


def _explain_other(data: Mapping[str, Any], names: Names) -> str:
    """A rule that the marketplace made or changed, with what of it fitted this ticket."""
    fitted = RoutingRule.from_json(data["when"])
    found = {"when": when(fitted, names)}
    if "total" in data:
        found["total"] = money.show(data["total"], data["currency"])
        if fitted.to == Desk.MERCHANT:
            return _("A rule of the marketplace sent it to the merchant: %(when)s (here: %(total)s).") % found
        return _("A rule of the marketplace sent it to platform support: %(when)s (here: %(total)s).") % found
    if fitted.to == Desk.MERCHANT:
        return _("A rule of the marketplace sent it to the merchant: %(when)s.") % found
    return _("A rule of the marketplace sent it to platform support: %(when)s.") % found


def _either(words: Any) -> str:
    return _(" or ").join(words)


def _countries(rule: RoutingRule) -> str:
    if not rule.countries:
        return ""
    groups = {IN_DIRECT: _("the policy's direct countries"), IN_EUROPE: _("Europe"), "": _("no known country")}
    named = sorted(groups.get(one) or countries.name(one) for one in rule.countries)
    names = {"countries": ", ".join(named)}
    if rule.elsewhere:
        return _("customers anywhere but in: %(countries)s") % names
    return _("customers in: %(countries)s") % names


def _value(rule: RoutingRule) -> str:
    words = [_("high-value orders (as the policy says)")] if rule.high_value else []
    for currency, (least, below) in rule.sums.items():
        sums = {"least": money.show(least, currency)}
        if below is not None:
            sums["below"] = money.show(below, currency)
            words.append(_("orders from %(least)s to less than %(below)s") % sums)
        else:
            words.append(_("orders from %(least)s") % sums)
    return _either(words)


def _merchants(rule: RoutingRule, names: Names) -> str:
    words = [_("merchant %(name)s") % {"name": names.merchant(one)} for one in rule.merchants]
    return _either([*words, *(_("merchants tagged “%(tag)s”") % {"tag": tag} for tag in rule.tags)])


def _languages(rule: RoutingRule) -> str:
    if not rule.languages:
        return ""
    named = {"languages": ", ".join(languages.own_name(one) for one in rule.languages)}
    return _("customers who read: %(languages)s") % named


def gate(code: str, policy: Policy | None = None) -> str:
    """A bound of the 120 days; with the policy also how long it is."""
    days = {BEFORE: policy.opens_after, AFTER: policy.closes_after}.get(code) if policy else None
    match code:
        case "before" if days is not None:
            return _("until %(days)s days after the refund window") % {"days": days}
        case "before" if policy:
            return _("before order questions open (off in the policy)")
        case "before":
            return _("before order questions open")
        case "after" if days is not None:
            return _("more than %(days)s days after the refund window") % {"days": days}
        case "after" if policy:
            return _("after order questions close (off in the policy)")
        case "after":
            return _("after order questions close")
    return ""


def _window(question: Question) -> str:
    if not question.has_order:
        return _("no order")
    ends: datetime | None = question.refund_ends_at
    if ends is None:
        return _("not delivered yet")
    return _("the refund window ends on %(day)s") % {"day": f"{ends:%Y-%m-%d %H:%M} UTC"}
