"""Nothing that was acknowledged is lost, however often the whole desk is killed (CR1)."""

import json
import os
import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk import Desk, surroundings
from tests.results import cases

pytestmark = pytest.mark.heavy

KILLS = cases(8, release=500)
WRITERS = 4
TOKEN = "md_crash-test"

# A store with a ticket for each writer, and a token for its program.
FURNISH = f"""
from marketdesk.merchants.models import Merchant
from marketdesk.programs.models import AccessToken
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.tickets.models import Issue, Ticket
store = Merchant.objects.create(external_id="m-1", name="Anadolu Home", country="TR")
ada = User.objects.create_user("ada@example.org", name="Ada Lovelace", country="DE")
AccessToken.issue(store, "ERP", token="{TOKEN}")
for number in range({WRITERS}):
    ticket = Ticket.open(
        customer=ada, merchant=store, issue=Issue.objects.get(pk="store_question"), text="Hello?",
        by=Actor(Party.CUSTOMER, user_id=ada.pk, name=ada.name),
    )
    print(ticket.public_id)
"""


@pytest.fixture
def desk(tmp_path: Path, free_port: int) -> Iterator[Desk]:
    desk = Desk(surroundings(tmp_path / "home", free_port, MARKETDESK_LOG="ERROR"))
    yield desk
    desk.kill()


class Writer(threading.Thread):
    """A merchant's program that answers on one ticket as fast as it can, and notes what was acknowledged."""

    def __init__(self, desk: Desk, ticket: str, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.desk, self.ticket, self.stop = desk, ticket, stop
        self.acknowledged: list[str] = []
        self.refused: list[bytes] = []

    def run(self) -> None:
        number = 0
        while not self.stop.is_set():
            number += 1
            text = f"{self.ticket} answer {number}"
            form = {"access_token": TOKEN, "id": self.ticket, "reply": text}
            try:
                status, body = self.desk.ask("POST", "/api/v2/ticket/reply", form)
            except Exception:  # killed under it: neither acknowledged nor refused
                time.sleep(0.02)
                continue
            if status == 200 and json.loads(body)["code"] == 0:
                self.acknowledged.append(text)
            else:
                self.refused.append(body)


def test_what_was_acknowledged_survives_every_kill(desk: Desk, tmp_path: Path) -> None:
    chance = random.Random(os.environ.get("SEED", "1"))
    desk.run("token", "nobody")  # prepares the home
    tickets = desk.run("manage", "shell", "-v0", "-c", FURNISH).stdout.split()
    desk.start()
    stop = threading.Event()
    writers = [Writer(desk, ticket, stop) for ticket in tickets]
    for writer in writers:
        writer.start()

    for _kill in range(KILLS):
        time.sleep(chance.uniform(0.2, 1.5))
        desk.kill()
        desk.start()
    stop.set()
    for writer in writers:
        writer.join(20)
    desk.kill()

    acknowledged = [text for writer in writers for text in writer.acknowledged]
    with sqlite3.connect(tmp_path / "home" / "marketdesk.sqlite3") as database:
        stored = Counter(text for (text,) in database.execute("SELECT body FROM tickets_message"))
        told = database.execute("SELECT count(*) FROM journal_event WHERE verb = 'reply'").fetchone()[0]
        jobs = database.execute("SELECT count(*) FROM journal_job WHERE kind = 'tell'").fetchone()[0]
        health = database.execute("PRAGMA integrity_check").fetchone()[0]
    database.close()
    print(f"{KILLS} kills, {len(acknowledged)} acknowledged")
    assert [body for writer in writers for body in writer.refused] == []
    assert len(acknowledged) > 10 * KILLS
    assert [text for text in acknowledged if text not in stored] == []
    assert [text for text, count in stored.items() if count > 1 and "answer" in text] == []
    assert told == sum(stored.values()) - WRITERS
    assert jobs == told + WRITERS
    assert health == "ok"
