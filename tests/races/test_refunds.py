"""Whoever clicks how often on how many screens: an item is refunded once (R1 of the programme)."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from marketdesk.journal.models import AlreadyDone, Event
from marketdesk.orders.models import OrderItem
from marketdesk.people.actor import Actor, clock
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.refunds.refunding import refund_items, settle
from marketdesk.tickets.errors import NotAllowed
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import State, Verb
from tests.races.conftest import Arena, connected_to, fresh_database, race

ITEMS = 40


def _clicks(ticket: Ticket, other: Ticket, item: OrderItem, arena: Arena) -> list[Callable[[], Any]]:
    """Eight screens: a double click, a colleague, support, and another ticket about the same item."""
    cast = arena.cast
    keyed = f"{item.pk}"

    def click(on: Ticket, by: Actor) -> list[Refund]:
        return refund_items(Ticket.objects.get(pk=on.pk), [OrderItem.objects.get(pk=item.pk)], by=by)

    return [
        partial(click, ticket, cast.mehmet.with_form(f"a-{keyed}", None)),
        partial(click, ticket, cast.mehmet.with_form(f"a-{keyed}", None)),
        partial(click, ticket, cast.mehmet.with_form(f"b-{keyed}", None)),
        partial(click, ticket, cast.merve),
        partial(click, ticket, cast.sofia),
        partial(click, other, cast.mehmet.with_form(f"c-{keyed}", None)),
        partial(click, other, cast.merve.with_form(f"d-{keyed}", None)),
        partial(click, other, cast.sofia),
    ]


def test_eight_at_once_refund_each_item_exactly_once(arena: Arena) -> None:
    over_refunded = 0
    for _ in range(ITEMS):
        item = arena.item()
        ticket, other = arena.ticket(item=item), arena.ticket(item=item)

        answers = race(*_clicks(ticket, other, item, arena))

        item.refresh_from_db()
        both = [ticket.pk, other.pk]
        done = [answer for answer in answers if isinstance(answer, list)]
        refused = [answer for answer in answers if isinstance(answer, NotAllowed | AlreadyDone)]
        assert len(done) == 1
        assert len(done) + len(refused) == len(answers), answers
        assert Refund.objects.filter(item=item).count() == 1
        over_refunded += sum(refund.amount for refund in Refund.objects.filter(item=item)) - item.paid
        assert item.refunded == item.paid
        states = Counter(Ticket.objects.filter(pk__in=both).values_list("state", flat=True))
        assert states == {State.CLOSED: 1, State.WITH_MERCHANT: 1}, "the loser's ticket is as it was"
        assert Event.objects.filter(ticket_id__in=both, verb=Verb.REFUND).count() == 1
    assert over_refunded == 0


def test_two_different_answers_of_the_marketplace_at_once(arena: Arena) -> None:
    for _ in range(5):
        item = arena.item()
        ticket = arena.ticket(item=item)
        (refund,) = refund_items(ticket, [item], by=arena.cast.mehmet)

        answers = race(
            *(
                partial(settle, Refund.objects.get(pk=refund.pk), succeeded=succeeded, by=clock())
                for succeeded in (True, False, True, False)
            )
        )

        refund.refresh_from_db()
        item.refresh_from_db()
        ticket.refresh_from_db()
        assert [type(answer) for answer in answers].count(NotAllowed) == 2
        paid = refund.status == RefundStatus.SUCCEEDED
        assert item.refunded == (item.paid if paid else 0)
        assert ticket.state == (State.CLOSED if paid else State.WITH_SUPPORT)
        settled = Event.objects.filter(ticket_id=ticket.pk, verb__in=[Verb.REFUND_SUCCEEDED, Verb.REFUND_FAILED])
        assert settled.count() == 1


def test_a_failure_and_a_new_try_at_once_never_pay_twice(arena: Arena) -> None:
    for _ in range(5):
        item = arena.item()
        ticket = arena.ticket(item=item)
        (refund,) = refund_items(ticket, [item], by=arena.cast.mehmet)

        def again(pk: int = ticket.pk, item: OrderItem = item) -> list[Refund]:
            return refund_items(Ticket.objects.get(pk=pk), [item], by=arena.cast.sofia)

        race(partial(settle, refund, succeeded=False, by=clock()), again, again, again)

        item.refresh_from_db()
        alive = Refund.objects.filter(item=item).exclude(status=RefundStatus.FAILED)
        assert alive.count() <= 1
        assert item.refunded == sum(refund.amount for refund in alive)


@pytest.fixture
def unlocked_arena(django_db_blocker: Any, tmp_path: Path, without_locks: None) -> Iterator[Arena]:
    """A deliberately wrong arena: no row is locked, and the database's own walls are down."""
    walls = {
        "refunds_refund": ["one_refund_per_item", "refunds_refund_key_key"],
        "orders_orderitem": ["never_refund_more_than_paid"],
    }
    with (
        django_db_blocker.unblock(),
        fresh_database(tmp_path, "unlocked") as name,
        connected_to(name),
    ):
        with connection.cursor() as cursor:
            for table, names in walls.items():
                for wall in names:
                    cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {wall}")
                    cursor.execute(f"DROP INDEX IF EXISTS {wall}")
        yield Arena()


@pytest.mark.postgres
def test_control_without_lock_and_walls_money_is_paid_twice(
    django_db_blocker: Any, request: pytest.FixtureRequest
) -> None:
    """The race above bites: with the locks and constraints away it must over-refund."""
    with django_db_blocker.unblock():
        if connection.vendor != "postgresql":
            pytest.skip("SQLite has one writer at a time, whatever we do")
    arena: Arena = request.getfixturevalue("unlocked_arena")

    for _ in range(ITEMS):
        item = arena.item()
        race(*_clicks(arena.ticket(item=item), arena.ticket(item=item), item, arena))
        if sum(refund.amount for refund in Refund.objects.filter(item=item)) > item.paid:
            return

    pytest.fail("no item was refunded twice: the race is no race")
