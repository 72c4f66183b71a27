"""What the platform's overview costs with 5,000 merchants: `python -m bench.overview [MERCHANTS]`, on SQLite and on a
PostgreSQL of its own. Every merchant has had something on each of 180 days, and answers that are due.

The pages are asked for as a browser would, without the network. It gives the median of five: the seconds that passed,
and those that the web process was busy, because these hardly change with what else the machine does.
"""

import itertools
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from statistics import median

from tests.on_postgres import server

DAYS, TIMES = 180, 5
PAGES = ("overview?days=7", "overview?days=30", "overview?days=90", "overview.json?days=30", "merchants")


def main() -> int:
    """Measure on both databases, each in a process of its own."""
    merchants = sys.argv[1] if len(sys.argv) > 1 else "5000"
    print(f"{'database':<12}{'page':<24}{'seconds':>9}{'busy':>9}{'queries':>9}{'bytes':>10}")
    with server() as url:
        for name, settings in (("SQLite", {"DATABASE_URL": ""}), ("PostgreSQL", {"DATABASE_URL": url})):
            with tempfile.TemporaryDirectory() as home:
                environment = {**os.environ, "MARKETDESK_HOME": home, "MARKETDESK_LOG": "ERROR", **settings}
                command = [sys.executable, "-m", "bench.overview", "measure", name, merchants]
                subprocess.run(command, env=environment, check=True)
    return 0


def measure(name: str, merchants: int) -> None:
    """Fill a scratch database and ask for the pages."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketdesk.settings")
    import django

    django.setup()
    from django.db import connection, transaction
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from marketdesk import home
    from marketdesk.people.models import User
    from marketdesk.people.party import Party

    home.make_folders()
    home.prepare(lambda _words: None)
    with transaction.atomic():
        fill(merchants)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.create_user("sofia@example.org", name="Sofia Rossi", party=Party.SUPPORT))
    for page in PAGES:
        seconds, busy = [], []
        for _time in range(TIMES):
            with CaptureQueriesContext(connection) as queries:
                begun, working = time.perf_counter(), time.process_time()
                answer = client.get(f"/support/{page}")
                seconds.append(time.perf_counter() - begun)
                busy.append(time.process_time() - working)
            if answer.status_code != 200:
                raise SystemExit(f"{page} answered {answer.status_code}")
        took = f"{median(seconds):>9.2f}{median(busy):>9.2f}"
        print(f"{name:<12}{page:<24}{took}{len(queries):>9}{len(answer.content):>10}", flush=True)


def fill(number: int) -> None:
    """Merchants with standings, their days, the groups' days, and waits."""
    from marketdesk.lib import countries
    from marketdesk.merchants.models import Merchant
    from marketdesk.people.models import User
    from marketdesk.performance.models import CountedDay, GroupDay, MerchantDay, Standing
    from marketdesk.tickets.models import Ticket, Wait
    from marketdesk.tickets.rules import Category

    rng, now = random.Random(1), datetime.now(UTC)
    merchants = Merchant.objects.bulk_create(
        Merchant(external_id=f"m-{one}", name=f"Store {one}", country=rng.choice(("DE", "FR", "TR")))
        for one in range(number)
    )
    levels = rng.choices(("normal", "watch", "severe"), (90, 8, 2), k=number)
    Standing.objects.bulk_create(
        Standing(merchant=one, level=level, answers=60, late=3, ratings=20, helpful=17, judged_at=now)
        for one, level in zip(merchants, levels, strict=True)
    )
    for back in range(1, DAYS + 1):
        day = (now - timedelta(days=back)).date()
        MerchantDay.objects.bulk_create(
            (
                MerchantDay(merchant=one, day=day, opened=3, answers=3, late=rng.random() < 0.1, ratings=1, helpful=1)
                for one in merchants
            ),
            batch_size=2000,
        )
        counts = {"opened": 9, "answers": 9, "late": 1, "ratings": 3, "helpful": 2}
        groups = itertools.product(countries.EUROPE, Category.values, ("de", "en", "fr", "tr"))
        GroupDay.objects.bulk_create(
            GroupDay(day=day, country=a, category=b, language=c, **counts) for a, b, c in groups
        )
        CountedDay.objects.create(day=day, counted_at=now)
    customer = User.objects.create_user("ada@example.org", name="Ada Lovelace", country="DE")
    moments = {"opened_at": now, "turned_at": now, "public_updated_at": now}
    stands = {"state": "with_merchant", "desk": "merchant", "shared": True, **moments}
    about = {"customer": customer, "issue_id": "order_status", "category": Category.POST_CUSTOMER_SUPPORT, **stands}
    tickets = Ticket.objects.bulk_create(
        (
            Ticket(merchant=one, subject="Where is it?", due_at=now + timedelta(hours=rng.uniform(0, 48)), **about)
            for one in merchants
            for _ticket in range(4)
        ),
        batch_size=2000,
    )
    Wait.objects.bulk_create(
        (
            Wait(ticket=one, merchant_id=one.merchant_id, started_at=now, due_at=one.due_at or now, hours=48)
            for one in tickets
        ),
        batch_size=2000,
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        measure(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(main())
