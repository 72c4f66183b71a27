"""The stories of a sandbox, read from the file beside this one: one ticket each, told with the real verbs."""

import io
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from marketdesk.lib import drawing, money
from marketdesk.lib.images import Picture
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import ItemState, Order, OrderItem, Product
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.refunds import refunding
from marketdesk.refunds.models import Refund
from marketdesk.tickets.models import Attachment, Issue, LanguageBy, Message, Ticket
from marketdesk.tickets.rules import Category
from marketdesk.translations.models import Translation

FILE = Path(__file__).with_name("stories.toml")
CURRENCY = "EUR"
# The hours that the file reckons with; where the policy promises others, what is left is more or less accordingly.
HOURS = 48
IMAGE = "/static/programs/sandbox.svg"


@dataclass(frozen=True)
class Step:
    """One deed, `after` so many hours."""

    by: Party
    verb: str
    after: float = 0
    text: str = ""
    english: str = ""
    how: str = ""
    pictures: int = 0


@dataclass(frozen=True)
class Story:
    """One ticket: who asks about what, and what happened since. It has `stood` where it stands for so many hours, or
    the merchant's time ends when it is `due_in` so many."""

    issue: str
    customer: dict[str, str]
    subject: str
    steps: tuple[Step, ...]
    products: tuple[str, ...] = ()
    affected: int = 1
    delivered: bool = True
    wants: str = ""
    due_in: float | None = None
    stood: float = 0
    fresh: bool = False

    def opened_at(self, now: datetime) -> datetime:
        """When it must have begun to stand now where it is told to."""
        if self.due_in is None:
            return now - timedelta(hours=self.stood + sum(step.after for step in self.steps))
        hours = promises.current().reply_hours
        waited = hours - self.due_in * hours / HOURS
        return now - timedelta(hours=waited + sum(step.after for step in self.steps if step.by != Party.CLOCK))


@dataclass(frozen=True)
class Ware:
    """A product of every sandbox store."""

    sku: str
    name: str
    price: int
    color: str = ""
    size: str = ""


@dataclass(frozen=True)
class Stock:
    """All that the file holds; `answers` are customers' words by language."""

    wares: tuple[Ware, ...]
    stories: tuple[Story, ...]
    answers: dict[str, dict[str, str]] = field(default_factory=dict)


@cache
def stock() -> Stock:
    """What there is to tell."""
    found = tomllib.loads(FILE.read_text(encoding="utf-8"))
    wares = (Ware(**one | {"price": money.to_minor(Decimal(one["price"]), CURRENCY)}) for one in found["product"])
    return Stock(tuple(wares), tuple(_story(one) for one in found["story"]), found["answers"])


def _story(found: dict[str, Any]) -> Story:
    steps = tuple(Step(**step | {"by": Party(step["by"])}) for step in found["steps"])
    return Story(**found | {"steps": steps, "products": tuple(found.get("products", ()))})


def shelf(store: Merchant) -> dict[str, Product]:
    """The store's products by SKU, made where they are not there yet."""
    for ware in stock().wares:
        about = {"name": ware.name, "sku": ware.sku, "price": ware.price, "currency": CURRENCY, "image_url": IMAGE}
        ident = f"{store.external_id}-{ware.sku}"
        Product.objects.get_or_create(external_id=ident, defaults={"merchant": store, **about})
    return {product.sku: product for product in Product.objects.filter(merchant=store)}


def tell(story: Story, store: Merchant, products: dict[str, Product], opened_at: datetime) -> Ticket:
    """Do what a story tells, each step at its time."""
    teller = Teller(story, store, products, opened_at)
    for step in story.steps:
        teller.do(step)
    teller.ticket.messages.exclude(language="").update(language_by=LanguageBy.RECOGNISED)
    return teller.ticket


