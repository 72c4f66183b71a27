"""A write with an Idempotency-Key happens once, and its answer is kept for 30 days. Clients that were written for the
original send none: theirs are told from repetitions as in API v2, by what they say."""

from collections.abc import Callable
from dataclasses import replace

from django.http import HttpResponse
from django.utils import translation

from marketdesk.api import once as keys
from marketdesk.api.once import KEY, Stored
from marketdesk.api.v3 import errors
from marketdesk.api.v3.keys import ProgramRequest
from marketdesk.people.actor import Actor

# What is not made anew for each answer.
_KEPT = ("Content-Type", "ETag")


def once(request: ProgramRequest, act: Callable[[Actor], HttpResponse]) -> HttpResponse:
    """Do it as the token's actor, in one transaction with the key if there is one."""
    actor = request.auth.actor()
    key = request.headers.get(keys.HEADER)
    if key is None:
        return act(actor)
    if not KEY.fullmatch(key):
        raise errors.bad_key()

    def stored() -> Stored:
        done = act(replace(actor, is_first=True))
        kept = {name: done.headers[name] for name in _KEPT if name in done.headers}
        kept["Content-Language"] = translation.get_language() or ""
        return Stored(done.status_code, done.content.decode(), kept)

    # A public app is one program in many stores.
    answer = keys.once(f"v3:{actor.merchant_id}:{actor.app}", key, request, stored)
    return HttpResponse(answer.body, status=answer.status, headers=answer.headers)
