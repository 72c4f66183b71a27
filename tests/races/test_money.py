"""R1 of the programme: whoever asks for the money, wherever, at once: no cent more than was paid goes back."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.db.models import Sum
from django.test import Client

from marketdesk.journal.models import Event
from marketdesk.lib import money
from marketdesk.orders.models import OrderItem
from marketdesk.people.models import PlatformKey, Scope, User
from marketdesk.refunds import refunding
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.refunds.reasons import DAMAGED
from marketdesk.refunds.refunding import refund_item, refund_items
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket
from tests.conftest import signed_in
from tests.races.conftest import BOTH, RACERS, Arena, connected_to, fresh_database, race
from tests.races.test_platform import send
from tests.results import cases, record

LINES = cases(500, release=12_500)


class Screens:
    """The store's and support's pages, open in browsers, and the marketplace's program."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        cast = arena.cast
        people = (cast.mehmet, cast.mehmet, cast.merve, cast.sofia)
        *self.browsers, self.support = [signed_in(User.objects.get(pk=one.user_id or 0)) for one in people]
        cast.ada.external_id = f"c-{arena.number}"
        cast.ada.save()
        self.key = PlatformKey.issue(f"shop-{arena.number}", Scope.values)

    def attempts(self, ticket: Ticket, other: Ticket, item: OrderItem, number: int) -> list[Callable[[], Any]]:
        """Eight at once: a double click, a colleague, support, another ticket, the store's program; and every other
        time a program that reports a refund made elsewhere."""
        first, second, colleague = self.browsers
        click = partial(self.click, item=item)
        last = self.elsewhere(item, f"e-{number}") if number % 2 else partial(self.ask, other, item, f"g-{number}")
        return [
            partial(click, first, "dashboard", ticket, f"a-{number}"),
            partial(click, second, "dashboard", ticket, f"a-{number}"),
            partial(click, colleague, "dashboard", ticket, f"b-{number}"),
            partial(click, self.support, "support", ticket, f"c-{number}"),
            partial(self.ask, ticket, item, f"d-{number}"),
            partial(self.ask, other, item, f"e-{number}"),
            partial(self.program, item),
            last,
        ]

    @staticmethod
    def click(browser: Client, door: str, ticket: Ticket, key: str, *, item: OrderItem) -> int:
        form = {"act": "confirm_refund", "item": item.public_id, "key": key}
        return browser.post(f"/{door}/tickets/{ticket.public_id}", form).status_code

    def ask(self, ticket: Ticket, item: OrderItem, key: str) -> int:
        by = self.arena.cast.merve.with_form(key, None)
        try:
            refund_items(Ticket.objects.get(pk=ticket.pk), [OrderItem.objects.get(pk=item.pk)], by=by)
        except NotAllowed:
            return 409
        return 302

    def program(self, item: OrderItem) -> int:
        """What `order/refund` does."""
        by = replace(self.arena.cast.merve, user_id=None, app="token-1")
        try:
            refund_item(OrderItem.objects.get(pk=item.pk), by=by, reason=DAMAGED)
        except NotAllowed:
            return 409
        return 302

    def elsewhere(self, item: OrderItem, key: str) -> Callable[[], Any]:
        return partial(send, self.key, key, "orders", {"rows": [pushed(item)]})


def pushed(refunded: OrderItem) -> dict[str, Any]:
    """The order as the marketplace knows it: one item was refunded elsewhere."""

    def told(item: OrderItem) -> dict[str, str]:
        row = {"name": item.name, "sku": item.sku, "color": item.color, "price": _sum(item.price)}
        return {**row, "refunded": _sum(item.paid)} if item == refunded else row

    return {"id": refunded.order.external_id, "items": [told(one) for one in refunded.order.items.order_by("pk")]}


def _sum(minor: int) -> str:
    return str(money.to_decimal(minor, "EUR"))


@pytest.mark.heavy
@pytest.mark.many
@BOTH
def test_four_thousand_attempts_refund_each_line_once(database: str, arena: Arena) -> None:
    screens = Screens(arena)
    over, ours_won, elsewhere_won = 0, 0, 0
    for number in range(LINES):
        item = arena.item()
        ticket, other = arena.ticket(item=item), arena.ticket(item=item)

        answers = race(*screens.attempts(ticket, other, item, number))

        item.refresh_from_db()
        ours = Refund.objects.filter(item=item).exclude(status=RefundStatus.FAILED).aggregate(sum=Sum("amount"))["sum"]
        taken = [one for one in answers if isinstance(one, tuple) and b'"updated"' in one[1]]
        elsewhere = item.paid * len(taken)
        over += max(0, (ours or 0) + elsewhere - item.paid)
        ours_won, elsewhere_won = ours_won + bool(ours), elsewhere_won + bool(elsewhere)
        assert not any(isinstance(one, Exception) for one in answers), answers
        assert {one for one in answers if isinstance(one, int)} <= {302, 409, 422}, answers
        assert (ours or 0) + elsewhere == item.paid == item.refunded
        refunds = Refund.objects.filter(item=item).values("pk")
        asked = Event.objects.filter(verb="refund_requested", subject_id__in=refunds).count()
        assert asked == bool(ours)
    attempts = LINES * RACERS
    record("R1", database=database, attempts=attempts, asked_here=ours_won, elsewhere=elsewhere_won, over_refunded=over)
    assert over == 0
    assert ours_won > LINES / 4


