"""What hash partitions by merchant would change: `python -m bench.partitions [TICKETS]`, on a PostgreSQL of its own.

The four tables that grow fastest are copied into partitioned ones by plain SQL; nothing of the desk uses them. It
prints sizes, times, how many partitions each hot statement reads, and what docs/partitioning.md says about them.
"""

import re
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.data import CALLER, fill, waiting
from bench.databases import postgres
from bench.servers import prepared

PARTITIONS, TIMES = 16, 500
# Of each table the indexes that it has, but for those of the foreign keys that others serve as well.
TABLES = {
    "tickets_message": ["(ticket_id, id)"],
    "journal_event": [
        "(ticket_id, id)",
        "(subject_id) WHERE subject_kind = 'refund'",
        "(ticket_id) WHERE verb = 'reopen'",
    ],
    "tickets_wait": ["(merchant_id, counts_at)", "(due_at) WHERE ended_at IS NULL", "(ticket_id)"],
    "outbox_delivery": [
        "(message_id)",
        "(endpoint_id, next_at, id) WHERE status = 'waiting'",
        "(endpoint_id, ticket_id, sequence) WHERE attempts = 0 AND status = 'waiting'",
        "(made_at)",
        "(endpoint_id, made_at, id)",
        "(ticket_id, endpoint_id, event_id)",
        "(endpoint_id, failed_at, id) WHERE failed_at IS NOT NULL",
    ],
}
# What must stay unique: only together with the merchant, which decides the partition.
UNIQUE = {
    "tickets_wait": "(merchant_id, ticket_id) WHERE ended_at IS NULL",
    "outbox_delivery": "(merchant_id, event_id, endpoint_id)",
}
ENDPOINT = """
    INSERT INTO outbox_endpoint (id, public_id, url, kinds, sealed_secret, sealed_old_secret, made_at, after_event,
        disabled_because, given_up, lease_no, edition, chosen_after)
    VALUES (1, repeat('0', 24), 'https://shop.example.org/hook', '[]', '', '', now(), 0, '', 0, 0, 0, '{}')
"""
DELIVERIES = """
    INSERT INTO outbox_delivery (message_id, kind, merchant_id, ticket_id, sequence, body, status, attempts, made_at,
        next_at, tried_at, answer_status, error, event_id, endpoint_id, resource)
    SELECT 'msg_' || id, 'ticket.' || verb, merchant_id, ticket_id, 1, repeat('{"type": "ticket.replied"}', 20), 'done',
        1, at, at, at, 200, '', id, 1, ''
    FROM journal_event WHERE verb = 'open' AND ticket_id IS NOT NULL
"""


@dataclass(frozen=True)
class Statement:
    """A hot statement; TABLE is put in. `today` is the same without the merchant, as the desk asks it now."""

    words: str
    table: str
    sql: str
    today: str = ""


OF_TICKET = "ticket_id = %(ticket)s"
MINE = "merchant_id = %(merchant)s"
STATEMENTS = (
    Statement(
        "messages of a ticket",
        "tickets_message",
        f"SELECT * FROM TABLE WHERE {MINE} AND {OF_TICKET} ORDER BY id",
        f"SELECT * FROM TABLE WHERE {OF_TICKET} ORDER BY id",
    ),
    Statement(
        "messages of 50 tickets",
        "tickets_message",
        f"SELECT * FROM TABLE WHERE {MINE} AND ticket_id = ANY(%(tickets)s) ORDER BY id",
        "SELECT * FROM TABLE WHERE ticket_id = ANY(%(tickets)s) ORDER BY id",
    ),
    Statement(
        "events of a ticket",
        "journal_event",
        f"SELECT * FROM TABLE WHERE {MINE} AND {OF_TICKET} ORDER BY id",
        f"SELECT * FROM TABLE WHERE {OF_TICKET} ORDER BY id",
    ),
    Statement(
        "the open wait of a ticket",
        "tickets_wait",
        f"SELECT * FROM TABLE WHERE {MINE} AND {OF_TICKET} AND ended_at IS NULL",
        f"SELECT * FROM TABLE WHERE {OF_TICKET} AND ended_at IS NULL",
    ),
    Statement(
        "a merchant's late answers of 30 days",
        "tickets_wait",
        f"SELECT count(*) FILTER (WHERE ended_at > due_at), count(*) FROM TABLE WHERE {MINE} AND counted"
        " AND counts_at BETWEEN now() - interval '30 days' AND now()",
    ),
    Statement(
        "deliveries of a ticket",
        "outbox_delivery",
        f"SELECT * FROM TABLE WHERE {MINE} AND {OF_TICKET} AND endpoint_id = 1 ORDER BY event_id",
        f"SELECT * FROM TABLE WHERE {OF_TICKET} AND endpoint_id = 1 ORDER BY event_id",
    ),
    Statement(
        "waits due soonest, of all merchants",
        "tickets_wait",
        "SELECT ticket_id FROM TABLE WHERE ended_at IS NULL AND due_at < now() + interval '44 hours' LIMIT 500",
    ),
    Statement(
        "one more message",
        "tickets_message",
        "INSERT INTO TABLE (ticket_id, merchant_id, author, author_name, audience, body, language, at)"
        " VALUES (%(ticket)s, %(merchant)s, 'merchant', 'Store', 'everyone', 'We will see to it.', 'en', now())",
    ),
)


