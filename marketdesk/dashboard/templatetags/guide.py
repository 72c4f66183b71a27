"""The “?” beside what raises a question: it leads to the place in the Guide that answers it."""

from functools import lru_cache

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from marketdesk.guide import sections
from marketdesk.lib import languages
from marketdesk.policy import promises

register = template.Library()


@register.simple_tag
def guide(slug: str, anchor: str = "") -> SafeString:
    """The link to a section, or to one of its headings."""
    return _link(slug, anchor, languages.current(), promises.current().platform_name)


@lru_cache(1024)  # it stands on the ticket page
def _link(slug: str, anchor: str, language: str, _platform: str) -> SafeString:
    section = sections.read(slug, language)
    address = reverse("dashboard:guide-section", args=[slug])
    words = _("Guide: %(title)s") % {"title": section.headings[anchor] if anchor else section.title}
    place, sign = f"#{anchor}" if anchor else "", pgettext("leads to the Guide", "?")
    return format_html(
        '<a class="ask" href="{}{}" title="{}" aria-label="{}">{}</a>', address, place, words, words, sign
    )
