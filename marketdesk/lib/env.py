"""Readers of environment settings: each says in words what is wrong with a value."""

import importlib.util
import os
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str = "") -> str:
    """The value of an environment setting, or the default."""
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    """A yes-or-no setting."""
    value = text(name).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    if value:
        raise ImproperlyConfigured(f"{name} is {value!r}: write yes or no.")
    return default


def number(name: str, default: int) -> int:
    """A whole number."""
    value = text(name)
    if not value:
        return default
    try:
        return int(value)
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {value!r}: write a whole number.") from None


def choice(name: str, *choices: str) -> str:
    """One of a few words; the first is the default."""
    value = text(name, choices[0])
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}: write {' or '.join(choices)}.")
    return value


def words(name: str) -> list[str]:
    """A list, divided by commas."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def some_of(name: str, known: set[str]) -> frozenset[str]:
    """A list of words out of the known ones."""
    found = frozenset(words(name))
    if unknown := sorted(found - known):
        raise ImproperlyConfigured(f"{name}: {unknown[0]!r} is not one of {', '.join(sorted(known))}.")
    return found


def folder(name: str, default: str) -> Path:
    """A folder, as an absolute path; nothing is created here."""
    return Path(text(name, default)).expanduser().resolve()


def database(url: str, home: Path, name: str = "DATABASE_URL") -> dict[str, Any]:
    """Django's database settings for the URL that a setting holds; empty means SQLite in the home folder."""
    if not url:
        return _sqlite(home / "marketdesk.sqlite3")
    try:
        parts = urlsplit(url)
        port = str(parts.port or "")
    except ValueError:
        # Never with the URL itself: a password stands in it.
        raise ImproperlyConfigured(
            f"{name} cannot be read: write postgresql://user:password@host:port/name, with %23 for # in a password, "
            "%2F for / and so on."
        ) from None
    if parts.scheme == "sqlite":
        if len(parts.path) < 2 or parts.netloc:
            raise ImproperlyConfigured(f"{name} names no file: write sqlite:////folder/file.sqlite3.")
        return _sqlite(Path(unquote(parts.path)))
    if parts.scheme in {"postgres", "postgresql"}:
        return _postgres(parts, port, name)
    raise ImproperlyConfigured(f"{name} begins with {parts.scheme!r}: write postgresql://… or sqlite:///…")


def owner(name: str, served: dict[str, Any]) -> dict[str, Any] | None:
    """The same database for the role that owns its tables; None where it is not set."""
    url = text(name)
    if not url:
        return None
    found = database(url, Path(), name)
    if (found["ENGINE"], found["NAME"]) != (served["ENGINE"], served["NAME"]):
        raise ImproperlyConfigured(f"{name} must name the same PostgreSQL database as DATABASE_URL, for another role.")
    return found


def _postgres(parts: SplitResult, port: str, name: str) -> dict[str, Any]:
    if not parts.path.strip("/"):
        raise ImproperlyConfigured(f"{name} names no database: write postgresql://user:password@host/name.")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = options.pop("host", parts.hostname or "")
    bouncer, pool = flag("DATABASE_PGBOUNCER"), number("DATABASE_POOL", 0)
    # A pooler between us and the server hands out another session for each transaction: nothing may be prepared in
    # one, and it takes no start-up options, so its role has to have them (docs/postgresql.md).
    said = [] if bouncer else [f"-c {option}" for option in _session()]
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": port,
        "CONN_MAX_AGE": 0 if pool else number("DATABASE_CONN_MAX_AGE", 60),
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": bouncer,
        "OPTIONS": {
            "prepare_threshold": None if bouncer else 5,
            "connect_timeout": 10,
            **({"pool": {"min_size": 1, "max_size": pool, "timeout": 10}} if pool else {}),
            **options,
            **({"options": " ".join([*said, options.get("options", "")]).strip()} if said else {}),
        },
    }


def _session() -> list[str]:
    """What every session of PostgreSQL begins with."""
    limits = {
        "statement_timeout": number("DATABASE_STATEMENT_TIMEOUT", 30),
        "lock_timeout": number("DATABASE_LOCK_TIMEOUT", 10),
        "idle_in_transaction_session_timeout": number("DATABASE_IDLE_TIMEOUT", 30),
    }
    # What lib/libpq.py prepares is planned once and not for each value. The last is for merchants/wall.py, which
    # narrows it.
    others = ["plan_cache_mode=force_generic_plan", "marketdesk.merchants=*"]
    return [*(f"{one}={seconds * 1000}" for one, seconds in limits.items()), *others]


def files(name: str) -> dict[str, Any]:
    """Django's settings for where files are kept: the home's folder, or `s3://bucket/prefix?endpoint=…&region=…`."""
    address = text(name)
    if not address:
        return {"BACKEND": "marketdesk.lib.files.Folder"}
    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.hostname or parts.netloc != parts.hostname:
        # Not repeated: it may hold the secret of who took it for an address of a database.
        raise ImproperlyConfigured(
            f"{name} cannot be read: write s3://bucket/prefix?endpoint=https://…&region=…, and the key to the bucket "
            "as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        )
    given = dict(parse_qsl(parts.query))
    endpoint, region = given.pop("endpoint", None), given.pop("region", None)
    if given:
        raise ImproperlyConfigured(f"{name} has {', '.join(given)}: only endpoint and region are known.")
    if endpoint and not endpoint.startswith(("https://", "http://")):
        raise ImproperlyConfigured(f"{name} has the endpoint {endpoint!r}: write one that begins with https://.")
    if not all(importlib.util.find_spec(package) for package in ("storages", "boto3")):
        raise ImproperlyConfigured(f"{name} names a bucket, which needs more packages: pip install 'marketdesk[s3]'")
    options = {"bucket_name": parts.hostname, "location": unquote(parts.path.strip("/")), "region_name": region}
    return {"BACKEND": "marketdesk.lib.bucket.Bucket", "OPTIONS": {**options, "endpoint_url": endpoint}}


def openid(prefix: str) -> dict[str, Any]:
    """Allauth's settings for the one OpenID Connect service of PREFIX_NAME, _ISSUER, _CLIENT_ID and _CLIENT_SECRET."""
    names = [f"{prefix}_{one}" for one in ("NAME", "ISSUER", "CLIENT_ID", "CLIENT_SECRET")]
    name, issuer, client_id, secret = (text(one) for one in names)
    if not any((name, issuer, client_id, secret)):
        return {}
    missing = [one for one in names if not text(one)]
    if missing:
        raise ImproperlyConfigured(f"{', '.join(missing)}: set all four, or none of them.")
    parts = urlsplit(issuer)
    if parts.scheme != "https" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
        raise ImproperlyConfigured(f"{prefix}_ISSUER is {issuer!r}: write an address that begins with https://.")
    app = {
        "provider_id": "openid",
        "name": name,
        "client_id": client_id,
        "secret": secret,
        "settings": {"server_url": issuer, "oauth_pkce_enabled": True},
    }
    return {"openid_connect": {"APPS": [app]}}


def _sqlite(path: Path) -> dict[str, Any]:
    return {
        "ENGINE": "marketdesk.lib.sqlite",
        "NAME": str(path),
        # Whoever closes the last connection writes the whole log into the file, and the next one begins it anew.
        "CONN_MAX_AGE": number("DATABASE_CONN_MAX_AGE", 60),
        "OPTIONS": {
            # A transaction that reads before it writes takes the lock at once instead of failing later.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # FULL, not NORMAL: a power cut must not lose an acknowledged answer.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }
