"""View in [Language]: a message as its reader asked to see it, and how far its translation is (M69, M70, D18)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet

from marketdesk.lib import languages
from marketdesk.lib.prepared import Prepared
from marketdesk.lib.recognising import recognisable
from marketdesk.people.actor import Actor
from marketdesk.tickets import thread
from marketdesk.tickets.models import Message, Ticket
from marketdesk.tickets.thread import Entry
from marketdesk.translations import engines, hearing
from marketdesk.translations.engines import WHY
from marketdesk.translations.models import Translation, Wanted

# What a reader can ask of a message, as the pages' addresses say it (`?view=17`).
VIEW, ORIGINAL, NAME = "view", "original", "name"


@dataclass(frozen=True)
class View:
    """A message otherwise than as it was written: its translation, that this is being made, or why there is none."""

    translation: Translation | None = None
    is_working: bool = False
    why: str = ""
    has_no_engine: bool = False
    is_naming: bool = False  # somebody is about to say which language it is in

    @property
    def nameable(self) -> list[tuple[str, str]]:
        """The languages that a message can be in: code and own name, ours first."""
        others = {code: languages.own_name(code) for code in recognisable() if code not in languages.LANGUAGES}
        return [*languages.LANGUAGES.items(), *sorted(others.items(), key=lambda one: one[1].casefold())]


AS_WRITTEN = View()


@dataclass(frozen=True)
class Alone:
    """A message as the thread shows it, without its page."""

    message: Message
    mine: bool
    view: View

    @property
    def address(self) -> str:
        """The end of the address of the page on which it is seen so."""
        wish = NAME if self.view.is_naming else VIEW if self.view != AS_WRITTEN else ORIGINAL
        return f"?{wish}={self.message.pk}#m{self.message.pk}"


def alone(
    number: int,
    ticket: Ticket,
    language: str,
    *,
    by: Actor,
    asked: Mapping[str, str],
    deed: bool,
    can_name: bool = False,
) -> Alone | None:
    """The message of that number as its reader asks for it; with `deed` its translation is begun, or its language
    said by who may. None where they have no such message."""
    found = next((one for one in _messages(thread.entries(ticket, by)) if one.pk == number), None)
    if found is None:
        return None
    if not deed:
        seen = _look(found, asked, language)
    elif "language" in asked:
        seen = AS_WRITTEN
        if can_name and asked["language"] in dict(seen.nameable):
            hearing.correct(found, asked["language"])
            found.refresh_from_db()
    else:
        seen = _ask(found, language, by)
    return Alone(found, found.author == by.party, seen)


def _ask(message: Message, language: str, by: Actor) -> View:
    """Begin a translation, unless there is one or it is being made."""
    seen = view(message, language)
    if seen.translation or seen.has_no_engine or seen.is_working:
        return seen
    engine = engines.current()
    if engine and not engine.can(message.language, language):
        return View(why=str(WHY["pair"]))
    Wanted.of_message(message, language, by=by)
    return view(message, language)


def _look(message: Message, asked: Mapping[str, str], language: str) -> View:
    """What an address asks for; nothing is begun."""
    if ORIGINAL in asked:
        return AS_WRITTEN
    return View(is_naming=True) if NAME in asked else view(message, language)


def view(message: Message, language: str) -> View:
    """How a message stands in a language."""
    stored = Translation.objects.filter(message=message, language=language).order_by("-made_at", "-id").first()
    if stored is not None:
        return View(stored)
    if settings.TRANSLATION_ENGINE == "none":
        return View(has_no_engine=True)
    wanted = Wanted.objects.filter(message=message, target=language).first()
    if wanted is None:
        return AS_WRITTEN
    return View(is_working=True) if wanted.is_working else View(why=wanted.why)


def views(entries: Sequence[Entry], asked: Mapping[str, str], language: str) -> dict[int, View]:
    """By the number of its message, how a page shows each: as it was written, but for those that came with a
    translation for this reader, and the one that they ask about."""
    found = {message.pk: AS_WRITTEN for message in _messages(entries)}
    found |= {message.pk: View(one) for message, one in _sent_along(entries, language)}
    for wish in (VIEW, ORIGINAL, NAME):
        for message in _messages(entries):
            if str(message.pk) == asked.get(wish):
                found[message.pk] = _look(message, {wish: ""}, language)
    return found


def sent_with(message: Message, language: str) -> Translation | None:
    """The translation in a language that a message was sent with; None where it was sent without."""
    if message.sent_in != language:
        return None
    return Translation.objects.filter(message=message, language=language).order_by("made_at", "id").last()


def _messages(entries: Iterable[Entry]) -> list[Message]:
    return [entry.message for entry in entries if entry.message]


def _sent_along(entries: Sequence[Entry], language: str) -> list[tuple[Message, Translation]]:
    """Those that their author sent in the reader's language as well."""
    theirs = [entry.message for entry in entries if entry.message and not entry.mine]
    sent = {message.pk: message for message in theirs if message.sent_in == language}
    if not sent:
        return []
    ticket = next(iter(sent.values())).ticket_id
    newest = {one.message_id: one for one in _STORED(language, ticket)}
    return [(sent[pk], one) for pk, one in newest.items() if pk in sent]


def _stored(language: str, ticket: int) -> QuerySet[Translation]:
    return Translation.objects.filter(language=language, message__ticket=ticket).order_by("made_at", "id")


_STORED = Prepared(_stored)
