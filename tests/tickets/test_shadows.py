"""Rules that can never decide anything are found exactly: nothing is missed, and nothing is said of the others."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product

from hypothesis import example, given, settings
from hypothesis import strategies as st

from marketdesk.policy.defaults import Policy
from marketdesk.tickets import issues, shadows
from marketdesk.tickets.routing import IN_DIRECT, IN_EUROPE, SELECTED, SHIPPED, Question, RoutingRule
from marketdesk.tickets.rules import Category, Desk
from marketdesk.tickets.shadows import NOW, Shadow

PRE, PURCHASE, ORDER = Category.PRE_PURCHASE, Category.POST_PURCHASE, Category.POST_CUSTOMER_SUPPORT
ISSUES = {"product_question": PRE, "item_problem": PURCHASE, "tracking": ORDER, "order_status": ORDER}
LAST = RoutingRule("last", Desk.MERCHANT)


def rule(code: str, to: Desk = Desk.MERCHANT, **conditions: object) -> RoutingRule:
    return RoutingRule(code, to, **conditions)  # type: ignore[arg-type]


def hidden(*rules: RoutingRule) -> list[Shadow]:
    return shadows.hidden([*rules, LAST], ISSUES)


# What is said


def test_every_shipped_rule_can_decide() -> None:
    known = {one.code: one.category for one in issues.SHIPPED}

    assert shadows.hidden(SHIPPED, known) == []


def test_today_the_gate_that_is_off_reaches_nothing() -> None:
    known = {one.code: one.category for one in issues.SHIPPED}

    assert shadows.hidden(SHIPPED, known, Policy()) == [Shadow("after_gate", ())]
    both = Policy(closes_after=200)
    assert shadows.hidden(SHIPPED, known, both) == []
    assert [one.code for one in shadows.hidden(SHIPPED, known, replace(both, direct_countries=[]))] == [
        "before_gate",
        "after_gate",
    ]


def test_a_wider_rule_hides_a_narrower_one_after_it() -> None:
    wide = rule("wide", categories=(PURCHASE,))
    narrow = rule("narrow", categories=(PURCHASE,), countries=("DE",))

    assert hidden(wide, narrow) == [Shadow("narrow", ("wide",))]
    assert hidden(narrow, wide) == []
    assert hidden(replace(wide, active=False), narrow) == []
    assert hidden(wide, replace(narrow, active=False)) == []


def test_rules_hide_another_together_and_only_those_that_are_needed_are_named() -> None:
    small = rule("small", sums={"EUR": (0, 10000)})
    other = rule("other", countries=("FR",))
    large = rule("large", sums={"EUR": (10000, None)})

    assert hidden(small, other, large, rule("euros", sums={"EUR": (500, 20000)})) == [
        Shadow("euros", ("small", "large"))
    ]
    assert hidden(small, other, rule("euros", sums={"EUR": (500, 20000)})) == []


def test_a_group_and_its_countries() -> None:
    europe, germany = rule("europe", countries=(IN_EUROPE,)), rule("germany", countries=("DE",))
    rest = rule("rest", countries=(IN_EUROPE,), elsewhere=True)

    assert hidden(europe, germany) == [Shadow("germany", ("europe",))]
    assert hidden(germany, europe) == []
    assert hidden(europe, rest, rule("all", categories=(ORDER,))) == [Shadow("all", ("europe", "rest"))]
    assert hidden(rule("direct", countries=(IN_DIRECT,)), germany) == [], "the policy may name other countries"


def test_a_rule_that_contradicts_itself_is_hidden_by_nobody() -> None:
    assert hidden(rule("a", categories=(PRE,), gate="before")) == [Shadow("a", ())]
    assert hidden(rule("b", issues=("product_question",), high_value=True)) == [Shadow("b", ())]
    assert hidden(rule("c", categories=(PURCHASE,), issues=("tracking",))) == [Shadow("c", ())]


def test_issue_types_that_may_still_come_are_left_for_their_category() -> None:
    both = rule("both", issues=("tracking", "order_status"))
    all_ = rule("all", categories=(ORDER,))

    assert hidden(both, all_) == []
    assert shadows.hidden([both, all_, LAST], ISSUES, Policy()) == [Shadow("all", ("both",))]


def test_merchants_and_tags_are_alternatives() -> None:
    either = rule("either", merchants=("m-1",), tags=("gold",))

    assert hidden(either, rule("gold", tags=("gold",), countries=("DE",))) == [Shadow("gold", ("either",))]
    assert hidden(either, rule("silver", tags=("silver",))) == []


def test_rules_with_hundreds_of_tags_are_looked_through_at_once() -> None:
    lists = [tuple(f"tag-{number}-{one}" for one in range(200)) for number in range(40)]
    rules = [RoutingRule(f"r-{number}", Desk.PLATFORM, tags=tags) for number, tags in enumerate(lists)]
    both = RoutingRule("both", Desk.MERCHANT, tags=(lists[3][7], lists[5][0]))

    assert shadows.hidden([*rules, both, *SHIPPED], {}) == [Shadow("both", ("r-3", "r-5"))]
    assert "r-3" in shadows.overlaps([both, *rules[:4], *SHIPPED], {})


def test_an_overlap_that_ends_elsewhere_is_known() -> None:
    here = rule("here", countries=("DE",))
    there = rule("there", Desk.PLATFORM, categories=(ORDER,))

    assert shadows.overlaps([here, there, LAST], ISSUES) == {"there": ["here"]}
    assert shadows.overlaps([here, replace(there, to=Desk.MERCHANT), LAST], ISSUES) == {}


# Exactly: a rule is reported if and only if no question under any policy reaches it

COUNTRIES = ("DE", "BR", "FR", "")
SUMS = (0, 5000, 10000)
CELLS = list(product([*ISSUES.items(), ("other", ORDER), ("another", PURCHASE), ("one more", PRE)], COUNTRIES))
RULES = st.builds(
    RoutingRule,
    code=st.just(""),
    to=st.sampled_from(Desk),
    active=st.sampled_from([True, True, True, False]),
    categories=st.sampled_from([(), (), (PRE.value,), (PURCHASE.value,), (ORDER.value,), (PRE.value, ORDER.value)]),
    issues=st.sampled_from([(), (), (), ("tracking",), ("item_problem",), ("product_question", "order_status")]),
    countries=st.sampled_from([(), (), ("DE",), ("BR",), (IN_DIRECT,), ("DE", ""), (IN_DIRECT, "BR")]),
    elsewhere=st.booleans(),
    high_value=st.sampled_from([False, False, True]),
    sums=st.sampled_from(
        [{}, {}, {"EUR": (0, None)}, {"EUR": (5000, None)}, {"EUR": (0, 5000)}, {"EUR": (5000, 10000)}]
    ),
    merchants=st.sampled_from([(), (), ("m-1",)]),
    tags=st.sampled_from([(), (), (SELECTED,), ("gold",), (SELECTED, "gold")]),
    languages=st.sampled_from([(), (), (), ("de",)]),
    gate=st.sampled_from(["", "", "", "before", "after"]),
)


def policies(rules: Sequence[RoutingRule]) -> list[Policy]:
    """Every policy that makes a difference to these rules."""
    direct = [[], ["DE", "BR", "FR"]] if any(IN_DIRECT in one.countries for one in rules) else [[]]
    high = [{}, {"EUR": 0, "USD": 0}] if any(one.high_value for one in rules) else [{}]
    gates = [None, 0] if any(one.gate for one in rules) else [None]
    return [
        Policy(direct_countries=direct_, high_value=high_, opens_after=opens and 100, closes_after=closes)
        for direct_, high_, opens, closes in product(direct, high, [None, 100] if gates[1:] else [None], gates)
    ]


def questions(rules: Sequence[RoutingRule]) -> list[Question]:
    """The grid: every value that makes a difference to these rules, and another one of each kind."""
    has_value = any(one.sums or one.high_value for one in rules)
    values = [*((sum_, "EUR") for sum_ in SUMS), (0, "USD"), (0, "")] if has_value else [(0, "")]
    sellers = any(one.merchants or one.tags for one in rules)
    both = [True, False] if sellers else [False]
    tags = [frozenset[str](), frozenset({"gold"})] if sellers else [frozenset[str]()]
    merchants = ["m-1", "m-2"] if sellers else ["m-2"]
    languages = ["de", "en"] if any(one.languages for one in rules) else ["en"]
    cells = CELLS if any(one.countries for one in rules) else [cell for cell in CELLS if cell[1] == ""]
    delivered = NOW - timedelta(days=1)
    return [
        Question(category, country, selected, total, currency, delivered, issue, merchant, tagged, language)
        for ((issue, category), country), selected, (total, currency), merchant, tagged, language in product(
            cells, both, values, merchants, tags, languages
        )
    ]


def reached(rules: Sequence[RoutingRule]) -> set[str]:
    """The rules that decide any question of the grid, found by asking them one after the other."""
    working = [one for one in rules if one.active]
    found: set[str] = set()
    for policy, question in product(policies(working), questions(working)):
        found.add(next(one.code for one in working if not one.unmet(question, policy, NOW)))
        if len(found) == len(working):
            break
    return found


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(RULES, min_size=2, max_size=4))
@example([rule("", gate="before"), rule("", gate="after"), rule("", categories=(PURCHASE.value,))])
def test_a_rule_is_reported_if_and_only_if_no_question_reaches_it(drawn: list[RoutingRule]) -> None:
    rules = [*(replace(one, code=str(place)) for place, one in enumerate(drawn)), LAST]

    reported = shadows.hidden(rules, ISSUES)

    unreached = {one.code for one in rules[:-1] if one.active} - reached(rules)
    assert {one.code for one in reported} == unreached
    for shadow in reported:  # those that are named are enough, and none of them can be spared
        earlier = [one for one in rules if one.code in shadow.by]
        itself = next(one for one in rules if one.code == shadow.code)
        assert shadow.code not in reached([*earlier, itself, LAST])
        for spared in earlier:
            fewer = [one for one in earlier if one is not spared]
            assert shadow.code in reached([*fewer, itself, LAST])
