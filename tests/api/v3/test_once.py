"""A write with a key happens once: same key, same answer; another body is refused (R2)."""

from datetime import timedelta
from typing import Any

import pytest

from marketdesk.journal.models import Deed
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.programs.models import AccessToken
from marketdesk.tickets import jobs
from marketdesk.tickets.models import Ticket
from tests.api.v3.conftest import Program
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


def test_the_same_again_gets_the_same_answer_byte_for_byte(
    now: Any, ticket: Ticket, ada: Actor, program: Program
) -> None:
    path, body = f"tickets/{ticket.public_id}", {"state": "CLOSED"}
    first = program.put(path, body, idempotency_key="k-1", accept_language="de")
    now.shift(timedelta(days=1))
    ticket.reopen("But …", by=ada)

    with nothing_changed():
        again = program.put(path, body, idempotency_key="k-1")

    assert (again.status, again.body) == (200, first.body)
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Content-Language"] == first.headers["Content-Language"] == "de"


def test_the_same_words_with_another_key_are_said_again(ticket: Ticket, program: Program) -> None:
    for key in ("k-1", "k-2", "k-2"):
        program.post(f"tickets/{ticket.public_id}/replies", {"message": "ok"}, idempotency_key=key)

    assert ticket.messages.count() == 3


def test_the_same_key_with_another_request_is_refused(ticket: Ticket, program: Program) -> None:
    path = f"tickets/{ticket.public_id}"
    program.post(f"{path}/replies", {"message": "Soon."}, idempotency_key="k-1")

    with nothing_changed():
        others = [
            program.post(f"{path}/replies", {"message": "Later."}, idempotency_key="k-1"),
            program.put(path, {"state": "CLOSED"}, idempotency_key="k-1"),
        ]

    assert [one.refusal for one in others] == [(422, 422)] * 2
    assert others[0].message == "This Idempotency-Key came before with another request."


def test_what_was_refused_leaves_its_key_free(purchase: Ticket, program: Program) -> None:
    path = f"tickets/{purchase.public_id}"
    refused = program.put(path, {"state": "CLOSED"}, idempotency_key="k-1")

    done = program.post(f"{path}/replies", {"message": "What is broken?"}, idempotency_key="k-1")

    assert (refused.status, done.status) == (409, 200)


def test_another_programs_key_is_another_key(
    ticket: Ticket, store: Merchant, program: Program, rival_program: Program
) -> None:
    other = Program(AccessToken.issue(store, "second ERP"))
    for one in (program, other):
        one.post(f"tickets/{ticket.public_id}/replies", {"message": "ok"}, idempotency_key="k-1")

    stranger = rival_program.post(f"tickets/{ticket.public_id}/replies", {"message": "ok"}, idempotency_key="k-1")

    assert ticket.messages.count() == 3
    assert stranger.refusal == (404, 1004)


@pytest.mark.parametrize("key", ["", "x" * 81, "with space", "ключ"])
def test_a_key_that_is_none(key: str, ticket: Ticket, program: Program) -> None:
    with nothing_changed():
        refused = program.post(f"tickets/{ticket.public_id}/replies", {"message": "ok"}, idempotency_key=key)

    assert (refused.refusal, list(refused.data)) == ((400, 1000), ["Idempotency-Key"])


def test_keys_are_kept_for_thirty_days(now: Any, ticket: Ticket, program: Program) -> None:
    program.post(f"tickets/{ticket.public_id}/replies", {"message": "ok"}, idempotency_key="k-1")

    now.shift(timedelta(days=29, hours=23))
    jobs.sweep_leftovers({})
    kept = Deed.objects.count()
    now.shift(timedelta(hours=2))
    jobs.sweep_leftovers({})

    assert (kept, Deed.objects.count()) == (1, 0)
