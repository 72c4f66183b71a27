"""LibreTranslate: a service that an operator runs, or rents."""

from typing import Any

from marketdesk.translations.engines import Failed
from marketdesk.translations.engines.service import Service, text_in

# What servers call Brazil's Portuguese and the two kinds of Chinese, in the order in which we would have them.
_NAMES = {
    "pt-br": ("pt-BR", "pb", "pt"),
    "zh-hant": ("zh-Hant", "zt", "zh"),
    "zh-hans": ("zh-Hans", "zh"),
}


class LibreTranslate:
    """A server at an address."""

    name = "LibreTranslate"

    def __init__(self, url: str, key: str) -> None:
        self._service = Service(url, {})
        self._key = {"api_key": key} if key else {}

    def translate(self, text: str, source: str, target: str) -> str:
        pairs = self._pairs()
        here, there = _name(source, set(pairs)), None
        if here is not None:
            there = _name(target, pairs[here])
        if here is None or there is None:
            raise Failed("pair", f"{self._service.url} has none from {source} into {target}")
        asked = {"q": text, "source": here, "target": there, "format": "text", **self._key}
        return text_in(self._service.ask("/translate", asked), "translatedText")

    def can(self, source: str, target: str) -> bool:
        return True

    def health(self) -> str:
        try:
            self._pairs()
        except Failed as failure:
            return str(failure)
        return ""

    def _pairs(self) -> dict[str, set[str]]:
        """The server's languages by its own codes, and into which it translates each."""
        found = self._service.ask("/languages")
        try:
            return {one["code"]: set(one.get("targets") or _codes(found)) for one in found}
        except (KeyError, TypeError, AttributeError):
            raise Failed("away", f"{self._service.url} does not say which languages it has") from None


def _codes(found: Any) -> set[str]:
    return {one["code"] for one in found}


def _name(language: str, there: set[str]) -> str | None:
    known = {code.lower(): code for code in there}
    names = _NAMES.get(language, (language,))
    return next((known[name.lower()] for name in names if name.lower() in known), None)
