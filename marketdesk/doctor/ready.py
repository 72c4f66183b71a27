"""Whether requests may be sent here: asked every few seconds by a balancer, so it is quick and remembers."""

import logging
import os
import shutil
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLong

from django.conf import settings
from django.db import DatabaseError, connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from marketdesk.doctor.surroundings import ROOM_NEEDED

log = logging.getLogger(__name__)

# Seconds within which an answer is given whatever hangs, and for which it is given again.
PATIENCE = 1.5
REMEMBERED = 1.0


class Readiness:
    """What this process says. One look at a time: what hangs is not asked again while it does."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looking: Future[str] | None = None
        self._words = ""
        self._until = 0.0
        self._known: set[tuple[str, str]] = set()

    def why_not(self) -> str:
        """Why no requests should come; empty when they may. The words name nothing that a stranger must not know."""
        with self._lock:
            if time.monotonic() < self._until:
                return self._words
            if self._looking is None:
                # A thread of its own, since nothing bounds how long a network takes to say that nobody is there.
                looker = ThreadPoolExecutor(1)
                self._looking = looker.submit(self._look)
                looker.shutdown(wait=False)
            looking = self._looking
        try:
            words = looking.result(PATIENCE)
        except TooLong:
            return "The database does not answer."
        except Exception:  # whatever it was, the next one looks again
            log.exception("not ready")
            words = "Something is wrong here."
        with self._lock:
            if looking is self._looking:
                self._looking, self._words, self._until = None, words, time.monotonic() + REMEMBERED
        return words

    def forget(self) -> None:
        """Look afresh at the next question."""
        self._until = 0.0

    def _look(self) -> str:
        try:
            applied = set(MigrationRecorder(connection).applied_migrations())
        except DatabaseError as failure:
            log.warning("not ready: %s", failure)
            return "The database cannot be used."
        finally:
            connections.close_all()  # of this thread, which ends
        # What this version knows does not change while it runs.
        self._known = self._known or set(MigrationLoader(None).disk_migrations)
        if self._known - applied:
            return "The database is not prepared for this version."
        try:
            room = shutil.disk_usage(settings.HOME).free
        except OSError:
            return "The home folder cannot be used."
        if not os.access(settings.HOME, os.W_OK) or room < ROOM_NEEDED:
            return "The home folder cannot be written to."
        return ""


readiness = Readiness()
