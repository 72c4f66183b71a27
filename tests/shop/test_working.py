"""The shop pays each refund once, says so until the desk has heard it, and tells the desk of its orders."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from shop import books, hooks, work
from shop.settings import Settings

from tests.outbox.webhooks import Receiver, always, answers
from tests.shop.conftest import message

Kept = Callable[[str], list[dict[str, Any]]]


@pytest.fixture
def worker(ours: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[work.Worker]:
    """The worker, one step at a time; short hiccups are not waited out."""
    worker = work.Worker(ours)
    for adapter in worker.desk.http.adapters.values():
        adapter.max_retries.backoff_factor = 0  # type: ignore[attr-defined]
    yield worker
    worker.desk.http.close()


def say(ours: Settings, *messages: str) -> None:
    """The desk says something, and the shop acts on it."""
    for one in messages:
        hooks.keep(one.encode(), ours.database)
    work.act_on_events(ours)
    work.pay_refunds(ours)


def turn(ours: Settings, switch: str) -> None:
    with books.opened(ours.database) as kept:
        kept.execute("UPDATE switches SET value = ? WHERE name = 'payments'", (switch,))


def accepts(desk: Receiver, body: dict[str, Any]) -> None:
    desk.behave = always(answers(200, json.dumps(body).encode(), Content_Type="application/json"))


def refuses(desk: Receiver, status: int, code: str = "") -> None:
    body = json.dumps({"error": {"code": code, "message": "No."}}).encode()
    desk.behave = always(answers(status, body, Content_Type="application/json"))


# Money


def test_a_refund_is_paid_once_whatever_asks_again(ours: Settings, kept: Kept) -> None:
    say(ours, message(), message(ident="msg_2", sequence=4), message(ident="msg_3", sequence=5))

    assert [(one["refund_key"], one["amount"]) for one in kept("SELECT * FROM payments")] == [("refund-1", "89.90")]


def test_a_refund_is_paid_once_by_many_at_once(ours: Settings, kept: Kept) -> None:
    hooks.keep(message().encode(), ours.database)
    work.act_on_events(ours)
    start = threading.Barrier(8)

    def pay() -> None:
        start.wait()
        work.pay_refunds(ours)

    threads = [threading.Thread(target=pay) for _one in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(kept("SELECT * FROM payments")) == 1


@pytest.mark.parametrize("asked", [{"refund": {"amount": "89.91"}}, {"ticket": {"order": "9999"}}])
def test_the_shop_pays_no_more_than_it_was_paid(asked: dict[str, Any], ours: Settings, kept: Kept) -> None:
    say(ours, message(**asked))

    assert kept("SELECT * FROM payments") == []
    assert [one["status"] for one in kept("SELECT * FROM refunds")] == ["failed"]


def test_two_refunds_together_are_no_more_than_the_order(ours: Settings, kept: Kept) -> None:
    say(ours, message(), message(ident="msg_2", refund={"key": "refund-2", "amount": "0.01"}))

    assert [one["refund_key"] for one in kept("SELECT * FROM payments")] == ["refund-1"]


def test_a_bank_that_says_no_and_one_that_says_nothing(ours: Settings, kept: Kept) -> None:
    turn(ours, "unanswered")
    say(ours, message())
    assert [one["status"] for one in kept("SELECT * FROM refunds")] == ["asked"]
    turn(ours, "fail")
    say(ours)
    assert [one["status"] for one in kept("SELECT * FROM refunds")] == ["failed"]
    turn(ours, "work")
    say(ours)

    assert [one["status"] for one in kept("SELECT * FROM refunds")] == ["failed"]
    assert kept("SELECT * FROM payments") == []


def test_an_event_that_nobody_understands_delays_no_other(ours: Settings, kept: Kept) -> None:
    strange = json.dumps({"id": "msg_0", "type": "refund.requested", "data": {"ticket": {}}})
    say(ours, strange, message())

    assert [bool(one["problem"]) for one in kept("SELECT * FROM events")] == [True, False]
    assert len(kept("SELECT * FROM payments")) == 1


def test_the_newer_state_of_a_ticket_counts_in_whatever_order_it_arrives(ours: Settings, kept: Kept) -> None:
    say(
        ours,
        message("ticket.replied", "msg_3", 3, ticket={"state": "with_customer"}),
        message("ticket.opened", "msg_1", 1, ticket={"state": "with_merchant"}),
    )

    assert [one["state"] for one in kept("SELECT * FROM tickets")] == ["with_customer"]


# Answers to the desk


def test_the_desk_is_told_until_it_has_heard(worker: work.Worker, desk: Receiver, ours: Settings, kept: Kept) -> None:
    say(ours, message())
    refuses(desk, 503)
    worker._tell_refunds(ours)
    assert [one["told_at"] for one in kept("SELECT * FROM refunds")] == [None]
    with books.opened(ours.database) as opened:
        opened.execute("UPDATE refunds SET next_at = ''")  # later
    accepts(desk, {})

    worker._tell_refunds(ours)
    worker._tell_refunds(ours)

    assert all(one["told_at"] for one in kept("SELECT * FROM refunds"))
    assert {request.headers["idempotency-key"] for request in desk.came} == {"refund-1:succeeded"}
    assert {request.body for request in desk.came} == {b'{"status": "succeeded", "note": ""}'}
    said = len(desk.came)
    worker._tell_refunds(ours)
    assert len(desk.came) == said


def test_an_answer_that_the_desk_refuses_is_shown_and_not_repeated(
    worker: work.Worker, desk: Receiver, ours: Settings, kept: Kept
) -> None:
    say(ours, message())
    refuses(desk, 409, "settled")

    worker._tell_refunds(ours)
    worker._tell_refunds(ours)

    assert len(desk.came) == 1
    assert "409 settled" in kept("SELECT * FROM refunds")[0]["note"]


# Records


def test_every_order_is_pushed_once_and_a_new_one_after_it(worker: work.Worker, desk: Receiver, ours: Settings) -> None:
    accepts(desk, {"results": []})
    worker._tell_catalogue(ours)
    worker._tell_orders(ours)
    worker._tell_orders(ours)
    assert len(desk.came) == 4
    with books.opened(ours.database) as kept:
        books.place(kept, books.next_number(kept), "ada", {"lamp": 1})

    worker._tell_orders(ours)

    (row,) = json.loads(desk.came[-1].body)["rows"]
    assert (row["id"], row["customer"], row["merchant"]) == ("1006", "ada", "anadolu-home")
    keys = [request.headers["idempotency-key"] for request in desk.came]
    assert len(set(keys)) == 5
    assert desk.came[0].headers["authorization"] == "Bearer mdp_shop"


def test_a_push_that_got_no_answer_is_sent_again_with_its_key(
    worker: work.Worker, desk: Receiver, ours: Settings
) -> None:
    done = answers(200, b'{"results": []}', Content_Type="application/json")
    desk.behave = lambda number: done if number > 2 else answers(503)

    worker._push("merchants", [{"id": "m"}])

    assert len(desk.came) == 3
    assert len({request.headers["idempotency-key"] for request in desk.came}) == 1


def test_while_the_desk_is_down_everything_waits(worker: work.Worker, desk: Receiver, ours: Settings) -> None:
    refuses(desk, 503)
    worker._try(worker._tell_catalogue)
    worker._try(worker._tell_orders)
    assert not worker.catalogue_known
    accepts(desk, {"results": []})

    worker._try(worker._tell_catalogue)
    worker._try(worker._tell_orders)

    assert len(json.loads(desk.came[-1].body)["rows"]) == 5
