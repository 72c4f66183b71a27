"""Orders and what is in them."""

from collections import Counter
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _

from marketdesk.lib import money
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import ItemState, Order, OrderItem, Product
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.records import fields
from marketdesk.records.fields import MOST_MINOR, Bad, Field, Row, in_minor
from marketdesk.records.writing import Importer, Plan, given, store
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.tickets.models import Ticket

ITEM = (
    Field("product", fields.text(100)),
    Field("name", fields.text(200)),
    Field("sku", fields.text(100)),
    Field("color", fields.text(60)),
    Field("size", fields.text(60)),
    Field("image_url", fields.address(500, "https", local=True)),
    Field("quantity", fields.whole),
    Field("price", fields.amount, required=True),
    Field("shipping", fields.amount),
    Field("cost", fields.amount),
    Field("shipping_cost", fields.amount),
    Field("paid", fields.amount),
    Field("refunded", fields.amount),
    Field("state", fields.one_of(*ItemState.values)),
    Field("returned_at", fields.moment),
)
PLAIN = (
    "placed_at",
    "shipped_at",
    "delivered_at",
    "est_delivery_at",
    "refund_until",
    "carrier",
    "tracking_number",
    "tracking_url",
    "payment",
    "recipient",
    "street1",
    "street2",
    "city",
    "region",
    "postcode",
    "country",
    "phone",
)


