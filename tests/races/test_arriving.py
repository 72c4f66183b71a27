"""A token is used by many at once, and a new customer arrives twice at once."""

from functools import partial
from typing import Any

from django.test import Client

from marketdesk.people.models import Arrival, ArrivalKey, User
from tests.arrivals import Shop
from tests.races.conftest import RACERS, Arena, race

ROUNDS = 6


def arrive(address: str) -> tuple[int, str]:
    answer: Any = Client().get(address)
    return answer.status_code, answer.headers.get("Location", "")


def test_one_token_lets_exactly_one_in(arena: Arena) -> None:
    shop = Shop()
    for number in range(ROUNDS):
        address = shop.address(sub=f"one-{arena.number}-{number}", embedded=number % 2 == 1)
        before = Arrival.objects.count()

        answers = race(*[partial(arrive, address)] * RACERS)

        let_in, *others = sorted(status for status, _ in answers)
        assert let_in == 303
        assert set(others) <= {403, 429}, answers  # used already, or too often from one address
        assert Arrival.objects.count() == before + 1
    ArrivalKey.objects.all().delete()


def test_arrivals_at_once_make_one_customer(arena: Arena) -> None:
    shop = Shop()
    for number in range(ROUNDS):
        sub = f"many-{arena.number}-{number}"
        addresses = [shop.address(sub=sub, email=f"{sub}@example.org", country="FR") for _ in range(RACERS)]

        answers = race(*(partial(arrive, address) for address in addresses))

        assert {status for status, _ in answers} == {303}, answers
        customer = User.objects.get(external_id=sub)
        assert (customer.email, customer.country) == (f"{sub}@example.org", "FR")
    ArrivalKey.objects.all().delete()
