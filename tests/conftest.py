"""The cast: Ada the customer, Mehmet the merchant, Sofia of support, and a rival who must never see anything."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import connections as databases
from django.db.models.signals import post_migrate
from django.test import Client
from django.utils import translation

from marketdesk.doctor.ready import readiness
from marketdesk.journal import backlog, spending
from marketdesk.lib import images
from marketdesk.merchants.models import Membership, Merchant, Role
from marketdesk.orders.models import ItemState, Order, OrderItem, Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.replies import seeding
from marketdesk.tickets import queues, routes
from marketdesk.tickets.models import Issue, Ticket
from tests.desk import free_ports

NOW = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_modify_db_settings_parallel_suffix: None,
) -> None:
    """SQLite stays in memory where several run at once: pytest-django knows only Django's own by its name. Journeys
    have it in a file, as a desk does: in memory the desk's threads and the test would share one connection and its
    transactions, so that a request that comes late, such as a draft's, breaks whatever stands open."""
    has_journeys = any(item.get_closest_marker("journey") for item in request.session.items)
    file = str(tmp_path_factory.mktemp("journeys") / "marketdesk.sqlite3") if has_journeys else None
    for database in databases.settings.values():
        if database["ENGINE"] == "marketdesk.lib.sqlite":
            database["TEST"]["NAME"] = file


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """The shipped issues and templates are there before any test, as `marketdesk serve` leaves them; also after a
    test with threads, which empties every table."""
    with django_db_blocker.unblock():
        _seed()
    post_migrate.connect(_seed, sender=apps.get_app_config("replies"))


def _seed(**_: Any) -> None:
    Issue.seed()
    seeding.seed()


@pytest.fixture(autouse=True)
def _fresh(settings: Any, tmp_path: Any) -> None:
    """No policy, rules, calls and language remembered from another test; files go to a folder of their own."""
    promises.forget()
    routes.forget()
    spending.forget()
    backlog.forget()
    readiness.forget()
    queues.forget()
    translation.activate("en")
    settings.HOME, settings.MEDIA_ROOT = tmp_path, tmp_path / "files"
    settings.TRANSLATION_ENGINE, settings.TRANSLATION_MODELS = "none", tmp_path / "translations"
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing a picture starts a program: the same one is drawn once for all tests that are not about drawing."""
    monkeypatch.setattr(images, "_draw", _draw_once)


_draw_once = cache(images._draw)


@pytest.fixture
def now() -> Any:
    """Time, held still at NOW; `now.shift(timedelta)` moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def store(db: None) -> Merchant:
    return Merchant.objects.create(external_id="m-1", name="Anadolu Home", country="TR")


@pytest.fixture
def rival_store(db: None) -> Merchant:
    return Merchant.objects.create(external_id="m-2", name="Rival Goods", country="CN")


@pytest.fixture
def ada_user(db: None) -> User:
    return User.objects.create_user("ada@example.org", "ada-password", name="Ada Lovelace", country="DE", language="de")


@pytest.fixture
def mehmet_user(store: Merchant) -> User:
    user = User.objects.create_user(
        "mehmet@example.org", "mehmet-password", name="Mehmet Demir", party=Party.MERCHANT, country="TR", language="en"
    )
    Membership.objects.create(user=user, merchant=store, role=Role.OWNER)
    return user


@pytest.fixture
def sofia_user(db: None) -> User:
    return User.objects.create_user(
        "sofia@example.org", "sofia-password", name="Sofia Rossi", party=Party.SUPPORT, language="en"
    )


@pytest.fixture
def rival_user(rival_store: Merchant) -> User:
    user = User.objects.create_user(
        "rival@example.org", "rival-password", name="Rita Rival", party=Party.MERCHANT, language="en"
    )
    Membership.objects.create(user=user, merchant=rival_store, role=Role.OWNER)
    return user


@pytest.fixture
def ada(ada_user: User) -> Actor:
    return Actor(Party.CUSTOMER, user_id=ada_user.pk, name=ada_user.name)


