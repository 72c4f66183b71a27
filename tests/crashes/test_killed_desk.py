"""CR1 of the programme: nothing that was acknowledged is lost, however often the whole desk is killed."""

import random
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.crashes import careless, clients
from tests.desk import Desk, surroundings
from tests.results import SEED, cases, record

pytestmark = pytest.mark.heavy

KILLS = cases(20, release=500)
WRITTEN = 260  # between two kills, on the average


@pytest.fixture
def desk(tmp_path: Path, free_port: int) -> Iterator[Desk]:
    desk = Desk(surroundings(tmp_path / "home", free_port, MARKETDESK_LOG="ERROR"))
    yield desk
    desk.kill()


def what_is_wrong(home: Path, acknowledged: list[tuple[str, str]]) -> dict[str, Any]:
    with closing(sqlite3.connect(home / "marketdesk.sqlite3", timeout=20)) as database:
        (health,) = database.execute("PRAGMA integrity_check").fetchone()
        wrong = clients.what_is_wrong(database, acknowledged)
    return wrong if health == "ok" else {**wrong, "health": health}


def test_what_was_acknowledged_survives_every_kill(desk: Desk, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    crowd = clients.furnish(desk)
    starts = []
    desk.start()

    with crowd.writing():
        for _kill in range(KILLS):
            crowd.write(chance.randint(10, 2 * WRITTEN - 10))
            time.sleep(chance.uniform(0, 0.05))
            desk.kill()
            acknowledged = crowd.acknowledged
            begun = time.monotonic()
            desk.start()
            starts.append(time.monotonic() - begun)
            assert what_is_wrong(tmp_path / "home", acknowledged) == {}
    desk.kill()

    record("CR1", kills=KILLS, acknowledged=len(crowd.acknowledged), lost=0, slowest_start_in_seconds=max(starts))
    assert what_is_wrong(tmp_path / "home", crowd.acknowledged) == {}
    assert set(crowd.statuses) == {200, 201, 302}, crowd.refused[:3]
    assert len(crowd.acknowledged) >= 240 * KILLS


def test_control_a_database_without_its_log_has_lost_something(desk: Desk, tmp_path: Path) -> None:
    """The comparison bites, and nobody should copy the file alone: what was acknowledged may still be in the log."""
    crowd = clients.furnish(desk)
    desk.command = careless.desk("wal_autocheckpoint=0")
    desk.start()
    with crowd.writing():
        crowd.write(30)
        desk.kill()

    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copy(tmp_path / "home" / "marketdesk.sqlite3", alone)

    lost = len(what_is_wrong(alone, crowd.acknowledged)["lost"])
    record("CR1, control without the write-ahead log", kills=1, acknowledged=len(crowd.acknowledged), lost=lost)
    assert lost >= 30
