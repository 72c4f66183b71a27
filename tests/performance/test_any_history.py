"""Whatever happened, in whatever order: a day's roll-up is what a recount of the waits and ratings themselves gives."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Product
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.performance import reading, rollups
from marketdesk.performance.counting import Verdict
from marketdesk.performance.models import GroupDay, Incident, MerchantDay, Rating
from marketdesk.performance.rating import rate
from marketdesk.policy import promises
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Issue, Ticket, Wait
from marketdesk.tickets.rules import OVER
from tests.conftest import make_order
from tests.results import cases

pytestmark = [pytest.mark.heavy, pytest.mark.many, pytest.mark.django_db]

CASES, DEEDS = cases(60, release=1_500), 30
START = datetime(2024, 2, 26, 9, 30, tzinfo=UTC)  # a leap day is near
SUMS = ("opened", "answers", "late", "ratings", "helpful")


@dataclass
class Past:
    """What happens to some merchants, one deed after the other."""

    stores: list[Merchant]
    customers: list[User]
    products: dict[int, Product]
    now: datetime = START
    tickets: list[Ticket] = field(default_factory=list)

    def do(self, deed: str, which: int, after: timedelta | None) -> None:
        """One deed; `which` chooses whom it is about, no `after` the very next midnight. What the rules refuse is not
        done, as in life."""
        tomorrow = datetime.combine(self.now.date() + timedelta(days=1), time(), UTC)
        self.now = tomorrow if after is None else self.now + after
        with suppress(NotAllowed):
            getattr(self, deed)(which)
        if which % 2:  # now and then the worker comes by
            rollups.catch_up(self.now)

    def open(self, which: int) -> None:
        store, customer = self._of(self.stores, which), self._of(self.customers, which // 2)
        product = self.products[store.pk]
        order = make_order(
            customer, product, f"O-{len(self.tickets)}", placed_at=self.now, country=("FR", "")[which % 2]
        )
        is_purchase = which % 3 == 0
        ticket = Ticket.open(
            customer=customer,
            merchant=store,
            issue=Issue.objects.get(pk="item_problem" if is_purchase else "product_question"),
            text="Hello?",
            by=self._customer(customer),
            order=order if is_purchase else None,
            items=list(order.items.all()[:1]) if is_purchase else [],
            product=None if is_purchase else product,
            language=("de", "", "tr")[which % 3],
        )
        self.tickets.append(ticket)

    def answer(self, which: int) -> None:
        if ticket := self._ticket(which):
            ticket.reply("Soon.", by=self._merchant(ticket))

    def ask(self, which: int) -> None:
        if ticket := self._ticket(which):
            ticket.reply("And now?", by=self._customer(ticket.customer), language="it")

    def resolve(self, which: int) -> None:
        if ticket := self._ticket(which):
            ticket.resolve("There.", by=self._merchant(ticket))

    def close(self, which: int) -> None:
        if ticket := self._ticket(which):
            ticket.close(by=self._customer(ticket.customer) if which % 2 else self._support())

    def take_over(self, which: int) -> None:
        if ticket := self._ticket(which):
            ticket.take_over(by=clock(self.now) if which % 2 else self._support())

    def hand_back(self, which: int) -> None:
        if ticket := self._ticket(which):
            ticket.hand_back(by=self._support())

    def reopen(self, which: int) -> None:
        if ticket := self._ticket(which):
            ticket.reopen("Not yet.", by=self._customer(ticket.customer))

    def rate(self, which: int) -> None:
        if ticket := self._ticket(which):
            if ticket.state not in OVER:
                ticket.close(by=self._customer(ticket.customer))
            rate(ticket, helpful=which % 4 < 2, comment="", by=self._customer(ticket.customer))

    def contest(self, which: int) -> None:
        """A late mark or a rating was contested, and the contest granted."""
        model, moment = ((Wait, "counts_at"), (Rating, "at"))[which % 2]
        if found := self._of(list(model.objects.filter(merchant_id__isnull=False).order_by("pk")), which // 2):
            model.objects.filter(pk=found.pk).update(excused="contest")
            rollups.again(found.merchant_id, rollups.span(getattr(found, moment), getattr(found, moment)))

    def incident(self, which: int) -> None:
        starts = self.now - timedelta(hours=which + 1)
        store = (None, *self.stores)[which % 3]
        Incident.objects.create(words="No mail", merchant=store, starts_at=starts, ends_at=self.now, at=self.now)
        self._recount(store, starts)

    def withdraw(self, which: int) -> None:
        if one := self._of(list(Incident.objects.filter(withdrawn_at=None).order_by("pk")), which):
            one.withdrawn_at = self.now
            one.save()
            self._recount(one.merchant, one.starts_at)

    def promise(self, which: int) -> None:
        promises.change(
            {"customer_ratings": 1 + which % 3, "reply_hours": 1 + which}, reason="Else.", by=self._support()
        )
        promises.forget()

    def roll_up(self, which: int) -> None:
        rollups.catch_up(self.now, most=1 + which % 4)

    def _recount(self, store: Merchant | None, starts: datetime) -> None:
        rollups.again(store.pk if store else None, rollups.span(starts, self.now + timedelta(days=5)))

    def _ticket(self, which: int) -> Ticket | None:
        ticket: Ticket | None = self._of(self.tickets, which)
        return ticket

    def _of(self, things: list[Any], which: int) -> Any:
        return things[which % len(things)] if things else None

    def _customer(self, user: User) -> Actor:
        return Actor(Party.CUSTOMER, user_id=user.pk, at=self.now)

    def _merchant(self, ticket: Ticket) -> Actor:
        return Actor(Party.MERCHANT, user_id=None, merchant_id=ticket.merchant_id, app="token", at=self.now)

    def _support(self) -> Actor:
        return Actor(Party.SUPPORT, at=self.now)


NAMES = [name for name in vars(Past) if name[0] != "_" and callable(getattr(Past, name)) and name != "do"]
WHICH = st.integers(0, 15)
AFTER = st.none() | st.timedeltas(timedelta(0), timedelta(days=1))
# Few tickets to which much happens; what changes a day that is over, more often than in life.
FIRST = st.lists(st.tuples(st.just("open"), WHICH, AFTER), min_size=2, max_size=4)
THEN = st.lists(
    st.tuples(st.sampled_from([*NAMES, *["rate"] * 4, "contest"]), WHICH, AFTER), min_size=15, max_size=DEEDS
)
HISTORY = st.tuples(FIRST, THEN).map(lambda both: both[0] + both[1])


@contextmanager
def undone() -> Iterator[None]:
    """Nothing of it is left for the next history."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    promises.forget()