class Teller:
    """Tells one story. The customer has no way to be reached and none to sign in."""

    ticket: Ticket

    def __init__(self, story: Story, store: Merchant, products: dict[str, Product], opened_at: datetime) -> None:
        self.story = story
        self.store = store
        self.products = [products[sku] for sku in story.products]
        self.at = opened_at
        self.customer = User.objects.create_user(None, is_active=False, **story.customer)

    def do(self, step: Step) -> None:
        """One step, as the verb that it is."""
        wait = promises.current().reply_hours + 1 / 60 if step.verb == "mark_late" else step.after
        self.at += timedelta(hours=wait)
        by = actor(step.by, self.store, self.customer, self.at)
        match step.verb:
            case "open":
                self.ticket = self._open(step, by)
                _translate(self.ticket.messages.get(), step.english)
            case "reply" | "resolve":
                _translate(getattr(self.ticket, step.verb)(step.text, by=by, language=self._language(by)), step.english)
            case "appeal":
                self.ticket.appeal(step.text, by=by)
            case "close":
                self.ticket.close(by=by, how=step.how)
            case "mark_returned":
                self.ticket.mark_returned(self.ticket.items.all(), by=by)
            case "refund":
                refunding.refund_items(self.ticket, list(self.ticket.items.all()), by=by)
            case "refund_succeeded":
                for refund in Refund.objects.filter(ticket=self.ticket):
                    refunding.settle(refund, succeeded=True, by=by)
                self.ticket.refresh_from_db()
            case _:
                getattr(self.ticket, step.verb)(by=by)

    def _open(self, step: Step, by: Actor) -> Ticket:
        issue = Issue.objects.get(pk=self.story.issue)
        about: dict[str, Any] = {"product": self.products[0] if self.products else None}
        if issue.category != Category.PRE_PURCHASE:
            order = self._order()
            about = {"order": order, "items": order.items.all()[: self.story.affected]}
        return Ticket.open(
            customer=self.customer,
            merchant=self.store,
            issue=issue,
            text=step.text,
            by=by,
            subject=self.story.subject,
            wants=self.story.wants,
            pictures=_pictures(step.pictures, by),
            language=self._language(by),
            **about,
        )

    def _order(self) -> Order:
        placed_at = self.at - timedelta(days=12)
        number = 1001 + Order.objects.filter(merchant=self.store).count()
        order = Order.objects.create(
            external_id=f"SANDBOX-{self.store.pk}-{number}",
            merchant=self.store,
            customer=self.customer,
            total=sum(product.price for product in self.products),
            currency=CURRENCY,
            placed_at=placed_at,
            shipped_at=placed_at + timedelta(days=1),
            delivered_at=placed_at + timedelta(days=7) if self.story.delivered else None,
            est_delivery_at=placed_at + timedelta(days=8),
            carrier="Sandbox Post",
            tracking_number=f"SANDBOX{self.store.pk:06}{number}",
            recipient=self.customer.name,
            street1="1 Example Street",
            city="Sandbox",
            postcode="00000",
            country=self.customer.country,
        )
        OrderItem.objects.bulk_create(self._item(order, product) for product in self.products)
        return order

    def _item(self, order: Order, product: Product) -> OrderItem:
        ware = next(ware for ware in stock().wares if ware.sku == product.sku)
        return OrderItem(
            order=order,
            merchant=self.store,
            product=product,
            name=product.name,
            sku=product.sku,
            color=ware.color,
            size=ware.size,
            image_url=product.image_url,
            price=product.price,
            paid=product.price,
            state=ItemState.SHIPPED,
        )

    def _language(self, by: Actor) -> str:
        return self.customer.language if by.party == Party.CUSTOMER else "en"


def actor(party: Party, store: Merchant, customer: User, at: datetime) -> Actor:
    """Who plays a side. Support's plays for this store alone."""
    match party:
        case Party.CUSTOMER:
            return Actor(party, user_id=customer.pk, name=customer.name, at=at)
        case Party.CLOCK:
            return clock(at)
    name = store.name if party == Party.MERCHANT else "Sandbox Support"
    return Actor(party, merchant_id=store.pk, name=name, at=at)


def _translate(message: Message, english: str) -> None:
    if english:
        Translation.objects.create(message=message, language="en", engine="human", body=english, made_at=message.at)


def _pictures(number: int, by: Actor) -> Sequence[Attachment]:
    return [Attachment.store(_drawn(), f"IMG_{place + 1:04}.jpg", by=by) for place in range(number)]


@cache
def _drawn() -> Picture:
    """What customers of a sandbox photograph: nobody takes it for a real thing."""
    image = Image.new("RGB", (640, 480), "#eef1f4")
    strokes = ImageDraw.Draw(image)
    strokes.rectangle((160, 120, 480, 320), fill="#d9b88a", outline="#8a6b3f", width=6)
    strokes.line((200, 120, 300, 200, 260, 250, 340, 320), fill="#8a6b3f", width=8)
    strokes.text((200, 370), "A picture of the sandbox", fill="#1f2933", font=ImageFont.load_default(24))
    raw = io.BytesIO()
    image.save(raw, "PNG")
    said, body, thumbnail = drawing.draw(raw.getvalue())  # it is our own, so no program of its own draws it anew
    return Picture(body, thumbnail, str(said["mime"]), image.width, image.height)
