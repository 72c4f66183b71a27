"""Who serves need not be able to change tables: one role owns them and prepares, another reads and writes rows."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.desk import Desk, surroundings, until
from tests.postgres import primary

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

TOKEN = "md_roles-test"
FURNISH = f"""
from marketdesk.merchants.models import Merchant
from marketdesk.programs.models import AccessToken
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.tickets.models import Issue, Ticket
store = Merchant.objects.create(external_id="m-1", name="Anadolu Home", country="TR")
ada = User.objects.create_user("ada@example.org", name="Ada Lovelace", country="DE")
AccessToken.issue(store, "ERP", token="{TOKEN}")
ticket = Ticket.open(
    customer=ada, merchant=store, issue=Issue.objects.get(pk="store_question"), text="Hello?",
    by=Actor(Party.CUSTOMER, user_id=ada.pk, name=ada.name),
)
print(ticket.public_id)
"""


@pytest.fixture
def roles() -> Iterator[tuple[str, str]]:
    """An empty database, as its owner and as who may only come in."""
    with primary() as server:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("CREATE ROLE owner LOGIN")
            connection.execute("CREATE ROLE web LOGIN")
            connection.execute("CREATE DATABASE desk OWNER owner")
        address = server.get_uri(database="desk")
        yield tuple(address.replace("postgres:", f"{role}:", 1) for role in ("owner", "web"))


def test_the_main_job_is_done_by_a_role_that_cannot_change_tables(
    roles: tuple[str, str], tmp_path: Path, free_port: int
) -> None:
    owner, web = roles
    # Each process with a pool of connections, which must not come along when one forks.
    settings = {"DATABASE_URL": web, "DATABASE_POOL": "3", "MARKETDESK_LOG": "ERROR"}
    desk = Desk(surroundings(tmp_path / "home", free_port, **settings))

    unprepared = desk.run("serve")
    prepared = desk.run("prepare", settings={"DATABASE_OWNER_URL": owner})

    assert unprepared.returncode == 1
    assert "may not create them" in unprepared.stderr
    assert "marketdesk prepare with DATABASE_OWNER_URL" in unprepared.stderr
    assert prepared.returncode == 0, prepared.stderr
    ticket = desk.run("manage", "shell", "-v0", "-c", FURNISH).stdout.strip()
    try:
        desk.start()
        form = {"access_token": TOKEN, "id": ticket, "reply": "It is on its way."}
        assert desk.ask("POST", "/api/v2/ticket/reply", form)[0] == 200
        mails = tmp_path / "home" / "mail"
        until(lambda: mails.exists() and any(mails.iterdir()))
        assert desk.ask("GET", "/readyz") == (200, b"ready\n")
        # Two web processes and a worker: no more connections than their pools have.
        count = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'web'"
        with psycopg.connect(owner, autocommit=True) as connection:
            [(held,)] = connection.execute(count).fetchall()
        assert 0 < held <= 3 * 3
    finally:
        desk.kill()
    with psycopg.connect(web, autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM tickets_message").fetchone() == (2,)
        for deed in (
            "CREATE TABLE mine (id int)",
            "DROP TABLE tickets_ticket",
            "ALTER TABLE tickets_ticket ADD COLUMN mine int",
            "TRUNCATE tickets_ticket CASCADE",
            "CREATE INDEX mine ON tickets_ticket (state)",
            "DELETE FROM django_migrations",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(deed)
    with psycopg.connect(owner, autocommit=True) as connection:
        connection.execute("CREATE TABLE later (id serial, word text)")
    with psycopg.connect(web, autocommit=True) as connection:
        connection.execute("INSERT INTO later (word) VALUES ('new')")
