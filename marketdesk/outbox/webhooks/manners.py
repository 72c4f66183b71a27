"""How endpoints are called: the operator's as Standard Webhooks has it, those of merchants' apps as API v3 promises."""

import base64
import hashlib
import hmac
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from standardwebhooks import Webhook

from marketdesk.outbox.models import Delivery, Endpoint, Subscription


@dataclass(frozen=True)
class Manner:
    """What one kind of endpoint was promised.

    `waits` is what is waited after each try that failed. So many messages in a row as `given_up_limit` that no try
    could deliver mean that nobody is there any more. Whether Retry-After and 410 count is `heeds_answers`. `allowed` is
    the setting that says what may be called although it is private.
    """

    headers: Callable[[Delivery, Any, datetime], dict[str, str]]
    waits: tuple[timedelta, ...]
    given_up_limit: int
    heeds_answers: bool
    jitter: float
    allowed: str
    deadline: float | None = None  # seconds for a call; None: as long as any

    def wait_after(self, tries: int) -> timedelta:
        """How long until the next try: never the same for a thousand messages that failed together."""
        return self.waits[tries - 1] * random.uniform(1 - self.jitter, 1 + self.jitter)  # noqa: S311 - nobody gains by guessing it


def sign(delivery: Delivery, endpoint: Endpoint, now: datetime) -> dict[str, str]:
    """The three headers of Standard Webhooks; a signature for each secret that is good now."""
    at = now.astimezone(UTC)
    secrets = endpoint.signing_secrets(now)
    signatures = [Webhook(secret).sign(delivery.message_id, at, delivery.body) for secret in secrets]
    return {
        "webhook-id": delivery.message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def sign_v3(delivery: Delivery, subscription: Subscription, _now: datetime) -> dict[str, str]:
    """The headers of API v3, with the signature of the body by the app's secret. Raises Unreadable."""
    digest = hmac.new(subscription.app.secret.encode(), delivery.body.encode(), hashlib.sha256).digest()
    return {
        "Wish-Topic": subscription.topic,
        "Wish-API-Version": "V3",
        "Wish-Merchant-ID": subscription.merchant.public_id,
        "Wish-Subscription-ID": subscription.public_id,
        "Wish-Retry-Attempt": str(delivery.attempts),
        "Wish-Hmac-Sha256": base64.b64encode(digest).decode(),
    }


# Ten tries within about 76 hours.
STANDARD = Manner(
    headers=sign,
    waits=(
        timedelta(seconds=5),
        timedelta(minutes=5),
        timedelta(minutes=30),
        timedelta(hours=2),
        timedelta(hours=5),
        timedelta(hours=10),
        timedelta(hours=14),
        timedelta(hours=20),
        timedelta(hours=24),
    ),
    given_up_limit=10,
    heeds_answers=True,
    jitter=0.1,
    allowed="WEBHOOK_ALLOW",
)
# 25 tries, one each hour; then the subscription is inactive.
V3 = Manner(
    headers=sign_v3,
    waits=(timedelta(hours=1),) * 24,
    given_up_limit=1,
    heeds_answers=False,
    jitter=0.02,
    allowed="APP_WEBHOOK_ALLOW",
    deadline=5.0,
)


def of(endpoint: Endpoint) -> Manner:
    """How this one is called."""
    return V3 if isinstance(endpoint, Subscription) else STANDARD
