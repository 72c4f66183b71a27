"""The templates page: what there is to answer with, to be read; it is the platform that writes them."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from marketdesk.dashboard.entrance import MerchantRequest, merchants_only
from marketdesk.dashboard.page import render
from marketdesk.dashboard.tickets import own_language
from marketdesk.lib import languages
from marketdesk.replies import browsing


@require_safe
@merchants_only
def templates(request: MerchantRequest) -> HttpResponse:
    """All templates in one language, beside the reader's own; what is missing as such."""
    own = own_language(request)
    language = request.GET.get("language", "")
    language = language if language in languages.LANGUAGES else own
    words = request.GET.get("q", "").strip()[:100]
    found = browsing.browse(language, own, words=words)
    context = {
        "groups": browsing.by_category(found),
        "chosen_language": language,
        "language_name": languages.own_name(language),
        "names": languages.LANGUAGES,
        "words": words,
    }
    return render(request, "dashboard/templates.html", context)
