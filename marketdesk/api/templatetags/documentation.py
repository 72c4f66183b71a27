"""How the words of an OpenAPI document stand on a page."""

import re

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def marked(words: str) -> SafeString:
    """Plain words, escaped, in which `this` is code and a blank line begins a paragraph."""
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(words)))
    return mark_safe("</p><p>".join(text.split("\n\n")))  # noqa: S308 - escaped above