# The same, forced instead of left to chance


Deed = Callable[[Arena, OrderItem], Any]


def _other_ticket(arena: Arena, item: OrderItem) -> None:
    refund_items(arena.ticket(item=item), [OrderItem.objects.get(pk=item.pk)], by=arena.cast.merve)


def _elsewhere(arena: Arena, item: OrderItem) -> None:
    OrderItem.objects.filter(pk=item.pk).update(refunded=item.paid)


def _appealed(arena: Arena, item: OrderItem) -> None:
    Ticket.objects.get(items=item).appeal("I cannot solve it.", by=arena.cast.merve)


def run_before(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, deed: Callable[[], Any]) -> None:
    """Before a function is called for the first time, another deed is done to its end, elsewhere."""
    real, waiting = getattr(owner, name), [deed]

    def meanwhile(*args: Any, **kwargs: Any) -> Any:
        if waiting:
            (answer,) = race(waiting.pop())
            assert not isinstance(answer, Exception), answer
        return real(*args, **kwargs)

    monkeypatch.setattr(owner, name, meanwhile)


# Once the deed has begun, SQLite lets nobody else write: there is nothing to come between.
PLACES = [(refunding, "_refund_items"), pytest.param((Ticket, "close_as_refunded"), marks=pytest.mark.postgres)]


@pytest.mark.parametrize("meanwhile", [_other_ticket, _elsewhere, _appealed])
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place[1])
def test_what_happens_between_click_and_deed_is_seen(
    place: tuple[Any, str], meanwhile: Deed, arena: Arena, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place[1] == "close_as_refunded" and connection.vendor != "postgresql":
        pytest.skip("for postgresql")
    item = arena.item()
    ticket = arena.ticket(item=item)
    run_before(monkeypatch, *place, partial(meanwhile, arena, item))

    with pytest.raises(NotAllowed):
        refund_items(ticket, [item], by=arena.cast.mehmet)

    item.refresh_from_db()
    ours = sum(refund.amount for refund in Refund.objects.filter(item=item))
    assert ours == (item.paid if meanwhile is _other_ticket else 0)
    assert Ticket.objects.get(pk=ticket.pk).closed_at is None


def _blind(monkeypatch: pytest.MonkeyPatch) -> None:
    """A desk that looks at nothing before it refunds."""
    monkeypatch.setattr(OrderItem, "refundable", property(lambda item: item.paid))
    monkeypatch.setattr(refunding, "_refuse_second", lambda item, before: None)


def test_a_desk_that_does_not_look_meets_the_databases_wall(arena: Arena, monkeypatch: pytest.MonkeyPatch) -> None:
    item = arena.item()
    ticket, other = arena.ticket(item=item), arena.ticket(item=item)
    _blind(monkeypatch)
    refund_items(ticket, [item], by=arena.cast.mehmet)

    with pytest.raises(IntegrityError):
        refund_items(other, [item], by=arena.cast.mehmet)

    assert Refund.objects.filter(item=item).count() == 1
    assert Ticket.objects.get(pk=other.pk).closed_at is None


def test_control_a_desk_that_does_not_look_and_has_no_walls_pays_twice(
    django_db_blocker: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one above bites: without the walls it must over-refund, on either database."""
    with django_db_blocker.unblock(), fresh_database(tmp_path, "no_walls") as name, connected_to(name):
        arena = Arena()
        item = arena.item()
        ticket, other = arena.ticket(item=item), arena.ticket(item=item)
        with connection.cursor() as cursor:
            cursor.execute("DROP INDEX one_refund_per_item")
            if connection.vendor == "postgresql":
                cursor.execute("ALTER TABLE orders_orderitem DROP CONSTRAINT never_refund_more_than_paid")
            else:
                cursor.execute("PRAGMA ignore_check_constraints = ON")
        _blind(monkeypatch)

        for one in (ticket, other):
            refund_items(one, [OrderItem.objects.get(pk=item.pk)], by=arena.cast.mehmet)

        assert sum(refund.amount for refund in Refund.objects.filter(item=item)) == 2 * item.paid
