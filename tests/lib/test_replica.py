"""Reports read from the replica as long as it is there and not far behind; writes and everything else never do."""

import subprocess
import sys
from pathlib import Path

import pytest
from django.db import InterfaceError

from marketdesk.lib import replica
from tests.desk import ROOT, surroundings
from tests.postgres import primary, replica_of

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

# Runs in a process of its own, since Django reads once which databases there are. The replica stands still and goes
# away while it looks; `shown` is what the platform's list of merchants shows to Sofia.
LOOK = """
import os, signal, time
from django.db import connections
from django.test import Client
from marketdesk.lib import replica
from marketdesk.merchants.models import Merchant
from marketdesk.people.models import User
from marketdesk.people.party import Party

sofia = User.objects.create_user("sofia@example.org", "x", name="Sofia", party=Party.SUPPORT)
client = Client(SERVER_NAME="localhost")
client.force_login(sofia)

def shown():
    replica._watch._until = 0
    page = client.get("/support/merchants")
    assert page.status_code == 200, page
    return [name for name in ("Anadolu", "Rival", "Third") if name in page.content.decode()]

def on_replica(words):
    with connections["replica"].cursor() as cursor:
        cursor.execute(words)
        return cursor.fetchone()

def until_level():
    while replica.lag():
        time.sleep(0.05)

Merchant.objects.create(external_id="m-1", name="Anadolu")
until_level()
shown()
on_replica("SELECT pg_wal_replay_pause()")
while on_replica("SELECT pg_get_wal_replay_pause_state()")[0] != "paused":
    time.sleep(0.02)
Merchant.objects.create(external_id="m-2", name="Rival")
print("a little behind:", *shown())
print("outside a report:", Merchant.objects.count())
while replica.lag() <= 4:
    time.sleep(0.05)
print("too far behind:", *shown())
on_replica("SELECT pg_wal_replay_resume()")
until_level()
print("level again:", *shown(), on_replica("SELECT count(*) FROM merchants_merchant")[0])
write = replica.for_reports(lambda: Merchant.objects.create(external_id="m-3", name="Third"))
print("written in a report:", write().pk)
until_level()
replica._watch._until = 0
assert replica._watch.is_fresh()
pid = int(open(os.environ["REPLICA"] + "/postmaster.pid").read().split()[0])
os.kill(pid, signal.SIGQUIT)
try:
    while True:
        on_replica("SELECT 1")
except Exception:
    pass
page = client.get("/support/merchants")
print("gone under a report:", page.status_code, "Third" in page.content.decode())
print("gone for good:", *shown())
"""


def test_reports_read_from_the_replica_while_it_is_fresh(tmp_path: Path) -> None:
    with primary() as server:
        environment = surroundings(tmp_path / "home", 0, DATABASE_URL=server.get_uri(), MARKETDESK_LOG="ERROR")
        marketdesk = [sys.executable, "-m", "marketdesk"]
        subprocess.run([*marketdesk, "key", "list"], env=environment, cwd=ROOT, check=True)
        with replica_of(server) as replica:
            environment |= {
                "DATABASE_REPLICA_URL": replica.url, "DATABASE_REPLICA_MAX_LAG": "4", "REPLICA": str(replica.folder),
            }  # fmt: skip
            looked = subprocess.run(
                [*marketdesk, "manage", "shell", "-v0", "-c", LOOK],
                env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip

    assert looked.returncode == 0, looked.stderr
    assert looked.stdout.splitlines() == [
        "a little behind: Anadolu",
        "outside a report: 2",
        "too far behind: Anadolu Rival",
        "level again: Anadolu Rival 2",
        "written in a report: 3",
        "gone under a report: 200 True",
        "gone for good: Anadolu Rival Third",
    ]


def test_a_replica_whose_connection_is_closed_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed() -> float:
        raise InterfaceError("the connection is closed")

    left = []
    watch = replica._Watch()
    monkeypatch.setattr(replica, "lag", closed)
    monkeypatch.setattr(watch, "away", lambda: left.append(1))

    assert not watch.is_fresh()
    assert left == [1]
