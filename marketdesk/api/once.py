"""Writes happen once: the same key with the same request gets the same answer, byte for byte.

Kept for 30 days (see `sweep_leftovers`). What a refusal looks like is the caller's business.
"""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from django.db import OperationalError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from marketdesk.journal.models import AlreadyDone, Deed
from marketdesk.lib import prepared, whole
from marketdesk.tickets.errors import NotAllowed

HEADER = "Idempotency-Key"
KEY = re.compile(r"[!-~]{1,80}")


class StillRunning(Exception):
    """The first request with this key is not done yet; nothing is known of its end."""


@dataclass(frozen=True)
class Stored:
    """An answer as it is kept."""

    status: int
    body: str
    headers: dict[str, str] = field(default_factory=dict)


def once(who: str, key: str, request: HttpRequest, act: Callable[[], Stored]) -> Stored:
    """Do it in one transaction with its key. A twin waits for that transaction, and is told StillRunning if it takes
    too long; another request with the key is told KeyReused. What was refused has changed nothing, and its key is
    free again."""
    query = request.META.get("QUERY_STRING", "")  # some writes say there what they want
    where = f"{request.path}?{query}" if query else request.path
    wanted = f"{request.method} {where}\n{request.body.decode('latin-1')}"
    claimed = False
    try:
        with whole.deed(), prepared.gathered():
            deed = Deed.begin(who, key, wanted)
            claimed = True
            answer = act()
            deed.finish(asdict(answer))
    except AlreadyDone as done:
        if claimed:  # another key than this one
            raise
        if not done.answer:  # whom it was about was erased
            raise NotAllowed("absent", _("There is no such ticket.")) from None
        return Stored(**done.answer)
    except OperationalError as failure:
        if claimed or not _is_lock(failure):
            raise
        raise StillRunning from failure
    return answer


def _is_lock(failure: OperationalError) -> bool:
    """PostgreSQL's lock_timeout; SQLite's wait for its one writer."""
    return getattr(failure.__cause__, "sqlstate", "") == "55P03" or "database is locked" in str(failure)
