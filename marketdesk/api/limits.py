"""How much merchants' programs may call, and how they are told of it.

A call counts for its program and for its merchant. A program keeps its count when its token is renewed: it is counted
by its app. A sandbox is a store of its own, allowed to an app of its own, and so has counts of its own.
"""

import ipaddress
from collections.abc import Mapping
from contextlib import suppress

from django.http import HttpRequest
from django.utils.translation import ngettext

from marketdesk.api.envelope import Refusal
from marketdesk.journal import spending
from marketdesk.journal.models import Limit
from marketdesk.journal.spending import Exceeded, Left
from marketdesk.lib import secret
from marketdesk.policy import promises
from marketdesk.programs.models import AccessToken

MINUTE = 60
TOO_MANY = 429
# A process takes a twentieth of a limit at once, so that what is lost at a window's end is little.
SHARES, LARGEST_SHARE = 20, 50
# The wire's own names; beside them go the ones that the IETF drafts.
REMAINING, RESET = "Wish-Rate-Limit-Remaining", "Wish-Rate-Limit-Reset"
# Where a request keeps what its answer tells, whatever becomes of the call.
_TOLD = "marketdesk.limits"


def count(request: HttpRequest, token: AccessToken) -> None:
    """Count a call whose token is good. Raises Refusal where it is one too many."""
    policy = promises.current()
    store = f"store:{token.merchant_id}"
    program = f"app:{token.application_id}:{store}" if token.application_id else f"token:{token.pk}"
    limits = {"program": _limit(program, policy.program_calls), "merchant": _limit(store, policy.merchant_calls)}
    left = _spend({name: limit for name, limit in limits.items() if limit.most})
    request.META[_TOLD] = _headers(left)


def count_unknown(request: HttpRequest) -> None:
    """Count a call whose token nobody knows, for the address that it comes from. Raises Refusal where it is one too
    many. A good token is looked at first, so that nobody is shut out by others who guess."""
    most = promises.current().unknown_tokens
    if most:
        allow("unknown token", address(request), most, MINUTE)


def allow(what: str, who: str, most: int, seconds: int) -> None:
    """Let somebody do something so many times within so many seconds, exactly, whatever races. Raises Refusal."""
    _spend({what: Limit(f"{what}:{secret.hash_of(who)}", most, seconds)})


def address(request: HttpRequest) -> str:
    """Whoever is at the other end; behind a proxy the server has put the client's own address there, and behind a
    socket of the machine itself there may be none. Of IPv6 the network: whoever has one has all of its addresses."""
    found = str(request.META.get("REMOTE_ADDR", ""))
    with suppress(ValueError):
        if ipaddress.ip_address(found).version == 6:
            return str(ipaddress.ip_network(f"{found}/64", strict=False))
    return found


def told(request: HttpRequest) -> Mapping[str, str]:
    """The headers that tell a program how much is left, where its call was counted."""
    headers: Mapping[str, str] = request.META.get(_TOLD, {})
    return headers


def _limit(subject: str, most: int) -> Limit:
    return Limit(subject, most, MINUTE, batch=min(max(1, most // SHARES), LARGEST_SHARE))


def _spend(limits: Mapping[str, Limit]) -> dict[str, Left]:
    try:
        return dict(zip(limits, spending.spend(list(limits.values())), strict=True))
    except Exceeded as exceeded:
        name = next(name for name, limit in limits.items() if limit == exceeded.left.limit)
        raise _too_many({name: exceeded.left}) from None


def _too_many(left: Mapping[str, Left]) -> Refusal:
    seconds = max(one.seconds for one in left.values())
    words = ngettext(
        "Too many calls. Call again in %(seconds)s second.",
        "Too many calls. Call again in %(seconds)s seconds.",
        seconds,
    )
    headers = {"Retry-After": str(seconds), RESET: str(seconds), **_headers(left)}
    return Refusal(TOO_MANY, words % {"seconds": seconds}, status=TOO_MANY, headers=headers)


def _headers(left: Mapping[str, Left]) -> dict[str, str]:
    """The least that is left of any limit; and each by its name, as draft-ietf-httpapi-ratelimit-headers writes it."""
    if not left:
        return {}
    return {
        REMAINING: str(min(one.calls for one in left.values())),
        "RateLimit-Policy": ", ".join(
            f'"{name}";q={one.limit.most};w={one.limit.seconds}' for name, one in left.items()
        ),
        "RateLimit": ", ".join(f'"{name}";r={one.calls};t={one.seconds}' for name, one in left.items()),
    }
