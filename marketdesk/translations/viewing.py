"""View in [Language]: the stored translation of a message; no engine makes new ones here (M69)."""

from collections.abc import Iterable

from marketdesk.tickets.thread import Entry
from marketdesk.translations.models import Translation


def view(wanted: str, entries: Iterable[Entry], language: str) -> Translation | None:
    """The message of a thread that its reader asks for by number, in their language: without words where nobody has
    translated it, None where they have no such message."""
    message = next((entry.message for entry in entries if entry.message and str(entry.message.pk) == wanted), None)
    if message is None:
        return None
    stored = Translation.objects.filter(message=message, language=language).order_by("-made_at").first()
    return stored or Translation(message=message, language=language)
