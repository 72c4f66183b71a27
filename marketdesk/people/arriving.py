"""Customers arrive with a token that the marketplace signed: whether it is good, said once, and never twice."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from marketdesk.lib import sealing, secret
from marketdesk.people.models import Algorithm, Arrival, ArrivalKey

log = logging.getLogger(__name__)

# A token is for going from one page to the next: whoever finds it later finds nothing.
LONGEST_LIFE = timedelta(minutes=5)
# How far the marketplace's clock and ours may lie apart.
LEEWAY = timedelta(seconds=30)
NEEDED = ["aud", "sub", "iat", "exp", "jti"]
LONGEST_TOKEN = 8000
SMALLEST_RSA = 2048


class Why(StrEnum):
    """Why a token lets nobody in. A bad signature, an unknown key and a retired one are told apart nowhere."""

    MALFORMED = "malformed"
    KEY = "key"
    AUDIENCE = "audience"
    EXPIRED = "expired"
    USED = "used"
    CLOSED = "closed"  # the account is not a customer's, or was erased


class NotLetIn(Exception):
    """A token that lets nobody in; nothing was changed."""

    def __init__(self, why: Why, detail: str) -> None:
        super().__init__(detail)  # for the log alone
        self.why = why


class BadKey(ValueError):
    """A key that nothing can be checked with; the text says why."""


@dataclass(frozen=True)
class Claims:
    """What the marketplace signed: who arrives, and what it knows of them."""

    key: str
    jti: str
    expires_at: datetime
    said: dict[str, Any]

    @property
    def customer(self) -> str:
        """Their id at the marketplace."""
        return str(self.said["sub"]).strip()


def add_key(name: str, algorithm: Algorithm, public_key: str = "") -> tuple[ArrivalKey, str]:
    """A key, and for HS256 its secret, which is shown this once. Raises BadKey."""
    if not name.isprintable() or not 0 < len(name) <= 40:
        raise BadKey("A key's name has 1 to 40 letters.")
    if algorithm == Algorithm.HS256:
        shared = secret.new("mda")
        return ArrivalKey.objects.create(name=name, algorithm=algorithm, sealed_secret=sealing.seal(shared)), shared
    _check_public_key(algorithm, public_key)
    return ArrivalKey.objects.create(name=name, algorithm=algorithm, public_key=public_key.strip() + "\n"), ""


def _check_public_key(algorithm: Algorithm, pem: str) -> None:
    if "PRIVATE KEY" in pem:
        raise BadKey("This is the private key, which stays with the shop. Give the public one.")
    try:
        found = load_pem_public_key(pem.encode())
    except ValueError:
        raise BadKey("This is not a public key in PEM (-----BEGIN PUBLIC KEY-----).") from None
    if not isinstance(found, Ed25519PublicKey if algorithm == Algorithm.EDDSA else RSAPublicKey):
        raise BadKey(f"This is not a key for {algorithm}: EdDSA takes Ed25519, RS256 takes RSA.")
    if isinstance(found, RSAPublicKey) and found.key_size < SMALLEST_RSA:
        raise BadKey(f"An RSA key needs {SMALLEST_RSA} bits; this one has {found.key_size}.")


def read(token: str, now: datetime) -> Claims:
    """What a token says, once it is sure that the marketplace said it, to us, and just now. Raises NotLetIn."""
    if not token or len(token) > LONGEST_TOKEN:
        raise NotLetIn(Why.MALFORMED, "empty or too long")
    key = _key_of(token, now)
    said = _verified(token, key)
    try:
        made_at, expires_at = (datetime.fromtimestamp(said[name], UTC) for name in ("iat", "exp"))
    except (TypeError, ValueError, OverflowError, OSError):
        raise NotLetIn(Why.MALFORMED, "iat or exp is no moment") from None
    if expires_at - made_at > LONGEST_LIFE:
        raise NotLetIn(Why.MALFORMED, "exp lies more than 5 minutes after iat")
    if not said["sub"].strip() or not said["jti"].strip():
        raise NotLetIn(Why.MALFORMED, "sub or jti is empty")
    if said["sub"].encode(errors="ignore").decode() != said["sub"]:
        raise NotLetIn(Why.MALFORMED, "sub holds half a character")
    return Claims(key.public_id, said["jti"], expires_at, said)


def _key_of(token: str, now: datetime) -> ArrivalKey:
    try:
        kid = jwt.get_unverified_header(token).get("kid", "")
    except (jwt.InvalidTokenError, ValueError):
        raise NotLetIn(Why.MALFORMED, "no JWT") from None
    # No other letters are looked for: databases stumble over NUL and over halves of characters.
    key = ArrivalKey.objects.filter(public_id=kid).first() if kid.isascii() and kid.isalnum() else None
    if key is None or not key.is_valid(now):
        raise NotLetIn(Why.KEY, f"{key} is retired" if key else "the kid is unknown")
    return key


def _verified(token: str, key: ArrivalKey) -> dict[str, Any]:
    try:
        said: dict[str, Any] = jwt.decode(
            token,
            key.material,
            algorithms=[key.algorithm],
            audience=settings.BASE_URL,
            leeway=LEEWAY,
            options={"require": NEEDED, "strict_aud": True},
        )
    except sealing.Unreadable as unreadable:
        log.error("The arrival key %s cannot be read. %s Add a new one.", key, unreadable)
        raise NotLetIn(Why.KEY, f"{key} cannot be read") from None
    except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError, jwt.InvalidKeyError) as wrong:
        raise NotLetIn(Why.KEY, f"{wrong} ({key})") from None
    except jwt.ExpiredSignatureError:
        raise NotLetIn(Why.EXPIRED, f"exp has passed ({key})") from None
    except jwt.InvalidAudienceError:
        raise NotLetIn(Why.AUDIENCE, f"aud is not {settings.BASE_URL} ({key})") from None
    except (jwt.InvalidTokenError, TypeError, ValueError, OverflowError, RecursionError) as wrong:
        raise NotLetIn(Why.MALFORMED, f"{type(wrong).__name__}: {wrong} ({key})") from None
    return said


def use_up(claims: Claims) -> None:
    """From now on the token lets nobody in. Raises NotLetIn where it has let somebody in already."""
    try:
        with transaction.atomic():
            Arrival.objects.create(
                token_hash=secret.hash_of(f"{claims.key} {claims.jti}"), expires_at=claims.expires_at
            )
    except IntegrityError:
        raise NotLetIn(Why.USED, "jti came before") from None


def sweep_arrivals(_payload: dict[str, Any]) -> None:
    """Forget tokens that are too old to let anybody in."""
    Arrival.objects.filter(expires_at__lt=timezone.now() - 2 * LEEWAY).delete()
