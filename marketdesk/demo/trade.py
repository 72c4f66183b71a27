"""What customers bought: orders of every age and value, in the currency of their country."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from marketdesk.demo.ledger import Ledger, public_id
from marketdesk.demo.population import Resident, Shop
from marketdesk.demo.sources import Good
from marketdesk.orders.models import ItemState, Order, OrderItem, Product
from marketdesk.policy import promises

CARRIERS = ("DHL", "DPD", "GLS", "UPS", "FedEx")
PAYMENTS = ("Card", "PayPal", "Invoice", "Bank transfer")
# A price of this many euro cents is safely below the value from which merchants answer first (M27).
SAFELY_LOW = 8000


class Value(Enum):
    """How much an order is worth, beside the threshold of high-value orders."""

    ANY = "any"
    LOW = "low"
    HIGH = "high"


@dataclass(frozen=True)
class Parcel:
    """When an order was placed, sent, expected and delivered."""

    placed_at: datetime
    shipped_at: datetime | None
    est_delivery_at: datetime
    delivered_at: datetime | None


@dataclass(frozen=True)
class Bought:
    """An order and what is in it."""

    order: Order
    items: list[OrderItem]


class Trade:
    """Sells; the orders come to stand in the ledger, and get their numbers when all of them are known."""

    def __init__(self, rng: random.Random, now: datetime, ledger: Ledger) -> None:
        self.rng = rng
        self.now = now
        self.ledger = ledger

    def delivered(self, at: datetime) -> Parcel:
        """A parcel that arrived then."""
        placed = at - timedelta(days=self.rng.uniform(4, 15))
        return Parcel(placed, placed + (at - placed) * 0.3, at + timedelta(days=self.rng.uniform(-2, 2)), at)

    def under_way(self, asked_at: datetime) -> Parcel:
        """A parcel that had not arrived when somebody asked; it may have since."""
        placed = asked_at - timedelta(days=self.rng.uniform(0.5, 8))
        shipped = placed + timedelta(days=self.rng.uniform(0.5, 4))
        expected = placed + timedelta(days=self.rng.uniform(9, 15))
        return Parcel(
            placed,
            shipped if shipped < self.now else None,
            expected,
            expected if expected < self.now else None,
        )

    def sell(
        self,
        resident: Resident,
        shop: Shop,
        parcel: Parcel,
        first: tuple[Product, Good] | None = None,
        value: Value = Value.ANY,
    ) -> Bought:
        """One order; `first` is in it for sure, and stands first."""
        rng, currency = self.rng, resident.land.currency
        chosen = [first or rng.choice(shop.shelf)]
        if value != Value.LOW:
            others = [one for one in shop.shelf if one is not chosen[0]]
            chosen += rng.sample(others, rng.choice((0, 0, 1, 1, 2)))
        order = Order(
            public_id=public_id(rng),
            merchant=shop.merchant,
            customer=resident.user,
            currency=currency,
            placed_at=parcel.placed_at,
            shipped_at=parcel.shipped_at,
            delivered_at=parcel.delivered_at,
            est_delivery_at=parcel.est_delivery_at,
            payment=rng.choice(PAYMENTS),
            recipient=resident.user.name,
            street1=resident.street,
            city=resident.city["name"],
            region=resident.city["state"],
            postcode=resident.city["zip"],
            country=resident.land.code,
            phone=resident.phone,
        )
        if parcel.shipped_at:
            order.carrier = rng.choice(CARRIERS)
            order.tracking_number = f"{order.carrier[:2].upper()}{rng.randrange(10**11):011}"
            order.tracking_url = f"https://tracking.example.org/{order.tracking_number}"
        items = [self._item(order, product, good) for product, good in chosen]
        order.total = sum(item.paid for item in items)
        if value == Value.HIGH:
            # Somebody who buys several of the same, until it is a lot.
            dearest = max(items, key=lambda item: item.price)
            while order.total < promises.current().high_value[currency] * 1.02:
                dearest.quantity += 1
                dearest.paid += dearest.price
                order.total += dearest.price
        self.ledger.orders.append(order)
        self.ledger.items += items
        return Bought(order, items)

    def _item(self, order: Order, product: Product, good: Good) -> OrderItem:
        rng = self.rng
        variant = rng.choice(good.variants)
        price = in_currency(good.price, order.currency)
        shipping = in_currency(rng.choice((0, 0, 290, 390)), order.currency)
        return OrderItem(
            public_id=public_id(rng),
            order=order,
            merchant=order.merchant,
            product=product,
            name=product.name,
            sku=product.sku,
            color=variant["color"],
            size=variant["size"],
            image_url=product.image_url,
            price=price,
            shipping=shipping,
            cost=price * 85 // 100,
            shipping_cost=shipping,
            paid=price + shipping,
            state=ItemState.SHIPPED if order.shipped_at else ItemState.APPROVED,
        )

    def number(self) -> None:
        """Give all orders their numbers, oldest first."""
        self.ledger.orders.sort(key=lambda order: order.placed_at)
        for number, order in enumerate(self.ledger.orders, start=104_211):
            order.external_id = f"BZ-{number}"


def in_currency(cents: int, currency: str) -> int:
    """A sum in euro cents in another currency. The thresholds of high value are equivalents of 100 EUR, and so
    serve as rates."""
    promised = promises.current().high_value
    amount = cents * promised[currency] / promised["EUR"]
    step = 10 if amount < 200_000 else 1000
    return round(amount / step) * step
