"""An arena: a database of its own, on a real file or server, in which many threads act at once.

The suite's own database cannot serve: in memory it has one connection, and every test there is one transaction.
"""

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.models import QuerySet

from marketdesk.lib.prepared import Prepared
from marketdesk.merchants.models import Membership, Merchant
from marketdesk.orders.models import OrderItem, Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.policy.models import PolicyChange
from marketdesk.tickets import routes
from marketdesk.tickets.models import Issue, ListChange, Ticket
from tests.conftest import make_order

HERE = Path(__file__).parent
RACERS = 8
# Heavy tests run on both databases: on SQLite in the programme's last part, on PostgreSQL in its own.
BOTH = pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Many threads take their seconds: no race is part of the quick suite."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("slow")


@contextmanager
def connected_to(name: str) -> Iterator[None]:
    """Every connection that is opened meanwhile, in whatever thread, goes to another database of the same kind."""
    suites, known = connections["default"], connections.settings["default"]
    connections.settings["default"] = {**known, "NAME": name}
    connections["default"] = connections.create_connection("default")
    try:
        yield
    finally:
        connection.close()
        connections.settings["default"], connections["default"] = known, suites


@contextmanager
def fresh_database(folder: Path, name: str) -> Iterator[str]:
    """A migrated database with the shipped issues, gone afterwards."""
    server = connection.vendor == "postgresql"
    name = f"{name}_{threading.get_native_id()}" if server else str(folder / f"{name}.sqlite3")
    if server:
        with connection._nodb_cursor() as cursor:
            cursor.execute(f'CREATE DATABASE "{name}"')
    try:
        with connected_to(name):
            call_command("migrate", verbosity=0)
            call_command("createcachetable", verbosity=0)
            Issue.seed()
        yield name
    finally:
        if server:
            with connection._nodb_cursor() as cursor:
                cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def deep(database: str, cases: int) -> int:
    """How many cases: all of them on SQLite, a fifth on PostgreSQL."""
    return cases if database == "sqlite" else max(1, cases // 5)


@pytest.fixture
def database(request: pytest.FixtureRequest, django_db_blocker: Any) -> str:
    """The database that a heavy test is for; skipped on the other one."""
    with django_db_blocker.unblock():
        if connection.vendor != request.param:
            pytest.skip(f"for {request.param}")
    return str(request.param)


@pytest.fixture
def without_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if nobody had thought of locks. Statements are put into words anew meanwhile: those that are kept have their
    locks, and one that were kept from here would have none in the tests that follow."""
    kept = Prepared.statement
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_: rows)
    monkeypatch.setattr(
        Prepared,
        "statement",
        lambda asked, given: kept(Prepared(asked._build, planned_anew=asked._planned_anew), given),
    )


@pytest.fixture(scope="session")
def arena_database(django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with django_db_blocker.unblock(), fresh_database(tmp_path_factory.mktemp("arena"), "arena") as name:
        yield name


@pytest.fixture
def arena(arena_database: str, django_db_blocker: Any) -> Iterator["Arena"]:
    """The arena, under the default policy: what a race changed is not the next one's."""
    with django_db_blocker.unblock(), connected_to(arena_database):
        PolicyChange.objects.all().delete()
        ListChange.objects.all().delete()
        promises.forget()
        routes.forget()
        yield Arena()
        promises.forget()
        routes.forget()


@dataclass(frozen=True)
class Cast:
    """One store with a customer, two colleagues and an agent of support."""

    store: Merchant
    product: Product
    ada: User
    mehmet: Actor
    merve: Actor
    sofia: Actor


class Arena:
    """People, tickets and races."""

    _numbers = itertools.count(1)

    def __init__(self) -> None:
        self.number = next(self._numbers)
        self._orders = itertools.count(1)
        store = Merchant.objects.create(external_id=f"m-{self.number}", name="Anadolu Home", country="TR")
        product = Product.objects.create(external_id=f"p-{self.number}", merchant=store, name="Lamp", price=8990)
        users = {
            name: User.objects.create_user(f"{name}-{self.number}@example.org", name=name, party=party, country="DE")
            for name, party in (
                ("ada", Party.CUSTOMER),
                ("mehmet", Party.MERCHANT),
                ("merve", Party.MERCHANT),
                ("sofia", Party.SUPPORT),
            )
        }
        for name in ("mehmet", "merve"):
            Membership.objects.create(user=users[name], merchant=store)
        self.cast = Cast(
            store,
            product,
            users["ada"],
            Actor(Party.MERCHANT, user_id=users["mehmet"].pk, merchant_id=store.pk),
            Actor(Party.MERCHANT, user_id=users["merve"].pk, merchant_id=store.pk),
            Actor(Party.SUPPORT, user_id=users["sofia"].pk),
        )

    @property
    def ada(self) -> Actor:
        return Actor(Party.CUSTOMER, user_id=self.cast.ada.pk)

    def item(self) -> OrderItem:
        """An item of a new order of high value."""
        order = make_order(self.cast.ada, self.cast.product, f"O-{self.number}-{next(self._orders)}")
        return order.items.all()[0]

    def ticket(self, issue: str = "item_problem", item: OrderItem | None = None, key: str = "") -> Ticket:
        """A ticket, standing with the merchant."""
        item = item or self.item()
        return Ticket.open(
            customer=self.cast.ada,
            merchant=self.cast.store,
            issue=Issue.objects.get(pk=issue),
            text="It came broken.",
            by=self.ada.with_form(key, None),
            order=item.order,
            items=[item],
        )


def race(*deeds: Callable[[], Any]) -> list[Any]:
    """Do all at once, each in a thread with a connection of its own; what each answered or raised."""
    start = threading.Barrier(len(deeds))

    def run(deed: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            start.wait()
            return deed()
        except Exception as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))
