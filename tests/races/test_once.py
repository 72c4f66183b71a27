"""R2 of the programme: a program repeats itself eight times at once, over HTTP: one key is one effect."""

import http.client
import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from tests.desk import Desk, surroundings
from tests.races.conftest import BOTH, RACERS, connected_to, deep, fresh_database
from tests.results import cases, record

pytestmark = [pytest.mark.heavy, pytest.mark.many]

KEYS = cases(1_000, release=10_000)
TICKETS = 50

# A store with a customer, whose program has tickets to answer on; and another program.
FURNISH = f"""
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import PlatformKey, Scope, User
from marketdesk.people.party import Party
from marketdesk.tickets.models import Issue, Ticket
store = Merchant.objects.create(external_id="m-1", name="Anadolu Home", country="TR")
ada = User.objects.create_user("ada@example.org", name="Ada Lovelace", country="DE", external_id="c-1")
print(PlatformKey.issue("shop", Scope.values), PlatformKey.issue("app", Scope.values))
for number in range({TICKETS}):
    ticket = Ticket.open(
        customer=ada, merchant=store, issue=Issue.objects.get(pk="store_question"), text="Hello?",
        by=Actor(Party.CUSTOMER, user_id=ada.pk, name=ada.name),
    )
    print(ticket.public_id)
"""
COUNT = """
from collections import Counter
from marketdesk.tickets.models import Message
print(dict(Counter(Message.objects.values_list("body", flat=True))))
"""


@pytest.fixture
def desk(database: str, tmp_path: Path, free_port: int, django_db_blocker: Any) -> Iterator[Desk]:
    """A running desk, on the kind of database that the test is for."""
    settings = {"MARKETDESK_LOG": "ERROR"}
    with django_db_blocker.unblock(), fresh_database(tmp_path, "live") as name, connected_to(name):
        if connection.vendor == "postgresql":
            settings["DATABASE_URL"] = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
        desk = Desk(surroundings(tmp_path / "home", free_port, **settings))
        desk.prepare()
        yield desk
        desk.kill()
        connection.close()


class Program:
    """One of eight threads of the marketplace's program, with a connection of its own."""

    def __init__(self, port: int, key: str) -> None:
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.key = key

    def reply(self, ticket: str, text: str, once: str, key: str = "") -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {key or self.key}", "Idempotency-Key": once}
        body = json.dumps({"customer": "c-1", "text": text})
        while True:
            self.line.request("POST", f"/platform/v1/tickets/{ticket}/replies", body, headers)
            answer = self.line.getresponse()
            said = answer.status, answer.read()
            if said[0] not in (409, 503) or b"not_now" in said[1]:
                return said
            assert json.loads(said[1])["error"]["code"] in ("running", "unavailable")


@pytest.fixture
def furnished(desk: Desk) -> tuple[str, str, list[str]]:
    """Two programs' keys, and the tickets."""
    ours, theirs, *tickets = desk.run("manage", "shell", "-v0", "-c", FURNISH).stdout.split()
    desk.start()
    return ours, theirs, tickets


def _eight_at_once(programs: list[Program], ticket: str, text: str, keys: list[str]) -> list[tuple[int, bytes]]:
    start = threading.Barrier(RACERS)

    def run(number: int) -> tuple[int, bytes]:
        start.wait()
        return programs[number].reply(ticket, text, keys[number])

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, range(RACERS)))


@BOTH
def test_eight_times_at_once_is_once(database: str, desk: Desk, furnished: tuple[str, str, list[str]]) -> None:
    ours, theirs, tickets = furnished
    programs = [Program(desk.port, ours) for _ in range(RACERS)]
    keys = deep(database, KEYS)
    unequal, reused, foreign = [], [], []

    for number in range(keys):
        ticket, once, text = tickets[number % TICKETS], f"k-{number}", f"News {number}?"
        answers = _eight_at_once(programs, ticket, text, [once] * RACERS)
        again = programs[0].reply(ticket, text, once)
        unequal += [answers] if {*answers, again} != {(200, answers[0][1])} else []
        if number % 10 == 0:
            reused.append(programs[0].reply(ticket, "Something else", once)[0])
            foreign.append(programs[0].reply(ticket, f"Theirs {number}", once, theirs)[0])

    said = _said(desk)
    record("R2", database=database, keys=keys, requests=keys * RACERS, unequal=len(unequal))
    assert unequal == [], "each answer is the first one, byte for byte"
    assert [said.get(f"News {number}?") for number in range(keys)] == [1] * keys
    assert (set(reused), "Something else" in said) == ({422}, False)
    assert set(foreign) == {200}, "another program's key is its own"
    assert [said.get(f"Theirs {number}") for number in range(0, keys, 10)] == [1] * len(foreign)


@BOTH
def test_control_eight_keys_are_eight_effects(database: str, desk: Desk, furnished: tuple[str, str, list[str]]) -> None:
    """The count above bites: what keeps a repetition from being done again is its key."""
    ours, _theirs, tickets = furnished
    programs = [Program(desk.port, ours) for _ in range(RACERS)]

    for number in range(5):
        keys = [f"c-{number}-{racer}" for racer in range(RACERS)]
        answers = _eight_at_once(programs, tickets[number], f"News {number}?", keys)
        assert {status for status, _ in answers} == {200}

    assert [_said(desk)[f"News {number}?"] for number in range(5)] == [RACERS] * 5


def _said(desk: Desk) -> dict[str, int]:
    """How often each text was said."""
    import ast

    counted: dict[str, int] = ast.literal_eval(desk.run("manage", "shell", "-v0", "-c", COUNT).stdout.strip())
    return counted
