"""Fills an empty installation with a believable marketplace, the same for the same seed and moment."""

import contextlib
import io
import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from tqdm import tqdm

from marketdesk.demo.cases import TICKETS, Casebook
from marketdesk.demo.judged import Court
from marketdesk.demo.ledger import Ledger
from marketdesk.demo.photos import photo
from marketdesk.demo.population import CUSTOMERS, PASSWORD, Population, Shop, populate
from marketdesk.journal.models import Job
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.programs import registering, sandbox
from marketdesk.programs.models import AccessToken, Reach, Scope
from marketdesk.replies import seeding
from marketdesk.tickets.models import Attachment, Issue, LanguageBy, Message

ORDERS = 4000
PHOTOS = 15
SEED = 2026
FILE = "demo.json"


class NotEmpty(Exception):
    """The installation holds something already; nothing was changed. The text says so to a person."""


def demo(
    home: Path, *, quiet: bool = False, now: datetime | None = None, seed: int = SEED, scale: float = 1.0
) -> dict[str, Any]:
    """Fill an empty database and answer who can sign in; for a home that holds the demo, answer the same again.
    `scale` makes a smaller one. Raises NotEmpty."""
    known = _kept(home)
    if known is not None:
        return known
    if User.objects.exists() or Merchant.objects.exists():
        raise NotEmpty(
            _(
                "There is something in this installation already. The demo is only put into an empty one: "
                "set MARKETDESK_HOME to a new folder. Nothing was changed."
            )
        )
    # All or nothing: an interrupted demo leaves the installation empty.
    with transaction.atomic(), _bar(quiet) as bar:
        _take_time()
        people = _fill(now or timezone.now(), random.Random(seed), scale, bar)
        Job.objects.all().delete()  # what the demo made up has been told already
        content = _content(people, now or timezone.now())
        _keep(home, content)
    promises.forget()
    return content


def _take_time() -> None:
    """A slow machine draws and makes up stories for longer than a server otherwise lets a transaction idle."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")


def _fill(now: datetime, rng: random.Random, scale: float, bar: Any) -> Population:
    Issue.seed()
    seeding.seed()
    customers, orders = max(60, round(CUSTOMERS * scale)), round(ORDERS * scale)
    bar.total = 5 * customers + 400 * max(2, round(PHOTOS * scale)) + 9 * round(TICKETS * scale) + 3 * orders
    people = populate(rng, now, customers)
    bar.update(5 * customers)
    promises.change(
        {"platform_name": "Bazario", "refund_help_url": "https://bazario.example.org/help/refunds"},
        reason="The demo's marketplace",
        by=Actor(
            Party.SUPPORT, user_id=people.support[0].pk, name=people.support[0].name, at=now - timedelta(days=420)
        ),
    )
    promises.forget()
    photos = _photos(max(2, round(PHOTOS * scale)), now, bar)
    ledger = Ledger()
    book = Casebook(rng, now, people, ledger, photos)
    book.plan(scale)
    book.sell_more(orders)
    book.trade.number()
    book.play(bar.update)
    ledger.remind(now)
    bar.total = bar.n + len(ledger)
    ledger.store(bar.update)
    # The pictures were kept once without a message; what the tickets show are rows of their own.
    Attachment.objects.filter(message__isnull=True).delete()
    Court(people, now).play()
    # What a worker would have found out when each arrived.
    Message.objects.exclude(language="").update(language_by=LanguageBy.RECOGNISED)
    return people


def _photos(number: int, now: datetime, bar: Any) -> list[Attachment]:
    """Draw and store some photos, through the same door as every picture."""
    photos = []
    for seed in range(number):
        photos.append(Attachment.keep(io.BytesIO(photo(seed)), "photo.jpg", by=clock(now)))
        bar.update(400)
    return photos


def _content(people: Population, now: datetime) -> dict[str, Any]:
    """Who can sign in, and the merchants with their tokens: what `marketdesk demo --json` prints."""
    owners = [shop.staff[0] for shop in people.shops]
    shown = [people.residents[0].user, owners[0], people.support[0]]
    others = [*owners[1:], *people.support[1:], *(resident.user for resident in people.residents[1:6])]
    return {
        "url": settings.BASE_URL,
        "people": [
            {"role": str(user.party), "email": user.email, "password": PASSWORD, "name": user.name}
            for user in [*shown, *others]
        ],
        "merchants": [
            {
                "id": shop.merchant.public_id,
                "name": shop.merchant.name,
                "api_token": AccessToken.issue(shop.merchant, "Demo"),
            }
            for shop in people.shops
        ],
        "sandbox": _sandbox(people.shops[0], now),
    }


def _sandbox(shop: Shop, now: datetime) -> dict[str, str]:
    """An app that sees the sandbox of the first store, for whoever tries the API."""
    store = sandbox.store_of(shop.merchant, at=now)
    owner = shop.staff[0]
    by = Actor(Party.MERCHANT, user_id=owner.pk, merchant_id=shop.merchant.pk, name=owner.name, at=now)
    facts = registering.Facts("Demo sandbox", Reach.PRIVATE, (), Scope.values, is_sandbox=True)
    app, secret = registering.register(shop.merchant, facts, by=by)
    return {
        "merchant": store.public_id,
        "name": store.name,
        "client_id": app.client_id,
        "client_secret": secret,
        "api_token": registering.get_token(app, by=by),
    }


def is_demo(home: Path) -> bool:
    """Whether this installation holds the demo."""
    return _kept(home) is not None


def _kept(home: Path) -> dict[str, Any] | None:
    """What an earlier call answered, if its marketplace is still in this database."""
    with contextlib.suppress(FileNotFoundError, ValueError):
        content: dict[str, Any] = json.loads((home / FILE).read_text(encoding="utf-8"))
        if Merchant.objects.filter(public_id=content["merchants"][0]["id"]).exists():
            return {**content, "url": settings.BASE_URL}
    return None


def _keep(home: Path, content: dict[str, Any]) -> None:
    """Mark the home as a demo. Only its owner may read the passwords and tokens."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / FILE
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=2), encoding="utf-8")


@contextlib.contextmanager
def _bar(quiet: bool) -> Iterator[Any]:
    with tqdm(
        disable=quiet, desc=_("Filling the demo"), unit="", bar_format="{desc} {percentage:3.0f}% |{bar}|"
    ) as bar:
        yield bar
