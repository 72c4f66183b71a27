"""Who answers first: the merchant or the platform's own desk, and why (M20-M30, D9-D13, D32). No database."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from marketdesk.lib.countries import EUROPE
from marketdesk.policy.defaults import Policy
from marketdesk.tickets.rules import Category, Desk

# Groups of countries that a rule may name: the policy's direct countries, and Europe as it is shipped.
IN_DIRECT, IN_EUROPE = "@direct", "@europe"
GROUPS = (IN_DIRECT, IN_EUROPE)
# The tag that merchants with `selected` carry without anybody writing it.
SELECTED = "selected"
BEFORE, AFTER = "before", "after"


@dataclass(frozen=True)
class Question:
    """What routing looks at. `total` is in minor units; `refund_ends_at` is None while no delivery is known."""

    category: Category
    country: str
    selected_merchant: bool
    total: int = 0
    currency: str = ""
    refund_ends_at: datetime | None = None
    issue: str = ""
    merchant: str = ""
    tags: frozenset[str] = frozenset()
    language: str = ""
    suspended_merchant: bool = False

    @property
    def all_tags(self) -> frozenset[str]:
        return self.tags | {SELECTED} if self.selected_merchant else self.tags

    @property
    def has_order(self) -> bool:
        """A question before buying has neither a value nor a refund window, whatever else it mentions."""
        return self.category != Category.PRE_PURCHASE


@dataclass(frozen=True)
class RoutingRule:
    """When everything that it names fits, the ticket goes `to` a desk; what is left empty always fits. `sums` are from
    (inclusive) and below which total, by currency; `gate` is one of the two bounds of the 120 days (D12)."""

    code: str
    to: Desk
    active: bool = True
    categories: tuple[str, ...] = ()
    issues: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    elsewhere: bool = False  # everywhere but in `countries`
    high_value: bool = False
    sums: Mapping[str, tuple[int, int | None]] = field(default_factory=dict)
    merchants: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    gate: str = ""

    @property
    def catches_all(self) -> bool:
        return not any(is_set(self) for is_set, _fits in CONDITIONS.values())

    def unmet(self, question: Question, policy: Policy, now: datetime) -> list[str]:
        """The conditions that do not fit a question."""
        return [name for name, (_set, fits) in CONDITIONS.items() if not fits(self, question, policy, now)]

    def as_json(self) -> dict[str, Any]:
        """The rule without what it leaves empty."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        found = {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
        sums = {currency: list(bounds) for currency, bounds in self.sums.items()}
        found |= {"to": str(self.to), "sums": sums}
        return {name: value for name, value in found.items() if value or name == "active"}

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> "RoutingRule":
        """A rule as it was kept, also by another version of this program."""
        known = {one.name: row[one.name] for one in fields(cls) if one.name in row}
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in known.items()}
        sums = {currency: (bounds[0], bounds[1]) for currency, bounds in row.get("sums", {}).items()}
        return cls(**values | {"to": Desk(row["to"]), "sums": sums})


def _category(rule: RoutingRule, question: Question, *_: Any) -> bool:
    return not rule.categories or question.category in rule.categories


def _issue(rule: RoutingRule, question: Question, *_: Any) -> bool:
    return not rule.issues or question.issue in rule.issues


def _country(rule: RoutingRule, question: Question, policy: Policy, *_: Any) -> bool:
    if not rule.countries:
        return True
    groups = {IN_DIRECT: policy.direct_countries, IN_EUROPE: EUROPE}
    is_named = question.country in rule.countries or any(
        question.country in groups[one] for one in rule.countries if one in groups
    )
    return is_named != rule.elsewhere


def _value(rule: RoutingRule, question: Question, policy: Policy, *_: Any) -> bool:
    if not (rule.high_value or rule.sums):
        return True
    if not question.has_order:
        return False
    threshold = policy.high_value.get(question.currency)
    if rule.high_value and threshold is not None and question.total >= threshold:
        return True
    least, below = rule.sums.get(question.currency, (None, None))
    return least is not None and question.total >= least and (below is None or question.total < below)


def _merchant(rule: RoutingRule, question: Question, *_: Any) -> bool:
    if not (rule.merchants or rule.tags):
        return True
    return question.merchant in rule.merchants or not question.all_tags.isdisjoint(rule.tags)


def _language(rule: RoutingRule, question: Question, *_: Any) -> bool:
    return not rule.languages or question.language in rule.languages


def _gate(rule: RoutingRule, question: Question, policy: Policy, now: datetime) -> bool:
    """The two bounds of the 120 days (D12); either may be empty. Half-open: on the opening moment the gate is open,
    on the closing moment it is closed."""
    if not rule.gate:
        return True
    if not question.has_order:
        return False
    ends = question.refund_ends_at
    if rule.gate == BEFORE:
        return policy.opens_after is not None and (ends is None or now < ends + timedelta(days=policy.opens_after))
    return policy.closes_after is not None and ends is not None and now >= ends + timedelta(days=policy.closes_after)


Fits = Callable[[RoutingRule, Question, Policy, datetime], bool]
# Of each condition: whether a rule has it, and whether it fits a question.
CONDITIONS: dict[str, tuple[Callable[[RoutingRule], bool], Fits]] = {
    "category": (lambda rule: bool(rule.categories), _category),
    "issue": (lambda rule: bool(rule.issues), _issue),
    "country": (lambda rule: bool(rule.countries), _country),
    "value": (lambda rule: rule.high_value or bool(rule.sums), _value),
    "merchant": (lambda rule: bool(rule.merchants or rule.tags), _merchant),
    "language": (lambda rule: bool(rule.languages), _language),
    "gate": (lambda rule: bool(rule.gate), _gate),
}

