"""A desk in processes of its own, as an operator runs it, and bytes that go to it as they were recorded."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.desk import Desk, free_ports, surroundings

TOKEN = "recorded-token"
STORE = f"""
from datetime import timedelta
from django.utils import timezone
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import ItemState, Order, OrderItem
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.programs.models import AccessToken
from marketdesk.tickets.models import Issue, Ticket
Issue.seed()
store = Merchant.objects.create(external_id="m-1", name="Anadolu Home", country="TR")
ada = User.objects.create_user("ada@example.org", name="Ada Lovelace", country="DE", language="de")
placed = timezone.now() - timedelta(days=210)
order = Order.objects.create(
    external_id="O-1", merchant=store, customer=ada, total=10, currency="EUR", placed_at=placed, country="DE",
    shipped_at=placed, delivered_at=placed + timedelta(days=9),
)
lines = [
    OrderItem.objects.create(
        order=order, merchant=store, name=f"Lamp {{n}}", price=10, paid=10, state=ItemState.SHIPPED
    )
    for n in range(9)
]
actor = Actor(Party.CUSTOMER, user_id=ada.pk, name=ada.name)
for n in range(24):
    Ticket.open(
        customer=ada, merchant=store, issue=Issue.objects.get(pk="order_status"), order=order, by=actor,
        text=f"Wo ist meine Bestellung {{n}}? \\u201e'\\"<&\\u201c",
    )
AccessToken.issue(store, "ERP", "{TOKEN}")
print(" ".join(Ticket.objects.order_by("pk").values_list("public_id", flat=True)))
print(" ".join(line.public_id for line in lines))
"""


@dataclass
class Answered:
    """One answer, as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def envelope(self) -> dict[str, Any]:
        """Opened, and checked as the strictest client does."""
        assert self.headers["content-type"] == "application/json; charset=utf-8"
        assert self.body.count(b"\n") == 0
        told: dict[str, Any] = json.loads(self.body)
        assert set(told) - {"paging"} == {"message", "code", "data"} or set(told) - {"error"} == {
            "message",
            "code",
            "data",
        }
        assert type(told["code"]) is int
        assert type(told["message"]) is str
        assert (told["code"] == 0) == (self.status == 200)
        return told


@dataclass
class Recorded:
    """The running desk, and what is in it: each test takes a ticket and an item of its own."""

    desk: Desk
    tickets: list[str]
    items: list[str]

    def says(self, *requests: str, body: bytes = b"") -> list[Answered]:
        """Send requests over one connection; each as it was recorded, one header a line. `{length}` is the body's."""
        raw = b"".join(
            request.strip().replace("{length}", str(len(body))).replace("\n", "\r\n").encode() + b"\r\n\r\n"
            for request in requests
        )
        with socket.create_connection(("127.0.0.1", self.desk.port), timeout=10) as connection:
            connection.sendall(raw + body)
            with connection.makefile("rb") as stream:
                return [_read(stream, has_body=not request.lstrip().startswith("HEAD")) for request in requests]


def _read(stream: Any, *, has_body: bool = True) -> Answered:
    status = int(stream.readline().split()[1])
    headers = {}
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", "0")) if has_body else 0
    return Answered(status, headers, stream.read(length))


read = _read


@pytest.fixture(scope="session")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """One desk for all exchanges."""
    home: Path = tmp_path_factory.mktemp("recorded") / "home"
    desk = Desk(surroundings(home, *free_ports(1), MARKETDESK_LOG="ERROR"))
    desk.prepare()
    told = desk.run("manage", "shell", "-v0", "-c", STORE)
    assert told.returncode == 0, told.stderr
    tickets, items = (line.split() for line in told.stdout.splitlines())
    try:
        desk.start()
        yield Recorded(desk, tickets, items)
    finally:
        desk.kill()
