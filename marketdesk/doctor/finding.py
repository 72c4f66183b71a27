"""What a check finds."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How grave it is; the value is what the doctor prints."""

    FINE = "fine"
    LOOK = "look"  # not right, but it serves
    MEND = "mend"


@dataclass(frozen=True)
class Finding:
    """One thing, in words, and what to do about it. `name` is what MARKETDESK_ACCEPT calls it."""

    name: str
    level: Level
    words: str
    to_do: str = ""

    def __str__(self) -> str:
        return f"{self.words} {self.to_do}".strip()


Check = Callable[[], Iterator[Finding]]


def fine(name: str, words: str) -> Finding:
    return Finding(name, Level.FINE, words)


def look(name: str, words: str, to_do: str = "") -> Finding:
    return Finding(name, Level.LOOK, words, to_do)


def mend(name: str, words: str, to_do: str = "") -> Finding:
    return Finding(name, Level.MEND, words, to_do)
