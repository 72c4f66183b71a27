"""What API v2 answers, field by field, for its OpenAPI document and its pages: the tests hold schemas.py to it."""

from dataclasses import dataclass
from typing import Any

from marketdesk.api.v2 import schemas

Json = dict[str, Any]

# What a string holds.
KINDS: dict[str, Json] = {
    "text": {},
    "id": {"pattern": "^([0-9a-f]{24})?$"},
    "moment": {"pattern": r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)?$"},
    "day": {"pattern": r"^\d{4}-\d\d-\d\d$"},
    "amount": {"pattern": r"^-?\d+\.\d+$"},
    "number": {"pattern": r"^\d+$"},
    "truth": {"enum": ["True", "False"]},
}
SENDERS = [*schemas.SENDERS.values(), schemas.PLATFORM]


@dataclass(frozen=True)
class Field:
    """One field: a string of some kind, another shape, or a list of wrapped shapes. Not `always`: it is left out
    where there is nothing to say."""

    name: str
    example: str = ""
    words: str = ""
    kind: str = "text"
    always: bool = True
    one_of: tuple[str, ...] = ()
    shape: "Shape | None" = None
    is_list: bool = False

    def schema(self) -> Json:
        """The field in JSON Schema."""
        if self.shape is None:
            choices = {"enum": list(self.one_of)} if self.one_of else {}
            return {"type": "string", "examples": [self.example], **self._words(), **KINDS[self.kind], **choices}
        inner: Json = {"$ref": f"#/components/schemas/{self.shape.name}"}
        return {"type": "array", "items": wrapped(self.shape), **self._words()} if self.is_list else inner

    def sample(self) -> Any:
        """What it looks like."""
        if self.shape is None:
            return self.example
        return [{self.shape.name: self.shape.sample()}] if self.is_list else self.shape.sample()

    def _words(self) -> Json:
        return {"description": self.words} if self.words else {}


@dataclass(frozen=True)
class Shape:
    """An object of the wire."""

    name: str
    words: str
    fields: tuple[Field, ...]

    def schema(self) -> Json:
        """In JSON Schema: whatever may be added some day, it will be a string."""
        return {
            "type": "object",
            "description": self.words,
            "properties": {field.name: field.schema() for field in self.fields},
            "required": [field.name for field in self.fields if field.always],
            "additionalProperties": {"type": "string"},
        }

    def sample(self) -> Json:
        return {field.name: field.sample() for field in self.fields if field.example or field.always}


def wrapped(shape: Shape) -> Json:
    """A shape in its wrapper: `{"Ticket": {…}}`."""
    return {
        "type": "object",
        "properties": {shape.name: {"$ref": f"#/components/schemas/{shape.name}"}},
        "required": [shape.name],
        "additionalProperties": False,
    }


