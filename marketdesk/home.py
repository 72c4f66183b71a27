"""The home folder and the database, made ready before anything uses them."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from marketdesk.replies import seeding
from marketdesk.tickets.models import Issue


def make_folders() -> None:
    """The folders that are there before anything asks for them."""
    for folder in (settings.MEDIA_ROOT, settings.STATIC_ROOT):
        folder.mkdir(parents=True, exist_ok=True)


def prepare(say: Callable[[str], None]) -> None:
    """Bring the tables up to date and write what every installation has. Safe to repeat, and from two programs at
    once: the second waits for the first."""
    with _alone():
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            say("Preparing the database …")
            call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        Issue.seed()
        seeding.seed()
        # htmx's extensions are not ours to serve, and one of them imports a file that is not there.
        unused = ["django_htmx/ext/*"]
        call_command("collectstatic", verbosity=0, interactive=False, ignore_patterns=unused)


@contextmanager
def _alone() -> Iterator[None]:
    with (settings.HOME / "preparing.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