@pytest.fixture
def mehmet(mehmet_user: User, store: Merchant) -> Actor:
    return Actor(Party.MERCHANT, user_id=mehmet_user.pk, merchant_id=store.pk, name=mehmet_user.name)


@pytest.fixture
def sofia(sofia_user: User) -> Actor:
    return Actor(Party.SUPPORT, user_id=sofia_user.pk, name=sofia_user.name)


@pytest.fixture
def rival(rival_user: User, rival_store: Merchant) -> Actor:
    return Actor(Party.MERCHANT, user_id=rival_user.pk, merchant_id=rival_store.pk, name=rival_user.name)


@pytest.fixture
def product(store: Merchant) -> Product:
    return Product.objects.create(
        external_id="p-1", merchant=store, name="Table lamp Nara", sku="LMP-204", price=8990, currency="EUR"
    )


def make_order(customer: User, product: Product, number: str = "O-1001", **fields: Any) -> Order:
    """An order of a lamp (89.90) and a shade (34.90), delivered 200 days ago unless said otherwise."""
    placed = fields.pop("placed_at", datetime.now(UTC) - timedelta(days=210))
    defaults = {
        "total": 12480,
        "currency": "EUR",
        "placed_at": placed,
        "shipped_at": placed + timedelta(days=2),
        "delivered_at": placed + timedelta(days=10),
        "carrier": "DHL",
        "tracking_number": f"TR-{number}",
        "recipient": customer.name,
        "street1": "Lindenweg 4",
        "postcode": "53111",
        "city": "Bonn",
        "country": "DE",
    }
    order = Order.objects.create(
        external_id=number, merchant=product.merchant, customer=customer, **{**defaults, **fields}
    )
    for name, price in (("Table lamp Nara", 8990), ("Linen shade", 3490)):
        OrderItem.objects.create(
            order=order,
            merchant=product.merchant,
            product=product,
            name=name,
            sku="LMP-204",
            color="brass",
            price=price,
            paid=price,
            state=ItemState.SHIPPED,
        )
    return order


@pytest.fixture
def order(ada_user: User, product: Product) -> Order:
    return make_order(ada_user, product)


@pytest.fixture
def ask(ada_user: User, ada: Actor, store: Merchant, product: Product, order: Order) -> Callable[..., Ticket]:
    """`ask("order_status")`: Ada opens a ticket of an issue; purchases name the first item unless told otherwise."""

    def _ask(issue: str = "order_status", text: str = "Wo ist meine Bestellung? Danke.", **fields: Any) -> Ticket:
        found = Issue.objects.get(pk=issue)
        about: dict[str, Any] = {"product": product} if issue == "product_question" else {}
        if found.category != "pre_purchase":
            about = {"order": order, "items": list(order.items.all()[:1])}
        return Ticket.open(
            **{
                "customer": ada_user,
                "merchant": store,
                "issue": found,
                "text": text,
                "by": ada,
                "language": "de",
                **about,
                **fields,
            }
        )

    return _ask


@pytest.fixture
def ticket(ask: Callable[..., Ticket]) -> Ticket:
    """A question about an order, standing with the merchant."""
    return ask("order_status")


@pytest.fixture
def purchase(ask: Callable[..., Ticket]) -> Ticket:
    """A Post Purchase ticket of a high-value order, standing with the merchant."""
    return ask("item_problem", "Die Lampe kam kaputt an.")


def make_administrator(user: User) -> User:
    """Allowed to change the rules, with a second factor."""
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": "x"})
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def ada_client(ada_user: User) -> Client:
    return signed_in(ada_user)


@pytest.fixture
def mehmet_client(mehmet_user: User) -> Client:
    return signed_in(mehmet_user)


@pytest.fixture
def sofia_client(sofia_user: User) -> Client:
    return signed_in(sofia_user)


@pytest.fixture
def rival_client(rival_user: User) -> Client:
    return signed_in(rival_user)


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on."""
    return free_ports(1)[0]
