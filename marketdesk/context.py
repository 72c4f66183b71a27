"""What every page knows: the marketplace's name and the languages to choose from."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language

from marketdesk.lib import languages
from marketdesk.policy import promises
from marketdesk.storefront import visits


def page(request: HttpRequest) -> dict[str, Any]:
    """Names and languages for the base page."""
    promised = promises.current()
    language = get_language() or "en"
    return {
        "platform_name": promised.platform_name,
        "refund_help_url": promised.refund_help_url,
        "language": language,
        "direction": languages.direction(language),
        "languages": languages.LANGUAGES,
        "is_visit": visits.is_visit(request),
    }