_PURCHASES, _ORDERS = (Category.POST_PURCHASE.value,), (Category.POST_CUSTOMER_SUPPORT.value,)
_BEFORE_BUYING = (Category.PRE_PURCHASE.value,)
# The article's rules, in their order. The last one always catches what is left.
SHIPPED: tuple[RoutingRule, ...] = (
    RoutingRule("selected_merchant", Desk.MERCHANT, categories=_PURCHASES, tags=(SELECTED,)),  # M26
    RoutingRule("high_value", Desk.MERCHANT, categories=_PURCHASES, high_value=True),  # M27
    RoutingRule("platform_refunds", Desk.PLATFORM, categories=_PURCHASES),  # M24
    RoutingRule(  # M20-M23
        "other_country", Desk.PLATFORM, categories=_BEFORE_BUYING + _ORDERS, countries=(IN_DIRECT,), elsewhere=True
    ),
    RoutingRule("before_gate", Desk.PLATFORM, categories=_ORDERS, gate=BEFORE),  # M30
    RoutingRule("after_gate", Desk.PLATFORM, categories=_ORDERS, gate=AFTER),
    RoutingRule("direct_country", Desk.MERCHANT),  # M29
)
SHIPPED_BY_CODE = {rule.code: rule for rule in SHIPPED}
# Stands before every list: nobody is sent to buy from a merchant whose account is suspended (D8).
SUSPENDED = RoutingRule("suspended_merchant", Desk.PLATFORM, categories=_BEFORE_BUYING)


@dataclass(frozen=True)
class Route:
    """Where a ticket goes, and the rule that sent it there with the values that it used."""

    desk: Desk
    rule: str
    data: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"rule": self.rule, **self.data}


def route(question: Question, policy: Policy, now: datetime, rules: Sequence[RoutingRule] = SHIPPED) -> Route:
    """The first rule that fits decides."""
    if question.suspended_merchant and question.category in SUSPENDED.categories:
        return Route(SUSPENDED.to, SUSPENDED.code)
    decider = next(rule for rule in _working(rules) if not rule.unmet(question, policy, now))
    return Route(decider.to, decider.code, _used(decider, question, policy))


def _working(rules: Iterable[RoutingRule]) -> Iterable[RoutingRule]:
    """The rules that are switched on; whatever became of a list, the article's last one stands behind it."""
    yield from (rule for rule in rules if rule.active)
    yield SHIPPED[-1]


def desk_of(routed_by: Mapping[str, Any]) -> Desk | None:
    """Where a stored route sent its ticket."""
    if "to" in routed_by:
        return Desk(routed_by["to"])
    code = routed_by.get("rule", "")
    known = SUSPENDED if code == SUSPENDED.code else SHIPPED_BY_CODE.get(code)
    return known.to if known else None


def _used(rule: RoutingRule, question: Question, policy: Policy) -> dict[str, Any]:
    """The values that a rule used. A shipped one has words of its own; any other keeps what of it fitted."""
    is_shipped = rule == SHIPPED_BY_CODE.get(rule.code)
    if not is_shipped or (rule.catches_all and question.category == Category.POST_PURCHASE):
        return {"to": str(rule.to), "when": _fitted(rule, question, policy).as_json(), **_total(rule, question)}
    ends = question.refund_ends_at
    match rule.code:
        case "other_country" | "direct_country":
            return {"country": question.country}
        case "high_value":
            return {
                "total": question.total,
                "threshold": policy.high_value[question.currency],
                "currency": question.currency,
            }
        case "before_gate":
            return {"days": policy.opens_after, "opens_at": _days_after(ends, policy.opens_after)}
        case "after_gate":
            return {"days": policy.closes_after, "closed_at": _days_after(ends, policy.closes_after)}
    return {}


def _fitted(rule: RoutingRule, question: Question, policy: Policy) -> RoutingRule:
    """The rule, but of everything that it lists only what this question has."""
    sums = {currency: bounds for currency, bounds in rule.sums.items() if currency == question.currency}
    if rule.high_value and question.currency in policy.high_value:
        sums = {question.currency: (policy.high_value[question.currency], None)}
        if question.total < policy.high_value[question.currency]:
            sums = {question.currency: rule.sums[question.currency]}
    return replace(
        rule,
        categories=(question.category.value,) if rule.categories else (),
        issues=(question.issue,) if rule.issues else (),
        countries=(question.country,) if rule.countries else (),
        elsewhere=False,
        high_value=False,
        sums=sums,
        merchants=(question.merchant,) if question.merchant in rule.merchants else (),
        tags=tuple(tag for tag in rule.tags if tag in question.all_tags),
        languages=(question.language,) if rule.languages else (),
    )


def _total(rule: RoutingRule, question: Question) -> dict[str, Any]:
    if not (rule.high_value or rule.sums):
        return {}
    return {"total": question.total, "currency": question.currency}


def _days_after(ends: datetime | None, days: int | None) -> str:
    return (ends + timedelta(days=days or 0)).isoformat() if ends else ""
