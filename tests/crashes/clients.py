"""Six clients that write to a desk as fast as they can, and remember what was acknowledged."""

import http.client
import itertools
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from tests.desk import Address, Desk, until

TICKETS = 4
CSRF = "x" * 32
PATIENCE = 30.0

# A store with four tickets, a token for its program, a key for the marketplace's, and Mehmet signed in; nobody is told
# to slow down.
FURNISH = f"""
from django.test import Client
from marketdesk.merchants.models import Membership, Merchant
from marketdesk.people.actor import Actor, clock
from marketdesk.people.models import PlatformKey, Scope, User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.programs.models import AccessToken
from marketdesk.tickets.models import Issue, Ticket
promises.change({{"program_calls": 0, "merchant_calls": 0}}, reason="a test", by=clock())
store = Merchant.objects.create(external_id="m-1", name="Anadolu Home", country="TR")
ada = User.objects.create_user("ada@example.org", name="Ada Lovelace", country="DE", external_id="c-1")
mehmet = User.objects.create_user("mehmet@example.org", name="Mehmet", party=Party.MERCHANT, country="TR")
Membership.objects.create(user=mehmet, merchant=store)
browser = Client()
browser.force_login(mehmet, backend="allauth.account.auth_backends.AuthenticationBackend")
print(AccessToken.issue(store, "ERP"), PlatformKey.issue("shop", Scope.values), browser.cookies["sessionid"].value)
for number in range({TICKETS}):
    ticket = Ticket.open(
        customer=ada, merchant=store, issue=Issue.objects.get(pk="store_question"), text="Hello?",
        by=Actor(Party.CUSTOMER, user_id=ada.pk, name=ada.name),
    )
    print(ticket.public_id)
"""

# Every message with its ticket; and how many messages lack an event, and events a job that tells of them
# (of an endpoint that was added nobody is told).
MESSAGES = "SELECT t.public_id, m.body FROM tickets_message m JOIN tickets_ticket t ON t.id = m.ticket_id"
UNTOLD = """
    SELECT (SELECT count(*) FROM tickets_message) - count(ticket_id),
           count(*) - (SELECT count(*) FROM journal_job WHERE kind = 'tell')
    FROM journal_event WHERE verb <> 'webhook_added'
"""


class Client(threading.Thread):
    """One of them, on a connection that stays open. What was not answered is sent again, by those who have a key."""

    repeats = True
    pause = 0.0  # seconds between two messages

    def __init__(self, desk: Address, name: str, secret: str, ticket: str, stop: threading.Event) -> None:
        super().__init__(name=name, daemon=True)
        self.desk, self.secret, self.ticket, self.stop = desk, secret, ticket, stop
        self.line = self._connect()
        self.acknowledged: list[tuple[str, str]] = []  # which ticket, which text
        self.statuses: Counter[int] = Counter()
        self.refused: list[bytes] = []

    def run(self) -> None:
        for number in itertools.count(1):
            text = f"{self.name}, message {number}"
            while not self._say(text, f"{self.name}-{number}"):
                if self.stop.is_set():
                    return
                if not self.repeats:
                    break
            if self.stop.wait(self.pause):
                return

    def ask(self, text: str, key: str) -> tuple[str, str, dict[str, str]]:
        """The path, the body and the headers of a message."""
        raise NotImplementedError

    def read(self, status: int, body: bytes) -> str:
        """The ticket that an answer acknowledges a message on; nothing when it does not."""
        raise NotImplementedError

    def send(self, text: str, key: str) -> tuple[int, bytes]:
        """The answer to a message."""
        path, body, headers = self.ask(text, key)
        self.line.request("POST", path, body, headers)
        answer = self.line.getresponse()
        return answer.status, answer.read()

    def _say(self, text: str, key: str) -> bool:
        """Whether it was acknowledged."""
        try:
            status, said = self.send(text, key)
        except (OSError, http.client.HTTPException):  # killed under it: neither acknowledged nor refused
            self.line.close()
            self.line = self._connect()
            self.stop.wait(0.02)
            return False
        self.statuses[status] += 1
        if ticket := self.read(status, said):
            self.acknowledged.append((ticket, text))
            return True
        self.refused.append(said)
        self.stop.wait(0.05)
        return False

    def _connect(self) -> http.client.HTTPConnection:
        return self.desk.connect(PATIENCE)


