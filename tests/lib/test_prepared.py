"""A statement that is put into words once finds what the queryset finds, for whoever is asked about."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import QuerySet, Value
from django.test.utils import CaptureQueriesContext

from marketdesk.journal.models import Deed, Event, Job
from marketdesk.lib import prepared
from marketdesk.lib.prepared import Prepared, attach
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import OrderItem
from marketdesk.policy.models import PolicyChange
from marketdesk.tickets.models import Message, Ticket, Wait

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 18, 12, 30, 15, 123456, tzinfo=UTC)
START = datetime(2026, 11, 18, 10, 0, tzinfo=UTC)


def after(moment: datetime, reason: str) -> QuerySet[PolicyChange]:
    return PolicyChange.objects.filter(made_at__gte=moment, reason=reason, values__isnull=False).order_by("pk")


def after_newest_first(moment: datetime, reason: str) -> QuerySet[PolicyChange]:
    return after(moment, reason).order_by("-made_at")


def numbers(reason: str) -> QuerySet[PolicyChange, tuple[int, str]]:
    found = PolicyChange.objects.filter(reason=reason).order_by().values_list("pk", Value("100 %s"))
    return found.union(found.filter(pk__lt=0), all=True)


@pytest.fixture
def changes() -> list[PolicyChange]:
    rows = [PolicyChange(reason=f"No {n % 3}", made_at=START + timedelta(microseconds=n)) for n in range(12)]
    PolicyChange.objects.all().delete()
    return PolicyChange.objects.bulk_create(rows)


def test_it_finds_what_the_queryset_finds(changes: list[PolicyChange]) -> None:
    asked = Prepared(after)

    for moment in (START, START + timedelta(microseconds=7), START + timedelta(days=9)):
        for reason in ("No 0", "No 2", "100 % '; --", "nobody's"):
            assert asked(moment, reason) == list(after(moment, reason))
    assert asked.first(START, "No 1") == changes[1]
    assert asked.first(START, "nobody's") is None
    assert asked(START, "No 1")[0].made_at == changes[1].made_at


def test_so_do_values_of_two_querysets_with_percent_signs(changes: list[PolicyChange]) -> None:
    found = Prepared(numbers)("No 1")

    assert sorted(found) == [(change.pk, "100 %s") for change in changes if change.reason == "No 1"]


def test_nothing_of_what_was_found_is_kept(changes: list[PolicyChange]) -> None:
    asked = Prepared(after)
    assert len(asked(START, "No 0")) == 4

    PolicyChange.objects.filter(pk=changes[0].pk).update(reason="No 5")

    assert len(asked(START, "No 0")) == 3
    assert asked(START, "No 5")[0].pk == changes[0].pk


def test_objects_come_with_their_relations(ticket: Ticket) -> None:
    def build(ticket: int) -> QuerySet[Message]:
        shown = ("body", "ticket__subject", "ticket__merchant__name")
        return Message.objects.filter(ticket=ticket).select_related("ticket__merchant").only(*shown)

    message = Prepared(build)(ticket.pk)[0]

    with CaptureQueriesContext(connection) as queries:
        assert (message.ticket.subject, message.ticket_id) == (ticket.subject, ticket.pk)
    assert len(queries) == 0
    assert message.author == "customer", "what was left out is still there to be asked for"


def test_what_is_attached_is_not_asked_for(ticket: Ticket) -> None:
    item = OrderItem(name="Lamp")
    attach(ticket, "items", [item])

    with CaptureQueriesContext(connection) as queries:
        assert list(ticket.items.all()) == [item]
    assert len(queries) == 0


def test_a_parameter_that_is_changed_on_its_way_is_refused() -> None:
    def careless(reason: str) -> QuerySet[PolicyChange]:
        return PolicyChange.objects.filter(reason=reason.upper() + "!")

    with pytest.raises(ValueError, match="is changed before"):
        Prepared(careless)("No 1")


def test_a_parameter_that_decides_what_is_asked_is_refused() -> None:
    def careless(number: int) -> QuerySet[PolicyChange]:
        found = PolicyChange.objects.filter(pk=number)
        return found if number < 20_500 else found.filter(reason="No 1")

    with pytest.raises(ValueError, match="depends on its parameters"):
        Prepared(careless)(1)


def test_postgresql_keeps_its_plan(changes: list[PolicyChange]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("plans are kept by PostgreSQL")
    asked = Prepared(after)

    for _time in range(12):
        asked(START, "No 0")

    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, generic_plans + custom_plans FROM pg_prepared_statements")
        kept = [(words, times) for words, times in cursor.fetchall() if '"made_at" >=' in words]
    assert len(kept) == 1
    assert kept[0][1] >= 6


def test_postgresql_keeps_none_that_is_planned_anew(changes: list[PolicyChange]) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("plans are kept by PostgreSQL")
    asked = Prepared(after_newest_first, planned_anew=True)

    for _time in range(12):
        assert asked(START, "No 0") == list(after_newest_first(START, "No 0"))

    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        assert not [words for (words,) in cursor.fetchall() if '"made_at" DESC' in words]


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


def test_nobody_is_found_where_nobody_can_be(db: None) -> None:
    query = Prepared(lambda pk: Merchant.objects.filter(pk=pk).none())

    assert query.first(1) is None
    assert query(1) == []


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


# What is written at once


def a_job(number: int, key: str | None = None) -> Job:
    return Job(kind="nothing", key=key, payload={"number": number}, run_at=NOON)


def test_what_is_gathered_is_one_statement_where_numbers_are_asked_for_before() -> None:
    event = Event(verb="open", subject_kind="ticket", subject_id=1, actor={}, data={}, at=NOON)

    with CaptureQueriesContext(connection) as asked, prepared.gathered(Event):
        prepared.insert(event)
        for number in range(3):
            prepared.put(a_job(event.pk + number))

    assert len(asked) == (2 if connection.vendor == "postgresql" else 4)
    assert Event.objects.get(pk=event.pk).verb == "open"
    assert sorted(job.payload["number"] for job in Job.objects.all()) == [event.pk, event.pk + 1, event.pk + 2]


def test_whoever_asks_in_between_sees_what_was_gathered_before() -> None:
    with prepared.gathered():
        prepared.put(a_job(1))
        assert Job.objects.count() == 1
        prepared.put(a_job(2, "once"))
        assert prepared.update(Job, {"key": "once"}, error="seen") == 1
        prepared.put(a_job(3, "once"), unless_there=True)

    assert sorted(job.error for job in Job.objects.all()) == ["", "seen"]


def test_a_change_of_what_was_gathered_finds_it() -> None:
    with prepared.gathered():
        prepared.put(a_job(1, "once"))
        prepared.change(Job, {"key": "once"}, error="first")
        prepared.change(Job, {"key": "once"}, error="second")
        prepared.put(a_job(2, "another"))

    assert Job.objects.get(key="once").error == "second"
    assert Job.objects.filter(key="another").exists()


@transaction.atomic
def refused(number: int) -> None:
    with prepared.gathered():
        prepared.put(a_job(number))
        raise LookupError


def test_nothing_is_sent_of_what_was_gathered_before_a_refusal() -> None:
    with pytest.raises(LookupError):
        refused(1)

    assert not Job.objects.exists()
    with prepared.gathered():
        prepared.put(a_job(2))
    assert Job.objects.get().payload == {"number": 2}


def test_what_a_part_gathered_that_was_refused_goes_with_it() -> None:
    with prepared.gathered():
        prepared.put(a_job(1))
        with pytest.raises(LookupError):
            refused(2)
        prepared.put(a_job(3))

    assert sorted(job.payload["number"] for job in Job.objects.all()) == [1, 3]


@pytest.mark.django_db(transaction=True)
def test_a_rollback_takes_back_nothing_but_rows() -> None:
    asked = Prepared(numbers)
    for _time in range(2):
        with transaction.atomic():
            for turn in range(7):  # so often that psycopg prepares what Django asks, too
                PolicyChange.objects.create(reason="A whim", made_at=START)
                assert len(asked("A whim")) == turn + 1
            transaction.set_rollback(True)

        assert asked("A whim") == []


@pytest.mark.django_db(transaction=True)
def test_the_first_statement_of_a_deed_begins_it() -> None:
    asked = Prepared(numbers)
    asked("A whim")

    with transaction.atomic():
        assert asked("A whim") == []
        PolicyChange(reason="A whim", made_at=START).save()
        transaction.set_rollback(True)

    assert asked("A whim") == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ended_is_noticed() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("for postgresql")
    asked = Prepared(numbers)
    asked("A whim")
    with connection.copy().cursor() as other:
        ended = connection.connection.info.backend_pid
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [ended])
        other.connection.close()

    held: Any = connection
    held.health_check_enabled, held.health_check_done = True, False

    assert asked("A whim") == []
    assert connection.connection.info.backend_pid != ended
