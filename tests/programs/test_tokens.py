"""Tokens: what an app may do with one, and those that programs carried before there were apps."""

from pathlib import Path

import pytest

from marketdesk.merchants.models import Merchant
from marketdesk.programs.models import AccessToken, App, Scope
from tests.desk import Desk, surroundings

BEFORE = """
from django.db import connection
cursor = connection.cursor()
cursor.execute("insert into merchants_merchant (id, public_id, external_id, name, country, selected, tags, created_at)"
               " values (1, 'a', 'a', 'Anadolu Home', 'TR', false, '[]', '2026-01-01')")
cursor.execute("insert into merchants_accesstoken (id, name, token_hash, created_at, merchant_id)"
               " values (7, 'ERP', 'abc', '2026-01-01', 1)")
"""
AFTER = """
from marketdesk.programs.models import AccessToken, Scope
(token,) = AccessToken.objects.all()
print(token.pk, token.merchant.name, token.token_checksum, token.expires, token.scope.split() == Scope.values)
"""


@pytest.mark.django_db
def test_the_token_of_an_app_may_do_what_the_app_may(store: Merchant) -> None:
    app = App.objects.create(merchant=store, name="ERP", scopes=[Scope.READ_TICKETS])

    token = AccessToken.find(AccessToken.issue(store, "ERP", app=app))

    assert token
    assert token.allows(Scope.READ_TICKETS)
    assert not token.allows(Scope.WRITE_TICKETS)


@pytest.mark.heavy
def test_a_token_from_before_there_were_apps_opens_what_it_opened(tmp_path: Path) -> None:
    desk = Desk(surroundings(tmp_path / "home", 0))
    (tmp_path / "home").mkdir()
    for arguments in (("migrate", "merchants", "0002", "-v0"), ("shell", "-v0", "-c", BEFORE), ("migrate", "-v0")):
        done = desk.run("manage", *arguments)
        assert done.returncode == 0, done.stderr

    assert desk.run("manage", "shell", "-v0", "-c", AFTER).stdout.split() == "7 Anadolu Home abc None True".split()
