"""A shop that signs: its key here, and the tokens with which it sends customers."""

import itertools
from datetime import timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from django.conf import settings
from django.utils import timezone

from marketdesk.people import arriving
from marketdesk.people.models import Algorithm, ArrivalKey

_numbers = itertools.count(1)


def pem_of(key: Any) -> str:
    """The public half, as `arrival-key add` takes it."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(key.public_key().public_bytes(serialization.Encoding.PEM, form).decode())


class Shop:
    """Signs with one key that the desk knows."""

    def __init__(self, algorithm: Algorithm = Algorithm.EDDSA, name: str = "shop") -> None:
        self.private: Any = None
        if algorithm == Algorithm.EDDSA:
            self.private = ed25519.Ed25519PrivateKey.generate()
        if algorithm == Algorithm.RS256:
            self.private = rsa.generate_private_key(65537, 2048)
        self.public = pem_of(self.private) if self.private else ""
        self.key: ArrivalKey
        self.key, secret = arriving.add_key(name, algorithm, self.public)
        self.private = self.private or secret

    def claims(self, **claims: Any) -> dict[str, Any]:
        """A good token's claims, changed as said; None leaves one out."""
        now = timezone.now()
        good = {
            "aud": settings.BASE_URL,
            "sub": "c-7",
            "iat": now,
            "exp": now + timedelta(minutes=2),
            "jti": f"arrival-{next(_numbers)}",
            "name": "Grace Hopper",
            **claims,
        }
        return {name: value for name, value in good.items() if value is not None}

    def sign(self, *, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token."""
        named = {"kid": self.key.public_id, **(headers or {})}
        return jwt.encode(self.claims(**claims), self.private, algorithm=self.key.algorithm, headers=named)

    def address(self, *, embedded: bool = False, **claims: Any) -> str:
        """Where a customer is sent."""
        return f"/arrive{'/embedded' if embedded else ''}?token={self.sign(**claims)}"
