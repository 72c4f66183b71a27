"""The home folder and the database, made ready before anything uses them."""

import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.migrations.executor import MigrationExecutor

from marketdesk.lib import roles
from marketdesk.merchants import wall
from marketdesk.replies import seeding
from marketdesk.tickets.models import Issue
from marketdesk.version import VERSION

# After a backup was restored: the desk is a second one of its kind until the first is known to be gone.
PAUSED = "paused"
# The number of the lock in PostgreSQL; any would do.
PREPARING = 6_275_375


def make_folders() -> None:
    """The folders that are there before anything asks for them."""
    for folder in (settings.MEDIA_ROOT, settings.STATIC_ROOT):
        folder.mkdir(parents=True, exist_ok=True)


def prepare(say: Callable[[str], None]) -> None:
    """Bring the tables up to date and write what every installation has. Safe to repeat, and from two programs at
    once, on whatever machines: the second waits for the first."""
    with _alone():
        is_behind, must_wall = _is_behind(), _must_wall()
        if is_behind or must_wall:
            if is_behind and not roles.may_create():
                raise ImproperlyConfigured(
                    f"The tables of this version are not there, and the role {connection.settings_dict['USER']!r} may "
                    "not create them. Run marketdesk prepare with DATABASE_OWNER_URL, the same address for their owner."
                )
            say("Preparing the database …")
            with roles.as_owner():
                call_command("migrate", verbosity=0, interactive=False)
                call_command("createcachetable", verbosity=0)
                if settings.DATABASE_WALL:
                    wall.build()
                elif must_wall:
                    wall.take_down()
        Issue.seed()
        seeding.seed()
        _collect_static_files()


def _collect_static_files() -> None:
    """Copy, hash and compress what pages load: a fifth of a start, and so only where something is new."""
    # htmx's extensions are not ours to serve, and one of them imports a file that is not there.
    unused = ["django_htmx/ext/*"]
    found = hashlib.sha256(VERSION.encode())
    for finder in get_finders():
        for path, storage in finder.list(unused):
            file = os.stat(storage.path(path))
            found.update(f"{storage.path(path)} {file.st_size} {file.st_mtime_ns}\n".encode())
    collected = settings.STATIC_ROOT / "collected"
    if not collected.exists() or collected.read_text() != found.hexdigest():
        call_command("collectstatic", verbosity=0, interactive=False, ignore_patterns=unused)
        collected.write_text(found.hexdigest())


def _is_behind() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def pause() -> None:
    """Let the worker do nothing until somebody resumes."""
    (settings.HOME / PAUSED).touch()


def is_paused() -> bool:
    """Whether the worker waits."""
    return bool((settings.HOME / PAUSED).exists())


def resume() -> bool:
    """Let the worker go on; False when it was not paused."""
    if not is_paused():
        return False
    (settings.HOME / PAUSED).unlink()
    return True


def wait_while_paused(stop: threading.Event) -> None:
    """Return once the worker may work, or is told to stop."""
    while is_paused() and not stop.wait(0.5):
        pass


def _must_wall() -> bool:
    """Whether the wall stands where it should not, or the other way round: the setting decides at each preparing."""
    if connection.vendor != "postgresql":
        return False
    stands = wall.stands()
    return stands != settings.DATABASE_WALL


@contextmanager
def _alone() -> Iterator[None]:
    with (settings.HOME / "preparing.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with _alone_in_the_database():
            yield


@contextmanager
def _alone_in_the_database() -> Iterator[None]:
    """Other machines have homes of their own, and prepare the same PostgreSQL. The lock is held by a transaction that
    does nothing else: it ends with it however that ends, and a pooler in between hands it to nobody meanwhile. It is
    asked for again and again: a statement that waits would hold up an index that the other builds beside the traffic,
    and be waited for while it waits."""
    if connection.vendor != "postgresql":
        yield
        return
    holding = connection.copy()
    try:
        holding.set_autocommit(False)
        with holding.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")  # it takes as long as it takes
            while not _has_lock(cursor):
                time.sleep(0.2)
            yield
    finally:
        holding.close()


def _has_lock(cursor: CursorWrapper) -> bool:
    cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [PREPARING])
    return bool(cursor.fetchone()[0])
