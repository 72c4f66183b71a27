"""What every test of translations starts with: an engine that answers at once."""

from typing import Any

import pytest

from marketdesk.translations import engines


class Upper:
    """An engine that shouts, or fails as it is told."""

    name = "Upper"

    def __init__(self, failure: BaseException | None = None, answer: str = "") -> None:
        self.failure, self.answer = failure, answer
        self.asked: list[tuple[str, str, str]] = []

    def translate(self, text: str, source: str, target: str) -> str:
        self.asked.append((text, source, target))
        if self.failure:
            raise self.failure
        return self.answer or text.upper()

    def can(self, source: str, target: str) -> bool:
        return True

    def health(self) -> str:
        return ""


@pytest.fixture
def engine(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Upper:
    settings.TRANSLATION_ENGINE = "firefox"
    made = Upper()
    monkeypatch.setattr(engines, "current", lambda: made)
    return made
