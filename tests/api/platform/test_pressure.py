"""When the workers are far behind, the marketplace's programs bring more work later; nobody else waits."""

import pytest

from marketdesk.journal import backlog
from marketdesk.journal.models import Deed, Job
from marketdesk.orders.models import Order
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.tickets.models import Ticket
from tests.api.platform.conftest import Program
from tests.api.platform.test_batches import CUSTOMER

pytestmark = pytest.mark.django_db
QUESTION = {"customer": "c-1", "order": "O-1001", "issue": "order_status", "text": "Where is it?"}


def behind(jobs: int, allowed: int) -> None:
    promises.change({"waiting_jobs": allowed}, reason="Trying.", by=Actor(Party.SUPPORT, name="Sofia"))
    Job.objects.all().delete()
    for _job in range(jobs):
        Job.put("mail", {})
    backlog.forget()


@pytest.fixture
def before(shop: Program, order: Order, ada_user: User) -> Program:
    return shop


@pytest.mark.parametrize(("path", "body"), [("tickets", QUESTION), ("customers", {"rows": [CUSTOMER]})])
def test_more_work_is_refused_until_there_is_room(before: Program, path: str, body: dict[str, object]) -> None:
    behind(3, allowed=2)
    answer = before.post(path, body, once="mine")

    assert (answer.status, answer.code, answer.headers["Retry-After"]) == (503, "busy", "30")
    assert not Ticket.objects.exists()
    assert not Deed.objects.exists(), "the key is free"

    Job.objects.all().delete()
    backlog.forget()
    assert before.post(path, body, once="mine").status in (200, 201)


def test_exactly_as_many_as_allowed_are_no_reason(before: Program) -> None:
    behind(2, allowed=2)

    assert before.post("tickets", QUESTION).status == 201


def test_zero_means_no_limit(before: Program) -> None:
    behind(3, allowed=0)

    assert before.post("tickets", QUESTION).status == 201


def test_an_answer_of_a_customer_is_never_asked_to_wait(before: Program) -> None:
    ticket = before.post("tickets", QUESTION).data["id"]
    behind(9, allowed=2)

    assert before.post(f"tickets/{ticket}/replies", {"customer": "c-1", "text": "Hello?"}).status == 200


def test_what_a_process_has_counted_it_knows_for_some_seconds(before: Program) -> None:
    assert not backlog.is_longer_than(1)
    Job.put("mail", {})
    Job.put("mail", {})

    assert not backlog.is_longer_than(1)
    backlog.forget()
    assert backlog.is_longer_than(1)
