"""What the figures of a merchant are, and what reading them costs."""

import re
from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Order, Product
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import User
from marketdesk.performance import reading
from marketdesk.performance.counting import Rate
from marketdesk.performance.figures import Figures, Times, Volume, figures
from marketdesk.performance.models import Rating
from marketdesk.performance.periods import By, Period
from marketdesk.performance.rating import rate
from marketdesk.policy import promises
from marketdesk.refunds.models import Refund, RefundStatus
from marketdesk.refunds.refunding import refund_items
from marketdesk.tickets.models import Ticket, Wait
from marketdesk.tickets.rules import Category, Desk, State
from tests.conftest import NOW, make_order
from tests.moments import later

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("now")]

Ask = Callable[..., Ticket]

BERLIN = ZoneInfo("Europe/Berlin")


def of(store: Merchant, days: int = 30, by: By = By.DAY, hours: float = 0) -> Figures:
    """The figures of a store, so many hours from now."""
    return figures(store.pk, Period(days, by), NOW + timedelta(hours=hours), BERLIN)


@pytest.fixture
def asked_before(ask: Ask, ada: Actor) -> Callable[..., Ticket]:
    """`asked_before(hours=50)`: a question that Ada asked so long ago."""

    def _asked(issue: str = "order_status", hours: float = 0) -> Ticket:
        return ask(issue, by=later(ada, hours=-hours))

    return _asked


def test_nothing_happened(store: Merchant) -> None:
    whole = of(store).whole

    assert whole.late == whole.csat == whole.reopened == whole.refunded == whole.per_orders == Rate(0, 0, 5)
    assert whole.late.percent is None
    assert whole.answers == whole.first_answers == Times(0, None, None)
    assert (whole.tickets, of(store).volume) == (0, ())


def test_a_late_answer_moves_the_rate(store: Merchant, asked_before: Ask, mehmet: Actor) -> None:
    for _ in range(4):
        asked_before(hours=10).reply("It is on its way.", by=mehmet)
    assert of(store, hours=1).whole.late == Rate(0, 4, 5)

    asked_before(hours=50).reply("Sorry, that took long.", by=mehmet)

    assert of(store, hours=1).whole.late == Rate(1, 5, 5)
    assert of(store, hours=1).whole.late.percent == 20


def test_the_time_to_answer_is_told_for_all_answers_and_for_first_ones(
    store: Merchant, asked_before: Ask, mehmet: Actor, ada: Actor
) -> None:
    first, second = asked_before(hours=20), asked_before(hours=4)
    first.reply("It is on its way.", by=later(mehmet, hours=-10))
    first.reply("Where?", by=later(ada, hours=-3))
    first.reply("In Bonn.", by=later(mehmet, hours=-2))
    second.resolve("It is there.", by=mehmet)

    whole = of(store, hours=1).whole

    assert whole.answers == Times(3, timedelta(hours=5), timedelta(hours=4))
    assert whole.first_answers == Times(2, timedelta(hours=7), timedelta(hours=7))


def test_what_somebody_else_ended_is_no_answer_of_the_merchant(
    store: Merchant, asked_before: Ask, sofia: Actor, ada: Actor
) -> None:
    asked_before(hours=1).reply("We are on it.", by=sofia)
    asked_before(hours=1).close(by=ada)
    asked_before("item_problem", hours=50).take_over(by=clock(NOW))

    whole = of(store, hours=1).whole

    assert whole.answers.count == 0
    assert whole.late == Rate(1, 1, 5)


def test_tickets_are_counted_by_issue_in_the_order_of_the_menu(store: Merchant, asked_before: Ask) -> None:
    for issue in ("product_question", "order_status", "item_problem", "order_status"):
        asked_before(issue, hours=2)

    assert of(store).volume == (
        Volume(Category.POST_PURCHASE, "item_problem", 1),
        Volume(Category.PRE_PURCHASE, "product_question", 1),
        Volume(Category.POST_CUSTOMER_SUPPORT, "order_status", 2),
    )


