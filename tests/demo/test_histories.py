"""The demo's past is written by a quicker pen than the verbs: it must leave exactly the same rows."""

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from marketdesk.demo.cases import Casebook, Player
from marketdesk.demo.ledger import Ledger, public_id
from marketdesk.demo.plots import PLOTS, Plot
from marketdesk.demo.population import Population, populate
from marketdesk.journal.models import Event
from marketdesk.orders.models import Order, OrderItem
from marketdesk.people.actor import Actor
from marketdesk.refunds.models import RefundStatus
from marketdesk.refunds.refunding import refund_items, settle
from marketdesk.tickets.models import Issue, Ticket
from marketdesk.tickets.rules import OVER, Category, State
from tests.conftest import NOW

OWN = {"id", "public_id", "ticket_id", "item_id", "message_id"}


class Live:
    """The verbs of a real ticket, with the refunds beside them."""

    def __init__(self, ticket: Ticket) -> None:
        self.ticket = ticket

    def __getattr__(self, verb: str) -> Any:
        return getattr(self.ticket, verb)

    def refund(self, items: Sequence[OrderItem], *, by: Actor) -> None:
        refund_items(self.ticket, self._fresh(items), by=by)

    def settle(self, *, succeeded: bool, by: Actor, note: str = "") -> None:
        for refund in self.ticket.refunds.filter(status=RefundStatus.PENDING).order_by("id"):
            settle(refund, succeeded=succeeded, by=by, note=note)

    def mark_returned(self, items: Sequence[OrderItem], *, by: Actor) -> None:
        self.ticket.mark_returned(self._fresh(items), by=by)

    @staticmethod
    def _fresh(items: Sequence[OrderItem]) -> list[OrderItem]:
        return list(OrderItem.objects.filter(pk__in=[item.pk for item in items]).order_by("pk"))


@pytest.fixture
def people(db: None) -> Population:
    return populate(random.Random(1), NOW, 60)


@pytest.mark.parametrize(
    ("plot", "category"),
    [(plot, category) for plot in PLOTS for category in Category if category in plot.about],
    ids=lambda one: one.tell.__name__ if isinstance(one, Plot) else str(one),
)
def test_a_plot_leaves_what_the_verbs_leave(plot: Plot, category: Category, people: Population) -> None:
    book, ledger = _plan(plot, category, people, seed=len(plot.tell.__name__))
    (case,) = book.cases
    issue = Issue.objects.get(pk=case.issue)

    # Through the verbs, then taken back
    before = transaction.savepoint()
    Order.objects.bulk_create(ledger.orders)
    OrderItem.objects.bulk_create(ledger.items)
    player = Player(random.Random(7), case, people.support, [])
    live = Live(Ticket.open(issue=issue, **player.question()))
    public_id(player.rng), player._pictures()  # so that both ways draw the same lots
    for step in case.steps:
        player.do(step, live)
    wanted = _rows(Ticket.objects.get(pk=live.ticket.pk))
    transaction.savepoint_rollback(before)
    for item in ledger.items:
        item.pk = item.order.pk = None
        item.order = item.order

    # Through the ledger
    player = Player(random.Random(7), case, people.support, [])
    history = player.open(ledger, issue)
    for step in case.steps:
        player.do(step, history)
    ledger.store()

    assert _rows(Ticket.objects.get()) == wanted


def test_a_plot_told_up_to_now_ends_where_it_says(people: Population) -> None:
    for plot in PLOTS:
        for category in plot.about:
            book, ledger = _plan(plot, category, people, seed=3)
            book.play()
            (ticket,) = ledger.tickets

            assert ticket.state == plot.ends or (plot.ends == State.CLOSED and ticket.state in OVER), plot
            assert ticket.shared == plot.shared, plot


def _plan(plot: Plot, category: Category, people: Population, *, seed: int) -> tuple[Casebook, Ledger]:
    ledger = Ledger()
    book = Casebook(random.Random(seed), NOW, people, ledger, [])
    shop = people.shops[15] if category in plot.about and plot.desk == "platform" else people.shops[0]
    book._add(shop, category, plot, 20)
    book.trade.number()
    return book, ledger


def _rows(ticket: Ticket) -> dict[str, Any]:
    """Everything that a ticket left behind, without the numbers of its rows."""
    messages = list(ticket.messages.order_by("id"))
    places = {message.pk: place for place, message in enumerate(messages)}
    events = list(Event.objects.filter(ticket_id=ticket.pk).order_by("id"))
    refunds = {refund.public_id: refund.pk for refund in ticket.refunds.all()}
    for event in events:
        refund = refunds.get(event.data.get("refund", ""))
        assert event.subject_id == (refund if event.subject_kind == "refund" else ticket.pk)
        event.subject_id = 0
        if refund:
            event.data["refund"] = "one of this ticket's"
        if "message" in event.data:
            event.data["message"] = places[event.data["message"]]
    items = list(ticket.items.order_by("public_id"))
    assert ticket.due_at is None or ticket.due_at - ticket.turned_at == timedelta(hours=48)
    return {
        "ticket": {**_fields(ticket), "order_id": ticket.order and ticket.order.public_id},
        "messages": [_fields(message) for message in messages],
        "events": [_fields(event) for event in events],
        "waits": [_fields(wait) for wait in ticket.waits.order_by("id")],
        "refunds": [_fields(refund) for refund in ticket.refunds.order_by("id")],
        "items": [{**_fields(item), "order_id": 0} for item in items],
    }


def _fields(row: Any) -> dict[str, Any]:
    return {
        field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if field.attname not in OWN
    }
