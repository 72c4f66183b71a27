"""Querysets that are asked together."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from marketdesk.lib.together import Argument, Rows, Together, column
from marketdesk.merchants.models import Merchant
from marketdesk.orders.models import Product

pytestmark = pytest.mark.django_db

NAMES = ["Anadolu Home", 'It\'s 100 % "quoted" \\', "ünï\U0001f600\x7f"]


def a_store_and_its_products() -> tuple[Mapping[str, Rows], Sequence[Rows | str]]:
    store: Any = column("store", 2)
    return {
        "store": Merchant.objects.filter(external_id=Argument(1)).values_list("pk", F("pk"), "name", "created_at")
    }, (
        "store",
        Product.objects.filter(merchant_id=store, name__in=NAMES).values_list("merchant_id", "name", "price"),
    )


@pytest.fixture
def together(store: Merchant, rival_store: Merchant) -> Together:
    for number, name in enumerate([*NAMES, "another"]):
        for merchant in (store, rival_store):
            Product.objects.create(external_id=f"p-{merchant.pk}-{number}", merchant=merchant, name=name, price=number)
    return Together(a_store_and_its_products)


def test_they_come_in_one_answer_with_their_values(together: Together, store: Merchant) -> None:
    read = together.reader()

    rows = together.ask(store.external_id)

    assert len({number for number, _content in rows}) == 1
    found = [read(content) for _number, content in rows]
    assert [values for number, values in found if number == 0] == [(store.pk, store.name, store.created_at)]
    assert sorted(values for number, values in found if number == 1) == sorted(
        (name, price) for price, name in enumerate(NAMES)
    )


def test_who_is_not_there_has_no_rows(together: Together) -> None:
    assert together.ask("' OR 1=1 --") == []


def test_the_same_rows_are_the_same_bytes_and_others_are_not(together: Together, store: Merchant) -> None:
    before = sorted(together.ask(store.external_id))
    assert sorted(together.ask(store.external_id)) == before

    Product.objects.filter(price=1).update(price=9)

    assert sorted(together.ask(store.external_id)) != before


def test_a_failure_is_djangos_and_the_connection_lives_on(together: Together, store: Merchant) -> None:
    broken = Together(a_store_and_its_products)
    broken._made[connection.vendor] = ("SELECT nothing FROM nowhere", [])

    with pytest.raises(DatabaseError), transaction.atomic():
        broken.ask(store.external_id)

    assert together.ask(store.external_id)
