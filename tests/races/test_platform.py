"""Programs repeat themselves at once: one key, one effect (R2 of the programme)."""

import json
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from marketdesk.journal.models import Deed
from marketdesk.orders.models import Order
from marketdesk.people.models import PlatformKey, Scope, User
from marketdesk.refunds.models import Refund
from marketdesk.refunds.refunding import refund_items
from marketdesk.tickets.models import Message
from tests.races.conftest import RACERS, Arena, race

ROUNDS = 6


def send(key: str, once: str, path: str, body: Any, method: str = "POST") -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": once}
    answer = Client().generic(method, f"/platform/v1/{path}", json.dumps(body), "application/json", headers=headers)
    return answer.status_code, answer.content


@pytest.fixture
def key(arena: Arena) -> str:
    arena.cast.ada.external_id = f"c-{arena.number}"
    arena.cast.ada.save()
    return PlatformKey.issue(f"shop-{arena.number}", Scope.values)


def test_eight_at_once_with_one_key_are_one_effect(arena: Arena, key: str) -> None:
    customer = arena.cast.ada.external_id
    for number in range(ROUNDS):
        ticket = arena.ticket("order_status")
        said = {"customer": customer, "text": f"Any news {number}?"}

        answers = race(*[partial(send, key, f"k-{number}", f"tickets/{ticket.public_id}/replies", said)] * RACERS)

        assert set(answers) == {(200, answers[0][1])}, answers
        assert Message.objects.filter(ticket=ticket, body=said["text"]).count() == 1


def test_one_key_with_eight_bodies_does_one_of_them(arena: Arena, key: str) -> None:
    ticket = arena.ticket("order_status")
    path = f"tickets/{ticket.public_id}/replies"
    bodies = [{"customer": arena.cast.ada.external_id, "text": f"Body {number}"} for number in range(RACERS)]

    answers = race(*(partial(send, key, "one", path, body) for body in bodies))

    assert sorted(status for status, _ in answers) == [200] + [422] * (RACERS - 1)
    assert ticket.messages.count() == 2


def test_the_same_orders_pushed_by_eight_at_once_are_there_once(arena: Arena, key: str) -> None:
    rows = [
        {
            "id": f"r-{arena.number}-{number}",
            "merchant": arena.cast.store.external_id,
            "customer": arena.cast.ada.external_id,
            "currency": "EUR",
            "country": "DE",
            "placed_at": "2026-11-01T10:00:00Z",
            "items": [{"name": "Lamp", "price": "1.00"}],
        }
        for number in range(40)
    ]

    answers = race(*(partial(send, key, f"push-{racer}", "orders", {"rows": rows}) for racer in range(RACERS)))

    assert {status for status, _ in answers} <= {200, 503}, answers
    assert Order.objects.filter(external_id__startswith=f"r-{arena.number}-").count() == 40
    created = sum(body.count(b'"created"') for _, body in answers)
    assert created == 40, "each was created once, whoever was first"
    assert {len(order.items.all()) for order in Order.objects.filter(external_id__startswith=f"r-{arena.number}-")} == {
        1
    }


def test_nobody_who_is_erased_is_brought_back_by_batches_that_were_under_way(arena: Arena, key: str) -> None:
    customer = arena.cast.ada.external_id
    order = arena.item().order.external_id

    def push(number: int) -> None:
        for turn in range(8):
            name, once = f"Ada {number}-{turn}", f"{number}-{turn}"
            send(key, f"name-{once}", "customers", {"rows": [{"id": customer, "name": name}]})
            send(key, f"street-{once}", "orders", {"rows": [{"id": order, "street1": name}]})

    def erase() -> Any:
        return send(key, "erase", f"customers/{customer}", None, "DELETE")

    answers = race(*(partial(push, number) for number in range(RACERS - 1)), erase)

    user, found = User.objects.get(external_id=customer), Order.objects.get(external_id=order)
    assert (answers[-1][0], answers[:-1]) == (200, [None] * (RACERS - 1))
    assert (user.name, found.street1) == ("–", "")


def test_contradictory_refund_answers_at_once_settle_it_once(arena: Arena, key: str) -> None:
    for number in range(ROUNDS):
        item = arena.item()
        (refund,) = refund_items(arena.ticket(item=item), [item], by=arena.cast.mehmet)
        words = ["succeeded", "failed"] * (RACERS // 2)

        answers = race(
            *(
                partial(send, key, f"r-{number}-{racer}", f"refunds/{refund.public_id}/result", {"status": word})
                for racer, word in enumerate(words)
            )
        )

        status = Refund.objects.get(pk=refund.pk).status
        assert [code for code, _ in answers] == [200 if word == status else 409 for word in words]


@pytest.mark.postgres
def test_a_twin_of_a_long_write_is_told_to_come_back(arena: Arena, key: str) -> None:
    """SQLite's twin waits for its turn instead: there is one writer."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time")
    said = {"customer": arena.cast.ada.external_id, "text": "Hello"}
    path = f"tickets/{arena.ticket('order_status').public_id}/replies"

    def twin() -> tuple[int, bytes]:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '200ms'")
        return send(key, "long", path, said)

    with transaction.atomic():
        Deed.begin(f"platform:shop-{arena.number}", "long", "the first request, still running")
        ((status, body),) = race(twin)

    assert (status, json.loads(body)["error"]["code"]) == (409, "running")
