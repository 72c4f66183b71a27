"""What the desk tells us: verified over the bytes as they came, kept on disk, and only then answered."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from standardwebhooks import Webhook, WebhookVerificationError

from shop import books


class Forged(Exception):
    """It was not signed by the desk, or too long ago."""


def verify(body: bytes, headers: Iterable[tuple[str, str]], secrets: Sequence[str]) -> None:
    """Raise Forged unless one of our secrets signed it within the last five minutes. While a secret is rotated there
    are two: whichever of them fits is good."""
    for secret in secrets:
        hook = Webhook(secret)
        try:
            hook.verify(body, dict(headers), json_parse=False)
            return
        except (WebhookVerificationError, ValueError):  # ValueError: a signature that is no base64, a body no UTF-8
            continue
    raise Forged("No signature fits.")


def keep(body: bytes, database: Path) -> bool:
    """Write the message down before it is answered; whether it is a new one. A twin changes nothing."""
    message = json.loads(body)
    with books.opened(database) as kept:
        written = kept.execute(
            "INSERT OR IGNORE INTO events (id, kind, body, received_at) VALUES (?, ?, ?, ?)",
            (message["id"], message["type"], body.decode(), books.now()),
        )
    return written.rowcount == 1
