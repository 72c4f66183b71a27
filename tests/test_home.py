"""The home is made ready for this version, and not again what is ready."""

import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.db import connection, connections

from marketdesk import home


@pytest.fixture
def static(tmp_path: Path, settings: Any) -> Path:
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STATIC_ROOT.mkdir()
    return tmp_path / "static"


def test_a_start_copies_what_pages_load_once(static: Path) -> None:
    home._collect_static_files()
    (copied := next(static.rglob("*.css"))).unlink()

    home._collect_static_files()

    assert not copied.exists()


def test_another_version_copies_it_again(static: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home._collect_static_files()
    (copied := next(static.rglob("*.css"))).unlink()
    monkeypatch.setattr(home, "VERSION", "another")

    home._collect_static_files()

    assert copied.exists()


def test_what_was_copied_is_copied_again_once_it_is_gone(static: Path) -> None:
    home._collect_static_files()
    (static / "collected").unlink()
    (copied := next(static.rglob("*.css"))).unlink()

    home._collect_static_files()

    assert copied.exists()


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_a_machine_that_waits_for_another_does_not_hold_up_what_it_waits_for() -> None:
    """An index that is built beside the traffic waits for every statement that began before it."""

    def wait_for_turn() -> None:
        with home._alone_in_the_database():
            pass
        connections.close_all()

    waiting = Thread(target=wait_for_turn)
    with home._alone_in_the_database(), connection.cursor() as cursor:
        waiting.start()
        time.sleep(0.5)
        cursor.execute("SET lock_timeout = '3s'")
        try:
            cursor.execute("CREATE INDEX CONCURRENTLY soon ON tickets_ticket (subject)")
        finally:
            cursor.execute("DROP INDEX IF EXISTS soon; RESET lock_timeout")
    waiting.join(10)

    assert not waiting.is_alive()