def test_a_ticket_that_the_merchant_never_saw_is_not_in_any_figure(
    store: Merchant, ask: Ask, ada_user: User, product: Product, ada: Actor
) -> None:
    cheap = make_order(ada_user, product, "O-cheap", total=500)
    ask("item_problem", order=cheap, items=[], by=later(ada, hours=-2))

    assert of(store).whole.tickets == 0


def test_reopened_is_what_the_customer_reopened(store: Merchant, asked_before: Ask, mehmet: Actor, ada: Actor) -> None:
    tickets = [asked_before(hours=9) for _ in range(4)]
    for ticket in tickets[:3]:
        ticket.resolve("It is there.", by=later(mehmet, hours=-8))
    tickets[0].reopen("It is not.", by=later(ada, hours=-7))
    tickets[1].reopen("One more thing.", by=later(mehmet, hours=-7))

    assert of(store).whole.reopened == Rate(1, 3, 5)


def test_refunded_is_money_that_did_not_fail_to_go_back(
    store: Merchant, ask: Ask, ada_user: User, product: Product, ada: Actor, mehmet: Actor
) -> None:
    for number in range(3):
        order = make_order(ada_user, product, f"O-{number}")
        ticket = ask("item_problem", order=order, items=list(order.items.all()), by=later(ada, hours=-2))
        if number:
            refund_items(ticket, list(ticket.items.all()), by=mehmet)
    Refund.objects.filter(ticket=ticket).update(status=RefundStatus.FAILED)

    assert of(store).whole.refunded == Rate(1, 3, 5)


def test_tickets_for_a_hundred_orders(store: Merchant, asked_before: Ask, ada_user: User, product: Product) -> None:
    for number in range(8):
        make_order(ada_user, product, f"O-{number}", placed_at=NOW - timedelta(days=2))
    asked_before(hours=1)
    asked_before(hours=2)

    assert of(store).whole.per_orders.percent == 25


def test_the_slices_add_up_and_the_last_is_how_the_merchant_stands_now(
    store: Merchant, asked_before: Ask, mehmet: Actor, ada: Actor
) -> None:
    for days in range(40):
        ticket = asked_before(hours=24 * days + 1)
        ticket.resolve("It is there.", by=later(mehmet, hours=-24 * days + days % 3 * 24))
        if days % 2:
            rate(ticket, helpful=days % 4 == 1, comment="", by=later(ada, hours=-24 * days + 49))

    for days in (7, 30, 90):
        found = of(store, days)
        for name in ("late", "csat"):
            parts = [getattr(one, name) for one in found.slices]
            whole = getattr(found.whole, name)
            assert (sum(one.part for one in parts), sum(one.whole for one in parts)) == (whole.part, whole.whole)
        assert sum(one.tickets for one in found.slices) == found.whole.tickets
        assert sum(one.answers.count for one in found.slices) == found.whole.answers.count
        assert found.judged[-1] == reading.rates(store.pk, NOW, promises.current())
    assert of(store, 30).whole.late == of(store, 30).judged[-1].late


def test_how_the_merchant_stood_on_a_day_is_what_was_judged_then(
    store: Merchant, asked_before: Ask, mehmet: Actor, now: Any
) -> None:
    for days in range(0, 70, 2):
        question = asked_before("product_question", hours=24 * days + 50)
        question.resolve("It is there.", by=later(mehmet, hours=-24 * days - 8 * (days % 3)))

    found = of(store, 30)

    for one, judged in zip(found.slices, found.judged, strict=True):
        assert judged == reading.rates(store.pk, one.window.end, promises.current())


def test_days_begin_at_the_merchants_midnight(store: Merchant, asked_before: Ask) -> None:
    asked_before(hours=11)  # 23:00 in London, 0:00 in Berlin
    asked_before(hours=11.001)

    assert of(store, 0).whole.tickets == 1
    assert [one.tickets for one in of(store, 7).slices[-2:]] == [1, 1]
    assert figures(store.pk, Period(0), NOW, UTC).whole.tickets == 0


