"""What an operator does with endpoints: add, choose kinds, rotate the secret, switch off and on, send a test. Each is
written in the journal."""

import json
import time
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from marketdesk.journal.models import Audience, Deed, Event
from marketdesk.lib import calling
from marketdesk.outbox.models import Delivery, DeliveryStatus, Endpoint
from marketdesk.outbox.webhooks import planning
from marketdesk.outbox.webhooks.kinds import KINDS, TEST
from marketdesk.people.actor import Actor


class BadEndpoint(Exception):
    """It cannot be an endpoint, or not be done with it; the text says why."""


class NotPublic(BadEndpoint):
    """It leads into a network that must not be reached, or has no TLS; the text names addresses of that network."""


class EndpointMoved(Exception):
    """The endpoint is no longer as the person had it before them: nothing was changed."""

    def __str__(self) -> str:
        return _("Somebody changed this endpoint while you were here. Nothing was done; look at it as it is now.")


def add(url: str, kinds: Sequence[str], *, by: Actor) -> tuple[Endpoint, str]:
    """A new endpoint, told of what happens from now on, and its secret. Raises BadEndpoint."""
    check_kinds(kinds)
    check_url(url)  # before the transaction: a name server may let us wait
    with transaction.atomic():
        once(by, {"add": url, "kinds": sorted(set(kinds))})
        endpoint = Endpoint(url=url, kinds=sorted(set(kinds)), made_at=by.at, after_event=last_event())
        secret = endpoint.set_secret()
        endpoint.save()
        record("webhook_added", endpoint, by, kinds=endpoint.kinds)
    return endpoint, secret


def check_kinds(kinds: Sequence[str]) -> None:
    """Raise BadEndpoint where there is no such event."""
    unknown = sorted(set(kinds) - set(KINDS.values()))
    if unknown:
        words = {"unknown": ", ".join(unknown), "known": ", ".join(sorted(KINDS.values()))}
        raise BadEndpoint(_("There is no event %(unknown)s. There are: %(known)s.") % words)


def check_url(url: str, allowed: calling.Allowed | None = None, *, seconds: float | None = calling.DEADLINE) -> None:
    """Raise BadEndpoint where no call may go: NotPublic, if it were not for where it leads. A name server has so many
    seconds to say that; None is not asked."""
    if len(url) > 500:
        raise BadEndpoint(_("An address has at most 500 characters."))
    try:
        target = calling.parse(url)
        if seconds is not None:
            calling.resolve(target, allowed or settings.WEBHOOK_ALLOW, time.monotonic() + seconds)
    except calling.BadUrl as bad:
        raise BadEndpoint(str(bad)) from None
    except calling.Forbidden as bad:
        raise NotPublic(str(bad)) from None
    except calling.NoAnswer:
        pass  # its name may be known later; it is checked again before every call


@transaction.atomic
def choose(endpoint: Endpoint, kinds: Sequence[str], *, by: Actor) -> None:
    """Tell it of other kinds from now on; of everything where none is named."""
    begin(endpoint, by, {"choose": sorted(set(kinds))})
    check_kinds(kinds)
    before, endpoint.kinds = endpoint.kinds, sorted(set(kinds))
    # A refund that was asked for before must not be paid because somebody chose refunds today.
    new = set(endpoint.kinds or KINDS.values()) - set(before or KINDS.values())
    endpoint.chosen_after |= dict.fromkeys(sorted(new), last_event())
    _save(endpoint, "kinds", "chosen_after")
    record("webhook_changed", endpoint, by, kinds=endpoint.kinds, before=before)


@transaction.atomic
def rotate(endpoint: Endpoint, *, by: Actor) -> str:
    """A new secret; for a day messages carry a signature by each of the two."""
    begin(endpoint, by, {"rotate": endpoint.pk})
    secret = endpoint.rotate(by.at)
    _save(endpoint, "sealed_secret", "sealed_old_secret", "old_secret_until")
    record("webhook_rotated", endpoint, by)
    return secret


@transaction.atomic
def disable(endpoint: Endpoint, *, by: Actor) -> None:
    """Tell it nothing more until it is enabled. What waits for it waits on."""
    begin(endpoint, by, {"disable": endpoint.pk})
    if endpoint.disabled_at:
        return
    endpoint.disabled_at, endpoint.disabled_because = by.at, "operator"
    _save(endpoint, "disabled_at", "disabled_because")
    record("webhook_disabled", endpoint, by, because="operator")


@transaction.atomic
def enable(endpoint: Endpoint, *, by: Actor) -> None:
    """Tell it again: at once what still waits for it, and what happens from now on. `replay --since` sends the rest."""
    begin(endpoint, by, {"enable": endpoint.pk})
    if not endpoint.disabled_at:
        return
    Delivery.objects.filter(endpoint=endpoint, status=DeliveryStatus.WAITING).update(next_at=by.at)
    endpoint.disabled_at, endpoint.disabled_because = None, ""
    endpoint.failing_since, endpoint.given_up, endpoint.resting_until = None, 0, None
    endpoint.after_event = last_event()
    _save(endpoint, "disabled_at", "disabled_because", "failing_since", "given_up", "resting_until", "after_event")
    record("webhook_enabled", endpoint, by)


@transaction.atomic
def send_test(endpoint: Endpoint, *, by: Actor) -> Delivery:
    """Send it a message that says nothing, whatever it chose to be told of."""
    begin(endpoint, by, {"test": endpoint.pk})
    if endpoint.disabled_at:
        raise BadEndpoint(_("It is switched off, and nothing is sent to it. Switch it on first."))
    return planning.write_test(endpoint, record(TEST, endpoint, by), by.at)


def begin(endpoint: Endpoint, by: Actor, body: dict[str, Any]) -> None:
    """Lock and re-read it: once for each sending of a form, and only as the person had it before them."""
    once(by, {**body, "endpoint": endpoint.pk})
    endpoint.refresh_from_db(from_queryset=Endpoint.objects.select_for_update())
    if by.seen is not None and by.seen != endpoint.edition:
        raise EndpointMoved


def once(by: Actor, body: dict[str, Any]) -> None:
    """Claim the key of a form. Raises AlreadyDone or KeyReused."""
    if by.key:
        Deed.begin(by.who, by.key, json.dumps(body, sort_keys=True))


def record(verb: str, endpoint: Endpoint, by: Actor, **data: Any) -> Event:
    """Who did what with it; only the platform may read that."""
    return Event.objects.create(
        verb=verb,
        subject_kind="endpoint",
        subject_id=endpoint.pk,
        audience=Audience.PLATFORM,
        actor=by.as_json(),
        data={"url": endpoint.url, **data},
        at=by.at,
    )


def _save(endpoint: Endpoint, *fields: str) -> None:
    endpoint.edition += 1
    endpoint.save(update_fields=[*fields, "edition"])


def last_event() -> int:
    return Event.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
