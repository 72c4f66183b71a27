"""Products, orders and what is in them. Sums are whole minor units (cents) of the order's currency."""

from datetime import datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from marketdesk.lib import money
from marketdesk.lib.ids import PublicIdField
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party


class Product(models.Model):
    """Something that a merchant sells."""

    public_id = PublicIdField()
    external_id = models.CharField(max_length=100, unique=True)
    merchant = models.ForeignKey(Merchant, models.CASCADE, related_name="products")
    name = models.CharField(max_length=200)
    sku = models.CharField(max_length=100, blank=True)
    image_url = models.CharField(max_length=500, blank=True)
    price = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, default="EUR")

    def __str__(self) -> str:
        return self.name


class Order(models.Model):
    """What one customer bought from one merchant at once; `transaction` on the wire of API v2.

    `country` is the delivery address's (D9). `refund_until` is the last moment of the refund window where the
    marketplace said so; otherwise `refund_ends_at` works it out (D13).
    """

    public_id = PublicIdField()
    external_id = models.CharField(max_length=100, unique=True)
    merchant = models.ForeignKey(Merchant, models.PROTECT, related_name="orders")
    customer = models.ForeignKey(User, models.PROTECT, related_name="orders")
    total = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    placed_at = models.DateTimeField()
    shipped_at = models.DateTimeField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    est_delivery_at = models.DateTimeField(null=True, blank=True)
    refund_until = models.DateTimeField(null=True, blank=True)
    carrier = models.CharField(max_length=60, blank=True)
    tracking_number = models.CharField(max_length=60, blank=True, db_index=True)
    tracking_url = models.URLField(blank=True)
    payment = models.CharField(max_length=60, blank=True)

    recipient = models.CharField(max_length=150, blank=True)
    street1 = models.CharField(max_length=200, blank=True)
    street2 = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=100, blank=True)
    region = models.CharField(max_length=100, blank=True)
    postcode = models.CharField(max_length=20, blank=True)
    country = models.CharField(max_length=2)
    phone = models.CharField(max_length=40, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["customer", "-placed_at"], name="order_by_customer"),
            models.Index(fields=["merchant", "placed_at"], name="order_by_merchant"),
        ]

    def __str__(self) -> str:
        return self.external_id

    def refund_ends_at(self, window_days: int) -> datetime | None:
        """When the refund window closes, `window_days` after delivery; None while no delivery is known (D13)."""
        if self.refund_until:
            return self.refund_until
        arrived = self.delivered_at or self.est_delivery_at
        return arrived + timedelta(days=window_days) if arrived else None

    @property
    def total_text(self) -> str:
        return money.show(self.total, self.currency)


class ItemState(models.TextChoices):
    """How far an item is; the values are API v2's words."""

    APPROVED = "APPROVED", _("Being prepared")
    SHIPPED = "SHIPPED", _("Shipped")
    REFUNDED = "REFUNDED", _("Refunded")
    REQUIRE_REVIEW = "REQUIRE_REVIEW", _("In review")


class OrderItems(models.QuerySet["OrderItem"]):
    """Items, seen through their gate."""

    def visible_to(self, actor: Actor) -> "OrderItems":
        """What a merchant sold and what a customer bought; a link out of a mail shows one ticket, and no orders."""
        match actor.party:
            case Party.CUSTOMER if actor.user_id and not actor.link:
                return self.filter(order__customer_id=actor.user_id, order__customer__erased_at__isnull=True)
            case Party.MERCHANT if actor.merchant_id:
                return self.filter(merchant_id=actor.merchant_id)
            case Party.SUPPORT:
                return self.exclude(merchant_id__in=Merchant.objects.sandboxes().values("pk"))
            case Party.CLOCK:  # time passes in sandboxes too
                return self.all()
        return self.none()


class OrderItem(models.Model):
    """One line of an order; `Order` on the wire of API v2. Never refunded beyond what was paid: the database
    itself refuses it (D17)."""

    public_id = PublicIdField()
    order = models.ForeignKey(Order, models.CASCADE, related_name="items")
    merchant = models.ForeignKey(Merchant, models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, models.SET_NULL, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=200)
    sku = models.CharField(max_length=100, blank=True)
    color = models.CharField(max_length=60, blank=True)
    size = models.CharField(max_length=60, blank=True)
    image_url = models.CharField(max_length=500, blank=True)
    quantity = models.PositiveIntegerField(default=1)
    price = models.BigIntegerField()
    shipping = models.BigIntegerField(default=0)
    cost = models.BigIntegerField(default=0)
    shipping_cost = models.BigIntegerField(default=0)
    paid = models.BigIntegerField()
    refunded = models.BigIntegerField(default=0)
    state = models.CharField(max_length=20, choices=ItemState, default=ItemState.APPROVED)
    returned_at = models.DateTimeField(null=True, blank=True)

    objects = OrderItems.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(refunded__gte=0, refunded__lte=F("paid")), name="never_refund_more_than_paid"
            ),
            models.CheckConstraint(condition=Q(paid__gte=0, price__gte=0), name="no_negative_price"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def variant(self) -> str:
        """Colour and size in a few words."""
        return ", ".join(part for part in (self.color, self.size) if part)

    @property
    def refundable(self) -> int:
        """What can still be given back, in minor units."""
        return self.paid - self.refunded

    def mark_returned(self, at: datetime) -> None:
        """The item has come back to the merchant (D28). Marking it twice keeps the first moment."""
        if self.returned_at is None:
            self.returned_at = at
            self.save(update_fields=["returned_at"])
