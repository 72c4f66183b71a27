"""Statements by libpq's own calls fail, and find their connection again, as Django's do."""

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction

from marketdesk.journal.models import Job
from marketdesk.lib import libpq, prepared

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


# Several at one go

KIND = prepared.Prepared(lambda kind: Job.objects.filter(kind=kind).order_by("pk").values_list("key", flat=True))
KEY = prepared.Prepared(lambda key: Job.objects.filter(key=key).values_list("kind", flat=True))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that were asked one by one."""
    found, ask = list[str](), libpq.ask

    def _ask(opened: Any, sql: str, *more: Any, **most: Any) -> Any:
        found.append(sql)
        return ask(opened, sql, *more, **most)

    monkeypatch.setattr(libpq, "ask", _ask)
    return found


@pytest.fixture
def jobs() -> None:
    for kind, key in (("mail", "a"), ("mail", "b"), ("call", "c")):
        prepared.insert(Job(kind=kind, key=key))


@pytest.mark.usefixtures("jobs")
def test_what_was_asked_ahead_is_not_asked_again(asked: list[str]) -> None:
    with prepared.ahead([KIND.question("mail"), KEY.question("c"), KIND.question("no such")]):
        asked.clear()

        assert KEY("c") == ["call"]
        assert KIND("no such") == []

    assert not asked


@pytest.mark.usefixtures("jobs")
def test_other_values_and_a_second_time_are_asked_anew(asked: list[str]) -> None:
    with prepared.ahead([KIND.question("mail")]):
        assert KIND("call") == ["c"]
        assert KIND("mail") == ["a", "b"]
        prepared.insert(Job(kind="mail", key="d"))
        assert KIND("mail") == ["a", "b", "d"]


@pytest.mark.usefixtures("jobs")
def test_nothing_of_it_is_left_afterwards() -> None:
    with prepared.ahead([KIND.question("mail")]):
        pass
    prepared.insert(Job(kind="mail", key="d"))

    assert KIND("mail") == ["a", "b", "d"]


@pytest.mark.usefixtures("jobs")
def test_within_a_transaction_its_own_writes_are_seen() -> None:
    with transaction.atomic():
        prepared.insert(Job(kind="mail", key="d"))
        with prepared.ahead([KIND.question("mail"), KEY.question("d")]):
            assert KIND("mail") == ["a", "b", "d"]
            assert KEY("d") == ["mail"]


@pytest.mark.usefixtures("jobs")
def test_what_fails_at_one_go_is_asked_one_by_one() -> None:
    for _ in range(2):
        with prepared.ahead([KIND.question("mail"), KEY.question("c")]):
            assert (KIND("mail"), KEY("c")) == (["a", "b"], ["call"])
        with connection.cursor() as cursor:
            cursor.execute("DEALLOCATE ALL")


@transaction.atomic
def let_all_go_and_ask_ahead() -> None:
    let_all_go()
    with prepared.ahead([KIND.question("mail")]):
        raise AssertionError("it is not known any more")


@pytest.mark.usefixtures("jobs")
def test_within_a_transaction_what_fails_at_one_go_is_an_error_once() -> None:
    with prepared.ahead([KIND.question("mail")]), connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")

    with pytest.raises(DatabaseError):
        let_all_go_and_ask_ahead()

    assert KIND("mail") == ["a", "b"]


@pytest.mark.usefixtures("jobs")
def test_a_connection_that_was_cut_is_no_answer() -> None:
    assert KIND("mail") == ["a", "b"]
    cut()
    look_after()

    with prepared.ahead([KIND.question("mail")]):  # nobody knows yet that it is gone, so nothing is asked ahead
        assert KIND("mail") == ["a", "b"]

    cut()
    with pytest.raises(OperationalError), prepared.ahead([KIND.question("mail")]):
        raise AssertionError("it was cut")
    connection.close()
    assert KIND("mail") == ["a", "b"]
