"""View in [Language]: the stored translation of a message, or why there is none (M69)."""

from dataclasses import dataclass

from marketdesk.lib import languages
from marketdesk.tickets.models import Message
from marketdesk.translations.models import Translation


@dataclass(frozen=True)
class View:
    """What a reader gets: the translation, or None when no engine is set up and nobody translated it."""

    translation: Translation | None
    language: str

    @property
    def language_name(self) -> str:
        return languages.own_name(self.language)


def can_view(message: Message, language: str) -> bool:
    """Whether the message is in another language than the reader's."""
    return bool(message.language) and message.language != language


def view(message: Message, language: str) -> View:
    """The message in the reader's language. This installation has no engine: only what is stored is shown."""
    stored = Translation.objects.filter(message=message, language=language).order_by("-made_at").first()
    return View(stored, language)
