"""Orders: when the refund window ends (D13), and what can still be given back."""

from datetime import UTC, datetime, timedelta

import pytest

from marketdesk.orders.models import Order, OrderItem

DELIVERED = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("moments", "ends"),
    [
        ({"delivered_at": DELIVERED}, DELIVERED + 30 * DAY),
        ({"delivered_at": DELIVERED, "est_delivery_at": DELIVERED + 9 * DAY}, DELIVERED + 30 * DAY),
        ({"est_delivery_at": DELIVERED}, DELIVERED + 30 * DAY),
        ({"refund_until": DELIVERED, "delivered_at": DELIVERED}, DELIVERED),
        ({}, None),
    ],
)
def test_the_refund_window(moments: dict[str, datetime], ends: datetime | None) -> None:
    assert Order(**moments).refund_ends_at(30) == ends


def test_what_can_still_be_given_back() -> None:
    assert OrderItem(paid=1000, refunded=400).refundable == 600


@pytest.mark.parametrize(
    ("color", "size", "variant"), [("brass", "L", "brass, L"), ("", "L", "L"), ("brass", "", "brass"), ("", "", "")]
)
def test_a_variant_in_a_few_words(color: str, size: str, variant: str) -> None:
    assert OrderItem(color=color, size=size).variant == variant


def test_a_total_is_said_with_its_currency() -> None:
    assert Order(total=12480, currency="EUR").total_text.replace("\xa0", " ") == "124.80 EUR"
