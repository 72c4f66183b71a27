"""A desk as operators run it, with people and tickets in it, and nginx in front."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk import Desk, free_ports, surroundings
from tests.production.nginx import Nginx

# As on a system where a process may open few files, unless it asks for more.
FEW_FILES = ("sh", "-c", 'ulimit -Sn 256; exec "$@"', "sh")
TOKEN = "md_production-test"
PASSWORD = "mehmet-password"
FURNISH = f"""
from marketdesk.merchants.models import Membership, Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.programs.models import AccessToken
from marketdesk.tickets.models import Issue, Ticket
store = Merchant.objects.create(external_id="m-1", name="Anadolu Home", country="TR")
ada = User.objects.create_user("ada@example.org", name="Ada Lovelace", country="DE")
mehmet = User.objects.create_user("mehmet@example.org", "{PASSWORD}", name="Mehmet", party=Party.MERCHANT, country="TR")
Membership.objects.create(user=mehmet, merchant=store)
AccessToken.issue(store, "ERP", token="{TOKEN}")
for number in range(50):
    Ticket.open(
        customer=ada, merchant=store, issue=Issue.objects.get(pk="store_question"), text="Hello?",
        by=Actor(Party.CUSTOMER, user_id=ada.pk, name=ada.name),
    )
"""


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that every other one is a copy of."""
    home = tmp_path_factory.mktemp("furnished") / "home"
    desk = Desk(surroundings(home, 0))
    desk.prepare()
    told = desk.run("manage", "shell", "-v0", "-c", FURNISH)
    assert told.returncode == 0, told.stderr
    return home


@pytest.fixture(scope="module")
def desk(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """As it runs behind nginx; reached past it, it is the server that comes built in."""
    home = tmp_path_factory.mktemp("desk") / "home"
    shutil.copytree(furnished, home)
    port, nginxs = free_ports(2)
    settings = {"MARKETDESK_BEHIND_PROXY": "yes", "MARKETDESK_URL": f"https://127.0.0.1:{nginxs}"}
    environment = surroundings(home, port, MARKETDESK_LOG="ERROR", **settings)
    desk = Desk(environment, (*FEW_FILES, sys.executable, "-m", "marketdesk"))
    yield desk
    desk.kill()


@pytest.fixture
def nginx(desk: Desk, tmp_path: Path) -> Iterator[Nginx]:
    """In front of it, and of another one that is down."""
    port = int(desk.environment["MARKETDESK_URL"].rpartition(":")[2])
    plain, nobodys = free_ports(2)
    nginx = Nginx(tmp_path / "nginx", port, plain, desks=[desk.port, nobodys])
    yield nginx
    nginx.stop()
