"""What makes machine translations: one small class for each engine, chosen by a setting."""

from typing import Protocol

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Failed(Exception):
    """An engine made no translation; `code` names why, as WHY says it to readers."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code


# What a reader is told. Whatever an engine itself says of it is for the log alone.
WHY: dict[str, Promise] = {
    "unknown": _("It is not known which language this is in. Say it below, then try again."),
    "pair": _("There is no translation between these two languages here."),
    "long": _("This message is too long to be translated."),
    "slow": _("The translation took too long."),
    "busy": _("The translation service has too much to do now. Try again in a minute."),
    "quota": _("The translation service has translated as much as it may for now."),
    "away": _("The translation service cannot be reached now."),
    "refused": _("The translation service refuses our account. Please tell whoever runs this site."),
    "damaged": _("The translation lost something that it had to keep, such as a number. Please read the original."),
}


class Engine(Protocol):
    """One way to translate. `name` is shown beside what it made."""

    name: str

    def translate(self, text: str, source: str, target: str) -> str:
        """The text in another language. Codes are ours (`pt-br`, `zh-hant`). Raises Failed."""
        ...

    def can(self, source: str, target: str) -> bool:
        """Whether it may know these two languages; who would have to ask a service first, says yes."""
        ...

    def health(self) -> str:
        """What is wrong with it, for the operator; empty where nothing is."""
        ...


def current() -> Engine | None:
    """The engine of this installation; None where there is none."""
    match settings.TRANSLATION_ENGINE:
        case "firefox":
            from marketdesk.translations.engines.firefox import Firefox

            return Firefox(settings.TRANSLATION_MODELS)
        case "libretranslate":
            from marketdesk.translations.engines.libretranslate import LibreTranslate

            return LibreTranslate(settings.TRANSLATION_URL, settings.TRANSLATION_KEY)
        case "deepl":
            from marketdesk.translations.engines.deepl import DeepL

            return DeepL(settings.TRANSLATION_KEY, settings.TRANSLATION_URL)
    return None
