"""Filters and tags of every page: time left, money, countries, languages, linked text."""

import re
from datetime import date as Date
from datetime import datetime, timedelta, tzinfo
from datetime import time as Time
from fractions import Fraction
from functools import cache, lru_cache

from babel.dates import format_skeleton, get_datetime_format
from django import template
from django.template import defaultfilters
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format, time_format
from django.utils.html import escape, format_html_join, urlize
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from marketdesk.lib import countries, languages, money, percent
from marketdesk.ui.lines import lines

register = template.Library()


@register.filter
def time_left(due: datetime | None) -> str:
    """`18 h left`, `25 min left` or `Overdue by 3 h` (M41)."""
    if due is None:
        return ""
    left = due - timezone.now()
    return _time_left(languages.current(), abs(left) // timedelta(minutes=1), left < timedelta(0))


@lru_cache(4096)
def _time_left(_language: str, minutes: int, is_over: bool) -> str:
    words = _("Overdue by %(span)s") if is_over else _("%(span)s left")
    return words % {"span": span(timedelta(minutes=minutes))}


@register.filter
def waited(since: datetime | None) -> str:
    """How long ago, in hours or days."""
    return span(timezone.now() - since) if since else ""


@register.filter
def span(length: timedelta) -> str:
    """A length of time in one unit that says enough: minutes, hours, and days from three on."""
    minutes = int(length.total_seconds() // 60)
    if minutes < 60:
        return ngettext("%(n)d min", "%(n)d min", minutes) % {"n": minutes}
    hours = minutes // 60
    if hours < 72:
        return ngettext("%(n)d h", "%(n)d h", hours) % {"n": hours}
    days = hours // 24
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}


def took(taken: timedelta) -> str:
    """How long something took, to the minute where minutes matter: `25 min`, `3 h 20 min`, `4 days 2 h`."""
    unit, least = timedelta(hours=1), timedelta(minutes=1)
    if taken >= timedelta(hours=72):
        unit, least = timedelta(days=1), unit
    rest = taken % unit
    return f"{span(taken)} {span(rest)}" if taken >= unit and rest >= least else span(taken)


@register.filter
def in_hours(hours: int) -> str:
    """So many hours, in words."""
    return span(timedelta(hours=hours))


@register.filter
def urgency(due: datetime | None) -> str:
    """`over`, `soon` (under 12 hours) or nothing: a class name beside the words, never instead of them."""
    if due is None:
        return ""
    left = due - timezone.now()
    if left < timedelta(0):
        return "over"
    return "soon" if left < timedelta(hours=12) else ""


@register.filter
def percent_used(due: datetime | None, hours: int) -> int:
    """How much of these hours to reply has passed, for the thin bar, from 0 to 100."""
    if due is None:
        return 0
    left = (due - timezone.now()).total_seconds() / 3600
    return max(0, min(100, round(100 * (1 - left / hours))))


@register.filter
def moment(at: datetime | None) -> str:
    """A date and time for the reader: today's without the date, this year's without the year."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    now = timezone.localtime()
    if local.date() == now.date():
        return _("today %(time)s") % {"time": _by_minute(local, "TIME_FORMAT")}
    if local.date() == now.date() + timedelta(days=1):
        return _("tomorrow %(time)s") % {"time": _by_minute(local, "TIME_FORMAT")}
    if local.year == now.year:
        return _this_years(languages.current(), local.replace(tzinfo=None, second=0, microsecond=0))
    return _by_minute(local, "SHORT_DATETIME_FORMAT")


def clock(at: datetime) -> str:
    """The time of the day, in the reader's time zone."""
    return _formatted_time(languages.current(), timezone.localtime(at).time().replace(second=0, microsecond=0))


def stamp(at: datetime) -> str:
    """A moment for programs: what the `datetime` of a `<time>` holds."""
    return timezone.localtime(at).isoformat()


@register.filter
def in_full(at: datetime) -> str:
    """A date and time in all its words."""
    return _by_minute(timezone.localtime(at), "DATETIME_FORMAT")


def _by_minute(local: datetime, how: str) -> str:
    """A local time in a format of the reader's language that says no seconds."""
    return _formatted(languages.current(), local.replace(tzinfo=None, second=0, microsecond=0), how)


@lru_cache(4096)
def _formatted(_language: str, local: Date, how: str) -> str:
    return date_format(local, how)


@lru_cache(1440)
def _formatted_time(_language: str, local: Time) -> str:
    return time_format(local)


@register.filter(name="date", expects_localtime=True, is_safe=False)
def date_of(at: object, how: str | None = None) -> str:
    """Django's own, which takes longer to find and follow a format than to say what it comes to."""
    if type(at) is not datetime or how is None:
        return defaultfilters.date(at, how)  # type: ignore[arg-type]
    if how == "c":
        return at.isoformat()
    return _dated(languages.current(), at.replace(tzinfo=None), at.fold, at.tzinfo, str(how))


@lru_cache(4096)
def _dated(_language: str, wall: datetime, fold: int, zone: tzinfo | None, how: str) -> str:
    return defaultfilters.date(wall.replace(tzinfo=zone, fold=fold), how)


@lru_cache(4096)  # Babel's formatting costs more than the rest of a list's line
def _this_years(language: str, local: datetime) -> str:
    locale = languages.babel_locale(language)
    time, date = date_format(local, "TIME_FORMAT"), format_skeleton("MMMd", local, locale=locale)
    return str(get_datetime_format(locale=locale)).format(time, date)


@register.filter
def in_percent(rate: Fraction | None) -> str:
    """A rate in percent in the reader's number format, `-` where there is none (D4)."""
    return percent.show(rate)


@register.filter
def day(at: datetime | None) -> str:
    """A date in words."""
    return _formatted(languages.current(), timezone.localtime(at).date(), "DATE_FORMAT") if at else ""


@register.filter
def country_name(code: str) -> str:
    return countries.name(code) if code else ""


@register.filter
def own_name(code: str) -> str:
    """A language's name in itself (Django's own `language_name` says it in English)."""
    return languages.own_name(code)


@register.filter
def direction(code: str) -> str:
    return languages.direction(code) if code else "auto"


@register.simple_tag
def sum_of(minor: int, currency: str) -> str:
    """A sum of money in the reader's number format."""
    return money.show(minor, currency)


COUNTED = {
    "checked": lambda n: ngettext("{count} item checked", "{count} items checked", n),
    "waiting": lambda n: ngettext("{count} ticket waits for you", "{count} tickets wait for you", n),
}


@register.simple_tag
def counted_texts(what: str) -> SafeString:
    """A counted sentence in every plural form that the language has, as the attributes that words.js reads."""
    return _counted_texts(what, languages.current())


@cache
def _counted_texts(what: str, language: str) -> SafeString:
    plural_form = languages.babel_locale(language).plural_form
    forms = {plural_form(n): COUNTED[what](n) for n in range(110, -1, -1)}
    return format_html_join(" ", 'data-text-{}="{}"', forms.items())


@register.filter
def counted(number: int, what: str) -> str:
    """The same sentence for one number."""
    return COUNTED[what](number).replace("{count}", str(number))


# Without any of it Django finds no link in a text.
_LIKE_A_LINK = re.compile(r"://|@|&|www\.|\.(?:com|edu|gov|int|mil|net|org)", re.IGNORECASE)


@register.filter
def linked(text: str) -> SafeString:
    """Plain text, escaped, with its links made clickable. Line breaks are the style sheet's."""
    text = languages.settled(text)
    if not _LIKE_A_LINK.search(text):  # Django looks at each of its words
        return mark_safe(escape(text))  # noqa: S308
    return mark_safe(urlize(text, nofollow=True, autoescape=True))  # noqa: S308


register.simple_tag(lines)
register.filter("isolated", languages.isolated)  # where no element sets a name apart: titles, mails


@register.simple_tag
@cache
def sheets(names: str) -> SafeString:
    """The links to these style sheets."""
    found = ((static(f"ui/css/{name}.css"),) for name in names.split())
    return format_html_join("\n      ", '<link rel="stylesheet" href="{}">', found)


@register.simple_tag
@cache
def scripts(names: str) -> SafeString:
    """The elements of these scripts."""
    found = ((static(f"ui/js/{name}.js"),) for name in names.split())
    return format_html_join("\n      ", '<script type="module" src="{}"></script>', found)


@register.simple_tag
@cache
def language_options(chosen: str) -> SafeString:
    """The languages of the product as options of a select, one of them chosen."""
    marks = {chosen: mark_safe(" selected")}
    found = ((code, code, marks.get(code, ""), name) for code, name in languages.LANGUAGES.items())
    return format_html_join("", '<option value="{}" lang="{}"{}>{}</option>', found)


@register.simple_tag
@cache
def language_buttons(chosen: str) -> SafeString:
    """The same as buttons of a menu."""
    marks = {chosen: mark_safe(' aria-current="true"')}
    found = ((code, code, marks.get(code, ""), name) for code, name in languages.LANGUAGES.items())
    return format_html_join("", '<button name="language" value="{}" lang="{}" dir="auto"{}>{}</button>', found)