class Orders(Importer):
    """An order stays with its merchant and customer. Its items are those of the row: the same article is the same
    item, another one is new, and one that is gone is taken away unless a ticket or a refund names it."""

    kind = "orders"
    model = Order
    real = Q(merchant__sandbox_of__isnull=True)
    fields = (
        Field("id", fields.text(100), required=True),
        Field("merchant", fields.text(100), required=True),
        Field("customer", fields.text(100), required=True),
        Field("currency", fields.currency, required=True),
        Field("total", fields.amount),
        Field("placed_at", fields.moment, required=True),
        Field("shipped_at", fields.moment),
        Field("delivered_at", fields.moment),
        Field("est_delivery_at", fields.moment),
        Field("refund_until", fields.moment),
        Field("carrier", fields.text(60)),
        Field("tracking_number", fields.text(60)),
        Field("tracking_url", fields.address(200, "https", "http")),
        Field("payment", fields.text(60)),
        Field("recipient", fields.text(150)),
        Field("street1", fields.text(200)),
        Field("street2", fields.text(200)),
        Field("city", fields.text(100)),
        Field("region", fields.text(100)),
        Field("postcode", fields.text(20)),
        Field("country", fields.country, required=True),
        Field("phone", fields.text(40)),
        Field("items", fields.entries, required=True, parts=ITEM, prefix="item_"),
    )

    def look_up(self, found: list[dict[str, Any]]) -> None:
        self._look_up_customers(found)
        super().look_up(found)
        self.merchants = self.by_id(Merchant.objects.real(), (one.get("merchant") for one in found))
        products = (
            item["product"]
            for one in found
            if isinstance(one.get("items"), list)
            for item in one["items"]
            if isinstance(item, dict) and isinstance(item.get("product"), str)
        )
        sold = Product.objects.filter(merchant__sandbox_of__isnull=True)
        self.products = self.by_id(sold, (product.strip() for product in products))
        # Locked, so that nothing is refunded between our look and our writing.
        locked = OrderItem.objects.select_for_update().filter(order__in=self.known.values()).order_by("pk")
        self.items: dict[int, list[OrderItem]] = {}
        for item in locked:
            self.items.setdefault(item.order_id, []).append(item)
        # What the marketplace was asked for and has not answered; read under those locks.
        pending = Refund.objects.filter(item__order__in=self.known.values(), status=RefundStatus.PENDING)
        self.on_the_way = dict(pending.values_list("item_id", "amount"))
        self.item_plans: list[Plan] = []
        self.gone: list[OrderItem] = []

    def _look_up_customers(self, found: list[dict[str, Any]]) -> None:
        """Those whom the rows name and those whose orders they are, locked before the orders: an erasure takes its
        locks in the same order, and what it forgot is not written again."""
        named = self.by_id(User.objects.all(), (one.get("customer") for one in found))
        orders = Order.objects.filter(external_id__in=[one["id"] for one in found])
        wanted = {user.pk for user in named.values()} | set(orders.values_list("customer_id", flat=True))
        people = list(User.objects.select_for_update(no_key=True).filter(pk__in=wanted).order_by("pk"))
        self.customers: dict[str, Any] = {str(user.external_id): user for user in people}
        self.erased = {user.pk for user in people if user.erased_at}

    def plan(self, row: Row, found: dict[str, Any]) -> Plan:
        basket = _read_items(row, found["items"]) if "items" in found else None
        plan = super().plan(row, found)
        order: Order = plan.record
        known = self.items.get(order.pk, []) if not plan.is_new else []
        if "currency" in plan.changed and (basket is None or any(item.refunded for item in known)):
            raise Bad("currency", _("cannot change: the sums of its items would change with it"))
        if basket is None:
            return plan
        plans, gone = self._compare(order, known, basket, row)
        if "total" not in found or found["total"] is None:
            total = sum(one.record.paid for one in plans)
            if order.total != total:
                order.total = total
                plan.changed = (*plan.changed, "total")
        plan.more = bool(gone) or any(one.is_new or one.changed for one in plans)
        self.item_plans += plans
        self.gone += gone
        return plan

    def values(self, found: dict[str, Any], record: Any) -> dict[str, Any]:
        values = given(found, *PLAIN)
        if record and record.customer_id in self.erased:
            raise Bad("customer", _("was erased, and stays so"))
        if "merchant" in found:
            values["merchant_id"] = self.refer(self.merchants, found["merchant"], "merchant").pk
            if record and record.merchant_id != values["merchant_id"]:
                raise Bad("merchant", _("cannot change: the order is another merchant's"))
        if "customer" in found:
            customer = self.refer(self.customers, found["customer"], "customer")
            if customer.party != Party.CUSTOMER:
                raise Bad("customer", _("belongs to an account that is not a customer's"))
            if customer.erased_at:
                raise Bad("customer", _("was erased, and stays so"))
            values["customer_id"] = customer.pk
            if record and record.customer_id != customer.pk:
                raise Bad("customer", _("cannot change: the order is another customer's"))
        if "currency" in found:
            values["currency"] = found["currency"]
        currency = values.get("currency") or record.currency
        if found.get("total") is not None:
            values["total"] = in_minor(found["total"], currency, "total")
        elif record is None:
            values["total"] = 0
        return values

    def store(self, plans: list[Plan]) -> None:
        super().store(plans)
        for plan in self.item_plans:
            if plan.is_new:
                plan.record.order = plan.record.order  # which has its row number now
        store(self.item_plans)
        OrderItem.objects.filter(pk__in=[item.pk for item in self.gone]).delete()

    def _compare(
        self, order: Order, known: list[OrderItem], basket: list[tuple[int, dict[str, Any]]], row: Row
    ) -> tuple[list[Plan], list[OrderItem]]:
        """What becomes of each item of the row, and the known ones that are not in it. Raises Bad."""
        left = dict(zip(_articles(known), known, strict=True))
        plans = []
        seen: Counter[Any] = Counter()
        for line, one in basket:
            try:
                values = self._item(order, one)
                article = _article(values["sku"], values["name"], values["color"], values["size"])
                item = left.pop((article, seen[article]), None)
                seen[article] += 1
                if item:
                    self._refuse_paying_twice(order, item, values)
                plans.append(_plan_item(order, item, values, one))
            except Bad as bad:
                raise Bad(bad.field, bad.reason, line) from bad
        self._refuse_loss(list(left.values()))
        return plans, list(left.values())

    def _item(self, order: Order, one: dict[str, Any]) -> dict[str, Any]:
        """An item's values as the model's."""
        product = self.refer(self.products, one["product"], "item product") if one.get("product") else None
        if product and product.merchant_id != order.merchant_id:
            raise Bad("item product", _("is another merchant's"))
        values: dict[str, Any] = {
            "product_id": product.pk if product else None,
            "name": one.get("name") or (product.name if product else ""),
            "sku": one.get("sku") or (product.sku if product else ""),
            "color": one.get("color", ""),
            "size": one.get("size", ""),
            "image_url": one.get("image_url") or (product.image_url if product else ""),
            "quantity": one.get("quantity") or 1,
            "returned_at": one.get("returned_at"),
        }
        if not values["name"]:
            raise Bad("item name", _("is missing, and no product is named"))
        for name in ("price", "shipping", "cost", "shipping_cost"):
            values[name] = in_minor(one.get(name), order.currency, f"item {name}")
        values["paid"] = values["price"] * values["quantity"] + values["shipping"]
        if one.get("paid") is not None:
            values["paid"] = in_minor(one["paid"], order.currency, "item paid")
        if values["paid"] > MOST_MINOR:
            raise Bad("item paid", _("is too much to be true"))
        values["refunded"] = in_minor(one.get("refunded"), order.currency, "item refunded")
        return values

    def _refuse_paying_twice(self, order: Order, item: OrderItem, values: dict[str, Any]) -> None:
        """What was refunded elsewhere, with what is on its way from here, is no more than was paid. Raises Bad."""
        asked = self.on_the_way.get(item.pk, 0)
        if asked and values["refunded"] and values["refunded"] + asked > values["paid"]:
            words = _("A refund of %(sum)s for “%(item)s” is on its way: say first whether it was paid")
            names = {"sum": money.show(asked, order.currency), "item": fields.shown(item.name)}
            raise Bad("item refunded", words % names)

    @staticmethod
    def _refuse_loss(gone: list[OrderItem]) -> None:
        """What people have talked about or paid back does not vanish."""
        if not gone:
            return
        named = (
            OrderItem.objects.filter(pk__in=[item.pk for item in gone])
            .annotate(
                asked=Exists(Ticket.items.through.objects.filter(orderitem=OuterRef("pk"))),
                paid_back=Exists(Refund.objects.filter(item=OuterRef("pk"))),
            )
            .values_list("name", "asked", "paid_back", "refunded")
        )
        for name, asked, paid_back, refunded in named:
            if asked or paid_back or refunded:
                words = _("“%(item)s” cannot be left out: a ticket or a refund names it")
                raise Bad("items", words % {"item": fields.shown(name)})


