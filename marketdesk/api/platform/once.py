"""Writes happen once: the same Idempotency-Key with the same request gets the same answer, byte for byte."""

import json
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse

from marketdesk.api import once as keys
from marketdesk.api.once import KEY, Stored
from marketdesk.api.platform.keys import PlatformRequest, program
from marketdesk.api.platform.problems import Problem

# What each write says of itself in the OpenAPI document.
HEADER = {
    "parameters": [
        {
            "name": keys.HEADER,
            "in": "header",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{KEY.pattern}$"},
            "description": "Names this write. Send it again, unchanged, when no answer came.",
        }
    ]
}


def once(request: PlatformRequest, act: Callable[[], tuple[int, dict[str, Any]]]) -> HttpResponse:
    """Do it in one transaction with its key, which every write of this door must have."""
    key = request.headers.get(keys.HEADER, "")
    if not KEY.fullmatch(key):
        words = "Send an Idempotency-Key of 1 to 80 visible ASCII characters with each write."
        raise Problem(400, "key_missing", words)

    def stored() -> Stored:
        status, data = act()
        return Stored(status, json.dumps(data))

    try:
        answer = keys.once(program(request.auth), key, request, stored)
    except keys.StillRunning as running:
        words = "The first request with this Idempotency-Key is still being worked on. Ask again."
        raise Problem(409, "running", words, headers={"Retry-After": "5"}) from running
    return HttpResponse(answer.body, status=answer.status, content_type="application/json")
