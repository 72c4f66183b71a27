"""DeepL, with a key of its own account."""

from marketdesk.translations.engines import Failed
from marketdesk.translations.engines.service import Service, text_in

FREE, PAID = "https://api-free.deepl.com", "https://api.deepl.com"
_TARGETS = {"en": "EN-GB", "pt-br": "PT-BR", "zh-hant": "ZH-HANT", "zh-hans": "ZH-HANS"}
_SOURCES = {"pt-br": "PT", "zh-hant": "ZH", "zh-hans": "ZH"}


class DeepL:
    """An account; the keys of free ones end with `:fx` and have an address of their own."""

    name = "DeepL"

    def __init__(self, key: str, url: str = "") -> None:
        address = url or (FREE if key.endswith(":fx") else PAID)
        self._service = Service(address, {"Authorization": f"DeepL-Auth-Key {key}"})

    def translate(self, text: str, source: str, target: str) -> str:
        asked = {
            "text": [text],
            "source_lang": _SOURCES.get(source, source.upper()),
            "target_lang": _TARGETS.get(target, target.upper()),
            "preserve_formatting": True,
        }
        return text_in(self._service.ask("/v2/translate", asked), "translations", 0, "text")

    def can(self, source: str, target: str) -> bool:
        return True

    def health(self) -> str:
        try:
            self._service.ask("/v2/usage")
        except Failed as failure:
            return str(failure)
        return ""
