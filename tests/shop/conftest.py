"""A shop on a folder of its own, without a desk."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask.testing import FlaskClient
from shop import app, books
from shop.settings import Settings
from standardwebhooks import Webhook

from tests.outbox.webhooks import Receiver, receiver

SECRET, OLD_SECRET, STRANGERS = ("whsec_" + word * 4 for word in ("c2hvcHNo", "b2xkZXJz", "bm9ib2R5"))
PAIR = Ed25519PrivateKey.generate()

Signed = Callable[..., dict[str, Any]]


@pytest.fixture
def desk() -> Iterator[Receiver]:
    """Something that listens where the desk would be."""
    with receiver() as desk:
        yield desk


@pytest.fixture
def ours(tmp_path: Path, desk: Receiver) -> Settings:
    key = PAIR.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    ours = Settings(
        home=tmp_path / "shop",
        url="http://localhost:8001",
        desk_url=f"http://127.0.0.1:{desk.port}",
        desk_key="mdp_shop",
        webhook_secrets=(SECRET, OLD_SECRET),
        arrival_key_id="kid-1",
        arrival_key=key,
    )
    books.prepare(ours.database)
    return ours


@pytest.fixture
def woken() -> list[bool]:
    """How often the worker was woken."""
    return []


@pytest.fixture
def browser(ours: Settings, woken: list[bool]) -> FlaskClient:
    return app.make(ours, lambda: woken.append(True)).test_client()


@pytest.fixture
def kept(ours: Settings) -> Callable[[str], list[dict[str, Any]]]:
    """`kept("SELECT …")`: what stands in the books."""

    def _kept(question: str) -> list[dict[str, Any]]:
        with books.opened(ours.database) as opened:
            return [dict(row) for row in opened.execute(question)]

    return _kept


def message(kind: str = "refund.requested", ident: str = "msg_1", sequence: int = 3, **data: Any) -> str:
    """What the desk says, as docs/webhooks.md shows it."""
    ticket = {
        "id": "t-1",
        "state": "closed",
        "customer": {"id": "c", "external_id": "ada"},
        "order": "1001",
        **data.pop("ticket", {}),
    }
    refund = {"key": "refund-1", "item_name": "Table lamp Nara", "amount": "89.90", "currency": "EUR"}
    refund |= data.pop("refund", {})
    said = {"by": "merchant", "ticket": ticket} | ({"refund": refund} if kind.startswith("refund.") else {})
    at = "2026-11-18T10:00:00+00:00"
    return json.dumps({"id": ident, "type": kind, "timestamp": at, "sequence": sequence, "data": said})


def signed(body: str, *, secret: str = SECRET, at: datetime | None = None, ident: str = "msg_1") -> dict[str, Any]:
    """A request as the desk sends it."""
    at = at or datetime.now(UTC)
    headers = {
        "webhook-id": ident,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(ident, at, body),
    }
    return {"data": body.encode(), "headers": headers, "content_type": "application/json"}
