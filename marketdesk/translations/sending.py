"""Writing across languages: a reply goes out in its author's own language together with a translation that they have
seen; whoever reads it gets both, marked as what they are."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from marketdesk.people.actor import Actor
from marketdesk.tickets.models import LanguageBy, Message, Ticket
from marketdesk.translations import engines
from marketdesk.translations.models import Translation, Wanted

# What the reply's form posts: the number of the translation that stands below the text.
FIELD = "translation"
# What its author is told once the text is another one than was translated: as they type, or at the latest on sending.
CHANGED = gettext_lazy(
    "Your text has changed since it was translated. Translate it again, or leave the translation out."
)


class Changed(Exception):
    """The translation is of another text; the words say what to do."""


@dataclass(frozen=True)
class Also:
    """What the reply field says of sending the text in the reader's language, too: nothing asked for yet, how far it
    is, or what is wrong."""

    language: str
    wanted: Wanted | None = None
    error: str = ""
    changed = CHANGED


def offer(source: str, target: str) -> Also | None:
    """Only where two people read different languages, and something can translate."""
    engine = engines.current() if source != target else None
    return Also(target) if engine and engine.can(source, target) else None


def translate(text: str, ticket: Ticket, source: str, target: str, named: str, *, by: Actor) -> Also | None:
    """Begin to translate what stands in the field, or say how far that is: `named` is the one asked for before."""
    offered = offer(source, target)
    if offered is None:
        return None
    if not text.strip():
        return Also(target, error=_("Write a message first."))
    mine = Wanted.objects.filter(ticket=ticket, asker=by.who, message=None)
    wanted = mine.filter(public_id=named).first() if named else None
    if wanted is None or wanted.target != target or not _same(wanted.text, text) or (wanted.failure and not named):
        mine.delete()
        wanted = Wanted.of_text(text.strip(), ticket, source, target, by=by)
    return Also(target, wanted)


def seen(named: str, text: str, *, by: Actor) -> Wanted | None:
    """The translation of this very text that a person was shown. Raises Changed where the text is another one by
    now."""
    if not named:
        return None
    found = Wanted.objects.filter(public_id=named, asker=by.who, message=None).exclude(body="").first()
    if found is None or not _same(found.text, text):
        raise Changed(CHANGED)
    return found


@transaction.atomic
def send(verb: Callable[[], Message | None], translation: Wanted | None) -> None:
    """Do what sends a message, and send its translation with it."""
    message = verb()
    if translation is None or message is None:
        return
    Translation.objects.update_or_create(
        message=message, language=translation.target, engine=translation.engine, defaults={"body": translation.body}
    )
    Message.objects.filter(pk=message.pk).update(
        language=translation.source, language_by=LanguageBy.PERSON, sent_in=translation.target
    )
    translation.delete()


def _same(one: str, other: str) -> bool:
    return one.split() == other.split()
