"""Products of merchants."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Product
from marketdesk.records import fields
from marketdesk.records.fields import Bad, Field, in_minor
from marketdesk.records.writing import Importer, given


class Products(Importer):
    """A product stays with its merchant: another store's is another product."""

    kind = "products"
    model = Product
    real = Q(merchant__sandbox_of__isnull=True)
    fields = (
        Field("id", fields.text(100), required=True),
        Field("merchant", fields.text(100), required=True),
        Field("name", fields.text(200), required=True),
        Field("sku", fields.text(100)),
        Field("image_url", fields.address(500, "https", local=True)),
        Field("price", fields.amount),
        Field("currency", fields.currency),
    )

    def look_up(self, found: list[dict[str, Any]]) -> None:
        super().look_up(found)
        self.merchants = self.by_id(Merchant.objects.real(), (one.get("merchant") for one in found))

    def values(self, found: dict[str, Any], record: Any) -> dict[str, Any]:
        values = given(found, "name", "sku", "image_url")
        if "merchant" in found:
            values["merchant_id"] = self.refer(self.merchants, found["merchant"], "merchant").pk
            if record and record.merchant_id != values["merchant_id"]:
                raise Bad("merchant", _("cannot change: the product is another merchant's"))
        if found.get("currency"):
            values["currency"] = found["currency"]
        currency = values.get("currency") or (record.currency if record else "EUR")
        if "price" in found:
            values["price"] = in_minor(found["price"], currency, "price")
        elif record and record.price and record.currency != currency:
            raise Bad("currency", _("cannot change without the price"))
        return values
