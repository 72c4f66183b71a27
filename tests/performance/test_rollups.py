"""Roll-ups: each day that is over is counted, and again when something of it changes."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from marketdesk import schedule
from marketdesk.cli import figures, main
from marketdesk.journal.models import Job
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.performance import rollups
from marketdesk.performance.models import CountedDay, GroupDay, Incident, MerchantDay
from marketdesk.performance.rating import rate
from marketdesk.programs import sandbox
from marketdesk.tickets.models import Ticket, Wait
from tests.conftest import NOW, make_order

pytestmark = pytest.mark.django_db

TODAY = NOW.date()
MIDNIGHT = datetime(2026, 11, 18, tzinfo=UTC)
SUMS = ("opened", "answers", "late", "ratings", "helpful")


def at(actor: Actor, moment: datetime) -> Actor:
    return replace(actor, at=moment)


def of(day: date) -> tuple[int, ...] | None:
    """What is counted of the one merchant's day; None where nothing is."""
    return MerchantDay.objects.filter(day=day).values_list(*SUMS).first()


@pytest.fixture
def told(ask: Callable[..., Ticket], ada: Actor, mehmet: Actor) -> Ticket:
    """Asked five days ago, answered two days later and a second, resolved and rated."""
    asked = MIDNIGHT - timedelta(days=5)
    ticket = ask("order_status", by=at(ada, asked))
    ticket.reply("It is on its way.", by=at(mehmet, asked + timedelta(days=2, seconds=1)))
    ticket.reply("Where is it?", by=at(ada, asked + timedelta(days=2, hours=1)))
    ticket.resolve("There.", by=at(mehmet, asked + timedelta(days=2, hours=2)))
    rate(ticket, helpful=True, comment="", by=at(ada, asked + timedelta(days=3)))
    return ticket


def test_every_day_that_is_over_is_counted(told: Ticket) -> None:
    assert rollups.catch_up(NOW) == 5

    asked = TODAY - timedelta(days=5)
    assert of(asked) == (1, 0, 0, 0, 0)
    assert of(asked + timedelta(days=1)) is None
    assert of(asked + timedelta(days=2)) == (0, 2, 1, 0, 0)  # late at the due moment, and in time two hours later
    assert of(asked + timedelta(days=3)) == (0, 0, 0, 1, 1)
    assert rollups.catch_up(NOW) == 0


def test_a_day_is_counted_when_what_happened_before_midnight_is_written(told: Ticket) -> None:
    rollups.catch_up(MIDNIGHT + timedelta(minutes=59))
    assert CountedDay.objects.latest("day").day == TODAY - timedelta(days=2)

    rollups.catch_up(MIDNIGHT + timedelta(minutes=60))
    assert CountedDay.objects.latest("day").day == TODAY - timedelta(days=1)


def test_midnight_belongs_to_the_day_that_begins(ask: Callable[..., Ticket], ada: Actor) -> None:
    ask(by=at(ada, MIDNIGHT - timedelta(days=1)))
    ask(by=at(ada, MIDNIGHT - timedelta(microseconds=1)))
    ask(by=at(ada, MIDNIGHT))

    rollups.catch_up(NOW + timedelta(days=1))

    assert of(TODAY - timedelta(days=1)) == (2, 0, 0, 0, 0)
    assert of(TODAY) == (1, 0, 0, 0, 0)


def test_the_order_and_the_first_message_decide_the_group(told: Ticket, ada: Actor) -> None:
    assert told.order
    told.order.country = "FR"
    told.order.save()
    told.reopen("And in English?", by=at(ada, NOW), language="en")

    rollups.catch_up(NOW)

    groups = set(GroupDay.objects.values_list("country", "category", "language"))
    assert groups == {("FR", "post_customer_support", "de")}
    assert [sum(one) for one in zip(*GroupDay.objects.values_list(*SUMS), strict=True)] == [1, 2, 1, 1, 1]


def test_without_an_order_the_customers_country_decides(ask: Callable[..., Ticket], ada: Actor) -> None:
    ask("product_question", by=at(ada, MIDNIGHT - timedelta(days=1)))

    rollups.catch_up(NOW)

    assert GroupDay.objects.get().country == "DE"


def test_a_rating_that_is_changed_is_counted_again(told: Ticket, ada: Actor) -> None:
    rollups.catch_up(NOW)

    rate(told, helpful=False, comment="", by=at(ada, NOW))

    assert Job.objects.filter(kind=rollups.JOB).count() == 1
    assert rollups.catch_up(NOW) == 1
    assert of(TODAY - timedelta(days=2)) == (0, 0, 0, 1, 0)


