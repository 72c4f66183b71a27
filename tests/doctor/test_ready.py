"""`/readyz`: what a balancer is told, within two seconds whatever hangs."""

import threading
import time
from typing import Any

import pytest
from django.db import DatabaseError, InterfaceError
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client

from marketdesk.doctor import ready
from marketdesk.doctor.ready import Readiness


def asked() -> tuple[int, str, str]:
    answer = Client().get("/readyz")
    return answer.status_code, answer.content.decode(), answer.headers.get("Retry-After", "")


@pytest.mark.django_db(transaction=True)
def test_it_is_ready_only_with_the_tables_of_this_version() -> None:
    applied = MigrationRecorder.Migration.objects.filter(app="tickets").latest("id")
    begun = asked()
    applied.delete()
    ready.readiness.forget()
    try:
        without = asked()
    finally:
        applied.save()

    assert begun == (200, "ready\n", "")
    assert without == (503, "The database is not prepared for this version.\n", "5")


def test_a_database_that_fails_is_said_without_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: MigrationRecorder) -> None:
        raise DatabaseError("password of user marketdesk at 10.0.0.7 is wrong")

    monkeypatch.setattr(MigrationRecorder, "applied_migrations", fail)

    assert asked() == (503, "The database cannot be used.\n", "5")


def test_what_hangs_is_not_waited_for_nor_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "PATIENCE", 0.1)
    over, looks = threading.Event(), list[int]()
    tried = Readiness()

    def look() -> str:
        looks.append(1)
        over.wait(10)
        return ""

    monkeypatch.setattr(tried, "_look", look)

    begun = time.monotonic()
    words = [tried.why_not() for _ in range(3)]
    took = time.monotonic() - begun
    over.set()

    assert words == ["The database does not answer."] * 3
    assert took < 2
    assert looks == [1]


def test_it_costs_one_look_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    tried = Readiness()

    def look() -> str:
        looks.append(1)
        return ""

    monkeypatch.setattr(tried, "_look", look)

    for _ in range(50):
        assert tried.why_not() == ""

    assert looks == [1]


@pytest.mark.django_db(transaction=True)
def test_a_full_disk_takes_no_requests(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(ready, "ROOM_NEEDED", 1 << 62)

    assert asked() == (503, "The home folder cannot be written to.\n", "5")


def test_a_look_that_stumbled_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = Readiness()

    def look() -> str:
        raise InterfaceError("the connection is closed")

    monkeypatch.setattr(tried, "_look", look)
    assert tried.why_not() == "Something is wrong here."

    monkeypatch.setattr(tried, "_look", lambda: "")
    tried.forget()
    assert tried.why_not() == ""


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_a_balancer_or_a_container_asks_by_address(address: str, settings: Any) -> None:
    """They call the machine, not the name that people know it by."""
    settings.ALLOWED_HOSTS = ["support.shop.example"]

    assert Client().get(address, headers={"Host": "10.0.0.7:8000"}).status_code in {200, 503}
    assert Client().get("/accounts/login/", headers={"Host": "10.0.0.7:8000"}).status_code == 400
