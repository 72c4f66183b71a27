"""ETags: what a program has read already is not sent again, and what has changed since is not written over."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from marketdesk.people.actor import Actor
from marketdesk.tickets.models import Ticket
from tests.api.test_wire_format import a_picture
from tests.api.v3.conftest import Program
from tests.moments import later
from tests.unchanged import nothing_changed

pytestmark = pytest.mark.django_db


def tag_of(ticket: Ticket, program: Program, **headers: str) -> str:
    return str(program.get(f"tickets/{ticket.public_id}", headers=headers).headers["ETag"])


def test_an_answer_that_the_program_has_is_not_sent_again(
    now: Any, ask: Callable[..., Ticket], ada: Actor, program: Program
) -> None:
    ticket = ask("item_problem", pictures=[a_picture(ada)])
    tag = tag_of(ticket, program)
    now.shift(timedelta(minutes=5))

    for named in (tag, f'"other", W/{tag}', "*"):
        again = program.get(f"tickets/{ticket.public_id}", headers={"If-None-Match": named})
        assert (again.status, again.headers["ETag"]) == (304, tag)
    for named in ('"other"', tag.strip('"'), ""):
        assert program.get(f"tickets/{ticket.public_id}", headers={"If-None-Match": named}).status == 200


def test_what_the_merchant_may_not_read_changes_nothing_for_them(
    now: Any, ticket: Ticket, sofia: Actor, sofia_user: Any, program: Program
) -> None:
    tag, before = tag_of(ticket, program), program.get(f"tickets/{ticket.public_id}").data
    now.shift(timedelta(seconds=0.001))

    ticket.note("A difficult customer.", by=later(sofia, seconds=1))

    assert tag_of(ticket, program) == tag
    assert program.get(f"tickets/{ticket.public_id}").data["updated_at"] == before["updated_at"]


def test_what_they_may_read_changes_it(now: Any, ticket: Ticket, ada: Actor, mehmet: Actor, program: Program) -> None:
    tags = [tag_of(ticket, program)]
    for deed in (
        lambda: ticket.reply("And my lamp?", by=ada),
        lambda: ticket.reply("On its way.", by=mehmet),
        lambda: ticket.close(by=mehmet),
    ):
        deed()
        tags.append(tag_of(ticket, program))

    assert len(set(tags)) == 4


def test_another_language_is_another_answer_of_the_same_ticket(ticket: Ticket, program: Program) -> None:
    german = tag_of(ticket, program, **{"Accept-Language": "de"})

    english = program.get(f"tickets/{ticket.public_id}", headers={"If-None-Match": german})
    written = program.post(f"tickets/{ticket.public_id}/replies", {"message": "On its way."}, if_match=german)

    assert english.status == 200
    assert written.status == 200


def test_nothing_is_written_over_what_the_program_has_not_read(ticket: Ticket, ada: Actor, program: Program) -> None:
    tag, path = tag_of(ticket, program), f"tickets/{ticket.public_id}"
    ticket.reply("It came just now, thank you!", by=ada)

    with nothing_changed():
        for answer in (
            program.post(f"{path}/replies", {"message": "Please wait."}, if_match=tag),
            program.put(path, {"state": "CLOSED"}, if_match=tag),
            program.put(path, {"state": "CLOSED"}, if_match='"nonsense"', idempotency_key="k-1"),
            program.put(path, {"state": "CLOSED"}, if_match=""),
        ):
            assert answer.refusal == (412, 412)

    closed = program.put(path, {"state": "CLOSED"}, if_match=f'"old", {tag_of(ticket, program)}')
    assert closed.data["state"] == "CLOSED"
    assert closed.headers["ETag"] == tag_of(ticket, program)
    assert program.put(path, {"state": "AWAITING_MERCHANT"}, if_match="*").status == 200
