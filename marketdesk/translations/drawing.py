"""A thread as its page draws it: each entry as a line (`ui/entry.html`), each message in the language in which its
reader sees it (`ui/said.html`). Every value is ready, so that a long thread costs about as much as a short one."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from marketdesk.journal.models import Audience
from marketdesk.lib import languages
from marketdesk.lib.languages import isolated, own_name
from marketdesk.people.party import Party
from marketdesk.policy import promises
from marketdesk.tickets.models import Message, Ticket
from marketdesk.tickets.thread import Entry
from marketdesk.translations import viewing
from marketdesk.translations.viewing import AS_WRITTEN, Alone, View
from marketdesk.ui.lines import lines
from marketdesk.ui.templatetags.marketdesk import clock, day, in_full, linked, stamp

Line = dict[str, str]


@dataclass(frozen=True)
class Surroundings:
    """What the lines of a thread take from their page. `get_token` gives what its forms need to be taken; `language` is
    what its reader reads; `picture_url` the name of the door's picture address; `said_url` where a message is asked
    for in another language, before its number, or empty where none is; `can_name`: the reader may say which language
    a message is in."""

    get_token: Callable[[], str]
    ticket: Ticket
    language: str
    picture_url: str
    said_url: str = ""
    can_name: bool = False

    @cached_property
    def token(self) -> str:
        """The same for all forms of the page; a thread without any asks for none."""
        return self.get_token()


def thread(
    entries: Sequence[Entry], asked: Mapping[str, str], around: Surroundings, *, new_from: int | None = None
) -> list[Line]:
    """The lines, in order. `asked` is what the page's address says of how a message is to be shown; `new_from` the
    number of the message from which on all is new."""
    views = viewing.views(entries, asked, around.language) if around.said_url else {}
    return [_entry(one, views, around, new_from) for one in entries]


def alone(one: Alone, around: Surroundings) -> Line:
    """What `ui/said.html` draws of a message without its thread."""
    return _said(one.message, one.view, around, mine=one.mine)


def _entry(entry: Entry, views: Mapping[int, View], around: Surroundings, new_from: int | None) -> Line:
    if entry.kind == "day":
        return {"day": day(entry.at)}
    when = {"stamp": stamp(entry.at), "in_full": in_full(entry.at), "time": clock(entry.at)}
    message = entry.message
    if message is None:
        return {"day": "", "event": entry.words, **when}
    platform = {"platform": isolated(promises.current().platform_name)}
    only = ""
    if message.audience == Audience.STAFF:
        only = _("The merchant and %(platform)s Support read this, the customer does not") % platform
    elif message.audience == Audience.PLATFORM:
        only = _("Only %(platform)s Support reads this") % platform
    return {
        "day": "",
        "event": "",
        **when,
        "is_new": "yes" if message.pk == new_from else "",
        "is_from_support": "yes" if message.author == Party.SUPPORT else "",
        "is_aside": "yes" if message.audience == Audience.STAFF else "",
        "is_note": "yes" if message.audience == Audience.PLATFORM else "",
        "only": only,
        "author": entry.author,
        "pictures": _pictures(message, entry.author, around),
        **_said(message, views.get(message.pk, AS_WRITTEN), around, mine=entry.mine),
    }


def _pictures(message: Message, author: str, around: Surroundings) -> str:
    pictures = message.attachments.all()
    if not pictures:
        return ""
    return lines(
        "ui/picture.html",
        [
            {
                "url": reverse(around.picture_url, args=[around.ticket.public_id, one.public_id]),
                "words": _("Picture %(n)s from %(author)s") % {"n": n, "author": isolated(author)},
            }
            for n, one in enumerate(pictures, 1)
        ],
    )


def _said(message: Message, view: View, around: Surroundings, *, mine: bool) -> Line:
    """The words of a message, in one language, and what leads to the other."""
    line = {"number": str(message.pk), "is_mine": "yes" if mine else "", "is_working": "", "url": ""}
    if around.said_url:
        line["url"] = f"{around.said_url}{message.pk}"
    if view.translation:
        by = _("Translated by a person.")
        if view.translation.by_machine:
            by = _("Machine translation by %(engine)s.") % {"engine": isolated(view.translation.engine)}
        return {
            **line,
            "translated": linked(view.translation.body),
            "language": view.translation.language,
            "direction": languages.direction(view.translation.language),
            "by": by,
        }
    sent_too = mine and message.sent_in
    line |= {
        "translated": "",
        "language": message.language,
        "words": linked(message.body),
        "sent_too": _("Sent in %(name)s, too") % {"name": isolated(own_name(message.sent_in))} if sent_too else "",
        "is_asked_of": "yes" if around.said_url and not mine else "",
    }
    return {**line, **_asked(message, view, around)} if line["is_asked_of"] else line


def _asked(message: Message, view: View, around: Surroundings) -> Line:
    """What a reader may ask of a message of somebody else: which language it is in, and to see it in theirs."""
    is_foreign = bool(message.language) and message.language != around.language
    offers = (is_foreign or message.sent_in == around.language) and not (view.is_working or view.has_no_engine)
    view_in = ""
    if offers:
        view_in = _("Try again") if view.why else _("View in %(name)s") % {"name": isolated(own_name(around.language))}
    return {
        "options": _options(message, view) if view.is_naming else "",
        "named": _named(message) if around.can_name else "",
        "is_working": "yes" if view.is_working else "",
        "again": str(timezone.now().timestamp()) if view.is_working else "",
        "has_no_engine": "yes" if view.has_no_engine else "",
        "why": view.why if offers else "",
        "view_in": view_in,
        "csrf_token": around.token if view.is_naming or offers else "",
    }


def _named(message: Message) -> str:
    """Which language a message is in, as far as anybody knows."""
    if not message.language:
        return _("Language unknown")
    name = own_name(message.language)
    return name if message.language_by else _("Probably %(name)s") % {"name": isolated(name)}


def _options(message: Message, view: View) -> SafeString:
    marks = {message.language: mark_safe(" selected")}
    found = ((code, code, marks.get(code, ""), name) for code, name in view.nameable)
    return format_html_join("", '<option value="{}" lang="{}"{}>{}</option>', found)
