"""What is written down, as lines for people or as JSON for programs, without what would let a reader in."""

import logging
import re
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, WrappedLogger

# What stands in an address and lets its reader in: the token of a link in a mail, the key of a session, a picture that
# a program may fetch, a new password.
SECRET = re.compile(r"(/(?:t|in|api/files|accounts/password/reset/key)/)[\w-]{16,}")
# What a program carries, by what we write before it; and what stands in an address by its name, whoever made
# it. Nothing writes these down on purpose.
CARRIED = re.compile(r"\b(md[a-z]?_)[\w-]{16,}")
NAMES = "access_token|refresh_token|client_secret|code_verifier|code|key"
NAMED = re.compile(rf"([?&](?:{NAMES})=)[^&\s'\"]+")
# Fields of a JSON line that are never written, whatever they hold.
UNSAID = re.compile(r"password|secret|token|authorization|cookie|api_?key", re.IGNORECASE)


def discreet(words: str) -> str:
    """The words with three dots where such a secret stood."""
    for secret in (SECRET, CARRIED, NAMED):
        words = secret.sub(r"\1…", words)
    return words


class Discreet(logging.Formatter):
    """Lines for people, tracebacks included."""

    def format(self, record: logging.LogRecord) -> str:
        return discreet(super().format(record))


def redact(_logger: WrappedLogger, _method: str, said: EventDict) -> EventDict:
    """Every value of a JSON line, however deep, without secrets."""
    return {name: "…" if UNSAID.search(name) else _redacted(value) for name, value in said.items()}


def _redacted(value: Any) -> Any:
    match value:
        case str():
            return discreet(value)
        case bool() | int() | float() | None:
            return value
        case dict():
            return redact(None, "", {str(name): inner for name, inner in value.items()})
        case list() | tuple():
            return [_redacted(inner) for inner in value]
    return discreet(str(value))


def structured() -> logging.Formatter:
    """One JSON object a line: timestamp, level, logger, event, request where there is one, exception, and what the
    line's writer added by `extra`."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.stdlib.ExtraAdder(),
            structlog.processors.TimeStamper(fmt="iso", utc=True),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer(lambda said, **_: orjson.dumps(said).decode()),
        ],
    )
