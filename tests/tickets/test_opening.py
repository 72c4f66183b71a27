"""A customer asks, and the right desk gets the question."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from marketdesk.journal.models import Audience, Event, Job
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.tickets import issues, queues
from marketdesk.tickets.errors import BadText
from marketdesk.tickets.models import Issue, Ticket
from marketdesk.tickets.models.message import MAX_TEXT
from marketdesk.tickets.rules import Category, Desk, State
from tests.conftest import make_order
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


def test_an_opened_ticket_leaves_a_message_an_event_a_job_and_a_wait(ticket: Ticket, ada: Actor, mehmet: Actor) -> None:
    message = ticket.messages.get()
    event = Event.objects.get(ticket_id=ticket.pk)
    wait = ticket.waits.get()

    assert (ticket.state, ticket.desk, ticket.shared) == (State.WITH_MERCHANT, Desk.MERCHANT, True)
    assert (message.body, message.author, message.audience) == (
        "Wo ist meine Bestellung? Danke.",
        Party.CUSTOMER,
        Audience.EVERYONE,
    )
    assert (ticket.subject, ticket.excerpt) == ("Wo ist meine Bestellung?", "Wo ist meine Bestellung? Danke.")
    assert (ticket.language, ticket.answered) == ("de", False)
    assert (event.verb, event.audience, event.actor["user"]) == ("open", Audience.EVERYONE, ada.user_id)
    assert Job.objects.filter(kind="tell", payload={"event": event.pk}).count() == 1
    assert (wait.started_at, wait.due_at, wait.hours) == (ada.at, ada.at + timedelta(hours=48), 48)
    assert ticket.due_at == wait.due_at
    assert queues.waiting(mehmet) == 1


@pytest.mark.parametrize("shipped", issues.SHIPPED, ids=lambda issue: issue.code)
def test_the_issue_decides_the_category(shipped: issues.ShippedIssue, ask: Callable[..., Ticket]) -> None:
    assert ask(shipped.code).category == shipped.category


def test_an_operators_own_issue_works_like_a_shipped_one(ask: Callable[..., Ticket]) -> None:
    Issue.objects.create(
        code="gift_wrap", category=Category.POST_CUSTOMER_SUPPORT, labels={"en": "Gift wrap"}, v2_label="Gift Wrap"
    )

    ticket = ask("gift_wrap", "Can you wrap it?")

    assert ticket.category == Category.POST_CUSTOMER_SUPPORT
    assert ticket.issue.label == ticket.issue.asked == "Gift wrap"


def test_a_cheap_orders_defect_goes_to_the_platform_and_starts_no_wait(hidden: Ticket, mehmet: Actor) -> None:
    assert (hidden.state, hidden.desk, hidden.shared) == (State.WITH_SUPPORT, Desk.PLATFORM, False)
    assert hidden.due_at is None
    assert not hidden.waits.exists()
    assert hidden.routed_by == {"rule": "platform_refunds"}
    assert queues.waiting(mehmet) == 0


def test_a_selected_merchant_gets_even_cheap_defects(ask: Callable[..., Ticket], order: Order, store: Merchant) -> None:
    order.total = 500
    order.save()
    store.selected = True
    store.save()

    assert ask("return_or_refund").desk == Desk.MERCHANT


def test_the_delivery_address_decides_about_the_country(
    ask: Callable[..., Ticket], ada_user: User, order: Order
) -> None:
    order.country = "US"
    order.save()

    assert ask("order_status").routed_by == {"rule": "other_country", "country": "US"}
    assert ask("product_question").desk == Desk.MERCHANT

    ada_user.country = "US"
    ada_user.save()
    assert ask("product_question", customer=ada_user).desk == Desk.PLATFORM


def test_before_the_gate_opens_the_platform_answers_order_questions(
    ask: Callable[..., Ticket], ada_user: User, product: Product
) -> None:
    young = make_order(ada_user, product, "O-young", placed_at=datetime.now(UTC) - timedelta(days=20))

    ticket = ask("order_status", order=young, items=list(young.items.all()))

    assert ticket.desk == Desk.PLATFORM
    assert ticket.routed_by["rule"] == "before_gate"
    assert "120 days" in ticket.why_here


def test_a_ticket_handed_to_the_merchant_says_so_beside_its_rule(
    ask: Callable[..., Ticket], ada_user: User, product: Product, sofia: Actor
) -> None:
    young = make_order(ada_user, product, "O-young", placed_at=datetime.now(UTC) - timedelta(days=20))
    ticket = ask("order_status", order=young, items=list(young.items.all()))
    assert "handed" not in ticket.why_here

    ticket.hand_back(by=sofia)

    assert "120 days" in ticket.why_here
    assert ticket.why_here.endswith("Support handed this ticket to Anadolu Home")


def test_the_other_reading_sends_young_orders_to_the_merchant(
    ask: Callable[..., Ticket], ada_user: User, product: Product, sofia: Actor
) -> None:
    promises.change({"opens_after": None, "closes_after": 120}, reason="The other reading.", by=sofia)
    promises.forget()
    young = make_order(ada_user, product, "O-young", placed_at=datetime.now(UTC) - timedelta(days=20))

    assert ask("order_status", order=young, items=[]).desk == Desk.MERCHANT
    assert ask("order_status").routed_by["rule"] == "after_gate"


def test_a_ticket_keeps_the_hours_with_which_it_began(ask: Callable[..., Ticket], ticket: Ticket, sofia: Actor) -> None:
    promises.change({"reply_hours": 12}, reason="Faster.", by=sofia)
    promises.forget()

    assert ask("order_status").waits.get().hours == 12
    ticket.refresh_from_db()
    assert ticket.waits.get().hours == 48


@pytest.mark.parametrize("text", ["", "  \n ", "\x00", "x" * (MAX_TEXT + 1)])
def test_an_empty_or_endless_question_is_refused(ask: Callable[..., Ticket], text: str) -> None:
    with nothing_changed(), pytest.raises(BadText):
        ask("order_status", text)


def test_ten_thousand_letters_are_possible(ask: Callable[..., Ticket]) -> None:
    ticket = ask("order_status", "x" * MAX_TEXT)

    assert len(ticket.messages.get().body) == MAX_TEXT
    assert len(ticket.excerpt) <= 200


def test_letters_that_no_database_stores_do_no_harm(ask: Callable[..., Ticket]) -> None:
    ticket = ask("order_status", "a\x00b\r\nc\ud800", subject="s\x00t")

    assert ticket.messages.get().body == "ab\nc?"
    assert ticket.subject == "st"


@pytest.fixture
def others_order(rival_store: Merchant) -> Order:
    bob = User.objects.create_user("bob@example.org", name="Bob")
    theirs = Product.objects.create(external_id="p-9", merchant=rival_store, name="Vase")
    return make_order(bob, theirs, "O-9")


def test_nobody_asks_about_anothers_order(ask: Callable[..., Ticket], others_order: Order) -> None:
    with nothing_changed(), pytest.raises(ValueError, match="order"):
        ask("order_status", order=others_order, items=[])


def test_nobody_asks_about_an_item_of_another_order(ask: Callable[..., Ticket], others_order: Order) -> None:
    with nothing_changed(), pytest.raises(ValueError, match="item"):
        ask("item_problem", items=list(others_order.items.all()))
    with nothing_changed(), pytest.raises(ValueError, match="item"):
        ask("product_question", items=list(others_order.items.all()))


def test_nobody_asks_a_merchant_about_anothers_product(ask: Callable[..., Ticket], others_order: Order) -> None:
    with nothing_changed(), pytest.raises(ValueError, match="product"):
        ask("product_question", product=others_order.items.get(name="Linen shade").product)


def test_nobody_follows_up_on_anothers_ticket(ask: Callable[..., Ticket], ticket: Ticket, others_order: Order) -> None:
    Ticket.objects.filter(pk=ticket.pk).update(customer=others_order.customer)
    ticket.refresh_from_db()

    with nothing_changed(), pytest.raises(ValueError, match="earlier"):
        ask("order_status", follows=ticket)


def test_a_new_ticket_can_follow_an_old_one(ask: Callable[..., Ticket], ticket: Ticket) -> None:
    follower = ask("order_status", follows=ticket)

    assert list(ticket.followed_by.all()) == [follower]


def test_a_first_sentence_makes_the_subject(ask: Callable[..., Any]) -> None:
    assert ask("order_status", "你好！我的訂單在哪裡？").subject == "你好！我的訂單在哪裡？"
    assert ask("order_status", "One\nTwo").subject == "One"
    assert len(ask("order_status", "word " * 100).subject) <= 80
    assert ask("order_status", "word " * 100).subject.endswith(" word…")
    assert len(ask("order_status", "您好，訂單 1001 " + "還沒有收到" * 20).subject) == 80
    assert len(ask("order_status", subject="s" * 500).subject) == 120
