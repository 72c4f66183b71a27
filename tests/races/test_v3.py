"""Programs of one store write at once: one key, one effect; one version of a ticket, one writer."""

import json
from functools import partial
from typing import Any

import pytest
from django.test import Client

from marketdesk.journal.models import Deed
from marketdesk.programs.models import AccessToken
from marketdesk.tickets.models import Message
from tests.races.conftest import RACERS, Arena, race

ROUNDS = 6


def send(token: str, method: str, path: str, body: Any, **headers: str) -> tuple[int, bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()} | {"Authorization": f"Bearer {token}"}
    answer = Client().generic(method, f"/api/v3/{path}", json.dumps(body), "application/json", headers=named)
    return answer.status_code, answer.content


@pytest.fixture
def token(arena: Arena) -> str:
    return AccessToken.issue(arena.cast.store, "ERP")


def test_eight_at_once_with_one_key_are_one_effect(arena: Arena, token: str) -> None:
    for number in range(ROUNDS):
        ticket = arena.ticket("order_status")
        path, said = f"tickets/{ticket.public_id}/replies", {"message": f"Tomorrow, {number}."}

        answers = race(*[partial(send, token, "POST", path, said, idempotency_key=f"k-{number}")] * RACERS)

        assert set(answers) == {(200, answers[0][1])}, answers
        assert Message.objects.filter(ticket=ticket, body=said["message"]).count() == 1
        assert Deed.objects.filter(key=f"k-{number}", who__startswith=f"v3:{arena.cast.store.pk}:").count() == 1


def test_one_key_with_eight_bodies_does_one_of_them(arena: Arena, token: str) -> None:
    ticket = arena.ticket("order_status")
    path = f"tickets/{ticket.public_id}/replies"
    bodies = [{"message": f"Body {number}"} for number in range(RACERS)]

    answers = race(*(partial(send, token, "POST", path, body, idempotency_key="one") for body in bodies))

    assert sorted(status for status, _ in answers) == [200] + [422] * (RACERS - 1)
    assert ticket.messages.count() == 2


def test_eight_who_read_the_same_ticket_do_not_write_over_each_other(arena: Arena, token: str) -> None:
    for number in range(ROUNDS):
        ticket = arena.ticket("order_status")
        path = f"tickets/{ticket.public_id}"
        headers = {"Authorization": f"Bearer {token}"}
        tag = Client().get(f"/api/v3/{path}", headers=headers).headers["ETag"]
        bodies = [{"message": f"Racer {racer} of {number}"} for racer in range(RACERS)]

        answers = race(*(partial(send, token, "POST", f"{path}/replies", body, if_match=tag) for body in bodies))

        assert sorted(status for status, _ in answers) == [200] + [412] * (RACERS - 1)
        assert ticket.messages.count() == 2
