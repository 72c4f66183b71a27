"""Secrets that programs carry: made at random, and kept only as a hash."""

import hashlib
import secrets


def new(prefix: str) -> str:
    """A fresh secret; the prefix says what it is to who finds it in a file."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


def hash_of(token: str) -> str:
    """What is stored of a secret. A random one of 256 bits needs no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
