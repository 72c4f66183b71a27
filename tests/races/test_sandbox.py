"""Sandboxes under a race: one for each store, and whole whatever happens while it is filled anew."""

from collections import Counter
from dataclasses import replace
from functools import partial

import pytest

from marketdesk.journal.models import Job
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, Product
from marketdesk.people.actor import Actor
from marketdesk.people.party import Party
from marketdesk.programs import sandbox, stories
from marketdesk.tickets.models import Message, Ticket
from tests.races.conftest import RACERS, Arena, race


@pytest.fixture(autouse=True)
def _two_stories(monkeypatch: pytest.MonkeyPatch) -> None:
    told = stories.stock()
    chosen = tuple(one for one in told.stories if one.fresh)[:2]
    monkeypatch.setattr(stories, "stock", lambda: replace(told, stories=chosen))


def test_all_who_ask_at_once_get_the_same_sandbox(arena: Arena) -> None:
    answers = race(*(partial(sandbox.store_of, arena.cast.store) for _ in range(RACERS)))

    here = Merchant.objects.get(sandbox_of=arena.cast.store)
    assert answers == [here] * RACERS
    assert Ticket.objects.filter(merchant=here).count() == 2
    assert Product.objects.filter(merchant=here).count() == len(stories.stock().wares)


def test_it_is_whole_however_often_it_is_filled_while_programs_work(arena: Arena) -> None:
    here = sandbox.store_of(arena.cast.store)
    by = Actor(Party.MERCHANT, merchant_id=here.pk, name=here.name, app="token-1")
    tickets = list(Ticket.objects.filter(merchant=here))

    answers = race(
        *(partial(sandbox.refill, here, by=arena.cast.mehmet) for _ in range(3)),
        *(partial(ticket.reply, f"Hello {ticket.pk}.", by=by) for ticket in tickets),
        *(partial(sandbox.ask_again, here) for _ in range(3)),
    )

    assert set(Counter(type(one).__name__ for one in answers)) <= {"Merchant", "Message", "NotAllowed", "NoneType"}
    assert Ticket.objects.filter(merchant=here).count() == 2
    assert not Ticket.objects.filter(pk__in=[ticket.pk for ticket in tickets]).exists()
    assert Message.objects.filter(merchant_id=here.pk).count() == 2
    assert Order.objects.filter(merchant=here).count() == 1
    assert not Job.objects.filter(merchant_id=here.pk).exists()