def test_a_rival_changes_nothing(
    store: Merchant, rival_store: Merchant, asked_before: Ask, mehmet: Actor, ada: Actor
) -> None:
    before = of(rival_store)

    late = asked_before(hours=60)
    late.resolve("Sorry.", by=later(mehmet, hours=-1))
    rate(late, helpful=False, comment="", by=later(ada, hours=-0.5))
    late.reopen("It is not there.", by=later(ada, hours=-0.2))

    assert of(store).whole.late.part == of(store).whole.csat.whole == of(store).whole.reopened.part == 1
    assert of(rival_store) == before


# Which index each query enters by, and which ones it asks for each row that it found.
ENTERED_BY = {"wait_by_merchant": 2, "rating_by_merchant": 1, "ticket_by_asking": 1, "order_by_merchant": 1}
ASKED_FOR_EACH = {"event_of_reopening": 2, "refund_by_ticket": 1}


RIVALS = 400


def a_rivals_past(rival_store: Merchant, customer: User, number: int = RIVALS) -> None:
    """Enough rows of another merchant that an index is worth it, and statistics that say so."""
    at = {"opened_at": NOW, "turned_at": NOW, "public_updated_at": NOW}
    stands = {"state": State.WITH_CUSTOMER, "desk": Desk.MERCHANT, "category": Category.POST_CUSTOMER_SUPPORT, **at}
    who = {"merchant": rival_store, "customer": customer}
    moments = [NOW - timedelta(hours=hours) for hours in range(number)]
    Order.objects.bulk_create(
        Order(external_id=f"R-{hours}", placed_at=moment, total=1, currency="EUR", country="DE", **who)
        for hours, moment in enumerate(moments)
    )
    tickets = Ticket.objects.bulk_create(Ticket(issue_id="order_status", **who, **stands) for _ in moments)
    both = list(zip(tickets, moments, strict=True))
    of_rival = {"merchant_id": rival_store.pk}
    Wait.objects.bulk_create(
        Wait(ticket=one, started_at=moment, ended_at=moment, due_at=moment, hours=48, **of_rival)
        for one, moment in both
    )
    Rating.objects.bulk_create(
        Rating(ticket=one, desk=Desk.MERCHANT, helpful=True, at=moment, changeable_until=moment, **of_rival)
        for one, moment in both
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def test_figures_are_read_in_six_queries_that_look_at_no_rival(
    store: Merchant, rival_store: Merchant, ada_user: User, ticket: Ticket
) -> None:
    """All enter by merchant and moment: an installation ten times as large makes them no slower."""
    promises.current()
    if connection.vendor == "postgresql":  # whose statistics choose
        a_rivals_past(rival_store, ada_user)
    with CaptureQueriesContext(connection) as asked:
        of(store, 90)

    plans = [explained(one["sql"]) for one in asked]
    assert len(plans) == 6
    if connection.vendor == "postgresql":  # which of the merchant's indexes is cheapest, its statistics decide
        looked_at = [
            int(rows)
            for plan in plans
            for rows in re.findall(r"Rows Removed by \w+: (\d+)|rows=(\d+)(?:\.\d+)? loops", plan)
            for rows in rows
            if rows
        ]
        assert looked_at, plans
        assert max(looked_at) < RIVALS / 10, plans
        return
    for index, times in ENTERED_BY.items():
        assert len([plan for plan in plans if index in plan]) == times, (index, plans)
    (tickets,) = [plan for plan in plans if "ticket_by_asking" in plan]
    for index, times in ASKED_FOR_EACH.items():
        assert tickets.count(index) == times, tickets


def explained(statement: str) -> str:
    """How the database would answer; PostgreSQL reads a table of a few rows whole unless it is asked not to, and says
    what it looked at."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else 'ANALYZE '}{statement}")
        return "\n".join(str(row) for row in cursor.fetchall())
