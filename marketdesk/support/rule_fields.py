"""A routing rule as a form: what stands in it, and how it is read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from marketdesk.lib import countries, languages, money
from marketdesk.policy import promises
from marketdesk.support.promise_fields import amount, minor
from marketdesk.tickets import routing_words
from marketdesk.tickets.models import Issue
from marketdesk.tickets.routing import AFTER, BEFORE, IN_DIRECT, IN_EUROPE, RoutingRule
from marketdesk.tickets.rules import Category, Desk

NEW_SUMS = 2  # empty rows for currencies that the rule does not mention yet
UNKNOWN = "-"  # how a country that is not known is said in a form
# What a rule cannot list more of: it would not be a rule any more.
MOST_WORDS = 200

Choices = list[tuple[str, str, bool]]


@dataclass(frozen=True)
class RuleFields:
    """Everything that can be chosen for a rule: value, words, chosen."""

    rule: RoutingRule
    desks: Choices
    categories: Choices
    issues: Choices
    groups: Choices
    countries: Choices
    languages: Choices
    gates: Choices
    sums: list[tuple[str, str, str]]
    merchants: str
    tags: str

    @property
    def chosen_countries(self) -> int:
        return len([code for code in self.rule.countries if not code.startswith("@") and code])


def fields(rule: RoutingRule) -> RuleFields:
    """A rule, ready to be drawn."""
    policy = promises.current()
    groups = [(IN_DIRECT, _("The direct countries of the policy")), (IN_EUROPE, _("Europe")), ("", _("Not known"))]
    gates = ["", BEFORE, AFTER]
    return RuleFields(
        rule=rule,
        desks=_choices([(one.value, str(one.label)) for one in Desk], [rule.to]),
        categories=_choices([(one.value, str(one.label)) for one in Category], rule.categories),
        issues=_choices([(one.code, one.label) for one in Issue.objects.all()], rule.issues),
        groups=[(code or UNKNOWN, words, code in rule.countries) for code, words in groups],
        countries=_choices(countries.by_name(), rule.countries),
        languages=_choices(list(languages.LANGUAGES.items()), rule.languages),
        gates=_choices([(one, routing_words.gate(one, policy) or _("At any time")) for one in gates], [rule.gate]),
        sums=_sums(rule),
        merchants=", ".join(rule.merchants),
        tags=", ".join(rule.tags),
    )


def read(sent: QueryDict, known: RoutingRule, *, is_last: bool) -> RoutingRule:
    """The rule that a form says. What is no value of its kind stays as it was typed, and `routes.wrong` says so."""
    to = Desk.PLATFORM if sent.get("to") == Desk.PLATFORM else Desk.MERCHANT
    if is_last:
        return replace(known, to=to)
    code = sent.get("code", "")
    if known.code.startswith("r-") and re.fullmatch(r"r-[0-9a-f]{12}", code):
        known = replace(known, code=code)  # a new rule keeps the code of its form, so that twice makes one
    return replace(
        known,
        to=to,
        categories=_several(sent, "categories"),
        issues=_several(sent, "issues"),
        countries=tuple(sorted("" if one == UNKNOWN else one for one in _several(sent, "countries"))),
        elsewhere=sent.get("elsewhere") == "yes" and bool(sent.getlist("countries")),
        high_value=sent.get("high_value") == "yes",
        sums=_read_sums(sent),
        merchants=_words(sent.get("merchants", "")),
        tags=_words(sent.get("tags", "")),
        languages=_several(sent, "languages"),
        gate=_plain(sent.get("gate", "")),
    )


def _choices(all_: Iterable[tuple[str, str]], chosen: Iterable[str]) -> Choices:
    chosen = set(chosen)
    return [(value, words, value in chosen) for value, words in all_]


def _sums(rule: RoutingRule) -> list[tuple[str, str, str]]:
    """Currency, from and less than, in the currency's own digits; at the end empty rows."""
    rows = [
        (currency, amount(least, currency) if least else "", amount(below, currency) if below is not None else "")
        for currency, (least, below) in rule.sums.items()
    ]
    return rows + [("", "", "")] * NEW_SUMS


def _read_sums(sent: QueryDict) -> dict[str, Any]:
    """A row without any amount is left out; without a first one it begins at nothing."""
    rows = zip(sent.getlist("currency"), sent.getlist("least"), sent.getlist("below"), strict=False)
    found: dict[str, Any] = {}
    for typed in rows:
        currency, least, below = (_plain(one) for one in typed)
        currency = currency.upper()
        if not (least or below):
            continue
        found[currency] = (_minor(least, currency) if least else 0, _minor(below, currency) if below else None)
    return found


def _minor(text: str, currency: str) -> Any:
    return minor(text, currency) if money.is_known(currency) else text


def _several(sent: QueryDict, name: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_plain(one) for one in sent.getlist(name)[:400]))


def _words(text: str) -> tuple[str, ...]:
    words = (one.strip()[:100] for one in re.split(r"[\n,;،、，]+", _plain(text)))
    return tuple(dict.fromkeys(one for one in words if one))[:MOST_WORDS]


def _plain(text: str) -> str:
    return text.replace("\0", "").strip()