def _read_items(row: Row, value: Any) -> list[tuple[int, dict[str, Any]]]:
    """The items of a row, each with its line. Raises Bad."""
    try:
        listed = fields.entries(value)
    except ValueError as wrong:
        raise Bad("items", str(wrong)) from wrong
    if not listed:
        raise Bad("items", _("must not be empty"))
    items = []
    for place, one in enumerate(listed):
        line = row.lines[place] if row.lines else row.line
        try:
            found = fields.read(one, ITEM, where="item ")
            fields.require(found, ITEM, where="item ")
        except Bad as bad:
            raise Bad(bad.field, bad.reason, line) from bad
        items.append((line, found))
    return items


def _article(sku: str, name: str, color: str, size: str) -> tuple[str, str, str]:
    """What makes two items of an order the same article."""
    return (sku or name, color, size)


def _articles(items: list[OrderItem]) -> list[tuple[Any, int]]:
    """The article of each item, and how many of the same stood before it."""
    seen: Counter[Any] = Counter()
    found = []
    for item in items:
        article = _article(item.sku, item.name, item.color, item.size)
        found.append((article, seen[article]))
        seen[article] += 1
    return found


def _plan_item(order: Order, item: OrderItem | None, values: dict[str, Any], one: dict[str, Any]) -> Plan:
    """An item as it will be. What was refunded stays refunded. Raises Bad."""
    if item:
        values["refunded"] = max(values["refunded"], item.refunded)
        values["returned_at"] = values["returned_at"] or item.returned_at
    if values["paid"] < values["refunded"]:
        raise Bad(
            "item paid", _("is less than what was refunded for “%(item)s”") % {"item": fields.shown(values["name"])}
        )
    was_refunded = item is not None and item.state == ItemState.REFUNDED
    if values["refunded"] and (was_refunded or values["refunded"] == values["paid"]):
        values["state"] = ItemState.REFUNDED
    elif one.get("state") == ItemState.REFUNDED and not values["refunded"]:
        raise Bad("item state", _("is REFUNDED: say the sum in “refunded” too"))
    elif one.get("state"):
        values["state"] = one["state"]
    elif item is None or item.state != ItemState.REQUIRE_REVIEW:
        values["state"] = ItemState.SHIPPED if order.shipped_at else ItemState.APPROVED
    if item:
        return Plan.of(item, values)
    return Plan(OrderItem(order=order, merchant_id=order.merchant_id, **values), is_new=True)
