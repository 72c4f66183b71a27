"""Keys: each may do what its scopes say, until it ends."""

from datetime import timedelta

import pytest
from django.utils import timezone

from marketdesk.merchants.models import Merchant
from marketdesk.people.models import PlatformKey, Scope
from marketdesk.programs.models import AccessToken
from tests.api.platform.conftest import Program

pytestmark = pytest.mark.django_db

ROWS = {"rows": [{"id": "m-1", "name": "Anadolu Home"}]}


def test_a_key_is_kept_as_a_hash_only(shop: Program) -> None:
    assert shop.key.startswith("mdp_")
    assert shop.key not in str(PlatformKey.objects.values())


@pytest.mark.parametrize("key", ["", "nonsense", "mdp_" + "x" * 43, "x" * 5000, "ключ"])
def test_an_unknown_key(key: str, db: None) -> None:
    answer = Program(key).post("merchants", ROWS)

    assert (answer.status, answer.code) == (401, "unauthorized")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert not Merchant.objects.exists()


def test_a_merchants_token_is_no_key(store: Merchant) -> None:
    assert Program(AccessToken.issue(store, "ERP")).post("merchants", ROWS).status == 401


def test_a_key_that_has_ended(shop: Program) -> None:
    key = PlatformKey.objects.get()
    key.expires_at = timezone.now()
    key.save()
    expired = shop.post("merchants", ROWS)
    key.revoke(timezone.now())

    assert (expired.status, expired.code) == (401, "key_expired")
    assert shop.post("merchants", ROWS).code == "key_revoked"
    assert not Merchant.objects.exists()


def test_a_key_without_the_scope(db: None) -> None:
    reader = Program(PlatformKey.issue("reader", [Scope.TICKETS_READ]))

    answer = reader.post("merchants", ROWS)

    assert (answer.status, answer.code) == (403, "scope_missing")
    assert not Merchant.objects.exists()


def test_a_rotation_keeps_the_old_key_for_a_while_and_what_was_done_once(shop: Program) -> None:
    first = shop.post("merchants", ROWS, once="abc")

    new = Program(PlatformKey.rotate("shop", timezone.now(), timedelta(days=7)))

    assert new.post("merchants", ROWS, once="abc").body == first.body
    assert shop.post("merchants", ROWS).status == 200
    old, second = PlatformKey.objects.order_by("id")
    assert old.expires_at == pytest.approx(timezone.now() + timedelta(days=7), abs=timedelta(minutes=1))
    assert (second.scopes, second.expires_at) == (Scope.values, None)


def test_a_rotation_never_makes_a_key_live_longer(shop: Program) -> None:
    soon = timezone.now() + timedelta(days=1)
    PlatformKey.objects.update(expires_at=soon)

    PlatformKey.rotate("shop", timezone.now(), timedelta(days=7))

    assert PlatformKey.objects.order_by("id")[0].expires_at == soon


def test_nothing_is_rotated_for_a_name_without_a_valid_key(shop: Program) -> None:
    PlatformKey.objects.get().revoke(timezone.now())

    for name in ("shop", "nobody"):
        with pytest.raises(PlatformKey.DoesNotExist):
            PlatformKey.rotate(name, timezone.now(), timedelta(days=7))
    assert PlatformKey.objects.count() == 1
