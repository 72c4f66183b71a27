"""CR2 of the programme: the power goes, and every answer that was acknowledged before is still there."""

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.crashes import careless, clients, power
from tests.crashes.clients import Crowd
from tests.crashes.power import Socket
from tests.desk import Desk, surroundings
from tests.results import SEED, cases, record

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.skipif(bool(power.why_not()), reason=f"NO POWER WAS CUT (CR2 is not shown here): {power.why_not()}"),
]

CUTS = cases(20, release=200)
WRITTEN = 30  # between two cuts, on the average

Plugged = tuple[Desk, Crowd, Socket]


@pytest.fixture
def plugged(tmp_path: Path, free_port: int) -> Iterator[Callable[..., Plugged]]:
    """`plugged()`: a desk with its database on a disk whose power can be cut."""
    desk = Desk(surroundings(tmp_path / "home", free_port, MARKETDESK_LOG="ERROR"))
    crowd = clients.furnish(desk)
    with power.mounted(tmp_path / "disk") as socket:

        def _plugged(*command: str) -> Plugged:
            shutil.copy(tmp_path / "home" / "marketdesk.sqlite3", tmp_path / "disk" / "desk.sqlite3")
            desk.environment["DATABASE_URL"] = f"sqlite:///{tmp_path}/disk/desk.sqlite3"
            desk.command = list(command or desk.command)
            desk.start()
            return desk, crowd, socket

        yield _plugged
        desk.kill()


def after(cut: Path, acknowledged: list[tuple[str, str]]) -> dict[str, Any]:
    """What is wrong with what a cut left."""
    with closing(sqlite3.connect(cut / "desk.sqlite3")) as database:
        (health,) = database.execute("PRAGMA integrity_check").fetchone()
        wrong = clients.what_is_wrong(database, acknowledged)
    return wrong if health == "ok" else {**wrong, "health": health}


def test_what_was_acknowledged_survives_every_power_cut(plugged: Callable[..., Plugged], tmp_path: Path) -> None:
    desk, crowd, socket = plugged()
    chance = random.Random(SEED)

    with crowd.writing():
        for number in range(CUTS):
            crowd.write(chance.randint(1, 2 * WRITTEN))
            acknowledged = crowd.acknowledged
            left = socket.cut(tmp_path / f"cut-{number}")
            assert after(left, acknowledged) == {}
    desk.kill()
    desk.environment["DATABASE_URL"] = f"sqlite:///{left}/desk.sqlite3"
    desk.start()

    record("CR2", cuts=CUTS, acknowledged=len(acknowledged), lost=0, corrupt=0)
    assert after(left, acknowledged) == {}
    assert set(crowd.statuses) == {200, 201, 302}, crowd.refused[:3]


def test_control_a_desk_that_does_not_wait_for_the_disk_loses(plugged: Callable[..., Plugged], tmp_path: Path) -> None:
    _desk, crowd, socket = plugged(*careless.desk("synchronous=NORMAL"))
    lost = 0

    with crowd.writing():
        for number in range(10):
            crowd.write(WRITTEN // 3)
            acknowledged = crowd.acknowledged
            lost += len(after(socket.cut(tmp_path / f"cut-{number}"), acknowledged).get("lost", []))

    record("CR2, control with synchronous=NORMAL", cuts=10, acknowledged=len(acknowledged), lost=lost)
    assert lost > 0
