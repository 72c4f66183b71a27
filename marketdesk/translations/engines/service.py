"""Asking a translation service over HTTP: again where it is worth it, and not at all for a while when it is away."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from marketdesk.lib import calling
from marketdesk.translations.engines import Failed

DEADLINE = 10.0  # seconds for each try
TRIES = 2
PAUSE = 1.0
LONGEST_PAUSE = 5.0  # what a service may ask us to wait
KEPT = 512 * 1024  # bytes of an answer
# So many failures in a row, and for so many seconds nobody asks it.
MOST_FAILURES, AWAY_FOR = 5, 60.0
_PASSING = frozenset({"away", "busy"})
# DeepL says 456 when the account's characters are used up, 529 when it is overloaded.
_CODES = {401: "refused", 403: "refused", 413: "long", 414: "long", 429: "busy", 456: "quota", 529: "busy"}


@dataclass
class _Breaker:
    """How often in a row a service has failed, and until when it is left alone."""

    failures: int = 0
    until: float = 0.0

    def note(self, *, failed: bool) -> None:
        self.failures = self.failures + 1 if failed else 0
        if self.failures >= MOST_FAILURES:
            self.failures, self.until = 0, time.monotonic() + AWAY_FOR

    @property
    def is_open(self) -> bool:
        return time.monotonic() < self.until


# For each service; a worker that starts anew may ask again
_breakers: dict[str, _Breaker] = {}


class Service:
    """A service at one address. Its `headers`, the key among them, are told to nobody else."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self.url = url.rstrip("/")
        self._headers = {"Content-Type": "application/json", **headers}

    def ask(self, path: str, body: Any = None) -> Any:
        """What it answers, from JSON: to a body, or without one to a question. Raises Failed."""
        breaker = _breakers.setdefault(self.url, _Breaker())
        if breaker.is_open:
            raise Failed("away", f"{self.url} is not asked: it failed {MOST_FAILURES} times in a row")
        try:
            found = self._tries(path, body)
        except Failed as failure:
            breaker.note(failed=failure.code in _PASSING)
            raise
        breaker.note(failed=False)
        return found

    def _tries(self, path: str, body: Any) -> Any:
        for left in reversed(range(TRIES)):
            answer: calling.Answer | None = None
            try:
                answer = self._call(path, body)
                return self._read(answer)
            except Failed as failure:
                pause = _pause(answer)
                if failure.code not in _PASSING or not left or pause is None:
                    raise
                time.sleep(pause)
        raise AssertionError

    def _call(self, path: str, body: Any) -> calling.Answer:
        allowed = settings.TRANSLATION_ALLOW
        try:
            if body is None:
                return calling.get(self.url + path, self._headers, allowed=allowed, deadline=DEADLINE, kept=KEPT)
            sent = json.dumps(body, ensure_ascii=False).encode()
            return calling.post(self.url + path, sent, self._headers, allowed=allowed, deadline=DEADLINE, kept=KEPT)
        except calling.NoAnswer as silence:
            raise Failed("away", f"{self.url}: {silence}") from silence
        except (calling.Forbidden, calling.BadUrl) as wrong:
            raise Failed("refused", f"{self.url} is not called: {wrong}") from wrong

    def _read(self, answer: calling.Answer) -> Any:
        if not 200 <= answer.status < 300:
            code = "away" if answer.status >= 500 else "refused"
            words = answer.body[:200].decode("utf-8", "replace")
            raise Failed(_CODES.get(answer.status, code), f"{self.url} answered {answer.status}: {words}")
        try:
            return json.loads(answer.body)
        except ValueError:
            raise Failed("away", f"{self.url} answered half, or no JSON") from None


def _pause(answer: calling.Answer | None) -> float | None:
    """How long to wait before asking again; None where it asks for longer than anybody waits."""
    asked = answer.headers.get("retry-after", "") if answer else ""
    seconds = float(asked) if asked.isdecimal() else PAUSE
    return seconds if seconds <= LONGEST_PAUSE else None


def text_in(found: Any, *path: str | int) -> str:
    """The text at a place of an answer. Raises Failed where there is none: an answer may be anything."""
    for step in path:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            raise Failed("away", f"the answer lacks {step!r}") from None
    if not isinstance(found, str) or not found.strip():
        raise Failed("away", "the answer holds no text")
    return found
