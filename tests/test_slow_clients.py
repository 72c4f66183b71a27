"""N1 of the programme: 800 slow clients keep nobody else waiting, with the server that is built in and behind nginx."""

import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk import Address, Desk, surroundings
from tests.slowness import probe, slow_clients

pytestmark = pytest.mark.heavy

EACH = 400  # slow headers, and as many slow bodies
SECONDS = 4 * int(os.environ.get("SOAK", "1"))
MEGABYTE = 1024 * 1024
TOKEN = "md_slow-clients-test"
# As on a system where a process may open few files, unless it asks for more.
FEW_FILES = ("sh", "-c", 'ulimit -Sn 256; exec "$@"', "sh")
# The same program with the number of connections that the server's library comes with.
TOO_FEW = """
import os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "marketdesk.settings"
django.setup()
from marketdesk import cli, serving
serving.CONNECTIONS = 100
raise SystemExit(cli.main())
"""
FURNISH = f"""
from marketdesk.merchants.models import Merchant
from marketdesk.people.actor import Actor
from marketdesk.people.models import User
from marketdesk.people.party import Party
from marketdesk.programs.models import AccessToken
from marketdesk.tickets.models import Issue, Ticket
store = Merchant.objects.create(external_id="m-1", name="Anadolu Home", country="TR")
ada = User.objects.create_user("ada@example.org", name="Ada Lovelace", country="DE")
AccessToken.issue(store, "ERP", token="{TOKEN}")
for number in range(50):
    Ticket.open(
        customer=ada, merchant=store, issue=Issue.objects.get(pk="store_question"), text="Hello?",
        by=Actor(Party.CUSTOMER, user_id=ada.pk, name=ada.name),
    )
"""
PATHS = [
    ("/healthz", {}),
    ("/api/v2/ticket/get-action-required?limit=50", {"Authorization": f"Bearer {TOKEN}"}),
    ("/accounts/login/", {}),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("slow") / "home"
    desk = Desk(surroundings(home, 0))
    desk.run("key", "list")  # prepares the home
    told = desk.run("manage", "shell", "-v0", "-c", FURNISH)
    assert told.returncode == 0, told.stderr
    return home


@pytest.fixture
def desk(home: Path, free_port: int) -> Iterator[Desk]:
    """As `marketdesk serve` comes."""
    desk = Desk(surroundings(home, free_port, MARKETDESK_LOG="ERROR"), (*FEW_FILES, sys.executable, "-m", "marketdesk"))
    yield desk
    desk.kill()


def waits(desk: Address, seconds: float = SECONDS) -> list[float]:
    """How long others wait while they are there."""
    with slow_clients(desk.port, EACH, desk.tls) as slow:
        took = probe(desk, PATHS, seconds)
        assert slow.connected > 2 * EACH * 0.95
    print(f"{len(took)} asked, {took.count(math.inf)} unanswered, p99 {p99(took):.3f} s")
    return took


def p99(took: list[float]) -> float:
    """What 99 of 100 stay below."""
    return sorted(took)[len(took) * 99 // 100]


def assert_nobody_waits(took: list[float]) -> None:
    assert took.count(math.inf) == 0
    assert p99(took) <= 1.0


def test_slow_clients_keep_nobody_waiting(desk: Desk) -> None:
    server = desk.start("--no-worker")

    assert_nobody_waits(waits(desk))
    memory = sum(process.memory_full_info().pss for process in server.children())
    print(f"{memory / MEGABYTE:.0f} MB for two web processes")
    assert memory < 150 * MEGABYTE


def test_with_the_librarys_own_limit_everybody_waits(desk: Desk) -> None:
    """The control: were this green, the test above would show nothing."""
    desk.command = [sys.executable, "-c", TOO_FEW]
    desk.start("--no-worker")

    with slow_clients(desk.port, EACH):
        assert math.inf in probe(desk, PATHS, 2)
