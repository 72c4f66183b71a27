"""A write happens once: same key, same answer; another body is refused (R2)."""

import pytest

from marketdesk.journal.models import Deed
from marketdesk.merchants.models import Merchant
from marketdesk.people.models import PlatformKey, Scope
from tests.api.platform.conftest import Program

pytestmark = pytest.mark.django_db

ROWS = {"rows": [{"id": "m-1", "name": "Anadolu Home"}]}
OTHER = {"rows": [{"id": "m-2", "name": "Rival Goods"}]}


def test_the_same_again_gets_the_same_answer_byte_for_byte(shop: Program) -> None:
    first = shop.post("merchants", ROWS, once="abc")
    Merchant.objects.all().delete()

    again = shop.post("merchants", ROWS, once="abc")

    assert first.data["results"][0]["result"] == "created"
    assert (again.status, again.body) == (first.status, first.body)
    assert not Merchant.objects.exists(), "nothing was done again"


def test_the_same_key_with_another_request_is_refused(shop: Program) -> None:
    shop.post("merchants", ROWS, once="abc")

    others = [shop.post("merchants", OTHER, once="abc"), shop.post("customers", ROWS, once="abc")]

    assert [(one.status, one.code) for one in others] == [(422, "key_reused")] * 2
    assert Merchant.objects.count() == 1


@pytest.mark.parametrize("once", ["", "x" * 81, "with space", "ключ"])
def test_a_write_without_a_key_of_its_own(once: str, shop: Program) -> None:
    headers = shop.headers() | ({"Idempotency-Key": once} if once else {})
    answer = shop.client.generic(
        "POST", "/platform/v1/merchants", b'{"rows": [{}]}', "application/json", headers=headers
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "key_missing"
    assert not Deed.objects.exists()


def test_another_program_may_use_the_same_key(shop: Program) -> None:
    app = Program(PlatformKey.issue("app", Scope.values))
    shop.post("merchants", ROWS, once="abc")

    assert app.post("merchants", OTHER, once="abc").data["results"][0]["result"] == "created"


def test_what_was_refused_leaves_its_key_free(shop: Program) -> None:
    refused = shop.post("refunds/nobody/result", {"status": "failed"}, once="abc")

    done = shop.post("merchants", ROWS, once="abc")

    assert (refused.status, done.status) == (404, 200)
