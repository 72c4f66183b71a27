"""When a token was last used is noted: by both versions, and not again with every call."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from marketdesk.merchants.models import Merchant
from marketdesk.programs.models import AccessToken

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/api/v2/auth_test", "/api/v3/oauth/test"])
def test_a_call_notes_when_its_token_was_used(path: str, store: Merchant, now: Any) -> None:
    headers = {"Authorization": f"Bearer {AccessToken.issue(store, 'ERP')}"}
    noted = AccessToken.objects.values_list("last_used_at", flat=True)

    Client().get(path, headers=headers)
    first = noted.get()
    now.shift(timedelta(minutes=59))
    with CaptureQueriesContext(connection) as queries:
        Client().get(path, headers=headers)
    now.shift(timedelta(minutes=1))
    Client().get(path, headers=headers)

    last = noted.get()
    assert first
    assert last == first + timedelta(hours=1)
    assert not [one for one in queries if "programs_accesstoken" in one["sql"] and one["sql"].startswith("UPDATE")]


@pytest.mark.parametrize("path", ["/api/v2/auth_test", "/api/v3/oauth/test"])
def test_a_refused_call_notes_nothing(path: str, store: Merchant) -> None:
    token = AccessToken.issue(store, "ERP")
    AccessToken.objects.get().revoke()

    assert Client().get(path, headers={"Authorization": f"Bearer {token}"}).status_code == 401

    assert AccessToken.objects.get().last_used_at is None
