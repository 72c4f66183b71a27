"""The routing rules in force, what no rule can be, and how they are changed (M28)."""

import time
from collections.abc import Iterator, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from marketdesk.lib import countries, languages, money
from marketdesk.merchants.models import Merchant
from marketdesk.policy.defaults import Policy
from marketdesk.tickets import shadows
from marketdesk.tickets.models.issue import Issue
from marketdesk.tickets.models.ordered import ListChange, ListKind
from marketdesk.tickets.ordered import BadList, OrderedList, Rows
from marketdesk.tickets.routing import AFTER, BEFORE, GROUPS, SHIPPED, RoutingRule
from marketdesk.tickets.routing_words import Names
from marketdesk.tickets.rules import Category

# Seconds for which a process may still follow the rules before a change; a ticket then costs no query for them.
REMEMBERED = 5.0
MOST_RULES = 100
MOST_SUM = 10**15
_memory: tuple[float, tuple[RoutingRule, ...]] | None = None


def current() -> tuple[RoutingRule, ...]:
    """The rules in force, at most a few seconds old."""
    global _memory
    now = time.monotonic()
    remembered = _memory  # another thread may forget between two looks
    if remembered is None or remembered[0] < now:
        _memory = remembered = (now + REMEMBERED, read(saved()))
    return remembered[1]


def forget() -> None:
    """Read the rules afresh at the next question."""
    global _memory
    _memory = None


def read(rows: Rows) -> tuple[RoutingRule, ...]:
    """Rows as rules."""
    return tuple(RoutingRule.from_json(row) for row in rows)


def saved() -> Rows:
    """The list as it is kept; the article's rules until somebody changes them."""
    rows = ListChange.objects.filter(kind=ListKind.ROUTING).values_list("rows", flat=True).last()
    return rows or [rule.as_json() for rule in SHIPPED]


def problems(rows: Rows) -> list[BadList]:
    """Everything that is wrong with a list of rules, each with the rule where a person puts it right."""
    rules = read(rows)
    issues, merchants = categories(), _known_merchants(rules)
    found = [*_wrong_list(rules), *(one for rule in rules for one in _wrong_rule(rule, issues, merchants))]
    return found or _never(rules, issues)


def wrong(rule: RoutingRule) -> list[BadList]:
    """Everything that is wrong with one rule by itself."""
    return list(_wrong_rule(rule, categories(), _known_merchants([rule])))


def hints(rules: Sequence[RoutingRule], policy: Policy) -> dict[str, list[str]]:
    """By rule: what is worth knowing of it, but no reason to refuse it."""
    issues, numbers = categories(), _numbers(rules)
    found: dict[str, list[str]] = {}
    for code, others in shadows.overlaps(rules, issues).items():
        names = {"rules": ", ".join(numbers[one] for one in others)}
        found.setdefault(code, []).append(_("Decided before it, in part and otherwise, by: %(rules)s.") % names)
    for shadow in shadows.hidden(rules, issues, policy):
        found.setdefault(shadow.code, []).append(_("As the policy and the issue types are today, nothing reaches it."))
    return found


def names(rules: Sequence[RoutingRule]) -> Names:
    """What the issue types and the merchants of some rules are called."""
    return Names({issue.code: issue.label for issue in Issue.objects.all()}, _known_merchants(rules))


def categories() -> dict[str, str]:
    """The category of each issue type."""
    return dict(Issue.objects.values_list("code", "category"))


def _known_merchants(rules: Sequence[RoutingRule]) -> dict[str, str]:
    """The names of the merchants that some rules mention, by the marketplace's own id."""
    mentioned = {one for rule in rules for one in rule.merchants}
    if not mentioned:
        return {}
    return dict(Merchant.objects.filter(external_id__in=mentioned).values_list("external_id", "name"))


def _wrong_list(rules: Sequence[RoutingRule]) -> Iterator[BadList]:
    if len(rules) > MOST_RULES:
        yield BadList(_("There can be at most %(most)s rules.") % {"most": MOST_RULES})
    if len({rule.code for rule in rules}) != len(rules):
        yield BadList(_("A rule stands in the list twice."))
    if not rules or not rules[-1].catches_all or not rules[-1].active:
        yield BadList(_("The last rule must take everything that is left."))


def _wrong_rule(rule: RoutingRule, issues: dict[str, str], merchants: dict[str, str]) -> Iterator[BadList]:
    for code in rule.issues:
        if code not in issues:
            yield _bad(_("There is no issue type “%(code)s”.") % {"code": code}, rule, "issues")
        elif rule.categories and issues[code] not in rule.categories:
            yield _bad(_("The issue type “%(code)s” is of another category.") % {"code": code}, rule, "issues")
    if not set(rule.categories) <= set(Category.values):
        yield _bad(_("Choose a category."), rule, "categories")
    for country in rule.countries:
        if country and country not in GROUPS and not countries.is_known(country):
            words = _("%(country)s is not a country code.") % {"country": country}
            yield _bad(words, rule, "countries")
    yield from _wrong_sums(rule)
    for merchant in rule.merchants:
        if merchant not in merchants:
            yield _bad(_("There is no merchant “%(id)s”.") % {"id": merchant}, rule, "merchants")
    for language in rule.languages:
        if language not in languages.LANGUAGES:
            yield _bad(_("“%(code)s” is no language of this desk.") % {"code": language}, rule, "languages")
    if rule.gate not in {"", BEFORE, AFTER}:
        yield _bad(_("Choose a time from the list."), rule, "gate")


def _wrong_sums(rule: RoutingRule) -> Iterator[BadList]:
    for currency, (least, below) in rule.sums.items():
        if not money.is_known(currency):
            yield _bad(_("%(currency)s is not a currency code.") % {"currency": currency}, rule, "sums")
        elif not all(isinstance(sum_, int) and 0 <= sum_ <= MOST_SUM for sum_ in (least, below) if sum_ is not None):
            words = _("Write sums in %(currency)s as amounts that are not below zero.") % {"currency": currency}
            yield _bad(words, rule, "sums")
        elif below is not None and below <= least:
            words = _("In %(currency)s, “less than” must be more than “from”.") % {"currency": currency}
            yield _bad(words, rule, "sums")


def _never(rules: Sequence[RoutingRule], issues: dict[str, str]) -> list[BadList]:
    """Rules that nothing can ever reach, with those that hide them."""
    numbers = _numbers(rules)
    found = []
    for shadow in shadows.hidden(rules, issues):
        words = {"rule": numbers[shadow.code], "others": ", ".join(numbers[one] for one in shadow.by)}
        if shadow.by:
            said = _("Nothing can ever reach rule %(rule)s: everything that fits it is decided before, by: %(others)s.")
        else:
            said = _(
                "Nothing can ever fit rule %(rule)s: it contradicts itself. Questions before buying have no order, "
                "so neither a value nor a refund window."
            )
        found.append(BadList(said % words, shadow.code))
    return found


def _numbers(rules: Sequence[RoutingRule]) -> dict[str, str]:
    return {rule.code: str(place) for place, rule in enumerate(rules, 1)}


def _bad(words: str, rule: RoutingRule, field: str) -> BadList:
    return BadList(words, rule.code, field)


def _write(rows: Rows) -> None:
    """The change itself is what counts; here it only has to be read afresh."""
    transaction.on_commit(forget)


ROUTING = OrderedList(ListKind.ROUTING, "routing_changed", saved, problems, _write)