def test_what_a_contest_excuses_is_counted_again(told: Ticket, store: Merchant) -> None:
    rollups.catch_up(NOW)
    late = told.waits.earliest("id")

    Wait.objects.filter(pk=late.pk).update(excused="contest")
    rollups.again(store.pk, [late.counts_at.date()])
    rollups.catch_up(NOW)

    assert of(TODAY - timedelta(days=3)) == (0, 1, 0, 0, 0)


def test_an_incident_excuses_its_own_merchants_late_answers(
    told: Ticket, store: Merchant, rival_store: Merchant
) -> None:
    lasted = {"starts_at": MIDNIGHT - timedelta(days=4), "ends_at": MIDNIGHT - timedelta(days=3, hours=23), "at": NOW}
    Incident.objects.create(words="Rival's", merchant=rival_store, **lasted)
    rollups.catch_up(NOW)
    assert of(TODAY - timedelta(days=3)) == (0, 2, 1, 0, 0)

    Incident.objects.create(words="No mail", merchant=None, **lasted)
    rollups.again(None, rollups.span(MIDNIGHT - timedelta(days=4), MIDNIGHT))
    rollups.catch_up(NOW)

    assert of(TODAY - timedelta(days=3)) == (0, 1, 0, 0, 0)


def test_of_one_customer_three_ratings_of_a_day_count(
    ask: Callable[..., Ticket], ada: Actor, mehmet: Actor, ada_user: User, product: Product
) -> None:
    asked = MIDNIGHT - timedelta(days=1)
    for number in range(4):
        order = make_order(ada_user, product, f"O-{number}")
        ticket = ask(order=order, items=[], by=at(ada, asked))
        ticket.resolve("There.", by=at(mehmet, asked + timedelta(minutes=1)))
        rate(ticket, helpful=True, comment="", by=at(ada, asked + timedelta(minutes=number + 2)))

    rollups.catch_up(NOW)

    assert of(TODAY - timedelta(days=1)) == (4, 4, 0, 3, 3)


def test_what_programs_try_in_a_sandbox_is_not_counted(told: Ticket, store: Merchant) -> None:
    rollups.catch_up(NOW)
    counted = list(GroupDay.objects.values_list())
    tried = sandbox.store_of(store, at=NOW - timedelta(days=3))

    rollups.again(tried.pk, [TODAY - timedelta(days=3)])

    assert not CountedDay.objects.filter(counted_at=None).exists()
    assert len(list(rollups.rebuild(NOW))) == 5
    assert [row[1:] for row in GroupDay.objects.order_by("id").values_list()] == [row[1:] for row in counted]


def test_days_that_are_not_over_are_not_counted_again(told: Ticket, store: Merchant) -> None:
    rollups.catch_up(NOW)

    rollups.again(store.pk, [TODAY, TODAY + timedelta(days=1)])

    assert not Job.objects.filter(kind=rollups.JOB).exists()
    assert rollups.catch_up(NOW) == 0


def test_a_long_past_is_counted_a_month_at_a_time(told: Ticket) -> None:
    assert rollups.catch_up(NOW, most=2) == 2
    assert Job.objects.filter(kind=rollups.JOB).count() == 1

    assert rollups.catch_up(NOW, most=3) == 3
    assert Job.objects.filter(kind=rollups.JOB).count() == 1
    assert not CountedDay.objects.filter(counted_at=None).exists()


def test_without_tickets_there_is_nothing_to_count(db: None) -> None:
    assert rollups.catch_up(NOW) == 0
    assert list(rollups.rebuild(NOW)) == []


def test_one_command_counts_everything_again(
    now: Any, told: Ticket, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for step in ("start", "prepare"):  # the test's own database is ready
        monkeypatch.setattr(figures, step, lambda: None)
    rollups.catch_up(NOW)
    right = list(MerchantDay.objects.order_by("day").values_list("day", *SUMS))
    MerchantDay.objects.update(late=9)
    MerchantDay.objects.first().delete()  # type: ignore[union-attr]

    assert main(["figures", "rebuild"]) == 0

    assert list(MerchantDay.objects.order_by("day").values_list("day", *SUMS)) == right
    assert "5 days were counted again, 2026-11-13 to 2026-11-17." in capsys.readouterr().err


def test_the_worker_counts(now: Any, told: Ticket) -> None:
    for _time in range(2):
        schedule.HANDLERS[rollups.JOB]({})

    assert MerchantDay.objects.count() == 3


def test_the_days_of_merchants_are_found_by_their_own_index(told: Ticket) -> None:
    day = rollups.window(TODAY - timedelta(days=3))
    if connection.vendor == "postgresql":  # on a handful of rows it would read them all
        connection.cursor().execute("SET LOCAL enable_seqscan = off")

    assert "wait_by_merchant" in rollups.waits(day).explain()
    assert "rating_by_merchant" in rollups.ratings(day).explain()
