"""What an operator does with endpoints: add, rotate the secret, disable, enable."""

import time
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction

from marketdesk.journal.models import Event
from marketdesk.lib import calling
from marketdesk.outbox.models import Endpoint
from marketdesk.outbox.webhooks.kinds import KINDS


class BadEndpoint(Exception):
    """It cannot be an endpoint; the text says why."""


def add(url: str, kinds: Sequence[str], now: datetime) -> tuple[Endpoint, str]:
    """A new endpoint, told of what happens from now on, and its secret. Raises BadEndpoint."""
    unknown = sorted(set(kinds) - set(KINDS.values()))
    if unknown:
        raise BadEndpoint(f"There is no event {', '.join(unknown)}. There are: {', '.join(sorted(KINDS.values()))}.")
    if len(url) > 500:
        raise BadEndpoint("An address has at most 500 characters.")
    try:
        target = calling.parse(url)
        calling.resolve(target, settings.WEBHOOK_ALLOW, time.monotonic() + calling.DEADLINE)
    except (calling.BadUrl, calling.Forbidden) as bad:
        raise BadEndpoint(str(bad)) from None
    except calling.NoAnswer:
        pass  # its name may be known later; it is checked again before every call
    endpoint = Endpoint(url=url, kinds=sorted(set(kinds)), made_at=now, after_event=_last_event())
    secret = endpoint.set_secret()
    endpoint.save()
    return endpoint, secret


@transaction.atomic
def rotate(endpoint: Endpoint, now: datetime) -> str:
    """A new secret; for a day messages carry a signature by each of the two."""
    endpoint.refresh_from_db(from_queryset=Endpoint.objects.select_for_update())
    secret = endpoint.rotate(now)
    endpoint.save(update_fields=["sealed_secret", "sealed_old_secret", "old_secret_until"])
    return secret


def disable(endpoint: Endpoint, now: datetime) -> None:
    """Tell it nothing more until it is enabled."""
    Endpoint.objects.filter(pk=endpoint.pk, disabled_at__isnull=True).update(
        disabled_at=now, disabled_because="operator"
    )


def enable(endpoint: Endpoint) -> None:
    """Tell it again: what still waits for it, and what happens from now on. `replay --since` sends the rest."""
    Endpoint.objects.filter(pk=endpoint.pk, disabled_at__isnull=False).update(
        disabled_at=None,
        disabled_because="",
        failing_since=None,
        given_up=0,
        resting_until=None,
        after_event=_last_event(),
    )


def _last_event() -> int:
    return Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
