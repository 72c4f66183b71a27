"""The people and stores of the demo: merchants with staff and goods, customers in many countries, support."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.utils.text import slugify

from marketdesk.demo.ledger import public_id
from marketdesk.demo.sources import Good, Land, Store, goods, lands, stores
from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.orders.models import Product
from marketdesk.people.models import User
from marketdesk.people.party import Party

PASSWORD = "bazario-demo"  # noqa: S105 everybody in the demo signs in with it, and it is printed
CUSTOMERS = 1500
SUPPORT = (("Sofia Rossi", "en"), ("Jonas Keller", "de"), ("Amélie Fournier", "fr"), ("Yusuf Aydın", "tr"))
# How often a store answers too late; some of them have a habit of it (M45).
LATE_SHARE = {12: 0.12, 13: 0.4, 14: 0.18, 15: 0.95}
USUALLY_LATE = 0.01


@dataclass
class Shop:
    """A merchant with all that the demo needs of it; the owner stands first in `staff`."""

    store: Store
    merchant: Merchant
    late_share: float
    staff: list[User] = field(default_factory=list)
    shelf: list[tuple[Product, Good]] = field(default_factory=list)


@dataclass(frozen=True)
class Resident:
    """A customer at home."""

    user: User
    land: Land
    street: str
    city: dict[str, str]
    phone: str


@dataclass
class Population:
    """Everybody. The first resident is Ada, the first shop Mehmet's, the first of support Sofia."""

    shops: list[Shop]
    residents: list[Resident]
    support: list[User]


def populate(rng: random.Random, now: datetime, customers: int) -> Population:
    """Write all people, merchants and products."""
    newcomers = _Newcomers(rng, make_password(PASSWORD), now - timedelta(days=420))
    shops = _shops(newcomers)
    support = newcomers.settle(
        newcomers.person(name, f"{slugify(name.split()[0])}@example.org", Party.SUPPORT, language)
        for name, language in SUPPORT
    )
    # Sofia may change the rules, once she has set up her second factor.
    User.objects.filter(pk=support[0].pk).update(is_staff=True)
    return Population(shops, _residents(newcomers, customers), support)


class _Newcomers:
    """Makes accounts: one password for all, because hashing a good one takes its time."""

    def __init__(self, rng: random.Random, password: str, since: datetime) -> None:
        self.rng = rng
        self.password = password
        self.since = since

    def person(self, name: str, email: str, party: Party, language: str, **fields: str) -> User:
        return User(
            public_id=public_id(self.rng),
            name=name,
            email=email,
            party=party,
            language=language,
            password=self.password,
            date_joined=self.since,
            **fields,
        )

    @staticmethod
    def settle(people: Iterable[User]) -> list[User]:
        return User.objects.bulk_create(list(people))


def _shops(newcomers: _Newcomers) -> list[Shop]:
    rng = newcomers.rng
    shops = [
        Shop(
            store,
            Merchant(
                public_id=public_id(rng),
                external_id=f"M-{number + 1:03}",
                name=store.name,
                country=store.country,
                selected=store.selected,
                created_at=newcomers.since,
            ),
            LATE_SHARE.get(number, USUALLY_LATE),
        )
        for number, store in enumerate(stores())
    ]
    Merchant.objects.bulk_create([shop.merchant for shop in shops])
    for shop in shops:
        shop.staff = newcomers.settle(_staff(shop, newcomers))
    Membership.objects.bulk_create(
        Membership(user=user, merchant=shop.merchant, role=Role.AGENT if place else Role.OWNER)
        for shop in shops
        for place, user in enumerate(shop.staff)
    )
    for good in goods():
        shop = shops[good.store]
        shop.shelf.append((_product(good, shop, rng), good))
    Product.objects.bulk_create([product for shop in shops for product, _good in shop.shelf])
    return shops


def _staff(shop: Shop, newcomers: _Newcomers) -> list[User]:
    domain = slugify(shop.store.name)
    people = []
    for place, name in enumerate(shop.store.staff):
        # Mehmet is shown to people who may not read Turkish.
        shown = name == "Mehmet Demir"
        people.append(
            newcomers.person(
                name,
                "mehmet@example.org" if shown else f"{f'agent{place}' if place else 'owner'}@{domain}.example",
                Party.MERCHANT,
                "en" if shown else shop.store.language,
                country=shop.store.country,
            )
        )
    return people


def _product(good: Good, shop: Shop, rng: random.Random) -> Product:
    return Product(
        public_id=public_id(rng),
        external_id=f"P-{good.sku}",
        merchant=shop.merchant,
        name=good.name,
        sku=good.sku,
        image_url=f"/static/demo/{good.picture}.svg",
        price=good.price,
        currency="EUR",
    )


def _residents(newcomers: _Newcomers, number: int) -> list[Resident]:
    rng = newcomers.rng
    world = lands()
    everywhere = rng.choices(world, [land.weight for land in world], k=number)
    # However few customers a small demo has, the first ones come from every country; Ada, the very first, from Germany.
    everywhere[: len(world)] = world[:number]
    residents = []
    for place, land in enumerate(everywhere, start=1):
        # Chinese and Vietnamese names begin with the family's.
        given, family = rng.choice(land.first_names), rng.choice(land.last_names)
        name = {"zh-hant": f"{family}{given}", "vi": f"{family} {given}"}.get(land.language, f"{given} {family}")
        user = newcomers.person(
            "Ada Lindner" if place == 1 else name,
            "ada@example.org" if place == 1 else f"customer{place}@example.org",
            Party.CUSTOMER,
            land.language,
            external_id=f"C-{place:05}",
            country=land.code,
            time_zone=land.time_zone,
        )
        street = f"{rng.choice(land.streets)} {rng.randint(1, 98)}"
        phone = f"+{rng.randint(20, 99)} 555 {rng.randint(0, 999_999):06}"
        residents.append(Resident(user, land, street, rng.choice(land.cities), phone))
    newcomers.settle([resident.user for resident in residents])
    return residents
