"""Writes happen once: the same Idempotency-Key with the same request gets the same answer, byte for byte."""

import json
import re
from collections.abc import Callable
from typing import Any

from django.db import OperationalError, transaction
from django.http import HttpResponse

from marketdesk.api.platform.keys import PlatformRequest, program
from marketdesk.api.platform.problems import Problem
from marketdesk.journal.models import AlreadyDone, Deed

KEY = re.compile(r"[!-~]{1,80}")
# What each write says of itself in the OpenAPI document.
HEADER = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{KEY.pattern}$"},
            "description": "Names this write. Send it again, unchanged, when no answer came.",
        }
    ]
}


def once(request: PlatformRequest, act: Callable[[], tuple[int, dict[str, Any]]]) -> HttpResponse:
    """Do it in one transaction with its key. A twin waits for that transaction; if it takes too long, it is told to
    come back. What was refused has changed nothing, and its key is free again."""
    key = request.headers.get("Idempotency-Key", "")
    if not KEY.fullmatch(key):
        words = "Send an Idempotency-Key of 1 to 80 visible ASCII characters with each write."
        raise Problem(400, "key_missing", words)
    body = f"{request.method} {request.path}\n{request.body.decode('latin-1')}"
    claimed = False
    try:
        with transaction.atomic():
            deed = Deed.begin(program(request.auth), key, body)
            claimed = True
            status, data = act()
            answer = {"status": status, "body": json.dumps(data)}
            deed.finish(answer)
    except AlreadyDone as done:
        if claimed:
            raise
        answer = done.answer
    except OperationalError as failure:
        if claimed or not _is_lock(failure):
            raise
        words = "The first request with this Idempotency-Key is still being worked on. Ask again."
        raise Problem(409, "running", words, headers={"Retry-After": "5"}) from failure
    return HttpResponse(answer["body"], status=answer["status"], content_type="application/json")


def _is_lock(failure: OperationalError) -> bool:
    """PostgreSQL's lock_timeout; SQLite's wait for its one writer."""
    return getattr(failure.__cause__, "sqlstate", "") == "55P03" or "database is locked" in str(failure)
