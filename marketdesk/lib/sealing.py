"""What only this installation can read: secrets in the database, and words in addresses."""

import base64
import binascii
import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings


class Unreadable(Exception):
    """It was sealed with another MARKETDESK_SECRET_KEY, or by nobody."""


def seal(text: str) -> str:
    """The text as only this installation can read it."""
    return _fernet().encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """What was sealed. Raises Unreadable."""
    try:
        return _fernet().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable("It was sealed with another MARKETDESK_SECRET_KEY.") from None


def word(content: bytes, purpose: str) -> str:
    """A few bytes as one word for an address: sealed, signed, and the same each time (AES-SIV, RFC 5297)."""
    return _as_word(AESSIV(_siv_key(settings.SECRET_KEY)).encrypt(content, [purpose.encode()]))


def content_of(word: str, purpose: str) -> bytes:
    """What was made a word for this purpose. Raises Unreadable. Only the spelling that we gave out counts."""
    try:
        sealed = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Unreadable("It is no word.") from None
    if _as_word(sealed) != word:
        raise Unreadable("It is no word as we write it.")
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        try:
            return AESSIV(_siv_key(str(secret))).decrypt(sealed, [purpose.encode()])
        except InvalidTag:
            continue
    raise Unreadable("It was sealed with another MARKETDESK_SECRET_KEY, or by nobody.")


def _as_word(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def _siv_key(secret: str) -> bytes:
    return hashlib.sha512(f"word:{secret}".encode()).digest()


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(_key(str(secret))) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _key(secret: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(f"seal:{secret}".encode()).digest())