class Program(Client):
    """A merchant's program: API v2 has no keys, so what was not answered is not sent again."""

    repeats = False

    def ask(self, text: str, key: str) -> tuple[str, str, dict[str, str]]:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": f"Bearer {self.secret}"}
        return "/api/v2/ticket/reply", urlencode({"id": self.ticket, "reply": text}), headers

    def read(self, status: int, body: bytes) -> str:
        return self.ticket if status == 200 and json.loads(body)["code"] == 0 else ""


class Marketplace(Client):
    """The marketplace's program, which opens tickets."""

    def ask(self, text: str, key: str) -> tuple[str, str, dict[str, str]]:
        body = {"customer": "c-1", "issue": "store_question", "merchant": "m-1", "text": text}
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.secret}", "Idempotency-Key": key}
        return "/platform/v1/tickets", json.dumps(body), headers

    def read(self, status: int, body: bytes) -> str:
        return str(json.loads(body)["id"]) if status == 201 else ""


class Person(Client):
    """Mehmet, who sends the form of a ticket's page."""

    def ask(self, text: str, key: str) -> tuple[str, str, dict[str, str]]:
        form = {"act": "reply", "text": text, "key": key, "csrfmiddlewaretoken": CSRF}
        cookies = f"sessionid={self.secret}; csrftoken={CSRF}"
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies, "Origin": self.desk.url}
        return f"/dashboard/tickets/{self.ticket}", urlencode(form), headers

    def read(self, status: int, body: bytes) -> str:
        return self.ticket if status == 302 else ""


class Crowd:
    """All six, and what they were told."""

    def __init__(self, desk: Address, furnished: str) -> None:
        token, key, session, *tickets = furnished.split()
        self._stop = threading.Event()
        self.clients: list[Client] = [
            kind(desk, f"{kind.__name__}-{ticket}", secret, ticket, self._stop)
            for kind, secret, theirs in (
                (Program, token, tickets[:2]),
                (Person, session, tickets[2:]),
                (Marketplace, key, ["one", "two"]),
            )
            for ticket in theirs
        ]

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Meanwhile they write."""
        for client in self.clients:
            client.start()
        try:
            yield
        finally:
            self._stop.set()
            for client in self.clients:
                client.join(PATIENCE)

    @property
    def acknowledged(self) -> list[tuple[str, str]]:
        """Everything so far."""
        return [one for client in self.clients for one in list(client.acknowledged)]

    @property
    def statuses(self) -> Counter[int]:
        return sum((client.statuses for client in self.clients), Counter())

    @property
    def refused(self) -> list[bytes]:
        return [body for client in self.clients for body in client.refused]

    def write(self, number: int) -> None:
        """Let them write until so many more are acknowledged."""
        aim = len(self.acknowledged) + number
        until(lambda: len(self.acknowledged) >= aim, patience=PATIENCE + number)


def furnish(desk: Desk, front: Address | None = None) -> Crowd:
    """Prepare the home, and send in the crowd, by what stands in front of the desk if anything does; they begin to
    write inside `writing()`."""
    desk.prepare()
    told = desk.run("manage", "shell", "-v0", "-c", FURNISH)
    assert told.returncode == 0, told.stderr
    return Crowd(front or desk, told.stdout)


def what_is_wrong(database: Any, acknowledged: list[tuple[str, str]]) -> dict[str, Any]:
    """What was acknowledged and is not there, what is there twice, and what was left half done: nothing, if all is
    well. `database` is a connection of either kind."""
    stored = Counter(map(tuple, database.execute(MESSAGES).fetchall()))
    untold = tuple(database.execute(UNTOLD).fetchone())
    found = {
        "lost": [one for one in acknowledged if one not in stored],
        "twice": [one for one, times in stored.items() if times > 1 and one[1] != "Hello?"],
        "messages without an event, events without a job": untold if any(untold) else None,
    }
    return {what: which for what, which in found.items() if which}