def main() -> int:
    """Load, copy, compare."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that no server is left behind
    tickets = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000_000
    with postgres() as (database, _first), tempfile.TemporaryDirectory() as home:
        prepared(Path(home), database)
        print(f"Loading {tickets:,} tickets …", file=sys.stderr, flush=True)
        begun = time.monotonic()
        fill(database, tickets)
        print(f"Loaded in {time.monotonic() - begun:.0f} s.")
        with database.connection() as connected:
            for statement in (
                "SET session_replication_role = replica",
                ENDPOINT,
                DELIVERIES,
                "SET synchronous_commit = on",
            ):
                connected.execute(statement)
            connected.execute("VACUUM (ANALYZE) outbox_delivery")
            print(f"\n{'table':<20}{'rows':>12}{'MB plain':>10}{'MB parted':>11}{'copied, s':>11}{'largest part':>14}")
            for table in TABLES:
                _copy(connected, table)
            print("\nForeign keys that name a row of these tables by its id alone:")
            for words in _pointing(connected):
                print(f"  {words}")
            _compare(connected, waiting(tickets))
    return 0


def _copy(connected: Any, table: str) -> None:
    """The table once more, in partitions, with all that is unique and indexed in it."""
    begun = time.monotonic()
    copy = f"parted_{table}"
    connected.execute(
        f"CREATE TABLE {copy} (LIKE {table} INCLUDING GENERATED INCLUDING IDENTITY) PARTITION BY HASH (merchant_id)"
    )
    for part in range(PARTITIONS):
        connected.execute(
            f"CREATE TABLE {copy}_{part} PARTITION OF {copy} FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {part})"
        )
    # What concerns no merchant needs a number too: no column of a primary key may be empty.
    names = "column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER' ORDER BY 1"
    columns = [row[0] for row in connected.execute(f"SELECT {names}", [table])]
    values = ["coalesce(merchant_id, 0)" if column == "merchant_id" else column for column in columns]
    connected.execute(
        f"INSERT INTO {copy} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE SELECT {', '.join(values)} FROM {table}"
    )
    connected.execute(f"ALTER TABLE {copy} ADD PRIMARY KEY (merchant_id, id)")
    for index in TABLES[table]:
        connected.execute(f"CREATE INDEX ON {copy} {index}")
    if table in UNIQUE:
        connected.execute(f"CREATE UNIQUE INDEX ON {copy} {UNIQUE[table]}")
    connected.execute(f"SELECT setval(pg_get_serial_sequence('{copy}', 'id'), max(id)) FROM {copy}")
    connected.execute(f"VACUUM (ANALYZE) {copy}")
    took = time.monotonic() - begun
    number = connected.execute(f"SELECT count(*) FROM {copy}").fetchone()[0]
    plain, *parts = (_megabytes(connected, one) for one in (table, *(f"{copy}_{n}" for n in range(PARTITIONS))))
    share = max(parts) / sum(parts)
    print(f"{table:<20}{number:>12,}{plain:>10,.0f}{sum(parts):>11,.0f}{took:>11.0f}{share:>14.1%}", flush=True)


def _megabytes(connected: Any, table: str) -> float:
    """With its indexes."""
    return float(connected.execute(f"SELECT pg_total_relation_size('{table}')").fetchone()[0]) / 1024**2


def _pointing(connected: Any) -> list[str]:
    """Foreign keys to these tables: they would have to name the merchant too."""
    found = connected.execute(
        "SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND confrelid::regclass::text = ANY(%s) ORDER BY 1",
        [list(TABLES)],
    )
    return [row[0] for row in found]


def _compare(connected: Any, own: list[int]) -> None:
    """Each statement on the plain table, on the partitions, and there as the desk asks today."""
    backend = psutil.Process(connected.execute("SELECT pg_backend_pid()").fetchone()[0])
    print(f"\n{'':<40}{'plain':>16}{'partitions':>24}{'without the merchant':>24}")
    for one in STATEMENTS:
        plain = _time(connected, backend, (one.today or one.sql).replace("TABLE", one.table), own)
        parted = _time(connected, backend, one.sql.replace("TABLE", f"parted_{one.table}"), own)
        whole = _time(connected, backend, one.today.replace("TABLE", f"parted_{one.table}"), own) if one.today else ""
        print(f"{one.words:<40}{plain:>16}{parted:>24}{whole:>24}", flush=True)


def _time(connected: Any, backend: psutil.Process, sql: str, own: list[int]) -> str:
    """The processor's milliseconds for one, prepared, and the partitions that it reads."""

    def given(number: int) -> dict[str, Any]:
        return {"merchant": CALLER, "ticket": own[number % len(own)], "tickets": own[number % 7 : 350 : 7][:50]}

    for number in range(10):
        _run(connected, sql, given(number))
    busy = sum(backend.cpu_times()[:2])
    for number in range(TIMES):
        _run(connected, sql, given(number))
    spent = (sum(backend.cpu_times()[:2]) - busy) * 1000 / TIMES
    plan = "\n".join(row[0] for row in connected.execute(f"EXPLAIN {sql}", given(0)))
    parts = set(re.findall(r" on (parted_\w+_\d+)\b", plan))
    return f"{spent:.2f} ms" + (f" ({len(parts) or 1} of {PARTITIONS})" if "parted_" in sql else "")


def _run(connected: Any, sql: str, parameters: dict[str, Any]) -> None:
    cursor = connected.execute(sql, parameters, prepare=True)
    if cursor.description:
        cursor.fetchall()


if __name__ == "__main__":
    sys.exit(main())
