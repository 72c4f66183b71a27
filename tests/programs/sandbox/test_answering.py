"""What happens in a sandbox by itself: every row of the table, and nothing outside a sandbox."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.mail import EmailMessage

from marketdesk import schedule
from marketdesk.journal.models import Job
from marketdesk.merchants.models import Merchant
from marketdesk.outbox import jobs as outbox
from marketdesk.people.actor import Actor, clock
from marketdesk.programs import answering, sandbox
from marketdesk.refunds import refunding
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.tickets import jobs
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.rules import Desk, State
from tests.programs.sandbox.conftest import tried

pytestmark = pytest.mark.django_db

Later = Callable[..., list[EmailMessage]]
Program = Callable[[], Actor]


@pytest.fixture
def here(store: Merchant, few: Callable[..., None], now: Any) -> Merchant:
    few("order_status", "item_problem")
    return sandbox.store_of(store)


def test_a_customer_asks_on_and_then_is_content(
    here: Merchant, store: Merchant, program: Program, later: Later
) -> None:
    ticket = tried(store, "order_status")
    ticket.reply("It is on its way.", by=program())
    later(seconds=40)
    ticket.refresh_from_db()
    assert ticket.state == State.WITH_CUSTOMER

    later(seconds=10)

    ticket.refresh_from_db()
    assert (ticket.state, ticket.excerpt) == (State.WITH_MERCHANT, "Danke. Und wie lange dauert das?")

    ticket.reply("Two days.", by=program())
    later(seconds=50)

    ticket.refresh_from_db()
    assert (ticket.state, ticket.closed_how) == (State.CLOSED, "solved")
    assert ticket.excerpt == "Danke, das hilft mir."


def test_an_answer_is_given_once_however_often_the_jobs_run(
    here: Merchant, store: Merchant, program: Program, later: Later
) -> None:
    ticket = tried(store, "order_status")
    ticket.reply("It is on its way.", by=program())
    event = ticket.events_for(clock()).last()
    assert event is not None
    for _ in range(2):
        outbox.tell({"event": event.pk})
    later(seconds=50)
    said = ticket.messages.count()

    answering.act({"event": event.pk, "echo": "answer"})

    assert ticket.messages.count() == said
    assert Job.objects.filter(kind=answering.JOB, payload__event=event.pk, payload__echo="answer").count() == 1


def test_an_appeal_comes_back(here: Merchant, store: Merchant, program: Program, later: Later) -> None:
    ticket = tried(store, "item_problem")
    ticket.appeal("Please have a look.", by=program())

    later(seconds=70)

    ticket.refresh_from_db()
    assert (ticket.state, ticket.desk, ticket.assignee) == (State.WITH_MERCHANT, Desk.MERCHANT, None)
    assert ticket.due_at is not None


def test_so_does_what_the_clock_took_over(here: Merchant, store: Merchant, now: Any, later: Later) -> None:
    later(days=4)
    jobs.sweep_overdue({})
    ticket = tried(store, "item_problem")
    assert ticket.state == State.WITH_SUPPORT

    later(seconds=70)

    ticket.refresh_from_db()
    assert ticket.state == State.WITH_MERCHANT


def test_money_is_paid_back_by_itself(here: Merchant, store: Merchant, program: Program, later: Later) -> None:
    ticket = tried(store, "item_problem")
    refunding.refund_items(ticket, list(ticket.items.all()), by=program())

    later(seconds=15)

    assert {one.status for one in Refund.objects.filter(ticket=ticket)} == {RefundStatus.SUCCEEDED}
    ticket.refresh_from_db()
    assert ticket.state == State.CLOSED


def test_but_not_for_the_product_whose_refunds_fail(
    store: Merchant, few: Callable[..., None], program: Program, later: Later
) -> None:
    few("return_or_refund")
    sandbox.store_of(store)
    ticket = tried(store, "return_or_refund")
    refunding.refund_items(ticket, list(ticket.items.all()), by=program())

    later(seconds=15)

    ticket.refresh_from_db()
    item = ticket.items.get()
    assert Refund.objects.get().status == RefundStatus.FAILED
    assert (item.sku, item.refunded) == (answering.FAILS, 0)
    assert ticket.state == State.WITH_SUPPORT


def test_somebody_asks_again_once_nothing_waits(
    store: Merchant, few: Callable[..., None], program: Program, later: Later
) -> None:
    few("store_question", "product_question")
    here = sandbox.store_of(store)
    first, second = Ticket.objects.filter(merchant=here).order_by("pk")

    first.resolve("Yes, we do.", by=program())
    later(seconds=70)
    assert Ticket.objects.filter(merchant=here).count() == 2

    second.resolve("Yes, it is.", by=program())
    later(seconds=70)

    fresh = Ticket.objects.filter(merchant=here, state=State.WITH_MERCHANT)
    assert fresh.count() == 2
    assert not fresh.filter(pk__in=[first.pk, second.pk]).exists()


def test_what_is_due_for_a_sandbox_that_was_filled_anew_is_forgotten(
    here: Merchant, store: Merchant, mehmet: Actor, program: Program, later: Later
) -> None:
    ticket = tried(store, "order_status")
    ticket.reply("It is on its way.", by=program())
    event = ticket.events_for(clock()).last()
    assert event is not None
    sandbox.refill(store, by=mehmet)

    outbox.tell({"event": event.pk})
    answering.act({"event": event.pk, "echo": "answer"})
    later(seconds=120)

    assert Ticket.objects.filter(merchant=here, state=State.WITH_MERCHANT).count() == 2


def test_nothing_of_that_happens_to_real_tickets(
    ticket: Ticket, purchase: Ticket, mehmet: Actor, later: Later, now: Any
) -> None:
    ticket.reply("It is on its way.", by=mehmet)
    purchase.refresh_from_db()
    refunding.refund_items(purchase, list(purchase.items.all()), by=mehmet)

    later(seconds=120)

    ticket.refresh_from_db()
    assert ticket.state == State.WITH_CUSTOMER
    assert Refund.objects.get().status == RefundStatus.PENDING
    assert not Job.objects.filter(kind=answering.JOB).exists()


def test_the_worker_knows_the_job() -> None:
    assert schedule.HANDLERS[answering.JOB] is answering.act
