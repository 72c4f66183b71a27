"""Statements by libpq's own calls fail, and find their connection again, as Django's do."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction

from marketdesk.journal.models import Job
from marketdesk.lib import prepared

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="libpq is PostgreSQL's"),
]


def cut() -> None:
    """The server ends our connection, as when it is started anew."""
    connection.ensure_connection()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (number,) = cursor.fetchone()
    another = connection.copy()
    with another.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [number])
    another.close()


def look_after() -> None:
    """As at the beginning of a request."""
    database: Any = connection
    database.health_check_enabled, database.health_check_done = True, False


@transaction.atomic
def cut_within() -> None:
    prepared.insert(Job(kind="nothing"))
    cut()
    one()


def one() -> int:
    return int(prepared.run("SELECT %s::int", [1]).fetchone()[0])


def test_a_connection_that_was_cut_is_opened_again_before_a_request_has_asked_anything() -> None:
    assert one() == 1
    cut()
    look_after()

    assert one() == 1


def test_afterwards_it_is_an_error() -> None:
    assert one() == 1
    cut()

    with pytest.raises(OperationalError):
        one()
    connection.close()
    assert one() == 1


def test_a_transaction_that_was_cut_is_not_gone_on_with() -> None:
    look_after()
    with pytest.raises(OperationalError):
        cut_within()

    connection.close()
    assert not Job.objects.exists()


def test_what_the_database_refuses_is_said_with_djangos_words() -> None:
    prepared.insert(Job(kind="nothing", key="once"))

    with pytest.raises(IntegrityError), transaction.atomic():
        prepared.insert(Job(kind="nothing", key="once"))
    assert Job.objects.count() == 1


def let_all_go() -> None:
    assert one() == 1
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")


def test_statements_that_somebody_let_go_are_prepared_anew() -> None:
    let_all_go()

    assert one() == 1


@transaction.atomic
def let_all_go_within() -> None:
    let_all_go()
    one()


def test_within_a_transaction_it_is_an_error_once() -> None:
    with pytest.raises(DatabaseError):
        let_all_go_within()

    assert one() == 1


def test_percent_signs_are_no_places() -> None:
    assert prepared.run("SELECT %s::text || '%%s'", ["100 "]).fetchone() == ("100 %s",)
