"""Who answers first, and why (M20-M30, D9-D13, D32)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from marketdesk.lib.countries import EUROPE
from marketdesk.policy.defaults import Policy
from marketdesk.tickets import routing, routing_words
from marketdesk.tickets.routing import AFTER, BEFORE, IN_DIRECT, IN_EUROPE, SELECTED, SHIPPED, Question, RoutingRule
from marketdesk.tickets.rules import Category, Desk

NOW = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)
DAY, STEP = timedelta(days=1), timedelta(microseconds=1)
POLICY = Policy()
OTHER_READING = Policy(opens_after=None, closes_after=120)
NO_GATE = Policy(opens_after=None, closes_after=None)
QUESTIONS = [Category.PRE_PURCHASE, Category.POST_CUSTOMER_SUPPORT]
AN_ORDER = Question(Category.POST_CUSTOMER_SUPPORT, "DE", False, refund_ends_at=NOW - 200 * DAY)
A_PURCHASE = Question(Category.POST_PURCHASE, "DE", False, total=9999, currency="EUR")


def sent(question: Question, policy: Policy = POLICY, now: datetime = NOW) -> tuple[Desk, str]:
    route = routing.route(question, policy, now)
    return route.desk, route.rule


@pytest.mark.parametrize("country", EUROPE)
@pytest.mark.parametrize("category", QUESTIONS)
def test_questions_from_europe_go_to_the_merchant(country: str, category: Category) -> None:
    question = replace(AN_ORDER, category=category, country=country)

    assert sent(question) == (Desk.MERCHANT, "direct_country")


@pytest.mark.parametrize("country", ["US", "TR", "BR", "VN", "UA", ""])
@pytest.mark.parametrize("category", QUESTIONS)
def test_questions_from_elsewhere_go_to_the_platform(country: str, category: Category) -> None:
    question = replace(AN_ORDER, category=category, country=country, selected_merchant=True, total=10**9)

    assert sent(question) == (Desk.PLATFORM, "other_country")


def test_the_countries_are_a_setting() -> None:
    policy = Policy(direct_countries=["US"])

    assert sent(replace(AN_ORDER, country="US"), policy) == (Desk.MERCHANT, "direct_country")
    assert sent(AN_ORDER, policy) == (Desk.PLATFORM, "other_country")


def test_europe_is_27_and_5() -> None:
    assert len(set(EUROPE)) == 32
    assert {"IS", "LI", "NO", "CH", "GB"} < set(EUROPE)


@pytest.mark.parametrize("country", ["DE", "US"])
def test_purchases_go_to_the_platform_wherever_they_come_from(country: str) -> None:
    assert sent(replace(A_PURCHASE, country=country)) == (Desk.PLATFORM, "platform_refunds")


def test_purchases_of_selected_merchants_go_to_the_merchant() -> None:
    assert sent(replace(A_PURCHASE, selected_merchant=True, total=0, currency="")) == (
        Desk.MERCHANT,
        "selected_merchant",
    )


@pytest.mark.parametrize(("currency", "threshold"), POLICY.high_value.items())
def test_high_value_begins_at_the_threshold_of_the_currency(currency: str, threshold: int) -> None:
    at = replace(A_PURCHASE, currency=currency, total=threshold)

    assert sent(at) == (Desk.MERCHANT, "high_value")
    assert sent(replace(at, total=threshold - 1)) == (Desk.PLATFORM, "platform_refunds")


def test_a_currency_without_threshold_is_never_high_value() -> None:
    assert sent(replace(A_PURCHASE, currency="JPY", total=10**9)) == (Desk.PLATFORM, "platform_refunds")


ENDS = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
GATE = ENDS + 120 * DAY


@pytest.mark.parametrize(
    ("policy", "now", "desk", "rule"),
    [
        (POLICY, GATE - STEP, Desk.PLATFORM, "before_gate"),
        (POLICY, GATE, Desk.MERCHANT, "direct_country"),
        (POLICY, GATE + STEP, Desk.MERCHANT, "direct_country"),
        (POLICY, ENDS - 10 * DAY, Desk.PLATFORM, "before_gate"),
        (OTHER_READING, GATE - STEP, Desk.MERCHANT, "direct_country"),
        (OTHER_READING, GATE, Desk.PLATFORM, "after_gate"),
        (OTHER_READING, GATE + STEP, Desk.PLATFORM, "after_gate"),
        (OTHER_READING, ENDS - 10 * DAY, Desk.MERCHANT, "direct_country"),
        (NO_GATE, GATE - STEP, Desk.MERCHANT, "direct_country"),
        (NO_GATE, GATE + STEP, Desk.MERCHANT, "direct_country"),
        (Policy(opens_after=0), ENDS - STEP, Desk.PLATFORM, "before_gate"),
        (Policy(opens_after=0), ENDS, Desk.MERCHANT, "direct_country"),
        (Policy(opens_after=10, closes_after=20), ENDS + 9 * DAY, Desk.PLATFORM, "before_gate"),
        (Policy(opens_after=10, closes_after=20), ENDS + 15 * DAY, Desk.MERCHANT, "direct_country"),
        (Policy(opens_after=10, closes_after=20), ENDS + 20 * DAY, Desk.PLATFORM, "after_gate"),
    ],
)
def test_both_readings_of_the_120_days_to_the_microsecond(policy: Policy, now: datetime, desk: Desk, rule: str) -> None:
    assert sent(replace(AN_ORDER, refund_ends_at=ENDS), policy, now) == (desk, rule)


def test_an_order_not_delivered_yet_is_before_the_gate() -> None:
    nowhere = replace(AN_ORDER, refund_ends_at=None)

    assert sent(nowhere) == (Desk.PLATFORM, "before_gate")
    assert sent(nowhere, OTHER_READING) == (Desk.MERCHANT, "direct_country")
    assert routing.route(nowhere, POLICY, NOW).data["opens_at"] == ""


def test_the_gate_does_not_concern_questions_before_the_purchase() -> None:
    question = replace(AN_ORDER, category=Category.PRE_PURCHASE, refund_ends_at=NOW)

    assert sent(question) == sent(question, OTHER_READING) == (Desk.MERCHANT, "direct_country")


EXPLAINED: list[tuple[Question, Policy, str]] = [
    (AN_ORDER, POLICY, "Questions of customers in Germany go straight to the merchant."),
    (
        replace(AN_ORDER, country="US"),
        POLICY,
        "Questions of customers in United States are answered by platform support.",
    ),
    (replace(AN_ORDER, country=""), POLICY, "Platform support answers customers whose country is not known."),
    (
        replace(A_PURCHASE, selected_merchant=True),
        POLICY,
        "This merchant handles its own returns, refunds and defects.",
    ),
    (
        replace(A_PURCHASE, total=12480),
        POLICY,
        "High-value order: 124.80 EUR, and from 100.00 EUR the merchant answers first.",
    ),
    (A_PURCHASE, POLICY, "Platform support handles returns, refunds and defects of this order."),
    (
        replace(AN_ORDER, refund_ends_at=NOW),
        POLICY,
        "Until 120 days after the refund window, platform support answers order questions.",
    ),
    (
        AN_ORDER,
        OTHER_READING,
        "More than 120 days after the refund window, platform support answers order questions.",
    ),
]


@pytest.mark.parametrize(("question", "policy", "words"), EXPLAINED)
def test_the_rule_is_said_in_words(question: Question, policy: Policy, words: str) -> None:
    stored = routing.route(question, policy, NOW).as_json()

    assert routing_words.explain(stored).replace("\xa0", " ") == words


@pytest.mark.parametrize("stored", [{}, {"rule": "of another time"}])
def test_an_unknown_rule_says_nothing(stored: dict[str, Any]) -> None:
    assert routing_words.explain(stored) == ""


# Rules that an operator writes

ANYTHING = RoutingRule("anything", Desk.MERCHANT)
ASKED = Question(
    Category.POST_CUSTOMER_SUPPORT, "DE", False, total=12480, currency="EUR", refund_ends_at=NOW - 200 * DAY,
    issue="tracking", merchant="m-1", tags=frozenset({"gold"}), language="de",
)  # fmt: skip


@pytest.mark.parametrize(
    ("conditions", "fits"),
    [
        ({}, True),
        ({"categories": ("post_customer_support", "post_purchase")}, True),
        ({"categories": ("post_purchase",)}, False),
        ({"issues": ("order_status", "tracking")}, True),
        ({"issues": ("order_status",)}, False),
        ({"countries": ("DE",)}, True),
        ({"countries": ("DE",), "elsewhere": True}, False),
        ({"countries": ("FR", "")}, False),
        ({"countries": ("FR",), "elsewhere": True}, True),
        ({"countries": (IN_EUROPE,)}, True),
        ({"countries": (IN_DIRECT,)}, True),
        ({"countries": (IN_DIRECT, "US"), "elsewhere": True}, False),
        ({"high_value": True}, True),
        ({"sums": {"EUR": (12480, None)}}, True),
        ({"sums": {"EUR": (12481, None)}}, False),
        ({"sums": {"EUR": (0, 12480)}}, False),
        ({"sums": {"EUR": (0, 12481)}}, True),
        ({"sums": {"USD": (0, None)}}, False),
        ({"high_value": True, "sums": {"EUR": (20000, None)}}, True),
        ({"merchants": ("m-1",)}, True),
        ({"merchants": ("m-2",)}, False),
        ({"merchants": ("m-2",), "tags": ("gold",)}, True),
        ({"tags": ("silver", SELECTED)}, False),
        ({"languages": ("de", "fr")}, True),
        ({"languages": ("fr",)}, False),
        ({"gate": BEFORE}, False),
        ({"gate": AFTER}, False),
    ],
)
def test_a_condition_fits_or_does_not(conditions: dict[str, Any], fits: bool) -> None:
    rule = RoutingRule("r-1", Desk.PLATFORM, **conditions)
    route = routing.route(ASKED, POLICY, NOW, [rule, ANYTHING])

    assert route.desk == (Desk.PLATFORM if fits else Desk.MERCHANT)
    assert RoutingRule.from_json(rule.as_json()) == rule
    assert rule.catches_all == (not conditions)


def test_a_question_before_buying_has_neither_value_nor_gate() -> None:
    early = replace(ASKED, category=Category.PRE_PURCHASE, refund_ends_at=None)
    for conditions in ({"high_value": True}, {"sums": {"EUR": (0, None)}}, {"gate": BEFORE}):
        rule = RoutingRule("r-1", Desk.PLATFORM, **conditions)

        assert routing.route(early, POLICY, NOW, [rule, ANYTHING]).desk == Desk.MERCHANT


def test_a_rule_that_is_switched_off_decides_nothing() -> None:
    off = RoutingRule("r-1", Desk.PLATFORM, active=False)

    assert routing.route(ASKED, POLICY, NOW, [off, ANYTHING]).desk == Desk.MERCHANT


def test_a_list_without_a_last_rule_still_decides() -> None:
    assert routing.route(ASKED, POLICY, NOW, []).rule == "direct_country"


def test_a_ticket_keeps_only_what_fitted() -> None:
    rule = RoutingRule(
        "r-1", Desk.PLATFORM, countries=(IN_EUROPE, "US"), sums={"EUR": (10000, None), "USD": (11000, None)},
        merchants=("m-1", "m-2"), tags=("gold", "silver"), languages=("de", "fr"),
    )  # fmt: skip
    stored = routing.route(ASKED, POLICY, NOW, [rule, ANYTHING]).as_json()
    names = routing_words.Names(merchants={"m-1": "Anadolu Home"})

    assert "m-2" not in str(stored)
    assert "silver" not in str(stored)
    assert routing.desk_of(stored) == Desk.PLATFORM
    assert routing_words.explain(stored, names).replace("\xa0", " ") == (
        "A rule of the marketplace sent it to platform support: customers in: Germany · orders from 100.00 EUR · "
        "merchant Anadolu Home or merchants tagged “gold” · customers who read: Deutsch (here: 124.80 EUR)."
    )


def test_a_shipped_rule_that_was_changed_has_no_shipped_words() -> None:
    changed = replace(SHIPPED[1], to=Desk.PLATFORM)
    question = replace(A_PURCHASE, total=12480)
    stored = routing.route(question, POLICY, NOW, [changed, *SHIPPED[2:]]).as_json()

    assert stored["rule"] == "high_value"
    assert routing_words.explain(stored).replace("\xa0", " ") == (
        "A rule of the marketplace sent it to platform support: Post Purchase Tickets · orders from 100.00 EUR "
        "(here: 124.80 EUR)."
    )


def test_a_purchase_that_falls_to_the_last_rule_is_no_question_of_a_country() -> None:
    stored = routing.route(A_PURCHASE, POLICY, NOW, SHIPPED[3:]).as_json()

    assert routing_words.explain(stored) == "A rule of the marketplace sent it to the merchant: everything else."
