"""What is asked again and again is found by an index, on both databases: no statement of a door or of the worker walks
through a large table, and no list sorts more than it shows."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from marketdesk import schedule
from marketdesk.journal.models import Job
from marketdesk.lib.paging import SIZE
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.policy import promises
from marketdesk.programs.models import AccessToken
from marketdesk.tickets.desk import DeskQueue
from marketdesk.tickets.models import Ticket
from marketdesk.tickets.queues import Queue
from tests import plans

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

# One agent's own tickets are found by who they are given to, and put in order.
SORTED = {"desk mine"}
# Of more than 4,000 tickets Mehmet's store has about sixty; what looks at many more rows, looks at others'.
MINE = 4 * SIZE
Door = Callable[[], Any]


@pytest.fixture
def filled(
    ask: Callable[..., Ticket], ada: Actor, mehmet: Actor, sofia: Actor, mehmet_user: User, sofia_user: User
) -> Ticket:
    """A ticket of every state and category, a great many times, most of them other stores'."""
    asked = [
        ask(issue) for issue in ("order_status", "product_question", "item_problem", "order_status", "item_problem")
    ]
    purchase = ask("item_problem")
    ask("order_status").reply("Tomorrow.", by=mehmet)
    ask("product_question").resolve("It does.", by=mehmet)
    ask("item_problem").appeal("They do not answer.", by=mehmet)
    appealed = ask("item_problem")
    appealed.appeal("They do not answer.", by=mehmet)
    appealed.close(how="solved", by=sofia)
    answered = ask("item_problem")
    answered.appeal("They do not answer.", by=mehmet)
    answered.reply("We look into it.", by=sofia)
    assert asked
    for _number in range(8):
        Job.put("tell", {}, key=f"made up {_number}")
    plans.fill()
    return purchase


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def doors(filled: Ticket, store: Merchant, ada_user: User, mehmet_user: User, sofia_user: User) -> dict[str, Door]:
    """Everything that is asked again and again, by name."""
    mehmet, ada, sofia = signed_in(mehmet_user), signed_in(ada_user), signed_in(sofia_user)
    token = {"Authorization": f"Bearer {AccessToken.issue(store, 'ERP')}"}
    program = Client(headers=token)
    now = timezone.now()

    def page(client: Client, address: str, **query: str) -> Door:
        def ask() -> None:
            answer = client.get(address, query)
            assert answer.status_code in {200, 302}, (address, answer.status_code, answer.content[:300])

        return ask

    def job(kind: str) -> Door:
        return lambda: schedule.HANDLERS[kind]({})

    found = {f"queue {queue}": page(mehmet, f"/dashboard/tickets/{queue}/") for queue in Queue}
    found |= {
        f"queue {queue}, further": page(mehmet, f"/dashboard/tickets/{queue}/", after="1500000000_1") for queue in Queue
    }
    found |= {f"desk {queue}": page(sofia, f"/support/queues/{queue}") for queue in DeskQueue}
    return found | {
        "red number": page(mehmet, "/dashboard/waiting"),
        "ticket": page(mehmet, f"/dashboard/tickets/{filled.public_id}"),
        "search": page(mehmet, "/dashboard/search", q=filled.public_id[:8]),
        "search by order": page(mehmet, "/dashboard/search", q="O-1001"),
        "customer's ticket": page(ada, f"/my/{filled.public_id}/"),
        "desk's ticket": page(sofia, f"/support/tickets/{filled.public_id}"),
        "desk's search": page(sofia, "/support/search", q="O-1001"),
        "v2 list": page(program, "/api/v2/ticket/get-action-required", limit="50"),
        "v2 ticket": page(program, "/api/v2/ticket", id=filled.public_id),
        "v3 list": page(program, "/api/v3/tickets", limit="50"),
        "v3 ticket": page(program, f"/api/v3/tickets/{filled.public_id}"),
        "worker's claim": lambda: Job.claim(now),
        "sweep of the overdue": job("sweep_overdue"),
        "sweep of what is due soon": job("sweep_due_soon"),
        "sweep of the silent": job("sweep_silent"),
    }


def may_be_many(name: str, statement: str) -> bool:
    """Whether so many rows are the answer itself: support counts the tickets at its own desk and with all merchants."""
    return name.startswith("desk ") and "COUNT(" in statement


def faults(doors: dict[str, Door]) -> list[str]:
    """What is wrong with the plans of each, in words."""
    promises.current()
    found = []
    for name, ask in doors.items():
        ask()  # what a process remembers is remembered
        for plan in plans.explained(ask):
            found += [f"{name} walks {table}: {plan}" for table in plan.walked]
            # SQLite does not say how many: a list is never sorted there. PostgreSQL does as it likes with a few rows.
            if plan.sorted > MINE or (plan.sorted < 0 and f"LIMIT {SIZE + 1}" in plan.statement and name not in SORTED):
                found.append(f"{name} sorts {plan.sorted} rows: {plan}")
            many = [one for one in plan.reads if one.table in plans.LARGE and one.rows > MINE]
            if many and not may_be_many(name, plan.statement):
                found.append(f"{name} reads too many: {plan}")
    return found


def test_nothing_that_is_asked_again_and_again_walks_a_table(doors: dict[str, Door]) -> None:
    assert faults(doors) == []


@pytest.mark.parametrize(
    ("index", "door"),
    [
        ("event_by_ticket", "ticket"),
        ("ticket_at_merchants", "desk with-merchants"),
        ("user_of_support", "desk's ticket"),
        ("job_due", "worker's claim"),
    ],
)
def test_it_is_noticed_when_an_index_is_gone(doors: dict[str, Door], index: str, door: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX {index}")

    assert faults({door: doors[door]}) != []