@pytest.fixture
def begin(store: Merchant, rival_store: Merchant, ada_user: User) -> Callable[[], Past]:
    bob = User.objects.create_user("bob@example.org", name="Bob", country="CH")
    products = {
        one.pk: Product.objects.create(
            external_id=f"p-{one.pk}", merchant=one, name="Lamp", price=20000, currency="EUR"
        )
        for one in (store, rival_store)
    }
    return lambda: Past([store, rival_store], [ada_user, bob], products)


def recounted(store: Merchant, day: date) -> tuple[int, ...]:
    """What the figures' own reading says of a merchant's day."""
    window = rollups.window(day)
    opened = Ticket.objects.filter(merchant=store, opened_at__gte=window.start, opened_at__lt=window.end).count()
    waits = Counter(one.verdict for one in reading.waits(store.pk, window))
    most = promises.at(window.end).customer_ratings
    ratings = Counter(one.verdict for one in reading.ratings(store.pk, window, most))
    return (
        opened,
        waits[Verdict.LATE] + waits[Verdict.IN_TIME],
        waits[Verdict.LATE],
        ratings[Verdict.HELPFUL] + ratings[Verdict.UNHELPFUL],
        ratings[Verdict.HELPFUL],
    )


@given(history=HISTORY)
@settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_roll_up_is_a_recount(begin: Callable[[], Past], history: list[tuple[str, int, timedelta | None]]) -> None:
    with undone():
        past = begin()
        for deed in history:
            past.do(*deed)
        now = past.now + timedelta(days=5)  # whatever still ran is late by then
        while rollups.catch_up(now):
            pass

        days = rollups.span(START, now)[:-1]
        rolled = {(one.merchant_id, one.day): _sums(one) for one in MerchantDay.objects.all()}
        nothing = (0,) * len(SUMS)
        for store in past.stores:
            for day in days:
                assert rolled.pop((store.pk, day), nothing) == recounted(store, day), (store, day)
        assert rolled == {}
        for day in days:
            of_groups = [_sums(one) for one in GroupDay.objects.filter(day=day)]
            of_merchants = [_sums(one) for one in MerchantDay.objects.filter(day=day)]
            assert _added(of_groups) == _added(of_merchants), day
        assert _month(past, now)

        before = _everything()
        list(rollups.rebuild(now))
        assert _everything() == before


def _month(past: Past, now: datetime) -> bool:
    """The days of a month add up to the month's own late answers, counted in one piece."""
    end = rollups.window(now.date()).start
    for store in past.stores:
        late = reading.rates(store.pk, end, promises.current()).late
        days = MerchantDay.objects.filter(merchant=store, day__gte=(end - timedelta(days=30)).date())
        assert _added([_sums(one) for one in days])[1:3] == (late.whole, late.part)
    return True


def _sums(row: Any) -> tuple[int, ...]:
    return tuple(getattr(row, name) for name in SUMS)


def _added(rows: list[tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sum(column) for column in zip(*rows, strict=True)) or (0,) * len(SUMS)


def _everything() -> list[Any]:
    return [
        list(MerchantDay.objects.order_by("day", "merchant").values_list("day", "merchant", *SUMS)),
        list(GroupDay.objects.order_by("day", "country", "category", "language").values_list("day", "country", *SUMS)),
    ]
