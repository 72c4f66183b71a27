"""How our customers arrive at the desk signed in: with a token that we sign, good for one minute and one use."""

import time
import uuid
from urllib.parse import urlencode

import jwt

from shop import catalogue
from shop.settings import Settings

MINUTE = 60


def token(customer: str, go: str, settings: Settings) -> str:
    """Who comes, and which page they want to see."""
    now = int(time.time())
    row = catalogue.customer_row(customer)
    claims = {
        "aud": settings.desk_url,
        "sub": row.pop("id"),
        "iat": now,
        "exp": now + MINUTE,
        "jti": str(uuid.uuid4()),
        "go": go,
        **row,
    }
    return jwt.encode(claims, settings.arrival_key, algorithm="EdDSA", headers={"kid": settings.arrival_key_id})


def embedded(customer: str, go: str, settings: Settings) -> str:
    """The address for a frame on one of our pages: it needs no cookie."""
    return f"{settings.desk_url}/arrive/embedded?{urlencode({'token': token(customer, go, settings)})}"


def alone(customer: str, go: str, settings: Settings) -> str:
    """The address for a page of its own."""
    return f"{settings.desk_url}/arrive?{urlencode({'token': token(customer, go, settings)})}"
