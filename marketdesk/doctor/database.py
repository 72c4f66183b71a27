"""Whether the database can be trusted with what it is told: asked before anything is written to it."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from marketdesk.doctor.finding import Finding, fine, look, mend
from marketdesk.journal.models import Event
from marketdesk.lib import replica
from marketdesk.merchants import wall

SLOW = 0.25
# Seconds that two clocks may differ before it is said, and before nothing is begun.
CLOCKS_DIFFER = 30
CLOCKS_WRONG = 12 * 3600


def answers() -> Iterator[Finding]:
    """It is there, and how quick it is."""
    connection.ensure_connection()  # which takes its time, and refuses a server that is too old
    begun = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    took = time.perf_counter() - begun
    name = f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}"
    if took > SLOW:
        yield look("database", f"{name} takes {took:.1f} seconds for the smallest answer.", "See what keeps it busy.")
    else:
        yield fine("database", f"{name} answers in {took * 1000:.1f} ms.")


def can_be_written() -> Iterator[Finding]:
    """It is no replica, no read-only file, and not locked by somebody else."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'")
            is_replica, is_read_only = cursor.fetchone()
        if is_replica:
            yield mend("database", "DATABASE_URL names a replica, which cannot be written to.", "Name the primary.")
        elif is_read_only:
            words = "The database is read-only (default_transaction_read_only is on)."
            yield mend("database", words, "Let the role of DATABASE_URL write.")
        return
    path = Path(str(connection.settings_dict["NAME"]))
    if path.exists() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        words = f"{path} is read-only."
        yield mend("database", words, "Let it and its folder be written to by the user that runs Marketdesk.")
        return
    with transaction.atomic():  # takes the one lock for writing, or says that it cannot be had
        pass


def keeps_what_it_acknowledged() -> Iterator[Finding]:
    """A power cut must lose nothing that was acknowledged, and damage nothing."""
    if connection.vendor != "postgresql":
        return
    names = ("fsync", "full_page_writes", "synchronous_commit")
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_settings WHERE name = ANY(%s) AND setting = 'off'", [list(names)])
        off = sorted(name for (name,) in cursor.fetchall())
    if off:
        words = f"PostgreSQL runs with {', '.join(off)} off: a power cut can lose or damage what was acknowledged."
        yield mend("durability", words, "Turn it on.")
    else:
        yield fine("durability", "What is acknowledged survives a power cut.")


def is_not_newer() -> Iterator[Finding]:
    """Its tables are not of a version that came after this one."""
    applied, known = migrations()
    labels = {config.label for config in apps.get_app_configs()}
    newer = sorted(".".join(one) for one in applied - known if one[0] in labels)
    if newer:
        words = f"The database belongs to a newer version of Marketdesk (it has {newer[-1]})."
        yield mend(
            "newer-database", words,
            "Install that version. To go back one release, see docs/upgrading.md.",
        )  # fmt: skip


def is_prepared() -> Iterator[Finding]:
    """Its tables are those of this version. No question at a start, which prepares them."""
    applied, known = migrations()
    if missing := known - applied:
        words = f"The database is not prepared for this version: {len(missing)} changes are missing."
        yield mend("schema", words, "Run marketdesk prepare.")
    else:
        yield fine("schema", "The tables are those of this version.")


def clock() -> Iterator[Finding]:
    """This machine's clock agrees with the database server's; on SQLite, with what was written last."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT extract(epoch FROM clock_timestamp())::float")
            behind = cursor.fetchone()[0] - time.time()
        other = "the database server's"
    else:
        behind, other = _behind_last_event(), "the newest event in the database"
    if abs(behind) < CLOCKS_DIFFER:
        yield fine("clock", f"The clock says {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC.")
        return
    how = f"{_duration(abs(behind))} {'behind' if behind > 0 else 'ahead of'}"
    words = f"This machine's clock ({datetime.now(UTC):%Y-%m-%d %H:%M} UTC) is {how} {other}."
    say = mend if abs(behind) > CLOCKS_WRONG else look
    yield say("clock", words, "Set it right (timedatectl): merchants' time to answer is counted by it.")


def _behind_last_event() -> float:
    """How many seconds the last event lies ahead of this clock; 0 where it does not."""
    if Event._meta.db_table not in connection.introspection.table_names():
        return 0.0
    last = Event.objects.order_by("-pk").values_list("at", flat=True).first()
    return max(0.0, (last - timezone.now()).total_seconds()) if last else 0.0


def connections_suffice() -> Iterator[Finding]:
    """The server has connections left."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), current_setting('max_connections')::int FROM pg_stat_activity"
            " WHERE backend_type = 'client backend'"
        )
        used, most = cursor.fetchone()
    if used > 0.8 * most:
        words = f"{used} of {most} connections of the database server are used."
        yield look("connections", words, "Set DATABASE_POOL, start fewer processes, or raise max_connections.")
    else:
        yield fine("connections", f"{used} of {most} connections of the database server are used.")


def replica_is_fresh() -> Iterator[Finding]:
    """Reports can be read from the replica, where there is one."""
    if replica.ALIAS not in settings.DATABASES:
        return
    behind = replica.lag()
    if behind is None:
        yield mend("replica", "DATABASE_REPLICA_URL names no streaming replica.", "Name one, or leave the setting out.")
    elif behind > settings.REPLICA_MAX_LAG:
        words = f"The replica is {_duration(behind)} behind; reports are read from the primary."
        yield look("replica", words, "See whether it still streams (pg_stat_replication on the primary).")
    else:
        yield fine("replica", f"The replica is {_duration(behind)} behind.")


def wall_has_no_hole() -> Iterator[Finding]:
    """The second wall between merchants stands, where it is asked for."""
    if not settings.DATABASE_WALL:
        return
    if not wall.stands():
        yield mend("wall", "DATABASE_WALL is set, and not every table is behind it.", "Run marketdesk prepare.")
    elif wall.has_a_hole():
        words = "DATABASE_WALL does not hold the role of DATABASE_URL, which owns the tables or may pass over it."
        yield mend("wall", words, "Serve as a role of its own (docs/postgresql.md, “Two roles”).")
    else:
        yield fine("wall", "PostgreSQL keeps merchants apart, too.")


def migrations() -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """What was applied to the database, and what this version knows."""
    loader = MigrationLoader(connection)
    return set(loader.applied_migrations), set(loader.disk_migrations)


def _duration(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
