"""What tells nobody anything any more is forgotten, a bounded number at a time; what is good stays."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.programs import clearing, exchanging
from marketdesk.programs.exchanging import CODE, RENEWAL, Tokens
from marketdesk.programs.models import AccessToken, Grant, RefreshToken
from marketdesk.schedule import HANDLERS, REPEATING
from tests.apps import code_of, make_app

pytestmark = pytest.mark.django_db


@pytest.fixture
def given(now: Any, store: Merchant, mehmet: Actor) -> tuple[dict[str, str], Tokens]:
    """An app's credentials, and the tokens that it got."""
    app, secret = make_app(store)
    client = {"client_id": app.client_id, "client_secret": secret}
    code = code_of(app, store, Actor(mehmet.party, user_id=mehmet.user_id, merchant_id=store.pk))
    return client, exchanging.tokens(CODE, {**client, "code": code}, address="192.0.2.1")


def rows() -> tuple[int, ...]:
    return tuple(kind.objects.count() for kind in (Grant, AccessToken, RefreshToken))


def test_a_used_code_goes_after_a_day(given: Any, now: Any) -> None:
    clearing.sweep(timezone.now())
    assert rows() == (1, 1, 1)

    now.shift(timedelta(days=1, minutes=6))
    clearing.sweep(timezone.now())

    assert rows() == (0, 1, 1)


def test_a_refresh_token_keeps_what_it_needs_for_a_year(given: Any, now: Any) -> None:
    client, tokens = given
    now.shift(timedelta(days=364))
    clearing.sweep(timezone.now())

    renewed = exchanging.tokens(RENEWAL, {**client, "refresh_token": tokens.refresh_token}, address="192.0.2.1")

    assert renewed.scopes == tokens.scopes
    now.shift(timedelta(days=2))
    clearing.sweep(timezone.now())
    assert rows() == (0, 1, 1)  # the renewed ones


def test_what_nobody_renewed_goes_in_the_end(given: Any, now: Any, store: Merchant) -> None:
    forever = AccessToken.issue(store, "the operator's")

    now.shift(timedelta(days=366))
    clearing.sweep(timezone.now())

    assert rows() == (0, 1, 0)
    assert AccessToken.find(forever)


def test_a_program_reads_for_a_month_that_its_token_has_expired(store: Merchant, now: Any) -> None:
    token = AccessToken.issue(store, "old", expires_at=timezone.now())

    now.shift(timedelta(days=30))
    clearing.sweep(timezone.now())
    assert AccessToken.find(token)

    now.shift(timedelta(seconds=1))
    clearing.sweep(timezone.now())
    assert AccessToken.find(token) is None


def test_one_run_forgets_no_more_than_so_many(store: Merchant, now: Any) -> None:
    for number in range(5):
        AccessToken.issue(store, f"old {number}", expires_at=timezone.now())
    now.shift(timedelta(days=31))

    assert [clearing.sweep(timezone.now(), most=2) for _ in range(4)] == [2, 2, 1, 0]


def test_it_is_done_again_and_again() -> None:
    assert "sweep_tokens" in HANDLERS
    assert "sweep_tokens" in {job.kind for job in REPEATING}