USER = Shape(
    "UserInfo",
    "Who asks.",
    (
        Field("id", "60c0a1b2c3d4e5f600000009", kind="id"),
        Field("name", "Ada L.", "The first name, and the first letter of the last."),
        Field("locale", "de", "The language that the customer reads."),
        Field("joined_date", "2019-02-03T04:05:06", kind="moment"),
    ),
)
ADDRESS = Shape(
    "ShippingDetail",
    "Where the item goes.",
    (
        Field("name", "Ada L."),
        Field("phone_number", "1"),
        Field("street_address1", "1 Weg"),
        Field("street_address2"),
        Field("city", "Bonn"),
        Field("state", "NW"),
        Field("zipcode", "53111"),
        Field("country", "DE", "Two letters, ISO 3166."),
    ),
)
ORDER = Shape(
    "Order",
    "One item of what was bought. All items of one purchase share a transaction_id.",
    (
        Field("order_id", "60c0a1b2c3d4e5f600000501", "What order/refund takes as id.", "id"),
        Field("transaction_id", "60c0a1b2c3d4e5f600000777", kind="id"),
        Field("buyer_id", "60c0a1b2c3d4e5f600000009", kind="id"),
        Field("product_id", "60c0a1b2c3d4e5f600000301", kind="id"),
        Field("variant_id", "", kind="id"),
        Field("sku", "SKU-1"),
        Field("product_name", "Blue cup"),
        Field("product_image_url", "https://img.example/p.jpg"),
        Field("color", "blue", always=False),
        Field("size", "M", always=False),
        Field("quantity", "1", kind="number"),
        Field("price", "6.4", "Of one piece.", "amount"),
        Field("shipping", "3.0", kind="amount"),
        Field("shipping_cost", "2.55", "What you earn for shipping.", "amount"),
        Field("cost", "5.44", "What you earn for the item.", "amount", always=False),
        Field("order_total", "7.99", "cost and shipping_cost, times quantity.", "amount", always=False),
        Field("state", "SHIPPED", one_of=("APPROVED", "SHIPPED", "REFUNDED", "REQUIRE_REVIEW")),
        Field("order_time", "2021-05-20T02:55:27", kind="moment"),
        Field("last_updated", "2021-05-22T02:55:27", kind="moment"),
        Field("shipped_date", "2021-05-22", kind="day", always=False),
        Field("shipping_provider", "USPS", always=False),
        Field("tracking_number", "TR1", always=False),
        Field("tracking_confirmed", "True", kind="truth"),
        Field("tracking_confirmed_date", "2021-05-23T00:00:00", kind="moment", always=False),
        Field("is_wish_express", "False", kind="truth"),
        Field("refunded_by", "", "Only once it is refunded.", always=False),
        Field("refunded_reason", "", "Only once it is refunded.", always=False),
        Field("refunded_time", "", "Only once it is refunded.", "day", always=False),
        Field("ShippingDetail", shape=ADDRESS),
    ),
)
REPLY = Shape(
    "Reply",
    "One message, the oldest first.",
    (
        Field("date", "2021-06-01T10:00:00", kind="moment"),
        Field("sender", "user", one_of=tuple(SENDERS)),
        Field("message", "Wo ist meine Bestellung?", "As it was written."),
        Field("image_urls", "[]", "One string that holds a JSON list of addresses. They live for 30 days."),
        Field("translated_message", "Where is my order?", "In English, where there is a translation.", always=False),
        Field("translated_message_zh", "", "In Chinese, where there is a translation.", always=False),
    ),
)
TICKET = Shape(
    "Ticket",
    "A customer's question and everything that was said about it.",
    (
        Field("id", "60c0a1b2c3d4e5f601020304", kind="id"),
        Field("merchant_id", "60c0a1b2c3d4e5f600000001", kind="id"),
        Field("transaction_id", "60c0a1b2c3d4e5f600000777", "Empty for a question about a product.", "id"),
        Field("state", "Awaiting your response", one_of=tuple(dict.fromkeys(dict(schemas.STATES.values()).values()))),
        Field("state_id", "4", "4: it waits for your answer.", one_of=tuple(dict(schemas.STATES.values()))),
        Field("category", "post_customer_support", "pre_purchase, post_purchase or post_customer_support."),
        Field("label", "Shipping Status or ETA Inquiry", "What it is about, in English."),
        Field("sublabel"),
        Field("subject", "Wo ist meine Bestellung?", "In the customer's own words."),
        Field("open_date", "2021-06-01T10:00:00", kind="moment"),
        Field("last_update_date", "2021-06-01T10:00:00", kind="moment"),
        Field("photo_proof", "False", "Whether the customer has sent pictures.", "truth"),
        Field("default_refund_reason", "20", "The refund reason code that fits the question.", always=False),
        Field("close_date", "", "Only once it is closed.", "moment", always=False),
        Field("closed_by", "", "Only once it is closed.", always=False),
        Field("UserInfo", shape=USER),
        Field("items", shape=ORDER, is_list=True, words="The affected items; empty for a question about a product."),
        Field("replies", shape=REPLY, is_list=True, words="What was said, the oldest first."),
    ),
)
SHAPES = (TICKET, USER, ORDER, ADDRESS, REPLY)
