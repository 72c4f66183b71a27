"""What is asked: the workload of docs/performance.md, as merchants' programs and people ask it of a desk, and as the
ceiling understands it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlencode

from bench.data import CALLER, Database, customer_of, public_id, stock, waiting
from bench.driving import Call, Lacking, Request, Turn, drive
from bench.servers import Server

READS = ("list", "ticket", "count", "list page", "ticket page")
WRITES = ("create", "reply")
ALL = (*READS, *WRITES)
WHOLE = "list, as much as ours"
# Calls a second to begin with; from then on one and a half times what was reached.
GUESS = 1500
QUEUE = "post-customer-support"

_numbers = count()


@dataclass
class Contestant:
    """A server and its calls. Those that succeed only once each are made for each turn, so many as it may need."""

    name: str
    server: Server
    lasting: dict[str, Call]
    once: dict[str, Callable[[int], Call]]
    speeds: dict[tuple[str, int], float] = field(default_factory=dict)

    def turn(self, call: str, connections: int, seconds: int, clock: Callable[[], None] = lambda: None) -> Turn:
        """One turn; once more with twice as many requests where they ran out. `clock` is called before and after."""
        wanted = int(self.speeds.get((call, connections), GUESS) * 1.5 * seconds) + 50
        while True:
            asked = self.lasting.get(call) or self.once[call](wanted)
            clock()
            try:
                turn = drive(self.server.port, asked, connections, seconds)
            except Lacking:
                wanted *= 2
                continue
            clock()
            self.speeds[call, connections] = max(turn.speed, self.speeds.get((call, connections), 0.0))
            return turn


def of_desk(server: Server, database: Database, tickets: int) -> Contestant:
    """API v2 with a merchant's token, the Platform API with a key, pages with the session of somebody signed in."""
    merchant = {"Authorization": f"Bearer {server.token}"}
    person = {"Cookie": f"sessionid={server.session}"}
    ids = [public_id("ticket", number) for number in waiting(tickets)]
    success = '"code": ?0'
    lasting = [
        Call("list", [Request("/api/v2/ticket/get-action-required?limit=50")], merchant, pattern=success),
        Call("ticket", [Request(f"/api/v2/ticket?id={one}") for one in ids], merchant, pattern=success),
        Call("count", [Request("/api/v2/ticket/count-action-required")], merchant, pattern=success),
        Call("list page", [Request(f"/dashboard/tickets/{QUEUE}/")], person, pattern="about the lamp"),
        Call(
            "ticket page", [Request(f"/dashboard/tickets/{one}") for one in ids], person, pattern="the neighbour took"
        ),
    ]

    def create(number: int) -> Call:
        headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
        asked = [
            Request("/platform/v1/tickets", json.dumps(body), f"bench-{next(_numbers)}")
            for body in _questions(number, tickets)
        ]
        return Call("create", asked, headers, status=201, pattern='"with_merchant"', once=True)

    def reply(number: int) -> Call:
        answers = [
            Request("/api/v2/ticket/reply", urlencode({"id": public_id("ticket", one), "reply": _answer(one)}))
            for one in stock(database, tickets, number)
        ]
        headers = {**merchant, "Content-Type": "application/x-www-form-urlencoded"}
        return Call("reply", answers, headers, pattern='"success": ?true', once=True)

    return Contestant("Marketdesk", server, {one.name: one for one in lasting}, {"create": create, "reply": reply})


def of_ceiling(server: Server, database: Database, tickets: int) -> Contestant:
    """The same of bench/raw_python.py."""
    whose = f"merchant={CALLER}"
    ids = [public_id("ticket", number) for number in waiting(tickets)]
    lasting = [
        Call("list", [Request(f"/list?{whose}")], pattern='"customer_name"'),
        Call(WHOLE, [Request(f"/whole?{whose}")], pattern='"body"'),
        Call("ticket", [Request(f"/ticket?{whose}&id={one}") for one in ids], pattern='"body"'),
        Call("count", [Request(f"/count?{whose}")], pattern='"count":%d'),
    ]

    def create(number: int) -> Call:
        asked = [Request("/create", json.dumps(body)) for body in _questions(number, tickets)]
        return Call("create", asked, pattern='"id"', once=True)

    def reply(number: int) -> Call:
        answers = [
            Request("/reply", json.dumps({"id": public_id("ticket", one), "merchant": CALLER, "reply": _answer(one)}))
            for one in stock(database, tickets, number)
        ]
        return Call("reply", answers, pattern='"success":true', once=True)

    return Contestant("raw-python", server, {one.name: one for one in lasting}, {"create": create, "reply": reply})


def _questions(number: int, tickets: int) -> list[dict[str, str]]:
    """What customers ask about their orders, one order after the other."""
    orders = (1 + next(_numbers) % (tickets // 2) for _question in range(number))
    return [
        {
            "customer": f"c-{customer_of(order, tickets)}",
            "order": f"o-{order}",
            "issue": "tracking",
            "text": f"Where is my parcel {order}? It should have been here on Tuesday. Question {next(_numbers)}.",
        }
        for order in orders
    ]


def _answer(number: int) -> str:
    return f"We have asked the carrier about your parcel, and write as soon as we know more. ({number})"
