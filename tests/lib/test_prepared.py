"""Statements that are kept say the same as those that Django compiles each time."""

from datetime import UTC, datetime

import pytest
from django.db import connection, models

from marketdesk.journal.models import Deed, Event, Job
from marketdesk.lib import prepared
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import OrderItem
from marketdesk.tickets.models import Ticket, Wait

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 18, 12, 30, 15, 123456, tzinfo=UTC)


def test_a_row_is_written_as_django_would_write_it() -> None:
    data = {"from": "O’Brien", "percent": "100 %", "nothing": None, "deep": [1, {"two": 2.5}]}
    event = Event(verb="x", subject_kind="ticket", subject_id=2**40, actor=data, data={}, at=NOON)

    assert prepared.insert(event)

    assert event.pk
    kept = Event.objects.get(pk=event.pk)
    assert {field.attname: getattr(kept, field.attname) for field in Event._meta.concrete_fields} == {
        field.attname: getattr(event, field.attname) for field in Event._meta.concrete_fields
    }
    assert kept.actor == data


def test_a_row_that_is_there_is_told_from_a_new_one() -> None:
    first, twin = Job(kind="x", key="once"), Job(kind="y", key="once")

    assert prepared.insert(first, unless_there=True)
    assert not prepared.insert(twin, unless_there=True)

    assert [job.kind for job in Job.objects.all()] == ["x"]
    assert twin.pk is None


def test_only_the_rows_that_are_meant_are_changed(ticket: Ticket, purchase: Ticket) -> None:
    running = {"ticket_id": ticket.pk, "ended_at": None}

    assert prepared.update(Wait, running, ended_at=NOON, ended_how="reply") == 1
    assert prepared.update(Wait, running, ended_at=NOON, ended_how="again") == 0

    ended = Wait.objects.get(ticket=ticket)
    assert (ended.ended_at, ended.ended_how, ended.counts_at) == (NOON, "reply", NOON)
    assert purchase.waits.get().ended_at is None


def test_a_question_is_compiled_once_and_asked_with_other_values(
    ticket: Ticket, store: Merchant, rival_store: Merchant
) -> None:
    compiled = []

    def make(pk: int, name: str) -> models.QuerySet[Merchant]:
        compiled.append(pk)
        return Merchant.objects.filter(pk=pk, external_id=name, suspended_at__isnull=True)

    query = prepared.Query(make)
    for _ in range(7):  # from the fifth on PostgreSQL keeps it
        assert query.first(store.pk, "m-1") == store
        assert query.first(rival_store.pk, "m-2") == rival_store
        assert query.first(store.pk, "m-2") is None
    assert len(compiled) == 2


def test_what_is_joined_comes_with_it(ticket: Ticket) -> None:
    query = prepared.Query(
        lambda order: OrderItem.objects.select_related("order", "product").filter(order=order).order_by("-pk")
    )
    wanted = list(ticket.order.items.order_by("-pk")) if ticket.order else []

    found = query.all(ticket.order_id or 0)

    assert found == wanted != []
    assert [(one.order.placed_at, one.product.name) for one in found if one.product] == [
        (one.order.placed_at, one.product.name) for one in wanted if one.product
    ]


def test_nobody_is_found_where_nobody_can_be(db: None) -> None:
    query = prepared.Query(lambda pk: Merchant.objects.filter(pk=pk).none())

    assert query.first(1) is None
    assert query.all(1) == []


def test_an_answer_that_is_kept_is_found_by_its_key() -> None:
    Deed.begin("app:1", "key", "body").finish({"ü": "“”"})

    assert Deed.objects.get(who="app:1").answer == {"ü": "“”"}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps statements by itself")
def test_postgresql_keeps_what_comes_again(ticket: Ticket) -> None:
    for number in range(8):
        prepared.insert(Job(kind="kept", payload={"number": number}))

    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        kept = [statement for (statement,) in cursor.fetchall()]
    assert any(statement.startswith('INSERT INTO "journal_job"') for statement in kept), kept
