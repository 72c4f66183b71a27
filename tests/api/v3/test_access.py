"""Whose token it is, and what a token that is not good reads."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from marketdesk.merchants.models import Merchant
from marketdesk.programs.models import AccessToken

pytestmark = pytest.mark.django_db


def ask(token: str) -> Any:
    return Client().get("/api/v3/oauth/test", headers={"Authorization": f"Bearer {token}"} if token else {})


def test_a_program_learns_whose_token_it_carries(store: Merchant) -> None:
    answer = ask(AccessToken.issue(store, "ERP"))

    assert answer.json() == {"message": "", "code": 0, "data": {"merchant_id": store.public_id}}


def test_a_token_that_is_not_good_is_refused_with_its_reason(store: Merchant) -> None:
    expired = AccessToken.issue(store, "old", expires_at=datetime.now(UTC) - timedelta(seconds=1))
    revoked = AccessToken.issue(store, "revoked")
    AccessToken.objects.get(name="revoked").revoke()

    for token, code in (("", 1012), ("unknown", 1012), (expired, 1007), (revoked, 1008)):
        answer = ask(token)
        assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (401, code, {})


def test_a_wrong_method_and_a_wrong_path_are_told_in_the_envelope() -> None:
    for answer, status in ((Client().delete("/api/v3/oauth/test"), 405), (Client().get("/api/v3/nothing"), 404)):
        assert (answer.status_code, answer.json()["code"]) == (status, status)
