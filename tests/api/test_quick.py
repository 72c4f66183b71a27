"""The short path of what programs call all day: it says what the other says, byte for byte, or nothing at all."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Thread
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from marketdesk.api.middleware import at_once
from marketdesk.api.v2 import quick
from marketdesk.journal import spending
from marketdesk.journal.models import Allowance
from marketdesk.lib import ids, prepared, secret
from marketdesk.lib.together import Together
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import ItemState, Order, OrderItem, Product
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.programs.models import AccessToken, App, Scope
from marketdesk.records.erasing import erase
from marketdesk.refunds import refunding
from marketdesk.refunds.models import Refund
from marketdesk.tickets.models import Issue, Message, Ticket
from marketdesk.tickets.rules import State
from marketdesk.translations.models import Translation
from tests.api.conftest import Program
from tests.api.test_queries import rich
from tests.api.test_wire_format import a_picture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("prepaid")]

LIST, COUNT = "ticket/get-action-required", "ticket/count-action-required"


def quickly(program: Program, call: str, **more: str) -> HttpResponse | None:
    headers = {"Authorization": f"Bearer {program.token}", **more}
    return at_once(RequestFactory().get(f"/api/v2/{call}", headers=headers).environ)


def one(ticket: Ticket) -> str:
    return f"ticket?id={ticket.public_id}"


def agree(program: Program, call: str) -> Any:
    """Both paths say the same, the short one also the second time; what it is."""
    plain = program.get(call)
    for _time in range(2):
        short = quickly(program, call)
        assert short is not None
        assert short.content == plain.body
        assert short.status_code == plain.status == 200
        told = {name: value for name, value in short.items() if not name.startswith(("X-Request", "RateLimit", "Wish"))}
        assert told.items() <= dict(plain.headers).items()
    return json.loads(plain.body)["data"]


def test_both_paths_say_the_same(
    now: Any, ask: Callable[..., Ticket], ada: Actor, mehmet: Actor, sofia: Actor, program: Program
) -> None:
    rich(ask, ada, mehmet)
    ask("product_question", 'Ünïcode \x7f\u2028 \U0001f600 "quoted" \\ </script> \x01')
    refunded, closed = rich(ask, ada, mehmet), ask("order_status")
    refunding.refund_items(refunded, list(refunded.items.all()), by=mehmet)
    closed.close(by=ada)
    ask("tracking").note("Nobody but support reads it.", by=sofia)

    assert len(agree(program, LIST)) == 3
    assert agree(program, COUNT) == {"success": True, "count": "3"}
    for ticket in Ticket.objects.all():
        assert agree(program, one(ticket))["Ticket"]["id"] == ticket.public_id


def test_an_empty_list(program: Program) -> None:
    assert agree(program, LIST) == []
    assert agree(program, f"{LIST}?limit=50") == []


@pytest.mark.slow
def test_a_long_list_names_the_next_page(now: Any, ask: Callable[..., Ticket], program: Program) -> None:
    for _ in range(quick.LIMIT):
        ask("order_status")
    assert "paging" not in json.loads(quickly(program, LIST).content)  # type: ignore[union-attr]
    Ticket.objects.filter(pk=ask("order_status").pk).update(due_at=timezone.now())

    assert len(agree(program, LIST)) == quick.LIMIT
    assert set(json.loads(quickly(program, LIST).content)["paging"]) == {"next"}  # type: ignore[union-attr]


# What is kept is never older than the database


def _send_picture(ticket: Ticket) -> None:
    by = Actor(Party.CUSTOMER, user_id=ticket.customer_id)
    ticket.reply("Look.", by=by, pictures=[a_picture(by)])


def _refund(ticket: Ticket) -> None:
    item = ticket.items.all()[0]
    OrderItem.objects.filter(pk=item.pk).update(state=ItemState.REFUNDED)
    facts = {"merchant_id": ticket.merchant_id, "amount": 1, "currency": "EUR", "requested_at": timezone.now()}
    Refund.objects.create(item=item, ticket=ticket, key="r-1", actor={"party": "merchant"}, reason="x", **facts)


CHANGES: dict[str, Callable[[Ticket], Any]] = {
    "the customer's name": lambda ticket: User.objects.filter(pk=ticket.customer_id).update(name="Grace Hopper"),
    "the customer's language": lambda ticket: User.objects.filter(pk=ticket.customer_id).update(language="fr"),
    "the order": lambda ticket: Order.objects.update(tracking_number="TR9", delivered_at=timezone.now()),
    "the item": lambda ticket: OrderItem.objects.update(state=ItemState.SHIPPED, cost=77),
    "the product": lambda ticket: Product.objects.update(image_url="https://img.example/new.jpg"),
    "the issue": lambda ticket: Issue.objects.filter(pk=ticket.issue_id).update(v2_label="Another"),
    "the subject": lambda ticket: Ticket.objects.update(subject="Another"),
    "a message": lambda ticket: Message.objects.update(body=""),
    "a translation": lambda ticket: Translation.objects.create(
        message=ticket.messages.all()[0], language="en", engine="human", body="Where is it?"
    ),
    "a picture": _send_picture,
    "a refund": _refund,
}


@pytest.mark.parametrize("what", CHANGES)
def test_whatever_changes_is_told_at_once(what: str, now: Any, ask: Callable[..., Ticket], program: Program) -> None:
    ticket = ask("item_problem")
    before = agree(program, one(ticket)), agree(program, LIST)

    CHANGES[what](ticket)

    after = agree(program, one(ticket)), agree(program, LIST)
    assert after[0] != before[0]
    assert after[1] != before[1]


def test_a_translation_follows_the_language_of_the_store(
    now: Any, ticket: Ticket, store: Merchant, program: Program
) -> None:
    for language in ("tr", "fr"):
        Translation.objects.create(message=ticket.messages.get(), language=language, engine="human", body=language)

    def told() -> str:
        return str(agree(program, one(ticket))["Ticket"]["replies"][0]["Reply"]["translated_message"])

    assert told() == "tr"
    Merchant.objects.filter(pk=store.pk).update(country="FR")
    assert told() == "fr"


def test_nothing_is_left_of_an_erased_customer(
    now: Any, ask: Callable[..., Ticket], ada_user: User, sofia: Actor, program: Program
) -> None:
    ticket = ask("item_problem", "My name is Ada Lovelace.")
    assert b"Lovelace" in quickly(program, one(ticket)).content  # type: ignore[union-attr]

    erase(ada_user, by=sofia)

    assert "Lovelace" not in json.dumps(agree(program, one(ticket)))


# Who is let in


def test_a_token_that_ended_opens_nothing(ticket: Ticket, store: Merchant, program: Program) -> None:
    token = AccessToken.objects.get()
    calls = [LIST, COUNT, one(ticket)]
    assert all(quickly(program, call) for call in calls)

    for ended, code in (
        ({"revoked_at": timezone.now()}, 1016),
        ({"expires": timezone.now()}, 1015),
        ({"scope": ""}, 4000),
    ):
        AccessToken.objects.update(**ended)
        assert not any(quickly(program, call) for call in calls)
        assert {program.get(call).code for call in calls} == {code}
        token.save()
    assert all(quickly(program, call) for call in calls)


def test_an_app_that_was_removed_opens_nothing(ticket: Ticket, store: Merchant) -> None:
    app = App.objects.create(merchant=store, name="ERP", scopes=[Scope.READ_TICKETS])
    program = Program(AccessToken.issue(store, "ERP", app=app))
    assert program.get(LIST).code == 0
    assert quickly(program, LIST)

    App.objects.update(removed_at=timezone.now())

    assert quickly(program, LIST) is None
    assert program.get(LIST).code == 1016


def test_a_rival_reads_nothing(ticket: Ticket, rival_program: Program) -> None:
    rival_program.get("auth_test")

    assert quickly(rival_program, one(ticket)) is None
    assert rival_program.get(one(ticket)).code == 1004
    assert agree(rival_program, LIST) == []
    assert agree(rival_program, COUNT)["count"] == "0"


def test_what_never_stood_with_the_merchant_is_absent(ticket: Ticket, program: Program) -> None:
    Ticket.objects.update(shared=False)

    assert quickly(program, one(ticket)) is None
    assert agree(program, LIST) == []
    assert agree(program, COUNT)["count"] == "0"


@pytest.mark.parametrize(
    ("call", "headers"),
    [
        (LIST, {"Authorization": ""}),
        (LIST, {"Authorization": "Bearer nobody"}),
        (LIST, {"Authorization": "Basic x"}),
        (LIST, {"Host": "elsewhere.example"}),
        (f"{LIST}?limit=2", {}),
        (f"{LIST}?limit=50&start=1", {}),
        (f"{LIST}?access_token=x", {}),
        ("ticket", {}),
        ("ticket?id=x", {}),
        (f"ticket?id={'0' * 24}", {}),
        (f"ticket?id={'0' * 24}&id=", {}),
        (f"{COUNT}?x=1", {}),
        ("auth_test", {}),
    ],
)
def test_the_unusual_goes_the_other_way(call: str, headers: dict[str, str], ticket: Ticket, program: Program) -> None:
    assert quickly(program, call, **headers) is None


def test_only_what_is_read(ticket: Ticket, program: Program) -> None:
    asked = RequestFactory().post(f"/api/v2/{LIST}", headers={"Authorization": f"Bearer {program.token}"})

    assert at_once(asked.environ) is None


# What a call costs


def test_the_first_call_in_an_hour_is_noted(now: Any, ticket: Ticket, program: Program) -> None:
    AccessToken.objects.update(last_used_at=timezone.now() - timedelta(hours=1))
    assert quickly(program, LIST) is None

    program.get(LIST)

    assert AccessToken.objects.get().last_used_at == timezone.now()
    assert quickly(program, LIST)


def test_a_call_counts_once_and_is_told_of(ticket: Ticket, program: Program) -> None:
    def left() -> int:
        answer = quickly(program, LIST)
        assert answer
        return int(answer.headers["Wish-Rate-Limit-Remaining"])

    before = left()

    assert [left(), int(program.get(LIST).headers["Wish-Rate-Limit-Remaining"]), left()] == [
        before - 1,
        before - 2,
        before - 3,
    ]


def test_a_call_too_many_is_refused_the_other_way(
    ticket: Ticket, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(promises.current(), program_calls=3, merchant_calls=0)
    monkeypatch.setattr(promises, "current", lambda: few)
    spending.forget()
    Allowance.objects.all().delete()
    answers = [quickly(program, COUNT) for _ in range(5)]

    assert [answer is not None for answer in answers] == [True, True, True, False, False]
    assert program.get(COUNT).status == 429


@pytest.mark.parametrize("call", [LIST, COUNT, "ticket"])
def test_a_call_puts_one_question(
    call: str, ask: Callable[..., Ticket], ada: Actor, mehmet: Actor, program: Program
) -> None:
    tickets = [rich(ask, ada, mehmet) for _ in range(3)]

    with CaptureQueriesContext(connection) as asked:
        assert quickly(program, one(tickets[0]) if call == "ticket" else call)

    assert len(asked) == 1


def test_what_is_kept_stays_small(
    ask: Callable[..., Ticket], program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quick, "MOST_KEPT", 2)
    for _ in range(4):
        ask("order_status")

    for _time in range(2):
        assert len(agree(program, LIST)) == 4
        assert len(quick._tickets_told) <= 2


def test_a_long_conversation_is_not_kept(
    ask: Callable[..., Ticket], program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick._tickets_told.clear()
    ticket = ask("order_status", "Where is it?" * 400)
    Message.objects.update(body="x" * quick.LONGEST_KEPT)

    agree(program, one(ticket))

    assert not quick._tickets_told


def test_what_is_kept_is_kept_by_one_thread_at_a_time() -> None:
    """Whoever forgets what was met first must not stumble over another who does the same."""
    kept: dict[Any, Any] = {}
    failed = []

    def keep(first: int) -> None:
        try:
            for number in range(20_000):
                quick._keep(kept, (first, number), "")
        except RuntimeError as failure:
            failed.append(failure)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [Thread(target=keep, args=[first]) for first in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)

    assert failed == []
    assert len(kept) <= quick.MOST_KEPT


@pytest.fixture
def explained(ticket: Ticket, rival_store: Merchant, program: Program) -> Callable[[str], str]:
    """How the database would answer a call. PostgreSQL's statistics choose, so there is a past, others wait too, and it
    is asked not to read whole tables of a few rows."""
    row = Ticket.objects.values().get() | {"id": None}
    past = {"state": State.WITH_CUSTOMER, "due_at": None}
    for number, other in ((900, past), (300, {"merchant_id": rival_store.pk})):
        Ticket.objects.bulk_create(Ticket(**row | other | {"public_id": ids.new_public_id()}) for _ in range(number))
    if connection.vendor == "postgresql":
        connection.cursor().execute("ANALYZE; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    who = secret.hash_of(program.token)
    return lambda call: quick.CALLS[f"/api/v2/{call}"].statement.explain(
        who, *([ticket.public_id] if call == "ticket" else [])
    )


def test_the_list_is_the_beginning_of_an_index(explained: Callable[[str], str]) -> None:
    found = explained(LIST)

    if connection.vendor == "postgresql":
        assert "Index Only Scan using ticket_due on tickets_ticket" in found
        assert "Seq Scan" not in found
        assert "Sort" not in found
    else:
        assert "COVERING INDEX ticket_due (merchant_id=?)" in found
        assert "SCAN tickets_" not in found
        assert "SCAN orders_" not in found
        assert "TEMP B-TREE FOR ORDER BY" not in found


def test_the_red_number_looks_at_no_ticket(explained: Callable[[str], str]) -> None:
    found = explained(COUNT)

    # Which of the indexes is cheapest, PostgreSQL's statistics say.
    assert connection.vendor == "postgresql" or "COVERING INDEX ticket_due" in found
    assert "Seq Scan" not in found


def test_a_ticket_is_found_by_its_id_and_its_rows_by_the_ticket(explained: Callable[[str], str]) -> None:
    found = explained("ticket")

    assert "public_id" in found
    assert "Seq Scan" not in found
    assert "SCAN tickets_" not in found
    assert "SCAN orders_" not in found


def test_a_statement_that_fails_goes_the_other_way(
    ticket: Ticket, program: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = Together(lambda: ({"token": quick._token()}, ("token",)))
    broken._made[connection.vendor] = ("SELECT nothing FROM nowhere", [])
    call = quick.CALLS[f"/api/v2/{COUNT}"]
    monkeypatch.setitem(quick.CALLS, f"/api/v2/{COUNT}", quick.Quick(call.takes, broken, call.answer))
    if connection.vendor == "postgresql":
        connection.cursor().execute("SAVEPOINT before")

    assert quickly(program, COUNT) is None

    assert "the short path failed" in caplog.text
    if connection.vendor == "postgresql":
        connection.cursor().execute("ROLLBACK TO SAVEPOINT before")
    assert program.get(COUNT).data["count"] == "1"


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_lost_costs_no_answer(
    ticket: Ticket, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 60)
    connection.close()
    try:
        assert quickly(program, COUNT)
        with psycopg.connect(**connection.get_connection_params()) as other:
            other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])

        assert quickly(program, COUNT) is None
        assert program.get(COUNT).data["count"] == "1"
        assert quickly(program, COUNT)
    finally:
        connection.close()


@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_what_was_refused_on_the_same_connection_costs_no_answer(
    ticket: Ticket, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a transaction that was rolled back, psycopg forgets all that is prepared, and so does the server."""
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 60)
    connection.close()
    try:
        assert quickly(program, COUNT)
        for _time in range(connection.connection.prepare_threshold + 2):
            prepared.run("SELECT %s::int", [1])
        with transaction.atomic():
            Ticket.objects.count()
            transaction.set_rollback(True)
        Ticket.objects.count()

        assert [bool(quickly(program, COUNT)) for _time in range(2)] == [True, True]
    finally:
        connection.close()
